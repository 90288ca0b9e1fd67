//! The list of findings as aligned lines, worst first, with the sums.

use ami_alerts::finding_list::{FindingList, FindingRow, UnreadableItem};
use ami_alerts::memory::{Proof, ProvenTime};
use jiff::Timestamp;
use shared::text::{count, printable};

use crate::render;
use crate::render::columns::columns;

/// The most grantees that a cell names.
const NAMED: usize = 2;

const HEADINGS: [&str; 8] =
    ["SEVERITY", "REGION", "RESOURCE", "CLASS", "GRANTEES", "SINCE", "BY", "LAST EMAIL"];

/// The cells of a line.
type Cells = [String; HEADINGS.len()];

/// The list as text.
pub(super) fn text(list: &FindingList) -> String {
    let rows: Vec<Cells> = list.findings.iter().map(cells).collect();
    let mut out = columns(HEADINGS, &rows);
    for UnreadableItem { region, resource, error } in &list.unreadable {
        let what = resource.as_deref().unwrap_or("the findings of the region");
        out.push_str(&render::sentence(&format!("note: {region} {what}: could not be read: {error}")));
    }
    out.push_str(&render::sentence(&sums(list)));
    out
}

fn cells(row: &FindingRow) -> Cells {
    let none = || "-".to_owned();
    let opened = row.history.opened.as_ref();
    let since = opened.map_or_else(none, |opened| time(opened.at));
    let since = match row.history.closed.as_ref() {
        None => since,
        Some(closed) => format!("{since} to {}", time(closed.at)),
    };
    [
        row.severity.to_string(),
        row.region.clone(),
        printable(&row.resource),
        row.class.name().to_owned(),
        grantees(row),
        since,
        opened.map_or_else(none, by),
        row.history.reported.map_or("never".to_owned(), |reported| time(reported.last)),
    ]
}

fn grantees(row: &FindingRow) -> String {
    if row.count > NAMED {
        return count(row.count, "grantee");
    }
    let names: Vec<String> = row.grantees.iter().map(|one| one.grantee.name().into_owned()).collect();
    printable(&names.join(" "))
}

/// The principal that opened it, as a record names it.
fn by(opened: &ProvenTime) -> String {
    match &opened.proof {
        Proof::Record { actor, .. } => printable(actor),
        _ => "-".to_owned(),
    }
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%MZ").to_string()
}

fn sums(list: &FindingList) -> String {
    let open: usize = list.open.values().sum();
    let worst_first = list.open.iter().rev();
    let sums: Vec<String> = worst_first.map(|(severity, number)| format!("{number} {severity}")).collect();
    let of = if list.scope.is_empty() { String::new() } else { format!(" in {}", list.scope.join(", ")) };
    match open {
        0 if list.complete => format!("no open finding{of}"),
        // What could not be read may be open.
        0 => format!("open findings{of}: not known"),
        open => format!("{}: {}", count(open, "open finding"), sums.join(", ")),
    }
}
