//! The subject: what the operator must know before opening the email, in under 100 characters.

use shared::text::{count, list_at_most, verb};

use super::traffic;
use crate::approval::short_name;
use crate::incident::{Flapping, Incident, IncidentEnd, IncidentPhase, LaterEvent, ManualLaunch, Remains};
use crate::reported::ReportedState;

/// The most names in a subject.
const MOST_NAMES: usize = 2;

/// The subject of the email about the state of an incident.
pub(super) fn subject(incident: &Incident) -> String {
    if let Some(subject) = super::drill::subject(incident) {
        return subject;
    }
    if let Some(news) = news(incident) {
        return news;
    }
    if let Some(subject) = traffic::subject(incident) {
        return subject;
    }
    let plan = &incident.plan;
    let what = format!("{} of {plan}", incident.mode);
    let servers = servers(incident);
    // The end of a closed incident matters more than its RTO.
    let late = if incident.over_rto && incident.is_open() { ", OVER RTO" } else { "" };
    match incident.phase {
        IncidentPhase::Held if incident.flapping == Flapping::Yes => {
            let times = count(incident.outages as usize, "time");
            format!("FLAPPING, not started: {plan}: in ALARM {times}, {}", blocked_by(incident))
        }
        IncidentPhase::Held => format!("NOT STARTED{late}: {what}: {}", blocked_by(incident)),
        IncidentPhase::Starting if !incident.holds.is_empty() => {
            format!("UNCERTAIN{late}: {what}: DRS did not confirm the start and cannot be read")
        }
        IncidentPhase::Starting => format!("UNCERTAIN{late}: {what}: DRS did not answer the start"),
        IncidentPhase::Running if incident.waves.is_some() && !incident.holds.is_empty() => {
            format!("WAITING{late}: {what}: {}", blocked_by(incident))
        }
        IncidentPhase::Running => format!("{}{late}: {}", running(incident), progress(incident, &what)),
        IncidentPhase::Recovered if incident.is_over() && !incident.has_moved_traffic() => {
            format!("RECOVERED, but the alarm is OK: {plan}: {servers}, leave traffic where it is")
        }
        IncidentPhase::Recovered if incident.has_moved_traffic() => {
            format!("RECOVERED, traffic moved: {plan}: {servers}")
        }
        // The end of a drill has a subject of its own.
        IncidentPhase::Recovered | IncidentPhase::Drilled => {
            format!("RECOVERED, traffic not moved: {plan}: {servers}")
        }
        IncidentPhase::RecoveredInPart => {
            let missing: Vec<String> = incident.missing().map(|(id, _)| incident.short_name(id)).collect();
            format!("RECOVERED IN PART: {plan}: {servers}, without {}", list_at_most(&missing, MOST_NAMES))
        }
        IncidentPhase::Failed | IncidentPhase::Cancelled => {
            let kind = if incident.phase == IncidentPhase::Failed { "FAILED" } else { "CANCELLED" };
            format!("{kind}: {}", progress(incident, plan))
        }
        IncidentPhase::OkAgain => {
            let times = match incident.flapping {
                Flapping::No => "OK again".to_owned(),
                _ => format!("OK after it was in ALARM {}", count(incident.outages as usize, "time")),
            };
            match incident.remains.as_ref().filter(|remains| !remains.is_nothing()) {
                Some(remains) => format!("OVER{}: {plan}: the alarm is {times}", left(incident, remains)),
                None => format!("OVER: {plan}: the alarm is {times}, nothing was launched"),
            }
        }
        IncidentPhase::Refused => {
            format!("REFUSED{}: {what}{}", left_of(incident), refused_by(incident))
        }
        IncidentPhase::AgedOut if incident.is_alarming() => {
            format!("GIVEN UP, still in ALARM{}: {what}: nothing will start", left_of(incident))
        }
        IncidentPhase::AgedOut => {
            format!("GIVEN UP{}: {what}: no start was possible in time", left_of(incident))
        }
    }
}

