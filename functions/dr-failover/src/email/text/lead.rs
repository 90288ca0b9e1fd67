//! The first sentences of an email: what is true now.

use std::fmt::Write as _;

use shared::text::{count, printable, verb};

use super::server_name;
use crate::alarm::AlarmState;
use crate::email::{IncidentEmail, traffic};
use crate::facts::RecoveryInstance;
use crate::incident::{Flapping, Incident, IncidentPhase, LaterEntry, LaterEvent, RefusalCause, launched_of};
use crate::interlock::some;

use super::waves;
use crate::text::{capitalized, short_duration, utc};

/// What is true now.
pub(super) fn lead(email: &IncidentEmail<'_>) -> String {
    let incident = email.incident;
    if let Some(lead) = crate::email::drill::lead(email) {
        return lead;
    }
    let what = format!("the {} of {}", incident.mode, incident.plan);
    let the = format!("The {} of {}", incident.mode, incident.plan);
    let alarms = alarms(email);
    let news: Vec<String> = incident.news().iter().map(|entry| event(email, entry)).collect();
    if !news.is_empty() {
        return format!("{} {alarms}", news.join(" "));
    }
    let sentences = match incident.phase {
        IncidentPhase::Held if incident.flapping == Flapping::Yes => format!(
            "The alarm of {} is flapping: it was in ALARM {} since {}. {the} is NOT started: {}.",
            incident.plan,
            count(incident.outages as usize, "time"),
            utc(incident.opened),
            blocked(incident)
        ),
        IncidentPhase::Held => {
            format!("{the} is NOT started: {}.{}", blocked(incident), after_a_start(incident))
        }
        IncidentPhase::Starting if !incident.holds.is_empty() => format!(
            "DRS was asked to start {what}, and the function cannot read whether it did: {}.",
            blocked(incident)
        ),
        IncidentPhase::Starting => {
            let error = incident.current().and_then(|attempt| attempt.unanswered.as_ref());
            let error = error.map_or_else(|| "no answer".to_owned(), ToString::to_string);
            format!(
                "DRS was asked to start {what} and did not answer ({}): the function does not know whether it started.",
                printable(&error)
            )
        }
        IncidentPhase::Running => running(incident, &the),
        // The end of a drill has words of its own.
        IncidentPhase::Recovered | IncidentPhase::Drilled => recovered(incident, &the),
        IncidentPhase::RecoveredInPart => in_part(incident, &the),
        IncidentPhase::Failed => format!("{the} FAILED: {}. Traffic was not moved.", ended(incident)),
        IncidentPhase::Cancelled => {
            format!("{the} is cancelled: {}. Traffic was not moved.", ended(incident))
        }
        IncidentPhase::OkAgain => {
            let times = match incident.flapping {
                Flapping::No => String::new(),
                Flapping::Yes | Flapping::Steady => format!(
                    " The alarm was in ALARM {} since {}.",
                    count(incident.outages as usize, "time"),
                    utc(incident.opened)
                ),
            };
            format!("{the} is not needed: {}.{times} {}", ended(incident), nothing_launched(incident))
        }
        IncidentPhase::Refused => format!("{the} is NOT started: {}.", ended(incident)),
        IncidentPhase::AgedOut => {
            let blocked = match incident.holds.is_empty() {
                true => String::new(),
                false => format!(". The last reason: {}", blocked(incident)),
            };
            format!("{the} is NOT started, and the function has given up: {}{blocked}.", ended(incident))
        }
    };
    let order = order(incident);
    let sentences = format!("{sentences}{}{}", remains(incident), since_then(email));
    [sentences, order, alarms].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The order of ARC Region switch.
fn order(incident: &Incident) -> String {
    let order = incident.order.as_ref();
    let order = order.map(|order| {
        format!("Region switch ordered it at {}, in the step {}.", utc(order.at), printable(&order.step))
    });
    order.unwrap_or_default()
}

/// An event after the launch, and what it means.
fn event(email: &IncidentEmail<'_>, LaterEntry { event, at }: &LaterEntry) -> String {
    let incident = email.incident;
    let text = capitalized(&printable(&event.to_string()));
    let meaning = match event {
        LaterEvent::OkAfterLaunch { launched } if *launched > 0 => {
            let data = incident.oldest_snapshot().map(utc);
            let data = data
                .map(|at| format!(" The launched servers have the data of {at} or newer."))
                .unwrap_or_default();
            format!(
                " BOTH SITES RUN. Users or jobs may write to either of them, and the two copies of the data then differ (split \
                 brain).{data} Decide which site keeps its writes, and stop the writes on the other one."
            )
        }
        LaterEvent::AlarmAfterLaunch { .. } => format!(
            " The incident of the earlier launch is still open, so no recovery starts. {} of {} still {}.",
            incident.still_there(),
            count(incident.servers.len(), "server"),
            verb(incident.still_there(), "runs", "run")
        ),
        LaterEvent::LaunchedByHand { .. } => {
            " Before a launch, DRS deletes the instances that it launched earlier for the same servers."
                .to_owned()
        }
        LaterEvent::ServersGone { servers, .. } => format!(
            " An operator terminated {0}, or a later launch deleted {0}.{1} {2} of {3} still {4}.",
            verb(servers.len(), "it", "them"),
            traffic::lost(incident, servers),
            incident.still_there(),
            count(incident.servers.len(), "server"),
            verb(incident.still_there(), "runs", "run")
        ),
        LaterEvent::OkAfterLaunch { .. }
        | LaterEvent::StepRetried { .. }
        | LaterEvent::StartedAgain { .. }
        | LaterEvent::ClosedInAlarm { .. } => String::new(),
    };
    format!("{text}. (Observed at {}.){meaning}", utc(*at))
}

/// The events since the launch, in an email about the phase itself.
fn since_then(email: &IncidentEmail<'_>) -> String {
    let is_finished = email.incident.finished.is_some();
    let events = email.incident.events_after_launch().iter().filter(|_| is_finished);
    events
        .map(|LaterEntry { event, at }| format!(" At {}: {}.", utc(*at), printable(&event.to_string())))
        .collect()
}

/// What runs in DRS without this incident.
fn remains(incident: &Incident) -> String {
    let Some(remains) = &incident.remains else { return String::new() };
    let mut text = String::new();
    let instance = |instance: &RecoveryInstance| {
        let kind = if instance.is_drill { ", of a drill" } else { "" };
        format!("{} ({}{kind})", incident.short_name(&instance.server), instance.id)
    };
    let instances: Vec<String> = remains.instances.iter().map(instance).collect();
    if !instances.is_empty() {
        let (noun, run) = (count(instances.len(), "server"), verb(instances.len(), "runs", "run"));
        let _ = write!(
            text,
            " But {noun} of the plan {run} that another principal or an earlier incident launched: {}.",
            some(&instances)
        );
    }
    if remains.recovered().next().is_some() && incident.is_over() {
        text.push_str(" BOTH SITES RUN, and both may take writes (split brain).");
    }
    for execution in &remains.executions {
        let _ = write!(
            text,
            " An execution of the DRS plan without this incident's tag is in progress: {execution}."
        );
    }
    if remains.executions.is_empty() && !remains.jobs.is_empty() {
        let _ = write!(text, " DRS is launching servers of the plan: {}.", some(&remains.jobs));
    }
    if let Some(error) = remains.unreadable.first() {
        let _ = write!(
            text,
            " Whether DRS runs servers of the plan is UNKNOWN: {} ({}).",
            error.operation,
            printable(&error.to_string())
        );
    }
    text
}

/// The first interlock, and the number of the others.
pub(super) fn blocked(incident: &Incident) -> String {
    let more = match incident.holds.len() {
        0 | 1 => String::new(),
        all => {
            let (others, block) = (count(all - 1, "other check"), verb(all - 1, "blocks", "block"));
            format!("; {others} also {block} the {}", incident.mode)
        }
    };
    let first = incident.holds.first().map(|hold| hold.interlock.to_string());
    format!("{}{more}", printable(&first.unwrap_or_else(|| "an interlock blocks it".to_owned())))
}

/// The start that an earlier email reported, and that launched nothing.
fn after_a_start(incident: &Incident) -> &'static str {
    match incident.last_refused() {
        Some((attempt, _)) if attempt.execution.is_some() => {
            " DRS had accepted the start that an earlier email reported, and then launched nothing."
        }
        _ => "",
    }
}

