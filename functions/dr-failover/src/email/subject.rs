//! The subject: in under 100 characters what a person must know before they open the mail.

use crate::because::counted;
use crate::incident::{Incident, Phase};
use crate::rules::Mode;

/// The subject of the mail about the state that an incident is in.
pub(super) fn subject(incident: &Incident) -> String {
    let plan = &incident.plan;
    let what = format!("{} of {plan}", incident.mode);
    let (servers, of) = (incident.servers.len(), counted(incident.servers.len()));
    // An incident that is over tells what came of it; one that is not, that it should be.
    let late = if incident.over_rto && incident.phase.is_open() { ", OVER RTO" } else { "" };
    match incident.phase {
        Phase::Held => format!("NOT STARTED{late}: {what}: {}", held_by(incident)),
        Phase::Starting if !incident.holds.is_empty() => {
            format!("UNCERTAIN{late}: {what}: it was asked for, and DRS cannot be read")
        }
        Phase::Starting => format!("UNCERTAIN{late}: {what}: DRS did not answer the start"),
        Phase::Running => format!("{}{late}: {}", running(incident), progress(incident, &what)),
        Phase::Recovered if incident.is_over() => {
            format!("RECOVERED, but the alarm is OK: {plan}: leave traffic where it is")
        }
        Phase::Recovered => format!("RECOVERED, traffic not moved: {plan}: all {of} launched"),
        Phase::Drilled if incident.is_alarming() => {
            format!("DRILL PASSED, site NOT recovered: {plan}: all {of} launched")
        }
        Phase::Drilled => format!("DRILL PASSED: {plan}: all {of} launched"),
        Phase::RecoveredInPart => {
            let kind = if incident.mode == Mode::Drill { "DRILL PASSED" } else { "RECOVERED" };
            let missing: Vec<&str> = incident.missing().map(|(id, _)| id.as_str()).collect();
            let launched = servers - missing.len();
            format!("{kind} IN PART: {plan}: {launched} of {of}, not {}", missing.join(" "))
        }
        Phase::Failed => format!("FAILED: {what}"),
        Phase::Cancelled => format!("CANCELLED: {what}"),
        Phase::OkAgain => format!("OVER: {plan}: the alarm is OK again, nothing was launched"),
        Phase::Refused => format!("REFUSED: {what}"),
        Phase::AgedOut if incident.is_alarming() => {
            format!("GIVEN UP, still in ALARM: {what}: nothing will start")
        }
        Phase::AgedOut => format!("GIVEN UP: {what}: nothing started it in time"),
    }
}

/// What is new about an execution that runs.
fn running(incident: &Incident) -> &'static str {
    let told = incident.told.as_deref().unwrap_or_default();
    let is_drill = incident.mode == Mode::Drill;
    if incident.execution.as_ref().is_some_and(|of| of.unreadable.is_some()) {
        "NOT SEEN"
    } else if incident.failed().next().is_some() {
        "LAUNCH FAILED"
    } else if incident.is_over() {
        "UNDER WAY, the alarm is OK again"
    } else if told.starts_with("running:") && told.contains(" unseen") {
        "SEEN AGAIN"
    } else if told.starts_with("running:") {
        "UNDER WAY"
    } else if is_drill && incident.is_alarming() {
        "DRILL STARTED, site NOT recovered"
    } else {
        "STARTED"
    }
}

/// `recovery of shop: 1 of 2 servers launched`, once that is known.
fn progress(incident: &Incident, what: &str) -> String {
    let launched = incident.servers.values().filter(|server| server.is_launched()).count();
    match incident.servers.len() {
        0 => what.to_owned(),
        servers => format!("{what}: {launched} of {} launched", counted(servers)),
    }
}

/// `the second alarm is OK`, `recoveries are switched off and 2 more`.
fn held_by(incident: &Incident) -> String {
    match &incident.holds[..] {
        [] => "held".to_owned(),
        [only] => only.headline.clone(),
        [first, rest @ ..] => format!("{} and {} more", first.headline, rest.len()),
    }
}
