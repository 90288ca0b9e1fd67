//! Owns the simplification of a list of patterns: the same names with fewer patterns.

use super::{ListJudge, Pattern, PatternList};
use crate::config::Place;
use crate::language::NameKind;

/// The most patterns of one list that are compared with each other.
const MOST_COMPARED: usize = 300;

/// The list without the patterns that can be removed. A long list, or one with a text that is no pattern, stays as it is.
pub fn simplified(texts: Vec<String>, kind: NameKind) -> Vec<String> {
    let parsed = texts.iter().map(|text| Pattern::parse(text, Place::line("", 0), 0..0).ok());
    let Some(patterns) = parsed.collect::<Option<Vec<Pattern>>>() else { return texts };
    if !(2..=MOST_COMPARED).contains(&patterns.len()) {
        return texts;
    }
    let list = PatternList { patterns, is_whole: true };
    let mut redundant = vec![false; texts.len()];
    ListJudge::new(&list, kind).redundant().iter().for_each(|found| redundant[found.index] = true);
    texts.into_iter().zip(redundant).filter(|(_, redundant)| !redundant).map(|(text, _)| text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_change_nothing_are_removed() {
        let of = |texts: &[&str]| {
            simplified(texts.iter().map(|text| (*text).to_owned()).collect(), NameKind::Path)
        };
        assert_eq!(of(&["a/**", "!a/b/**", "a/b/**", "c/**"]), ["a/**", "c/**"]);
        assert_eq!(of(&["a/**", "!a/b/**"]), ["a/**", "!a/b/**"]);
        assert_eq!(of(&["a/**", "["]), ["a/**", "["]);
    }
}
