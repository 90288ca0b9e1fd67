//! Ignore lines that can never decide, because a line after them (or before) always does.
//!
//! Only certain cases are reported: the same text again, and lines that a `**` or a whole folder covers.

use std::ops::Range;

use shared::config::{Code, Problem};
use shared::glob::{covered, is_literal};

use super::ignore::IgnoreLine;

/// The ignore lines that never decide.
pub(super) fn dead_ignore_lines(list: &[(IgnoreLine, Range<usize>)], code: Code) -> Vec<Problem> {
    let dead = list.iter().enumerate().filter_map(|(index, (line, span))| {
        let mut later = (index + 1..list.len()).filter(|later| line_covers(list, *later, &line.text));
        if let Some((later, place)) = later.next().map(|later| &list[later]) {
            return Some(covered(code, span, &later.text, place));
        }
        let (folder, place) = list[..index].iter().find(|(before, _)| shuts(list, before, line))?;
        let label = format!("git does not read the folder that `{}` ignores", folder.text);
        let help =
            format!("ignore the files in the folder instead of the folder: write `{}*` there", folder.text);
        Some(Problem::new(code, span.clone(), label).related(place.clone(), "ignored here").help(help))
    });
    dead.collect()
}

/// Whether the line at `later` decides about every path that the line `earlier` matches.
fn line_covers(list: &[(IgnoreLine, Range<usize>)], later: usize, earlier: &str) -> bool {
    let line = &list[later].0;
    let text = body(&line.text);
    let whole_folder = || {
        let nothing_is_taken_back = || list[later..].iter().all(|(line, _)| !line.takes_back());
        text.strip_suffix('/').is_some_and(|folder| is_under(folder, earlier) && nothing_is_taken_back())
    };
    text == body(earlier)
        || ["*", "**"].contains(&text)
        || text.strip_suffix("/**").is_some_and(|folder| is_under(folder, earlier))
        || whole_folder()
}

/// Whether `before` ignores a folder that holds every path that `line` takes back, and no line takes the folder back.
fn shuts(list: &[(IgnoreLine, Range<usize>)], before: &IgnoreLine, line: &IgnoreLine) -> bool {
    let Some(folder) = before.text.strip_suffix('/').filter(|_| !before.takes_back()) else { return false };
    let mut taken_back = list.iter().filter(|(other, _)| other.takes_back());
    line.takes_back() && taken_back.all(|(other, _)| is_under(folder, &other.text))
}

/// Whether `line` names something below the literal folder `folder`, seen from the root.
fn is_under(folder: &str, line: &str) -> bool {
    let folder = folder.trim_start_matches('/');
    let below =
        body(line).trim_start_matches('/').strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
    is_literal(folder) && below.is_some_and(|rest| !rest.is_empty())
}

fn body(text: &str) -> &str {
    text.strip_prefix('!').unwrap_or(text)
}