/// What happened since the launch, if that is what the email reports.
fn news(incident: &Incident) -> Option<String> {
    let news = incident.news();
    let most = news.iter().max_by_key(|entry| rank(&entry.event))?;
    let (plan, launched) = (&incident.plan, incident.servers.len());
    let of = count(launched, "server");
    let text = match &most.event {
        LaterEvent::OkAfterLaunch { launched: 0 } => {
            format!("OK AGAIN: {plan}: the alarm is OK, no launched server runs")
        }
        LaterEvent::OkAfterLaunch { launched } => {
            format!("BOTH SITES RUN: {plan}: the alarm is OK again, {launched} of {of} launched")
        }
        LaterEvent::AlarmAfterLaunch { .. } => format!(
            "ALARM AGAIN, nothing starts: {plan}: {} of {of} launched earlier",
            incident.still_there()
        ),
        LaterEvent::StepRetried { status } => {
            format!("RETRIED, now {status}: {}", progress(incident, plan))
        }
        LaterEvent::StartedAgain { .. } => format!("STARTED AGAIN: {plan}: by an operator"),
        LaterEvent::LaunchedByHand { launch: ManualLaunch::Job { servers, .. } } => {
            let names: Vec<String> = servers.iter().map(|id| incident.short_name(id)).collect();
            format!("LAUNCHED BY HAND: {plan}: {} by another principal", list_at_most(&names, MOST_NAMES))
        }
        LaterEvent::LaunchedByHand { launch: ManualLaunch::Execution { .. } } => {
            format!("LAUNCHED BY HAND: {plan}: the whole DRS plan by another principal")
        }
        LaterEvent::ServersGone { names, .. } => {
            let names = list_at_most(names, MOST_NAMES);
            format!("SERVERS GONE: {plan}: {names}; {} of {of} left", incident.still_there())
        }
        LaterEvent::ClosedInAlarm { alarms, .. } => {
            let is = verb(alarms.len(), "is", "are");
            format!(
                "CLOSED, still in ALARM: {plan}: {} {is} in ALARM, nothing starts",
                list_at_most(alarms, 1)
            )
        }
    };
    let more = if news.len() > 1 { format!(" (+{} more)", news.len() - 1) } else { String::new() };
    Some(format!("{text}{more}"))
}

/// The event that a subject names first.
fn rank(event: &LaterEvent) -> u8 {
    match event {
        LaterEvent::AlarmAfterLaunch { .. } => 6,
        LaterEvent::OkAfterLaunch { .. } => 5,
        LaterEvent::LaunchedByHand { .. } => 4,
        LaterEvent::ServersGone { .. } => 3,
        LaterEvent::StartedAgain { .. } | LaterEvent::StepRetried { .. } => 2,
        LaterEvent::ClosedInAlarm { .. } => 1,
    }
}

/// `, but 2 servers run`, `, state of DRS unknown`: what runs without this incident.
fn left(incident: &Incident, remains: &Remains) -> String {
    let recovered: Vec<String> =
        remains.recovered().map(|instance| incident.short_name(&instance.server)).collect();
    match recovered.len() {
        0 if !(remains.executions.is_empty() && remains.jobs.is_empty()) => {
            ", but a launch is in progress".to_owned()
        }
        0 if remains.is_running() => ", drill instances run".to_owned(),
        0 => ", DRS cannot be read".to_owned(),
        number => {
            let (names, run) = (list_at_most(&recovered, MOST_NAMES), verb(number, "runs", "run"));
            format!(", but {names} {run} in DRS")
        }
    }
}

fn left_of(incident: &Incident) -> String {
    let remains = incident.remains.as_ref().filter(|remains| !remains.is_nothing());
    remains.map(|remains| left(incident, remains)).unwrap_or_default()
}

/// `: by ana`: the operator who refused the recovery.
fn refused_by(incident: &Incident) -> String {
    let by = incident.end.as_ref().and_then(|end| match end {
        IncidentEnd::RefusedBy { by } => Some(format!(": by {}", short_name(by))),
        _ => None,
    });
    by.unwrap_or_default()
}

/// The state of an execution in progress.
fn running(incident: &Incident) -> String {
    let was_unseen = incident.reported.as_ref().and_then(ReportedState::running_unseen);
    let was_finished = matches!(
        incident.reported.as_ref().map(ReportedState::without_traffic),
        Some(ReportedState::Ended(_) | ReportedState::AfterLaunch { .. })
    );
    let is_unreadable = incident.execution().is_some_and(|execution| execution.unreadable.is_some());
    if is_unreadable || incident.waves.as_ref().is_some_and(|course| course.unreadable.is_some()) {
        "UNREADABLE"
    } else if was_finished {
        "RETRIED, in progress again"
    } else if incident.failed().next().is_some() {
        "LAUNCH FAILED"
    } else if incident.is_over() {
        "IN PROGRESS, the alarm is OK again"
    } else if was_unseen == Some(true) {
        "READABLE AGAIN"
    } else if was_unseen == Some(false) {
        "IN PROGRESS"
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

/// `recovery of shop: 0 of 2 servers launched, db-1 failed`, once the servers are known.
fn progress(incident: &Incident, what: &str) -> String {
    if incident.servers.is_empty() {
        return what.to_owned();
    }
    let failed: Vec<String> = incident.failed().map(|(id, _)| incident.short_name(id)).collect();
    match &failed[..] {
        [] => format!("{what}: {}", servers(incident)),
        failed => format!("{what}: {}, {} failed", servers(incident), list_at_most(failed, MOST_NAMES)),
    }
}

/// `1 of 2 servers launched`.
fn servers(incident: &Incident) -> String {
    format!("{} of {} launched", incident.launched(), count(incident.servers.len(), "server"))
}

/// `the second alarm is OK`, `recoveries are switched off (+2 more)`.
pub(super) fn blocked_by(incident: &Incident) -> String {
    match &incident.holds[..] {
        [] => "blocked".to_owned(),
        [only] => only.interlock.headline(),
        [first, rest @ ..] => format!("{} (+{} more)", first.interlock.headline(), rest.len()),
    }
}
