//! The report as one HTML page: no scripts, no other file. Every text is escaped, because hostnames and reasons are the texts of others.

use dr_failover::incident::{EntryKind, Incident, IncidentPhase};
use dr_failover::text::short_duration;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use shared::text::printable;

use super::picture::picture;
use super::{blocked_for, entries, oldest_data, outcome, remains, shown, steps, title, took, utc};

const STYLE: &str = include_str!("report.css");

/// The most entries of a list.
const MOST: usize = 100;

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
                    (servers(incident))
                    (blocks(incident))
                    (list("Commands of operators", incident, EntryKind::Operator))
                    (list("Emails sent", incident, EntryKind::Mail))
                }
                footer { p { "All times are in UTC. The table of incidents has the whole record." } }
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
        ("To the last server", shown(took(incident))),
        ("Oldest snapshot", shown(oldest_data(incident))),
        ("Blocked for", shown(blocked_for(incident))),
        ("Servers launched", launched),
    ];
    html! {
        p class=(class) { (outcome(incident)) }
        dl { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } }
    }
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
                        tr { td { (step.name) } td .time { (utc(step.to)) } td .time { (short_duration(step.took())) } }
                    }
                }
            }
        }
    }
}

fn servers(incident: &Incident) -> Markup {
    let snapshots = || incident.start().iter().flat_map(|start| &start.snapshots).collect::<Vec<_>>();
    let snapshots = snapshots();
    let age = |id: &str| {
        let chosen = snapshots.iter().find(|chosen| chosen.server == id)?;
        Some(short_duration(incident.began().duration_since(chosen.taken).max(jiff::SignedDuration::ZERO)))
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
                    @for (id, server) in incident.servers.iter().take(MOST) {
                        tr {
                            td { (printable(&incident.host(id))) @if !server.critical { " (optional)" } br; span .id { (printable(id)) } }
                            td { (printable(&server.status)) }
                            td .time { (server.since.strftime("%H:%M:%S").to_string()) }
                            td { (printable(server.instance.as_deref().unwrap_or("-"))) }
                            td .time { (age(id).unwrap_or_else(|| "-".to_owned())) }
                        }
                    }
                }
            }
            @if incident.servers.len() > MOST { p { "and " (incident.servers.len() - MOST) " more" } }
        }
    }
}

fn blocks(incident: &Incident) -> Markup {
    html! {
        @if let Some(blocked) = blocked_for(incident) {
            h2 { "What blocked the start" }
            p { "Blocked for " (short_duration(blocked)) "." }
            (rows(incident, EntryKind::Held))
        }
        @if let Some(start) = incident.start().filter(|start| !start.despite.is_empty()) {
            h2 { "What did not block the start" }
            ul { @for finding in &start.despite { li { (printable(&finding.to_string())) } } }
        }
    }
}

fn list(heading: &str, incident: &Incident, kind: EntryKind) -> Markup {
    html! {
        h2 { (heading) }
        @if entries(incident, kind).next().is_none() { p { "None." } } @else { (rows(incident, kind)) }
    }
}

fn rows(incident: &Incident, kind: EntryKind) -> Markup {
    html! {
        table .log {
            thead { tr { th scope="col" { "At" } th scope="col" { "What" } } }
            tbody {
                @for entry in entries(incident, kind).take(MOST) {
                    tr { td .time { (entry.at.strftime("%m-%d %H:%M:%S").to_string()) } td { (printable(&entry.what)) } }
                }
            }
        }
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
