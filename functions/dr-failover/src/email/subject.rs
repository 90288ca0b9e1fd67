//! The subject: what the operator must know before opening the email, in under 100 characters.

use shared::text::count;

use super::traffic;
use crate::approval::short_name;
use crate::incident::{Flapping, Incident, IncidentPhase, launched_of};
use crate::reported::ReportedState;
use crate::rules::Mode;

/// The subject of the email about the state of an incident.
pub(super) fn subject(incident: &Incident) -> String {
    if let Some(subject) = super::drill::subject(incident) {
        return subject;
    }
    if let Some(subject) = traffic::subject(incident) {
        return subject;
    }
    let plan = &incident.plan;
    let what = format!("{} of {plan}", incident.mode);
    let servers = launched_of(incident.launched(), incident.servers.len());
    // The end of a closed incident matters more than its RTO.
    let late = if incident.over_rto && incident.is_open() { ", OVER RTO" } else { "" };
    match incident.phase {
        IncidentPhase::Held if incident.flapping == Flapping::Yes => {
            let times = count(incident.outages as usize, "time");
            format!("FLAPPING: {plan}: in ALARM {times} so far: {}", blocked_by(incident))
        }
        IncidentPhase::Held => format!("NOT STARTED{late}: {what}: {}", blocked_by(incident)),
        IncidentPhase::Starting if !incident.holds.is_empty() => {
            format!("UNCERTAIN{late}: {what}: DRS did not confirm the start and cannot be read")
        }
        IncidentPhase::Starting => format!("UNCERTAIN{late}: {what}: DRS did not answer the start"),
        IncidentPhase::Running if incident.waves.is_some() && !incident.holds.is_empty() => {
            format!("WAITING{late}: {what}: {}", blocked_by(incident))
        }
        IncidentPhase::Running => {
            format!("{}{late}: {}", running(incident), progress(incident, &what))
        }
        IncidentPhase::Recovered if incident.is_over() && !incident.has_moved_traffic() => {
            format!("RECOVERED, but the alarm is OK: {plan}: leave traffic where it is")
        }
        IncidentPhase::Recovered if incident.has_moved_traffic() => {
            format!("RECOVERED, traffic moved: {plan}: {servers}")
        }
        IncidentPhase::Recovered => format!("RECOVERED, traffic not moved: {plan}: {servers}"),
        IncidentPhase::Drilled if incident.is_alarming() => {
            format!("DRILL PASSED, site NOT recovered: {plan}: {servers}")
        }
        IncidentPhase::Drilled => format!("DRILL PASSED: {plan}: {servers}"),
        IncidentPhase::RecoveredInPart => {
            let kind = match incident.mode {
                Mode::Drill => "DRILL PASSED",
                Mode::Recovery => "RECOVERED",
            };
            let missing: Vec<&str> = incident.missing().map(|(id, _)| id.as_str()).collect();
            let of = count(incident.servers.len(), "server");
            format!("{kind} IN PART: {plan}: {} of {of}, without {}", incident.launched(), missing.join(" "))
        }
        IncidentPhase::Failed => format!("FAILED: {what}"),
        IncidentPhase::Cancelled => format!("CANCELLED: {what}"),
        IncidentPhase::OkAgain if incident.flapping != Flapping::No => {
            let times = count(incident.outages as usize, "time");
            format!("OVER: {plan}: the alarm is OK after it was in ALARM {times}, nothing was launched")
        }
        IncidentPhase::OkAgain => format!("OVER: {plan}: the alarm is OK again, nothing was launched"),
        IncidentPhase::Refused => format!("REFUSED: {what}"),
        IncidentPhase::AgedOut if incident.is_alarming() => {
            format!("GIVEN UP, still in ALARM: {what}: nothing will start")
        }
        IncidentPhase::AgedOut => format!("GIVEN UP: {what}: no start was possible in time"),
    }
}

/// The state of an execution in progress.
fn running(incident: &Incident) -> String {
    let was_unseen = incident.reported.as_ref().and_then(ReportedState::running_unseen);
    let is_unreadable = incident.execution().is_some_and(|execution| execution.unreadable.is_some());
    if is_unreadable || incident.waves.as_ref().is_some_and(|course| course.unreadable.is_some()) {
        "UNREADABLE"
    } else if incident.failed().next().is_some() {
        "LAUNCH FAILED"
    } else if incident.is_over() {
        "IN PROGRESS, the alarm is OK again"
    } else if was_unseen == Some(true) {
        "READABLE AGAIN"
    } else if was_unseen == Some(false) {
        "IN PROGRESS"
    } else if incident.mode == Mode::Drill && incident.is_alarming() {
        "DRILL STARTED, site NOT recovered"
    } else {
        return started(incident);
    }
    .to_owned()
}

/// `STARTED`, with the operator who approved it.
fn started(incident: &Incident) -> String {
    let by = incident.approved_by.as_ref().map(|approver| short_name(&approver.by));
    by.map_or_else(|| "STARTED".to_owned(), |by| format!("STARTED, approved by {by}"))
}

/// `recovery of shop: 1 of 2 servers launched`, once the servers are known.
fn progress(incident: &Incident, what: &str) -> String {
    match incident.servers.len() {
        0 => what.to_owned(),
        servers => format!("{what}: {} of {} launched", incident.launched(), count(servers, "server")),
    }
}

/// `the second alarm is OK`, `recoveries are switched off (+2 more)`.
pub(super) fn blocked_by(incident: &Incident) -> String {
    match &incident.holds[..] {
        [] => "blocked".to_owned(),
        [only] => only.interlock.headline(),
        [first, rest @ ..] => format!("{} (+{} more)", first.interlock.headline(), rest.len()),
    }
}
