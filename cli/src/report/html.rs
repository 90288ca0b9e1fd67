//! The report as one HTML page: no scripts, no other file. Every text is escaped, because hostnames and reasons are the texts of others.

use dr_failover::incident::{Incident, IncidentPhase};
use dr_failover::text::short_duration;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use shared::text::printable;

use super::parts::{self, ReportPart};
use super::picture::picture;
use super::{against_rpo, blocked_for, oldest_data, outcome, remains, shown, steps, title, took, utc};

const STYLE: &str = include_str!("report.css");

/// The page.
pub fn html(incident: &Incident) -> String {
    let title = title(incident);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (title) ", " (incident.began().strftime("%Y-%m-%d").to_string()) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { (title) }
                    p .id { (printable(&incident.id)) }
                    (summary(incident))
                    (what_remains(incident))
                    (times(incident))
                    @for part in parts::before(incident) { (table(&part)) }
                    (despite(incident))
                    (servers(incident))
                    @for part in parts::after(incident) { (table(&part)) }
                }
                footer {
                    p { (parts::period(incident)) " All times are in UTC. " (unrecorded(incident)) }
                }
            }
        }
    };
    format!("{}\n", page.into_string())
}

fn summary(incident: &Incident) -> Markup {
    let class = match incident.phase {
        IncidentPhase::Recovered | IncidentPhase::Drilled | IncidentPhase::OkAgain => "outcome good",
        IncidentPhase::Failed | IncidentPhase::AgedOut | IncidentPhase::RecoveredInPart => "outcome bad",
        _ => "outcome",
    };
    let launched = format!("{} of {}", incident.launched(), incident.servers.len());
    let facts = [
        ("To the last launched server", shown(took(incident)), late(incident)),
        ("Oldest snapshot", shown(oldest_data(incident)), against_rpo(incident)),
        ("Blocked for", shown(blocked_for(incident)), None),
        ("Servers launched", launched, None),
    ];
    html! {
        p class=(class) { (outcome(incident)) }
        @if let Some((by, at)) = parts::approval(incident) {
            p { "Approved by: " (printable(&by)) @if let Some(at) = at { ", at " (utc(at)) } "." }
        }
        dl { @for (name, value, more) in facts {
            div { dt { (name) } dd { (value) @if let Some(more) = more { span .more { (more) } } } }
        } }
    }
}

/// Whether the RTO passed.
fn late(incident: &Incident) -> Option<String> {
    incident.over_rto.then(|| "the RTO passed".to_owned())
}

fn times(incident: &Incident) -> Markup {
    let steps = steps(incident);
    html! {
        h2 { "Time of each step" }
        p { "Began at " (utc(incident.began())) "." }
        (picture(&steps))
        @if !steps.is_empty() {
            table {
                thead { tr { th scope="col" { "Step" } th scope="col" { "Until" } th scope="col" { "Took" } } }
                tbody {
                    @for step in &steps {
                        tr {
                            td data-name="Step" { (step.name) }
                            td .time data-name="Until" { (utc(step.to)) }
                            td .time data-name="Took" { (short_duration(step.took())) }
                        }
                    }
                }
            }
        }
    }
}

fn servers(incident: &Incident) -> Markup {
    let age = |id: &str| {
        let taken = parts::snapshot_of(incident, id)?.taken;
        Some(short_duration(incident.began().duration_since(taken).max(jiff::SignedDuration::ZERO)))
    };
    html! {
        h2 { "Servers" }
        @if incident.servers.is_empty() {
            p { "No server was launched." }
        } @else {
            table {
                thead { tr {
                    th scope="col" { "Server" } th scope="col" { "Result" } th scope="col" { "At" }
                    th scope="col" { "Instance" } th scope="col" { "Age of its snapshot" }
                } }
                tbody {
                    @for (id, server) in &incident.servers {
                        tr {
                            td data-name="Server" { (printable(&incident.host(id))) @if !server.critical { " (optional)" } " " span .id { (printable(id)) } }
                            td data-name="Result" { (printable(&server.status)) (since(incident, id)) }
                            td .time data-name="At" { (server.since.strftime("%H:%M:%S").to_string()) }
                            td data-name="Instance" { (printable(server.instance.as_deref().unwrap_or("-"))) }
                            td .time data-name="Age of its snapshot" { (age(id).unwrap_or_else(|| "-".to_owned())) }
                        }
                    }
                }
            }
        }
    }
}

/// What became of the server.
fn since(incident: &Incident, id: &str) -> &'static str {
    if incident.later.as_ref().is_some_and(|later| later.gone.contains(id)) {
        ", gone since"
    } else if incident.is_skipped(id) {
        ", skipped"
    } else {
        ""
    }
}

fn despite(incident: &Incident) -> Markup {
    html! {
        @if let Some(start) = incident.start().filter(|start| !start.despite.is_empty()) {
            h2 { "What did not block the start" }
            ul { @for finding in &start.despite { li { (printable(&finding.to_string())) } } }
        }
    }
}

/// A part. A log of times and sentences has a narrow first column.
fn table(part: &ReportPart) -> Markup {
    let class = if part.columns.len() == 2 { "log" } else { "" };
    html! {
        h2 { (part.heading) }
        @if let Some(sentence) = &part.sentence { p { (sentence) } }
        @if !part.rows.is_empty() {
            table class=(class) {
                thead { tr { @for (name, _) in part.columns { th scope="col" { (name) } } } }
                tbody { @for row in &part.rows { tr {
                    @for (cell, (name, is_time)) in row.iter().zip(part.columns) {
                        @if *is_time { td .time data-name=(name) { (cell) } } @else { td data-name=(name) { (cell) } }
                    }
                } } }
            }
        }
    }
}

fn unrecorded(incident: &Incident) -> String {
    match incident.unrecorded {
        0 => "The table of incidents has the whole record.".to_owned(),
        more => format!("The record had no room for {more} more entries."),
    }
}

fn what_remains(incident: &Incident) -> Markup {
    let remains = remains(incident);
    html! {
        h2 { "What remains" }
        @if remains.is_empty() { p { "Nothing." } } @else { ul { @for line in &remains { li { (line) } } } }
    }
}

#[cfg(test)]
mod tests;
