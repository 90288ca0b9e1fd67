//! What an execution has come to, written into its incident. Pure. That it is COMPLETED is no success by itself: each server's
//! launch is.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::because::counted;
use crate::facts::is_end;
use crate::incident::{Incident, Phase, Server, Step};
use crate::rules::Mode;

/// What DRS says of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// As DRS has it.
    pub status: String,
    /// What is wrong with it.
    pub error: Option<String>,
    /// Its steps, in their order.
    pub steps: Vec<StepSeen>,
    /// The servers of its jobs: by job and server, the launch's status and the instance.
    pub launches: BTreeMap<(String, String), LaunchSeen>,
}

/// A step of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepSeen {
    /// Its name.
    pub name: String,
    /// As DRS has it.
    pub status: String,
    /// What is wrong with it.
    pub error: Option<String>,
    /// Its servers: the id, whether it is critical, the job.
    pub servers: Vec<(String, bool, Option<String>)>,
}

/// A server of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchSeen {
    /// As DRS has it: `LAUNCHED`.
    pub status: String,
    /// What was launched.
    pub instance: Option<String>,
}

/// A server whose job does not list it, or that has none yet.
const NOT_STARTED: &str = "NOT_STARTED";

/// Why the execution came to nothing, if it did: DRS checks every server before the first step, and fails the execution if one
/// does not pass, with nothing launched ("How a recovery plan runs", AWS Elastic Disaster Recovery User Guide).
pub fn came_to_nothing(progress: &Progress) -> Option<String> {
    let has_begun = |step: &StepSeen| {
        !matches!(step.status.as_str(), NOT_STARTED | "SKIPPED")
            || step.servers.iter().any(|(_, _, job)| job.is_some())
    };
    let nothing = progress.status == "FAILED" && !progress.steps.iter().any(has_begun);
    nothing.then(|| progress.error.clone().unwrap_or_else(|| "DRS does not say why".to_owned()))
}

/// Writes it down, and ends the incident when there is nothing left to follow.
pub fn apply(incident: &mut Incident, progress: &Progress, now: Timestamp) {
    let Some(execution) = &mut incident.execution else { return };
    let mode = execution.mode;
    let mut entries = Vec::new();
    execution.unreadable = None;
    execution.unreadable_since = None;
    if execution.status != progress.status {
        entries.push(("execution", format!("the execution is {}", progress.status)));
        execution.status.clone_from(&progress.status);
    }
    execution.error = progress.error.as_deref().map(Incident::said);
    execution.steps = steps(&execution.steps, progress, now, &mut entries);
    servers(incident, progress, now, &mut entries);
    for (kind, what) in entries {
        incident.note(now, kind, what);
    }
    if let Some((phase, why)) = end(incident, progress, mode) {
        incident.end(phase, now, &why);
    }
}

fn steps(
    before: &[Step],
    progress: &Progress,
    now: Timestamp,
    entries: &mut Vec<(&'static str, String)>,
) -> Vec<Step> {
    let mut steps = Vec::new();
    for (index, seen) in progress.steps.iter().enumerate() {
        let same = before.get(index).filter(|step| step.name == seen.name && step.status == seen.status);
        if same.is_none() && seen.status != NOT_STARTED {
            let why = seen.error.as_deref().map(|error| format!(" ({error})")).unwrap_or_default();
            entries.push(("step", format!("step {} is {}{why}", seen.name, seen.status)));
        }
        steps.push(Step {
            name: seen.name.clone(),
            status: seen.status.clone(),
            since: same.map_or(now, |step| step.since),
            error: seen.error.as_deref().map(Incident::said),
        });
    }
    steps
}

fn servers(
    incident: &mut Incident,
    progress: &Progress,
    now: Timestamp,
    entries: &mut Vec<(&'static str, String)>,
) {
    for step in &progress.steps {
        for (id, critical, job) in &step.servers {
            let launch = job.as_ref().and_then(|job| progress.launches.get(&(job.clone(), id.clone())));
            let status = launch.map_or(NOT_STARTED, |launch| launch.status.as_str());
            let instance = launch.and_then(|launch| launch.instance.clone());
            let before = incident.servers.get(id).filter(|before| before.status == status);
            let since = before.map_or(now, |before| before.since);
            // On its way to there a server is not worth an entry: there can be a hundred.
            let is_told = matches!(status, "LAUNCHED" | "FAILED" | "TERMINATED");
            if before.is_none() && is_told {
                let as_what = instance.as_deref().map(|id| format!(" as {id}")).unwrap_or_default();
                entries.push(("server", format!("server {id} is {status}{as_what}")));
            }
            let (critical, step, job) = (*critical, step.name.clone(), job.clone());
            let server = Server { critical, step, job, status: status.to_owned(), instance, since };
            incident.servers.insert(id.clone(), server);
        }
    }
}

/// How it ended, if it did.
fn end(incident: &Incident, progress: &Progress, mode: Mode) -> Option<(Phase, String)> {
    if !is_end(&progress.status) {
        return None;
    }
    let why = progress.error.as_deref().map(|error| format!(" ({error})")).unwrap_or_default();
    match progress.status.as_str() {
        "CANCELLED" => return Some((Phase::Cancelled, format!("somebody cancelled the execution{why}"))),
        "FAILED" => return Some((Phase::Failed, format!("the execution failed{why}"))),
        // It cannot be taken up again ("Retrying a failed step", AWS Elastic Disaster Recovery User Guide).
        "TIMED_OUT" => {
            let what = "DRS gave the execution up after 24 hours: what it is launching goes on, later steps do not run";
            return Some((Phase::Failed, format!("{what}{why}")));
        }
        _ => {}
    }
    let servers = || incident.servers.values();
    let is_under_way =
        |server: &Server| server.job.is_some() && !server.is_launched() && !server.has_failed();
    if servers().any(is_under_way) {
        return None;
    }
    let launched = servers().filter(|server| server.is_launched()).count();
    let count = format!("{launched} of {} launched", counted(incident.servers.len()));
    if servers().any(|server| server.critical && server.has_failed()) {
        return Some((Phase::Failed, format!("DRS says COMPLETED, but {count}")));
    }
    let phase = match (launched == incident.servers.len(), mode) {
        (false, _) => Phase::RecoveredInPart,
        (true, Mode::Drill) => Phase::Drilled,
        (true, Mode::Recovery) => Phase::Recovered,
    };
    Some((phase, count))
}
