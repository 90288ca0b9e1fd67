//! Patterns of a list that never decide, because another pattern always overrides them.
//!
//! Only what is certain is reported: the same text again, and what a `**` or a whole folder covers.

use std::ops::Range;

use super::Pattern;
use crate::config::{Code, Problem};

/// The patterns of an ordered list that never decide.
pub(super) fn dead_patterns(list: &[(Pattern, Range<usize>)], code: Code) -> Vec<Problem> {
    let only_excludes = list.iter().all(|(pattern, _)| pattern.excludes);
    let dead = list.iter().enumerate().filter_map(|(index, (pattern, span))| {
        let later = list[index + 1..].iter().find(|(later, _)| covers(later.body(), pattern.body()));
        let nothing_before = list[..index].iter().all(|(before, _)| before.excludes);
        match later {
            Some((later, place)) => Some(covered(code, span, &later.text, place)),
            None if pattern.excludes && nothing_before && !only_excludes => Some(
                Problem::new(code, span.clone(), "no pattern before this one includes anything")
                    .help("the last pattern that matches decides: put the pattern that this one excludes from before it"),
            ),
            None => None,
        }
    });
    dead.collect()
}

/// The problem of a pattern at `span` that `later`, at `place`, always overrides.
pub fn covered(code: Code, span: &Range<usize>, later: &str, place: &Range<usize>) -> Problem {
    Problem::new(
        code,
        span.clone(),
        format!("the later `{later}` matches everything that this pattern matches"),
    )
    .related(place.clone(), "this pattern always decides")
    .help("the last pattern that matches decides: remove the first pattern, or move it after the second")
}

/// Whether `later` matches everything that `earlier` matches.
fn covers(later: &str, earlier: &str) -> bool {
    let folder = later.strip_suffix("/**").filter(|folder| is_literal(folder));
    later == earlier
        || later == "**"
        || folder.is_some_and(|folder| earlier.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
}

/// Whether a pattern has no wildcards.
pub fn is_literal(text: &str) -> bool {
    !text.is_empty() && !text.contains(['*', '?', '[', '{', '\\'])
}
