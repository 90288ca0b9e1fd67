//! What DRS's jobs say about the launches and the servers of an incident.

use jiff::Timestamp;

use crate::facts::{FoundJob, JobKind, ServerLaunch};
use crate::incident::{EntryKind, Incident, IncidentServer, LaunchTag};
use crate::rules::Mode;

/// The status of a server without a job.
pub(super) const NOT_STARTED: &str = "NOT_STARTED";

/// Adopts the jobs with the incident's tag, and writes the status of each server down.
pub(super) fn observe(incident: &mut Incident, jobs: &[FoundJob], now: Timestamp) {
    let kind = if incident.mode == Mode::Drill { JobKind::Drill } else { JobKind::Recovery };
    let is_own = |job: &&FoundJob| job.incident.as_ref() == Some(&incident.id) && job.kind == kind;
    let mut own: Vec<&FoundJob> = jobs.iter().filter(is_own).collect();
    own.sort_by_key(|job| job.created);
    for job in &own {
        adopt(incident, job, now);
    }
    let ids: Vec<String> = incident.servers.keys().cloned().collect();
    for id in ids {
        server(incident, &id, &own, now);
    }
}

/// The launch with the job's tag has this job, if the job launches all its servers: an operator's job can have another.
fn adopt(incident: &mut Incident, job: &FoundJob, now: Timestamp) {
    let tag: Option<LaunchTag> = job.wave.as_deref().and_then(|wave| wave.parse().ok());
    let Some(tag) = tag else { return };
    let Some(launch) = incident.waves.as_mut().and_then(|course| course.launch_mut(tag)) else { return };
    let has_all = launch.snapshots.iter().all(|chosen| job.servers.contains_key(&chosen.server));
    if launch.job.is_some() || !has_all {
        return;
    }
    (launch.job, launch.asked_until, launch.refusal) = (Some(job.id.clone()), None, None);
    incident.note(now, EntryKind::Step, format!("the function adopts the job {} (wave {tag})", job.id));
}

/// The status of a server in the newest job of the incident that has it.
fn server(incident: &mut Incident, id: &str, own: &[&FoundJob], now: Timestamp) {
    let newest = own.iter().rev().find(|job| job.servers.contains_key(id));
    let pending = incident.waves.as_ref().and_then(|course| course.launch_of(id)).map(|(_, launch)| launch);
    let waits_since = pending.filter(|launch| launch.job.is_none()).map(|launch| launch.at);
    let newest = newest.filter(|job| waits_since.is_none_or(|at| at <= job.created));
    let (job, launch) = match newest {
        Some(job) => (Some(job.id.clone()), job.servers[id].clone()),
        // DRS's list may lack the job of an answer for a while.
        None if waits_since.is_none() => return,
        None => (None, ServerLaunch { status: NOT_STARTED.to_owned(), instance: None }),
    };
    let Some(server) = incident.servers.get_mut(id) else { return };
    if server.status == launch.status && server.job == job {
        return;
    }
    let before = std::mem::replace(&mut server.status, launch.status.clone());
    (server.job, server.instance) = (job, launch.instance);
    if before != launch.status {
        server.since = now;
        note(incident, id, now);
    }
}

/// There can be hundreds of servers: only their final statuses are entries of the record.
fn note(incident: &mut Incident, id: &str, now: Timestamp) {
    let Some(server) = incident.servers.get(id).filter(|server| is_final(server)) else { return };
    let as_what = server.instance.as_deref().map(|id| format!(" as {id}")).unwrap_or_default();
    let what = format!("the server {} is {}{as_what}", incident.host_and_id(id), server.status);
    incident.note(now, EntryKind::Server, what);
}

fn is_final(server: &IncidentServer) -> bool {
    server.is_launched() || server.has_failed()
}
