//! `pointsman report`: an incident on one page, as evidence of a drill or a recovery: a short text, or HTML that needs no other file.

mod html;
mod parts;
mod picture;

use std::fmt::Write as _;

use anyhow::Result;
use dr_failover::incident::{EntryKind, Incident, IncidentPhase, IncidentWave, RecordEntry};
use dr_failover::rules::Mode;
use dr_failover::text::{capitalized, short_duration};
use dr_failover::traffic::TrafficReason;
use jiff::{SignedDuration, Timestamp};
use shared::text::{count, printable};

use crate::arguments::ReportArguments;
use crate::exit::Exit;
use crate::incident;
use crate::render;

pub use html::html;

/// Prints the report.
pub fn run(arguments: &ReportArguments) -> Result<Exit> {
    let incident = incident::read(&arguments.incident, arguments.table.as_deref())?;
    match arguments.html {
        true => anstream::print!("{}", html(&incident)),
        false => anstream::print!("{}", text(&incident)),
    }
    Ok(Exit::Success)
}

/// A part of the time from the alarm, or from the command of a drill, to the last server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportStep {
    /// What the time was spent on.
    pub(crate) name: String,
    /// When it began.
    pub(crate) from: Timestamp,
    /// When it ended.
    pub(crate) to: Timestamp,
}

impl ReportStep {
    pub(crate) fn took(&self) -> SignedDuration {
        self.to.duration_since(self.from)
    }
}

/// The steps, one after the other. A step that did not happen is left out.
pub(crate) fn steps(incident: &Incident) -> Vec<ReportStep> {
    let (decided, started) = (incident.first(EntryKind::Decided), incident.first(EntryKind::Started));
    let mut ends = vec![
        ("the event reaches the function".to_owned(), Some(incident.opened)),
        ("the function decides the start".to_owned(), decided),
        ("DRS accepts the start".to_owned(), started),
    ];
    ends.extend(launches(incident));
    if decided.or(started).is_none() {
        ends.push(("no start, until it is closed".to_owned(), incident.closed));
    }
    let mut from = incident.began();
    let mut steps = Vec::new();
    for (name, to) in ends {
        let Some(to) = to.filter(|to| *to >= from) else { continue };
        if to > from {
            steps.push(ReportStep { name: printable(&name), from, to });
        }
        from = to;
    }
    steps
}

/// The launches: of each wave, or of the first and the last server.
fn launches(incident: &Incident) -> Vec<(String, Option<Timestamp>)> {
    if let Some(course) = &incident.waves {
        let of_wave = |wave: &IncidentWave| {
            let launched = parts::last_launch(incident, wave);
            [
                (format!("until the wave {}", wave.name), wave.begun),
                (format!("DRS launches {}", wave.name), launched),
            ]
        };
        return course.waves.iter().flat_map(of_wave).collect();
    }
    let launched =
        || incident.servers.values().filter(|server| server.is_launched()).map(|server| server.since);
    vec![
        ("DRS launches the first server".to_owned(), launched().min()),
        ("DRS launches the last server".to_owned(), launched().max()),
    ]
}

/// The entries of the record of one kind.
pub(crate) fn entries(incident: &Incident, kind: EntryKind) -> impl Iterator<Item = &RecordEntry> {
    incident.record.iter().filter(move |entry| entry.kind == kind)
}

/// `Drill of shop`.
pub(crate) fn title(incident: &Incident) -> String {
    let kind = match incident.mode {
        Mode::Drill => "Drill",
        Mode::Recovery => "Recovery",
    };
    printable(&format!("{kind} of {}", incident.plan))
}

/// The outcome, in a sentence.
pub(crate) fn outcome(incident: &Incident) -> String {
    let end = incident.end.as_ref().map(ToString::to_string);
    let end = end.map(|end| format!(": {end}")).unwrap_or_default();
    let kind = if incident.mode == Mode::Drill { "drill" } else { "recovery" };
    let state = match incident.phase {
        IncidentPhase::Held => format!("The {kind} is blocked"),
        IncidentPhase::Starting => format!("The start of the {kind} is not confirmed"),
        IncidentPhase::Running => format!("The {kind} is in progress"),
        IncidentPhase::Recovered => "The recovery succeeded".to_owned(),
        IncidentPhase::Drilled => "The drill passed".to_owned(),
        IncidentPhase::RecoveredInPart => format!("The {kind} succeeded in part"),
        IncidentPhase::Failed => format!("The {kind} failed"),
        IncidentPhase::Cancelled => format!("The {kind} was cancelled"),
        IncidentPhase::OkAgain => "The recovery was not needed".to_owned(),
        IncidentPhase::Refused => format!("The {kind} was refused"),
        IncidentPhase::AgedOut => format!("The {kind} did not start"),
    };
    printable(&format!("{state}{end}."))
}

