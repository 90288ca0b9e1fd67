//! The progress of an execution, written into its incident. COMPLETED alone is no success: the launch of each server is.

use jiff::Timestamp;

use crate::facts::{DrsError, ExecutionProgress, StepProgress, is_end};
use crate::incident::{
    EntryKind, ExecutionStep, Incident, IncidentEnd, IncidentPhase, IncidentServer, RefusalCause,
};
use crate::rules::Mode;

/// The status of a server without a job, or whose job does not list it.
const NOT_STARTED: &str = "NOT_STARTED";

/// Why the execution launched nothing, if it did not: DRS validates every server before the first step, and fails the execution
/// if one does not pass ("How a recovery plan runs", AWS Elastic Disaster Recovery User Guide).
pub fn refusal(progress: &ExecutionProgress) -> Option<RefusalCause> {
    let has_begun = |step: &StepProgress| {
        !matches!(step.status.as_str(), NOT_STARTED | "SKIPPED")
            || step.servers.iter().any(|server| server.job.is_some())
    };
    let is_void = progress.status == "FAILED" && !progress.steps.iter().any(has_begun);
    is_void.then(|| RefusalCause::EndedBeforeAnyStep { error: progress.error.as_ref().map(bounded) })
}

/// Writes the progress down, and ends the launch when there is nothing left to follow.
pub fn follow(incident: &mut Incident, progress: &ExecutionProgress, now: Timestamp) {
    let Some(execution) = incident.execution_mut() else { return };
    let mode = execution.mode;
    let mut entries = Vec::new();
    execution.unreadable = None;
    execution.unreadable_since = None;
    if execution.status != progress.status {
        entries.push((EntryKind::Execution, format!("the execution is {}", progress.status)));
        execution.status.clone_from(&progress.status);
    }
    execution.error = progress.error.as_ref().map(bounded);
    execution.steps = steps(&execution.steps, progress, now, &mut entries);
    servers(incident, progress, now, &mut entries);
    for (kind, what) in entries {
        incident.note(now, kind, what);
    }
    if let Some((phase, end)) = end(incident, progress, mode) {
        incident.finish(phase, now, end);
    }
}

/// An error as long as an item keeps it.
fn bounded(error: &DrsError) -> DrsError {
    DrsError { code: error.code.clone(), message: Incident::bounded(&error.message) }
}

/// Writes the servers of an execution that has ended: a launch can go on after its end.
pub(super) fn refresh(incident: &mut Incident, progress: &ExecutionProgress, now: Timestamp) {
    let mut entries = Vec::new();
    servers(incident, progress, now, &mut entries);
    for (kind, what) in entries {
        incident.note(now, kind, what);
    }
}

fn steps(
    before: &[ExecutionStep],
    progress: &ExecutionProgress,
    now: Timestamp,
    entries: &mut Vec<(EntryKind, String)>,
) -> Vec<ExecutionStep> {
    let mut steps = Vec::new();
    for (index, seen) in progress.steps.iter().enumerate() {
        let same = before.get(index).filter(|step| step.name == seen.name && step.status == seen.status);
        if same.is_none() && seen.status != NOT_STARTED {
            let why = seen.error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
            entries.push((EntryKind::Step, format!("the step {} is {}{why}", seen.name, seen.status)));
        }
        steps.push(ExecutionStep {
            name: seen.name.clone(),
            status: seen.status.clone(),
            since: same.map_or(now, |step| step.since),
            error: seen.error.as_ref().map(bounded),
        });
    }
    steps
}

fn servers(
    incident: &mut Incident,
    progress: &ExecutionProgress,
    now: Timestamp,
    entries: &mut Vec<(EntryKind, String)>,
) {
    for step in &progress.steps {
        for seen in &step.servers {
            let launch =
                seen.job.as_ref().and_then(|job| progress.launches.get(&(job.clone(), seen.id.clone())));
            let status = launch.map_or(NOT_STARTED, |launch| launch.status.as_str());
            let instance = launch.and_then(|launch| launch.instance.clone());
            let before = incident.servers.get(&seen.id).filter(|before| before.status == status);
            let since = before.map_or(now, |before| before.since);
            // There can be a hundred servers: only their final statuses are entries of the record.
            let is_final = matches!(status, "LAUNCHED" | "FAILED" | "TERMINATED");
            if before.is_none() && is_final {
                let as_what = instance.as_deref().map(|id| format!(" as {id}")).unwrap_or_default();
                entries.push((EntryKind::Server, format!("the server {} is {status}{as_what}", seen.id)));
            }
            let server = IncidentServer {
                critical: seen.critical,
                step: step.name.clone(),
                job: seen.job.clone(),
                status: status.to_owned(),
                instance,
                since,
            };
            incident.servers.insert(seen.id.clone(), server);
        }
    }
}

/// How the execution ended, if it did.
fn end(
    incident: &Incident,
    progress: &ExecutionProgress,
    mode: Mode,
) -> Option<(IncidentPhase, IncidentEnd)> {
    if !is_end(&progress.status) {
        return None;
    }
    let error = progress.error.as_ref().map(bounded);
    match progress.status.as_str() {
        "CANCELLED" => return Some((IncidentPhase::Cancelled, IncidentEnd::ExecutionCancelled { error })),
        "FAILED" => return Some((IncidentPhase::Failed, IncidentEnd::ExecutionFailed { error })),
        // Its failed step cannot be retried ("Retrying a failed step", AWS Elastic Disaster Recovery User Guide).
        "TIMED_OUT" => return Some((IncidentPhase::Failed, IncidentEnd::ExecutionTimedOut { error })),
        _ => {}
    }
    if incident.servers.values().any(IncidentServer::is_launching) {
        return None;
    }
    let (launched, servers) = (incident.launched(), incident.servers.len());
    if incident.servers.values().any(|server| server.critical && server.has_failed()) {
        return Some((IncidentPhase::Failed, IncidentEnd::CriticalServerFailed { launched, servers }));
    }
    let phase = match (launched == servers, mode) {
        (false, _) => IncidentPhase::RecoveredInPart,
        (true, Mode::Drill) => IncidentPhase::Drilled,
        (true, Mode::Recovery) => IncidentPhase::Recovered,
    };
    Some((phase, IncidentEnd::Completed { launched, servers }))
}
