//! The words of an email about a drill: its subject, its first sentences, what happens next, and the operator's actions.

use shared::text::{count, list, noun, verb};

use super::subject::blocked_by;
use super::{IncidentEmail, commands};
use crate::incident::{DrillState, Incident, IncidentPhase, MOST_REMINDERS, launched_of};
use crate::interlock::some;
use crate::rules::Mode;
use crate::text::utc;

/// The subject; none in a phase that a recovery has, too.
pub(super) fn subject(incident: &Incident) -> Option<String> {
    if incident.mode != Mode::Drill {
        return None;
    }
    let plan = &incident.plan;
    let launched = format!("{} of {} launched", incident.launched(), count(incident.servers.len(), "server"));
    let failed = hosts(incident, incident.failed().map(|(id, _)| id));
    let without = if failed.is_empty() { String::new() } else { format!(", {} failed", some(&failed)) };
    match incident.drill_state() {
        Some(DrillState::CleanedUp) => return Some(format!("CLEANED UP: {plan}: {}", terminated(incident))),
        Some(DrillState::Incomplete { .. }) => {
            let left = remaining(incident);
            let of = incident.clean_up.as_ref().map_or(left.len(), |clean_up| clean_up.found.len());
            let of = format!("{} of {}", left.len(), count(of, "instance"));
            let remain = verb(left.len(), "remains", "remain");
            return Some(format!("CLEAN-UP INCOMPLETE: drill of {plan}: {of} {remain}: {}", some(&left)));
        }
        Some(DrillState::StillRuns { reminders }) => {
            let days = count(usize::try_from(reminders).unwrap_or_default(), "day");
            return Some(format!("DRILL NOT CLEANED UP: {plan}: its instances have run for {days}"));
        }
        Some(DrillState::CleaningUp) | None => {}
    }
    match incident.phase {
        IncidentPhase::Held => Some(format!("DRILL NOT STARTED YET: {plan}: {}", blocked_by(incident))),
        IncidentPhase::AgedOut => Some(format!("DRILL NOT STARTED: {plan}: {}", blocked_by(incident))),
        IncidentPhase::Refused => Some(format!("DRILL REFUSED: {plan}")),
        IncidentPhase::Drilled => Some(format!("DRILL PASSED: {plan}: {launched}")),
        IncidentPhase::RecoveredInPart => {
            let missing = hosts(incident, incident.missing().map(|(id, _)| id));
            Some(format!("DRILL PASSED IN PART: {plan}: {launched}, without {}", some(&missing)))
        }
        IncidentPhase::Failed => Some(format!("DRILL FAILED: {plan}: {launched}{without}")),
        IncidentPhase::Cancelled => Some(format!("DRILL CANCELLED: {plan}: {launched}")),
        IncidentPhase::Starting
        | IncidentPhase::Running
        | IncidentPhase::Recovered
        | IncidentPhase::OkAgain => None,
    }
}

fn hosts<'i>(incident: &Incident, ids: impl Iterator<Item = &'i String>) -> Vec<String> {
    ids.map(|id| incident.host(id)).collect()
}

/// The hostnames of the instances that DRS listed last.
fn remaining(incident: &Incident) -> Vec<String> {
    let remaining = incident.clean_up.iter().flat_map(|clean_up| &clean_up.remaining);
    remaining.map(|one| incident.host(&one.server)).collect()
}

/// `2 of 2 drill instances terminated, none remains`.
fn terminated(incident: &Incident) -> String {
    let (found, launched) =
        (incident.clean_up.as_ref().map_or(0, |clean_up| clean_up.found.len()), incident.launched());
    match found {
        0 => "no drill instance remains".to_owned(),
        _ => {
            let of = found.max(launched);
            format!("{found} of {of} drill {} terminated, none remains", noun(of, "instance"))
        }
    }
}

/// What is true now; none in a phase that a recovery has, too.
pub(super) fn lead(email: &IncidentEmail<'_>) -> Option<String> {
    let incident = email.incident;
    if incident.mode != Mode::Drill {
        return None;
    }
    let plan = &incident.plan;
    match incident.drill_state() {
        Some(DrillState::CleanedUp) => {
            let seen = incident.clean_up.as_ref().and_then(|clean_up| clean_up.proved);
            let seen = seen.map(|at| format!(" (seen {} UTC)", at.strftime("%H:%M:%S"))).unwrap_or_default();
            return Some(format!(
                "CLEANED UP: {}{seen}. DRS lists no instance of this drill, and no job terminates one. The drill of {plan} is \
                 closed.",
                terminated(incident)
            ));
        }
        Some(DrillState::Incomplete { .. }) => {
            let left = remaining(incident);
            let (instance, is) = (noun(left.len(), "instance"), verb(left.len(), "is", "are"));
            return Some(format!(
                "The clean-up of the drill of {plan} is INCOMPLETE: the {instance} of {} {is} not terminated.{} {COSTS}",
                some(&left),
                last_error(incident)
            ));
        }
        Some(DrillState::StillRuns { .. }) => {
            return Some(format!("The drill of {plan} is over, and its instances still run. {COSTS}"));
        }
        Some(DrillState::CleaningUp) | None => {}
    }
    let servers = launched_of(incident.launched(), incident.servers.len());
    let end = incident.end.as_ref().map(ToString::to_string).unwrap_or_default();
    let drill = "It was a drill: nothing is recovered, and traffic was not moved.";
    match incident.phase {
        IncidentPhase::AgedOut => Some(format!("The drill of {plan} is NOT started: {end}.")),
        IncidentPhase::Drilled => Some(format!("The drill of {plan} has passed: {servers}. {drill} {COSTS}")),
        IncidentPhase::RecoveredInPart => {
            let missing = hosts(incident, incident.missing().map(|(id, _)| id));
            Some(format!(
                "The drill of {plan} has passed in part: {end}, without {}. {drill} {COSTS}",
                some(&missing)
            ))
        }
        IncidentPhase::Failed => Some(format!(
            "The drill of {plan} FAILED: {end}. A recovery of {plan} would probably fail, too. {COSTS}"
        )),
        IncidentPhase::Cancelled => Some(format!("The drill of {plan} is cancelled: {end}. {COSTS}")),
        _ => None,
    }
}

