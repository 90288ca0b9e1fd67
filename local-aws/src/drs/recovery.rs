//! StartRecovery: a job that launches servers without a recovery plan.
//!
//! The answers to limits are those of the API's model (ServiceQuotaExceededException, ConflictException). It has no
//! ValidationException; a request that the model's shapes exclude has the common error of that name. The operation takes no
//! client token: a call that is made twice is refused because the first job has the servers.

use serde_json::{Value, json};

use super::describe::shown;
use super::request::{drs, invalid, is_server_id, is_snapshot_id, not_found};
use super::start::tags;
use super::{DrsState, JobRecord, LaunchRecord};
use crate::error_answer::ErrorAnswer;
use crate::ids;
use crate::members::Members;
use crate::service::Context;

/// The model's limit of `sourceServers`.
const MOST_OF_A_CALL: usize = 200;
/// "AWS Elastic Disaster Recovery endpoints and quotas" (AWS General Reference).
const MOST_OF_A_JOB: usize = 100;
const MOST_JOBS: usize = 20;
const MOST_IN_JOBS: usize = 500;

pub(super) fn start_recovery(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let drs = drs(context)?;
    let mut snapshots = Vec::new();
    let mut servers = Vec::new();
    for mut server in input.structures("sourceServers")? {
        let id = server.string("sourceServerID")?.unwrap_or_default();
        let snapshot = server.string("recoverySnapshotID")?;
        server.finish()?;
        snapshots.extend(snapshot.map(|snapshot| (id.clone(), snapshot)));
        servers.push(id);
    }
    let is_drill = input.boolean("isDrill")?.unwrap_or_default();
    let tags = tags(&mut input)?;
    input.finish()?;
    let mut state = drs.lock();
    check(&state, &servers, &snapshots)?;
    free(&state, &servers)?;
    let number = state.jobs.len().to_string();
    let launch = |server: &String| LaunchRecord {
        server: server.clone(),
        status: "PENDING".to_owned(),
        instance: None,
        due: None,
    };
    let job = JobRecord {
        id: format!("drsjob-{}", &ids::digest(&["job", "start", &number])[..17]),
        kind: "LAUNCH".to_owned(),
        is_drill,
        status: "PENDING".to_owned(),
        created: context.now,
        ended: None,
        servers: servers.iter().map(launch).collect(),
        tags,
        snapshots,
        due: Some(context.now + drs.step),
    };
    let answer = shown(&drs.region, &job);
    state.jobs.push(job);
    Ok(json!({"job": answer}))
}

fn check(state: &DrsState, servers: &[String], snapshots: &[(String, String)]) -> Result<(), ErrorAnswer> {
    if servers.is_empty() || servers.len() > MOST_OF_A_CALL {
        return Err(invalid(format!(
            "sourceServers has {} servers, not 1 to {MOST_OF_A_CALL}",
            servers.len()
        )));
    }
    for (index, id) in servers.iter().enumerate() {
        if !is_server_id(id) || servers[..index].contains(id) {
            return Err(invalid(format!(
                "sourceServerID `{id}` is no id of a source server, or is named twice"
            )));
        }
        let Some(server) = state.servers.iter().find(|server| server.id == *id) else {
            return Err(not_found("SourceServer", id));
        };
        let Some((_, pinned)) = snapshots.iter().find(|(of, _)| of == id) else { continue };
        let is_there = |one: &super::RecoverySnapshotRecord| one.id == *pinned && one.taken.is_some();
        if !is_snapshot_id(pinned) || !server.snapshots.iter().any(is_there) {
            return Err(invalid(format!("the recovery snapshot {pinned} of {id} does not exist")));
        }
    }
    Ok(())
}

/// Refuses what the quotas exclude, and a server that another job has.
fn free(state: &DrsState, servers: &[String]) -> Result<(), ErrorAnswer> {
    let running: Vec<&JobRecord> = state.jobs.iter().filter(|job| job.status != "COMPLETED").collect();
    let has = |job: &&&JobRecord| job.servers.iter().any(|launch| servers.contains(&launch.server));
    if let Some(job) = running.iter().find(has) {
        return Err(ErrorAnswer::new("ConflictException", format!("A source server has the job {}", job.id))
            .with("resourceId", job.id.as_str().into())
            .with("resourceType", "Job".into()));
    }
    let busy: usize = running.iter().map(|job| job.servers.len()).sum();
    for (quota, limit, wanted) in [
        ("L-B827C881", MOST_OF_A_JOB, servers.len()),
        ("L-D88FAC3A", MOST_JOBS, running.len() + 1),
        ("L-05AFA8C6", MOST_IN_JOBS, busy + servers.len()),
    ] {
        if wanted > limit {
            let message = format!("{wanted} exceeds the quota {quota} of {limit}");
            return Err(ErrorAnswer::new("ServiceQuotaExceededException", message)
                .with("quotaCode", quota.into())
                .with("serviceCode", "drs".into()));
        }
    }
    Ok(())
}
