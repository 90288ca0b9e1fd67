//! The subject: in under 100 characters what a person must know before they open the mail.

use crate::incident::{Incident, Phase};
use crate::rules::Mode;

/// The subject of the mail about the state that an incident is in.
pub(super) fn subject(incident: &Incident) -> String {
    let what = format!("{} of {}", incident.mode, incident.plan);
    let failed = incident.failed().count();
    let servers = incident.servers.len();
    // An incident that is over tells what came of it; one that is not, that it should be.
    let late = if incident.over_rto && incident.phase.is_open() { ", OVER RTO" } else { "" };
    match incident.phase {
        Phase::Held => format!("NOT STARTED{late}: {what}: {}", held_by(incident)),
        Phase::Starting => format!("UNCERTAIN{late}: {what}: DRS did not answer the start"),
        Phase::Running if incident.execution.as_ref().is_some_and(|of| of.unreadable.is_some()) => {
            format!("NOT SEEN{late}: {what} is under way and cannot be looked at")
        }
        Phase::Running if failed > 0 => {
            format!("LAUNCH FAILED{late}: {what}: {failed} of {servers} servers, the rest goes on")
        }
        Phase::Running if incident.is_over() => {
            format!("STARTED, and the alarm is OK again: {what} goes on")
        }
        Phase::Running if incident.over_rto => {
            let launched = incident.servers.values().filter(|server| server.is_launched()).count();
            format!("UNDER WAY{late}: {what}: {launched} of {servers} servers launched")
        }
        Phase::Running => format!("STARTED: {what}"),
        Phase::Recovered => format!("RECOVERED: {}: all {servers} servers launched", incident.plan),
        Phase::Drilled => format!("DRILL PASSED: {}: all {servers} servers launched", incident.plan),
        Phase::RecoveredInPart => match incident.mode {
            Mode::Recovery => format!("RECOVERED IN PART: {}: some servers did not launch", incident.plan),
            Mode::Drill => format!("DRILL PASSED IN PART: {}: some servers did not launch", incident.plan),
        },
        Phase::Failed => format!("FAILED: {what}"),
        Phase::Cancelled => format!("CANCELLED: {what}"),
        Phase::OkAgain => format!("OVER: {}: the alarm is OK again, nothing was started", incident.plan),
        Phase::Refused => format!("REFUSED: {what}"),
        Phase::AgedOut => format!("GIVEN UP: {what}: nothing started it in time"),
    }
}

/// `second signal quiet`, `kill switch off and 2 more`.
fn held_by(incident: &Incident) -> String {
    let words = |code: &str| code.replace('-', " ");
    match &incident.holds[..] {
        [] => "held".to_owned(),
        [only] => words(&only.code),
        [first, rest @ ..] => format!("{} and {} more", words(&first.code), rest.len()),
    }
}
