//! The overview as aligned lines, one for each branch; below them each reason once, the notes, and the sums.

use branch_stacks::overview::{BranchRow, StackOverview};
use jiff::{SignedDuration, Timestamp};
use shared::text::printable;

use crate::render;
use crate::render::columns::columns;

const HEADINGS: [&str; 7] = ["BRANCH", "VERDICT", "REASON", "STATUS", "AGE", "IDLE", "STACK"];

/// The cells of a line.
type Cells = [String; HEADINGS.len()];

/// The overview as text.
pub(super) fn text(overview: &StackOverview) -> String {
    let rows: Vec<Cells> = overview.branches.iter().map(|row| cells(row, overview.now)).collect();
    let mut out = columns(HEADINGS, &rows);
    for reason in reasons(&overview.branches) {
        out.push_str(&render::sentence(&reason));
    }
    for note in &overview.notes {
        out.push_str(&render::sentence(&format!("note: {}: {}", note.subject, note.because.sentence)));
    }
    out.push_str(&render::sentence(&sums(overview)));
    out
}

fn cells(row: &BranchRow, now: Timestamp) -> Cells {
    let stack = row.stack.as_ref();
    let status = stack.map(|stack| stack.status.clone().unwrap_or_else(|| "foreign".to_owned()));
    let age = stack.and_then(|stack| stack.created).map(|created| in_days(now.duration_since(created)));
    let gone = if row.exists == Some(false) { " (gone)" } else { "" };
    let none = || "-".to_owned();
    [
        printable(&format!("{} {}{gone}", row.repository, row.branch)),
        row.verdict.to_string(),
        row.code.clone(),
        status.unwrap_or_else(none),
        age.unwrap_or_else(none),
        idle(row, now),
        stack.map_or_else(none, |stack| printable(&stack.name)),
    ]
}

fn idle(row: &BranchRow, now: Timestamp) -> String {
    match row.idle_at {
        _ if row.exists == Some(false) => "-".to_owned(),
        Some(at) if at <= now => format!("{} ago", in_days(now.duration_since(at))),
        Some(at) => format!("in {}", in_days(at.duration_since(now))),
        None if row.never_idle => "never".to_owned(),
        None if row.rule.is_some() => "unknown".to_owned(),
        None => "-".to_owned(),
    }
}

/// Each reason once, in the order of the lines, with its branch or the number of branches.
fn reasons(rows: &[BranchRow]) -> Vec<String> {
    let mut found: Vec<(&BranchRow, usize)> = Vec::new();
    for row in rows {
        match found.iter_mut().find(|(known, _)| (&known.code, &known.why) == (&row.code, &row.why)) {
            Some((_, times)) => *times += 1,
            None => found.push((row, 1)),
        }
    }
    let reason = |(row, times): (&BranchRow, usize)| match times {
        1 => format!("{} {}: {}: {}", row.repository, row.branch, row.code, row.why),
        times => format!("{}: {}: {}", branches(times), row.code, row.why),
    };
    found.into_iter().map(reason).collect()
}

fn branches(number: usize) -> String {
    format!("{number} branches")
}

/// A duration in whole days; below two days in hours.
fn in_days(duration: SignedDuration) -> String {
    match duration.as_hours() {
        hours if hours < 48 => format!("{}h", hours.max(0)),
        hours => format!("{}d", hours / 24),
    }
}

fn sums(overview: &StackOverview) -> String {
    let sums: Vec<String> =
        overview.counts.iter().map(|(verdict, number)| format!("{number} {verdict}")).collect();
    match overview.branches.len() {
        0 => "no branch and no stack".to_owned(),
        1 => format!("1 branch: {}", sums.join(", ")),
        all => format!("{}: {}", branches(all), sums.join(", ")),
    }
}