/// The time from the beginning to the last launched server.
pub(crate) fn took(incident: &Incident) -> Option<SignedDuration> {
    let launched = incident.servers.values().filter(|server| server.is_launched());
    let last = launched.map(|server| server.since).max()?;
    Some(last.duration_since(incident.began()).max(SignedDuration::ZERO))
}

/// The age of the oldest snapshot that a server was launched from, when the outage or the drill began.
pub(crate) fn oldest_data(incident: &Incident) -> Option<SignedDuration> {
    let starts = incident.attempts.iter().rev().filter_map(|attempt| attempt.start.as_ref());
    let start = starts.into_iter().find(|start| !start.snapshots.is_empty())?;
    let taken = start.snapshots.iter().map(|chosen| chosen.taken).min()?;
    Some(incident.began().duration_since(taken).max(SignedDuration::ZERO))
}

/// `within the RPO of 15m`.
pub(crate) fn against_rpo(incident: &Incident) -> Option<String> {
    let (age, rpo) = (oldest_data(incident)?, incident.rpo?);
    let is = if age <= rpo { "within" } else { "OLDER THAN" };
    Some(format!("{is} the RPO of {}", short_duration(rpo)))
}

/// For how long at least one check blocked it.
pub(crate) fn blocked_for(incident: &Incident) -> Option<SignedDuration> {
    let last = incident.finished.unwrap_or_else(|| parts::last_seen(incident));
    // Items of earlier versions have no blocks that ended: from the first entry to the start, or to the end.
    parts::blocked_time(incident, last).or_else(|| {
        let first = incident.first(EntryKind::Held)?;
        let until = incident.first(EntryKind::Decided).filter(|at| *at >= first);
        Some(until.or(incident.closed).unwrap_or(last).duration_since(first))
    })
}

/// What is left to do, or the proof that nothing is.
pub(crate) fn remains(incident: &Incident) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(clean_up) = &incident.clean_up {
        match clean_up.proved {
            Some(at) => {
                let number = count(clean_up.found.len(), "instance");
                lines.push(format!("Cleaned up: {number} terminated, none remains (seen {})", utc(at)));
            }
            None => lines.extend(clean_up.remaining.iter().map(|one| {
                format!("The drill instance {} of {} is not terminated", one.id, incident.host(&one.server))
            })),
        }
    } else if incident.still_there() > 0 {
        let number = count(incident.still_there(), "launched instance");
        lines.push(format!("{number} of this {}, unless terminated since", incident.mode));
    }
    lines.extend(parts::without_a_launch(incident));
    for (server, moved) in incident.traffic.iter().filter(|(_, moved)| moved.association.is_none()) {
        let reason = TrafficReason { server: incident.server_label(server), moved };
        lines.push(capitalized(&reason.to_string()));
    }
    for (id, server) in incident.missing() {
        lines.push(format!("{} was not launched ({})", incident.host(id), server.status));
    }
    if incident.closed.is_none() {
        lines.push("The incident is open".to_owned());
    }
    lines.iter().map(|line| printable(line)).collect()
}

/// `2026-03-02 10:00:20 UTC`.
pub(crate) fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The report as a short text.
pub fn text(incident: &Incident) -> String {
    let mut out = format!("{}: {}\n", title(incident), printable(&incident.id));
    out.push_str(&render::sentence(&format!("  {}", outcome(incident))));
    let row = |out: &mut String, what: &str, value: String| {
        let _ = writeln!(out, "  {what:<32} {value}");
    };
    out.push_str("\ntimes\n");
    row(&mut out, "began", utc(incident.began()));
    for step in steps(incident) {
        row(&mut out, &step.name, short_duration(step.took()));
    }
    row(&mut out, "to the last launched server", shown(took(incident)));
    let rpo = against_rpo(incident).map(|rpo| format!(", {rpo}")).unwrap_or_default();
    row(&mut out, "age of the oldest snapshot", format!("{}{rpo}", shown(oldest_data(incident))));
    row(&mut out, "blocked for", shown(blocked_for(incident)));
    row(&mut out, "servers launched", format!("{} of {}", incident.launched(), incident.servers.len()));
    row(&mut out, "emails sent", entries(incident, EntryKind::Mail).count().to_string());
    let remains = remains(incident);
    if !remains.is_empty() {
        out.push_str("\nwhat remains\n");
        for line in remains {
            out.push_str(&render::block(&format!("  {line}")));
        }
    }
    for part in parts::before(incident).into_iter().chain(parts::after(incident)) {
        let _ = writeln!(out, "\n{}", part.heading.to_lowercase());
        for line in parts::lines(&part) {
            out.push_str(&render::block(&format!("  {line}")));
        }
    }
    out
}

/// A duration, or a dash.
pub(crate) fn shown(duration: Option<SignedDuration>) -> String {
    duration.map_or_else(|| "-".to_owned(), short_duration)
}
