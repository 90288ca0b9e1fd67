//! The emails of this function: what is true, what happens next, what blocks the recovery, and what the operator can do.

mod commands;
mod drill;
mod form;
mod preflight;
mod readable;
mod subject;
mod text;
mod traffic;
mod without_incident;

use jiff::Timestamp;
use shared::email::{LARGEST_MESSAGE, Message, attributes, within};
use shared::home::Home;

use crate::incident::{DrillState, Incident, IncidentPhase, LaterEvent};
use crate::latch::Latch;
use crate::rules::{Mode, RecoveryPlan};
use crate::settings::Settings;

pub use preflight::not_ready;
pub use without_incident::{Unread, cleared, deleted, not_understood, undecided, unrecorded};

/// The version of the JSON form. A new member does not change it.
const VERSION: u32 = 1;

/// The content of an email about an incident.
#[derive(Debug, Clone, Copy)]
pub struct IncidentEmail<'a> {
    /// The plan.
    pub plan: &'a RecoveryPlan,
    /// The incident.
    pub incident: &'a Incident,
    /// The plan's latch.
    pub latch: &'a Latch,
    /// The deployment's settings.
    pub settings: &'a Settings,
    /// Where the function runs.
    pub home: &'a Home,
    /// The function's ARN.
    pub function: &'a str,
    /// The moment of the email.
    pub now: Timestamp,
}

/// The email about an incident.
pub fn message(email: &IncidentEmail<'_>) -> Message {
    let incident = email.incident;
    let attributes = attributes([
        ("severity", Some(severity(incident).to_owned())),
        ("plan", Some(incident.plan.clone())),
        ("incident", Some(incident.id.clone())),
        ("phase", Some(incident.phase.name().to_owned())),
        ("mode", Some(incident.mode.name().to_owned())),
    ]);
    within(LARGEST_MESSAGE, subject::subject(incident), attributes, |detail| {
        (text::text(email, detail), form::form(incident, detail))
    })
}

/// How urgent the incident is.
pub fn severity(incident: &Incident) -> &'static str {
    if incident.mode == Mode::Drill {
        return severity_of_drill(incident);
    }
    let news = incident.news().iter().map(|entry| severity_of(&entry.event));
    if let Some(severity) = news.min_by_key(|severity| SEVERITIES.iter().position(|one| one == severity)) {
        return severity;
    }
    let is_up = incident.holds.iter().any(|hold| hold.interlock.finds_the_site_up());
    match incident.phase {
        // The alarm reports an outage, and the site answers.
        IncidentPhase::Held | IncidentPhase::AgedOut if is_up => "high",
        // An operator launched servers by hand: two sites can run.
        IncidentPhase::OkAgain | IncidentPhase::Refused
            if incident.remains.as_ref().is_some_and(|remains| !remains.is_nothing()) =>
        {
            "high"
        }
        IncidentPhase::Held
        | IncidentPhase::Starting
        | IncidentPhase::Running
        | IncidentPhase::RecoveredInPart
        | IncidentPhase::Failed
        | IncidentPhase::Cancelled
        | IncidentPhase::AgedOut => "critical",
        // The launched servers are not reached.
        IncidentPhase::Recovered if incident.traffic.values().any(|one| !one.status.is_settled()) => {
            "critical"
        }
        IncidentPhase::Recovered => "high",
        // DRS would refuse the next start as well.
        IncidentPhase::OkAgain if incident.last_refused().is_some() => "high",
        IncidentPhase::OkAgain => "info",
        IncidentPhase::Drilled | IncidentPhase::Refused if incident.is_alarming() => "high",
        IncidentPhase::Drilled | IncidentPhase::Refused => "info",
    }
}

/// A drill is no outage: what it finds is urgent by day.
fn severity_of_drill(incident: &Incident) -> &'static str {
    match (incident.drill_state(), incident.phase) {
        (Some(DrillState::CleanedUp | DrillState::CleaningUp), _) => "info",
        (Some(DrillState::Incomplete { .. } | DrillState::StillRuns { .. }), _) => "high",
        (None, IncidentPhase::Running) if incident.failed().next().is_none() => "info",
        (None, IncidentPhase::Drilled | IncidentPhase::Refused) => "info",
        (None, _) => "high",
    }
}

/// The severities, the most urgent first.
const SEVERITIES: [&str; 3] = ["critical", "high", "info"];

/// How urgent an event after the launch is.
fn severity_of(event: &LaterEvent) -> &'static str {
    match event {
        LaterEvent::AlarmAfterLaunch { .. } => "critical",
        LaterEvent::OkAfterLaunch { launched: 0 } => "info",
        LaterEvent::OkAfterLaunch { .. }
        | LaterEvent::StepRetried { .. }
        | LaterEvent::StartedAgain { .. }
        | LaterEvent::LaunchedByHand { .. }
        | LaterEvent::ServersGone { .. }
        | LaterEvent::ClosedInAlarm { .. } => "high",
    }
}