fn nothing_launched(incident: &Incident) -> String {
    let Some((_, last)) = incident.last_refused() else {
        return "This incident launched nothing.".to_owned();
    };
    let starts = match incident.refused_count {
        1 => "the start".to_owned(),
        count => format!("{count} starts"),
    };
    let verb = match last.cause {
        RefusalCause::Refused { .. } => "refused",
        RefusalCause::EndedBeforeAnyStep { .. } | RefusalCause::Earlier { .. } => "did not carry out",
    };
    format!(
        "This incident launched nothing: DRS {verb} {starts} ({}). Fix that before the next outage.",
        printable(&last.cause.to_string())
    )
}

fn running(incident: &Incident, the: &str) -> String {
    let failed: Vec<String> = incident.failed().map(|(id, _)| server_name(incident, id)).collect();
    if incident.waves.is_some() {
        return waves::lead(incident, the);
    }
    let execution = incident.execution();
    if let Some(error) = execution.and_then(|execution| execution.unreadable.as_ref()) {
        let error = printable(&error.to_string());
        return format!("{the} is in progress, and DRS does not report its progress: {error}.");
    }
    let is_validated = execution.is_some_and(|execution| execution.status == "CREATED");
    let mut text = match failed.is_empty() {
        true if is_validated => {
            format!("{the} is started: DRS validates every server before it launches the first.")
        }
        true => format!("{the} is started: DRS is launching the servers."),
        false => format!("{the} is in progress, and the launch of {} FAILED.", some(&failed)),
    };
    if !incident.servers.is_empty() {
        let _ = write!(text, " So far, {}.", launched_of(incident.launched(), incident.servers.len()));
    }
    if let Some(LaterEntry { event, .. }) = incident.events_after_launch().last() {
        let _ = write!(text, " The launch had ended, and {}.", printable(&event.to_string()));
    }
    if let Some(approver) = &incident.approved_by {
        let _ = write!(text, " {} approved it at {}.", printable(&approver.by), utc(approver.at));
    }
    for finding in incident.start().iter().flat_map(|start| &start.despite) {
        let _ =
            write!(text, " The {} was started although {}.", incident.mode, printable(&finding.to_string()));
    }
    if incident.is_over() {
        text.push_str(
            " Meanwhile the alarm is OK again; the execution continues until an operator cancels it.",
        );
    }
    text
}

