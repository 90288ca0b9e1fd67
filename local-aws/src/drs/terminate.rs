//! TerminateRecoveryInstances: a job that terminates recovery instances and removes them from the service.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::describe::shown;
use super::request::{drs, invalid};
use super::{DrsState, JobRecord, LaunchRecord, RecoveryInstanceRecord};
use crate::error_answer::ErrorAnswer;
use crate::ids;
use crate::members::Members;
use crate::service::Context;

/// The model's limit of `recoveryInstanceIDs`.
const MOST_INSTANCES: usize = 200;

pub(super) fn terminate_recovery_instances(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let drs = drs(context)?;
    let ids = input.strings("recoveryInstanceIDs")?;
    input.finish()?;
    if ids.is_empty() || ids.len() > MOST_INSTANCES {
        return Err(invalid(format!("recoveryInstanceIDs has {} ids, not 1 to {MOST_INSTANCES}", ids.len())));
    }
    if let Some(id) = ids.iter().find(|id| !is_instance_id(id)) {
        return Err(invalid(format!("recoveryInstanceIDs: `{id}` is no id of an instance")));
    }
    let mut state = drs.lock();
    let mut servers = Vec::new();
    for id in &ids {
        let instance = free(&state, id)?;
        servers.push(LaunchRecord {
            server: instance.server.clone(),
            status: "PENDING".to_owned(),
            instance: Some(id.clone()),
            due: None,
        });
    }
    let number = state.jobs.len().to_string();
    let job = JobRecord {
        id: format!("drsjob-{}", &ids::digest(&["job", "terminate", &number])[..17]),
        kind: "TERMINATE".to_owned(),
        is_drill: false,
        status: "PENDING".to_owned(),
        created: context.now,
        ended: None,
        servers,
        snapshots: Vec::new(),
        tags: BTreeMap::new(),
        due: Some(context.now + drs.step),
    };
    let answer = shown(&drs.region, &job);
    state.jobs.push(job);
    Ok(json!({"job": answer}))
}

/// The model's RecoveryInstanceID.
fn is_instance_id(id: &str) -> bool {
    id.strip_prefix("i-").is_some_and(|rest| rest.len() >= 8 && rest.chars().all(|c| c.is_ascii_hexdigit()))
        && id.len() <= 19
}

/// An instance whose server has no other job. AWS documents no answer for an unknown instance.
fn free<'s>(state: &'s DrsState, id: &str) -> Result<&'s RecoveryInstanceRecord, ErrorAnswer> {
    let conflict = |message: String| ErrorAnswer::new("ConflictException", message);
    let instance = state.instances.iter().find(|instance| instance.id == id);
    let instance = instance.ok_or_else(|| conflict(format!("Recovery instance {id} does not exist")))?;
    let has = |launch: &LaunchRecord| launch.server == instance.server && launch.is_under_way();
    match state.jobs.iter().find(|job| job.status != "COMPLETED" && job.servers.iter().any(has)) {
        Some(job) => Err(conflict(format!("Source server {} has job {}", instance.server, job.id))),
        None => Ok(instance),
    }
}
