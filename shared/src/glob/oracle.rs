//! The answers of the automata against every short name.

use proptest::prelude::*;

use super::{ListJudge, Pattern, PatternList, glob};
use crate::config::Place;
use crate::language::{NameKind, PatternTrie, can_match};

fn pattern(text: &str) -> Option<Pattern> {
    Pattern::parse(text, Place::line("pointsman.toml", 1), 0..0).ok()
}

fn list(texts: &[String]) -> Option<PatternList> {
    let patterns = texts.iter().map(|text| pattern(text)).collect::<Option<Vec<_>>>()?;
    Some(PatternList { patterns, is_whole: true })
}

/// Every text of at most five of these pieces.
fn short_names(pieces: &[&str]) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut longest = names.clone();
    for _ in 0..5 {
        longest = longest
            .iter()
            .flat_map(|name| pieces.iter().map(move |piece| format!("{name}{piece}")))
            .collect();
        names.extend(longest.iter().cloned());
    }
    names
}

const PIECES: [&str; 6] = ["a", "b", "/", ".", "é", "@"];

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("a"),
        Just("b"),
        Just("/"),
        Just("."),
        Just("*"),
        Just("**"),
        Just("/**/"),
        Just("?"),
        Just("[ab]"),
        Just("[!a]"),
        Just("{a,b/}"),
        Just("{**/b,}"),
        Just("é"),
        Just("[é]"),
        Just("@"),
        Just(" "),
        Just("\\*"),
    ];
    (any::<bool>(), prop::collection::vec(piece, 1..5))
        .prop_map(|(excludes, pieces)| format!("{}{}", if excludes { "!" } else { "" }, pieces.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn the_steps_match_what_globset_matches(text in text()) {
        let Some(pattern) = pattern(&text) else { return Ok(()) };
        let trie = PatternTrie::of([&pattern.steps()[..]]);
        for name in short_names(&["a", "b/", "/", "é", " "]) {
            let matches = trie.matching(&trie.read(name.as_bytes())).next().is_some();
            // No name begins or ends with a slash: globset lets `**/` match one, and these globs are translated for names.
            prop_assert!(name.is_empty() || name.starts_with('/') || name.ends_with('/') || matches == pattern.matches(&name), "{text} {name:?}");
        }
    }

    #[test]
    fn a_pattern_can_match_if_some_short_name_does(text in text(), kind in prop_oneof![Just(NameKind::Path), Just(NameKind::Branch), Just(NameKind::Repository)]) {
        let Some(pattern) = pattern(&text) else { return Ok(()) };
        let names = short_names(&PIECES);
        let some = names.iter().find(|name| kind.allows(name.as_bytes(), true) && pattern.matches(name));
        let answer = can_match(&pattern.steps(), kind, true);
        prop_assert!(answer || some.is_none(), "{text} matches {some:?}");
        // A name of at most five of the pieces shows it for a pattern of few letters.
        let is_short = text.len() <= 4 && text.chars().all(|letter| "ab/.*@!".contains(letter));
        prop_assert!(!(answer && is_short) || some.is_some(), "{text} matches no short name");
    }

    #[test]
    fn a_list_includes_something_if_it_includes_a_short_name(texts in prop::collection::vec(text(), 1..4)) {
        let Some(list) = list(&texts) else { return Ok(()) };
        let names = short_names(&PIECES);
        let some = names.iter().find(|name| NameKind::Path.allows(name.as_bytes(), true) && list.includes(name).0);
        prop_assert!(list.includes_anything(NameKind::Path) || some.is_none(), "{texts:?} includes {some:?}");
    }

    #[test]
    fn the_advice_to_remove_patterns_changes_no_decision(texts in prop::collection::vec(text(), 2..6)) {
        let Some(whole) = list(&texts) else { return Ok(()) };
        let redundant = ListJudge::new(&whole, NameKind::Path).redundant();
        let stays = |index: usize| !redundant.iter().any(|redundant| redundant.index == index);
        let kept: Vec<String> =
            texts.iter().enumerate().filter(|(index, _)| stays(*index)).map(|(_, text)| text.clone()).collect();
        let rest = list(&kept).expect("its patterns were read before");
        let names: Vec<String> =
            short_names(&PIECES).into_iter().filter(|name| NameKind::Path.allows(name.as_bytes(), false)).collect();
        for name in &names {
            prop_assert_eq!(whole.includes(name).0, rest.includes(name).0, "{:?} without {:?}: {}", texts, redundant, name);
        }
        // What is kept decides: of literal texts, some name shows it.
        if texts.iter().all(|text| text.trim_start_matches('!').chars().all(|letter| "ab/".contains(letter))) {
            for index in 0..kept.len() {
                let mut without = kept.clone();
                without.remove(index);
                let Some(without) = list(&without).filter(|list| !list.patterns.is_empty()) else { continue };
                let can = rest.patterns[index].matches(&kept[index]) && NameKind::Path.allows(kept[index].trim_start_matches('!').as_bytes(), false);
                let differs = names.iter().any(|name| rest.includes(name).0 != without.includes(name).0);
                prop_assert!(!can || differs, "{:?}: {} changes nothing", kept, kept[index]);
            }
        }
    }
}

#[test]
fn every_pattern_that_is_read_is_one_that_globset_takes() {
    for text in
        ["a[]]b", "a[!]]b", "a[!x-]b", "[a-]", "[-a]", "[--0]", "[a-é]", "[é-ü]", "***", "a\\/**", "**/**"]
    {
        if pattern(text).is_some() {
            assert!(glob(text).is_ok(), "{text}");
        }
    }
}

#[test]
fn names_that_can_be_matched_and_names_that_cannot() {
    for (kind, yes, no) in [
        (
            NameKind::Path,
            &["a", "~/x", ".*", ".g*", "{../x,y}", " a", "caf[é]?.txt", "a\\ ", "...", ".git?"][..],
            &[
                "/a",
                "a/",
                "./a",
                "a//b",
                "../x",
                "a/../b",
                ".git",
                "**/.GIT/**",
                "caf[éè].txt",
                "a/{.,..}/b",
                "{/a,b/}",
                "?/./x",
            ][..],
        ),
        (
            NameKind::Branch,
            &["main", "feature/*", "a@b", "{a..b,c}", "*.l?ck", "#{a.b}", "**", "[a-z]*"][..],
            &[
                "a b", "a..b", "x~1", "-x", "foo.lock", "a:b", "@\\{u\\}", "a.", ".a", "a/.b", "*.lock/x",
                "HEAD", "\\[a", "**\\**", "^x", "a//b",
            ][..],
        ),
        (NameKind::Repository, &["team-*", "a.git?"][..], &["*.git", "a/b", "team *", "é"][..]),
    ] {
        for text in yes {
            let steps = pattern(text).unwrap_or_else(|| panic!("{text}")).steps();
            assert!(can_match(&steps, kind, true), "{kind:?}: {text} can match");
        }
        for text in no {
            let steps = pattern(text).unwrap_or_else(|| panic!("{text}")).steps();
            assert!(!can_match(&steps, kind, true), "{kind:?}: {text} can match nothing");
        }
    }
    let long = "a".repeat(101);
    assert!(!can_match(&pattern(&long).unwrap().steps(), NameKind::Repository, true));
    assert!(can_match(&pattern(&long).unwrap().steps(), NameKind::Branch, true));
}