const COSTS: &str = "The instances that it launched stay, and you pay for them as for any EC2 instance with its volumes, until \
                     you clean the drill up.";

fn last_error(incident: &Incident) -> String {
    let clean_up = incident.clean_up.as_ref();
    let error =
        clean_up.and_then(|clean_up| clean_up.calls.iter().rev().find_map(|call| call.error.as_ref()));
    error
        .map(|error| format!(" DRS's last error: {}.", shared::text::printable(&error.to_string())))
        .unwrap_or_default()
}

/// What happens next; none in a phase that a recovery has, too.
pub(super) fn next(incident: &Incident) -> Option<Vec<String>> {
    if incident.mode != Mode::Drill {
        return None;
    }
    let (plan, reminders) = (&incident.plan, MOST_REMINDERS);
    let sentence = match (incident.phase, incident.drill_state()) {
        (_, Some(DrillState::CleanedUp)) => format!("Nothing. The next drill of {plan} may start."),
        (IncidentPhase::Running, _) if incident.waves.is_none() => {
            "The function checks every minute. You get an email if a server fails, if the RTO passes, and at the end. A drill moves \
             no traffic."
                .to_owned()
        }
        (IncidentPhase::AgedOut | IncidentPhase::Refused, _) => {
            format!(
                "Nothing. The function launched nothing, and the next drill of {plan} starts by the next command."
            )
        }
        (_, _) if incident.finished.is_some() && !incident.is_open() => {
            format!(
                "Nothing. An operator closed the drill without a clean-up: its instances stay until an operator terminates them in \
                 DRS. The next drill of {plan} may start."
            )
        }
        (_, _) if incident.finished.is_some() => {
            let reminded = match reminders.saturating_sub(incident.reminders) {
                0 => "This is the last reminder.".to_owned(),
                1 => "You get one more reminder in a day, if its instances still run.".to_owned(),
                left => format!("You get up to {left} more reminders, one a day, while its instances run."),
            };
            format!(
                "The drill stays open until it is cleaned up. Until then no other drill of {plan} starts; a recovery does. {reminded}"
            )
        }
        (_, _) => return None,
    };
    Some(vec![sentence])
}

/// The actions after a drill: texts and their commands.
pub(super) fn actions(email: &IncidentEmail<'_>) -> Vec<(String, Option<String>)> {
    let incident = email.incident;
    let execution = incident.execution().map(|execution| &execution.arn);
    let steps = || {
        ("List the steps of the execution, with their errors".to_owned(), execution.and_then(commands::steps))
    };
    let state = incident.drill_state();
    if matches!(state, Some(DrillState::CleanedUp)) {
        return Vec::new();
    }
    if incident.finished.is_none() {
        let what = "Drill again, once nothing blocks it".to_owned();
        return vec![(what, Some(commands::drill(email)))];
    }
    let mut actions = Vec::new();
    if matches!(incident.phase, IncidentPhase::Failed | IncidentPhase::Cancelled) {
        actions.push(steps());
    }
    if let Some(DrillState::Incomplete { .. }) = state {
        actions
            .push(("List the instances".to_owned(), Some(commands::instances_of(email, &servers(incident)))));
    }
    let names = incident.servers.iter().filter(|(_, server)| server.is_launched()).map(|(id, _)| id);
    let names = list(hosts(incident, names));
    let of = if names.is_empty() { String::new() } else { format!(" of {names}") };
    if incident.is_open() {
        let what = format!("Terminate the drill's instances{of}, and close the drill once none remains");
        actions.push((what, Some(commands::clean_up(email))));
    } else {
        actions.push((format!("Terminate the drill's instances{of}"), commands::terminate(email)));
    }
    actions
}

fn servers(incident: &Incident) -> Vec<&str> {
    incident.clean_up.iter().flat_map(|clean_up| &clean_up.remaining).map(|one| one.server.as_str()).collect()
}

/// `Drill: asked for by Ana at ...`.
pub(super) fn detail(incident: &Incident) -> Option<String> {
    let by = shared::text::printable(incident.drilled_by.as_deref()?);
    Some(format!("Drill: {by} asked for it at {}", utc(incident.opened)))
}