fn recovered(incident: &Incident, the: &str) -> String {
    let mut text = format!("{the} is done: {}. {}", launched(incident), traffic::summary(incident));
    if let Some(taken) = incident.oldest_snapshot() {
        let _ = write!(text, " The data is from {} or newer", utc(taken));
        let age = incident.began().duration_since(taken);
        let _ = match age.is_positive() {
            true => write!(text, ", {} before the {}.", short_duration(age), incident.first_cause()),
            false => write!(text, "."),
        };
    }
    if incident.is_over() && !incident.has_moved_traffic() {
        text.push_str(
            " But the alarm is OK again, so the original site probably works. Leave traffic there unless it does not.",
        );
    }
    text
}

/// The end of a recovery that did not launch every server.
fn in_part(incident: &Incident, the: &str) -> String {
    let missing: Vec<String> = incident.missing().map(|(id, _)| server_name(incident, id)).collect();
    let (ended, names) = (ended(incident), some(&missing));
    format!("{the} is partly done: {ended}, without {names}. {}", traffic::summary(incident))
}

fn launched(incident: &Incident) -> String {
    launched_of(incident.launched(), incident.servers.len())
}

/// How the incident ended.
fn ended(incident: &Incident) -> String {
    let end = incident.end.as_ref().map(ToString::to_string);
    end.map_or_else(|| incident.phase.name().to_owned(), |end| printable(&end))
}

/// `The alarm shop-down has been in ALARM since 10:00:00 (5m).`
fn alarms(email: &IncidentEmail<'_>) -> String {
    let sentences = email.incident.alarms.values().map(|alarm| {
        let duration = short_duration(email.now.duration_since(alarm.since));
        let (name, since) = (printable(&alarm.name), utc(alarm.since));
        let by = alarm.suppressed_by.as_ref().map(|by| format!(", suppressed by {by}")).unwrap_or_default();
        if let Some(deleted) = alarm.deleted {
            return format!(
                "The alarm {name} was {} and was deleted at {}, so it cannot report the end of the outage.",
                alarm.state,
                utc(deleted)
            );
        }
        match alarm.state {
            state if alarm.since > email.now => {
                format!(
                    "By its own time, the alarm {name} enters {state} at {since}, which is in the future{by}."
                )
            }
            AlarmState::Alarm => {
                format!("The alarm {name} has been in ALARM since {since} ({duration}{by}).")
            }
            AlarmState::Ok | AlarmState::InsufficientData => {
                format!("The alarm {name} has been {} since {since} ({duration}).", alarm.state)
            }
        }
    });
    sentences.collect::<Vec<_>>().join(" ")
}
