//! Owns the checks of DRS before it launches servers: of all servers when an execution starts, of a step's servers
//! when the step starts.
//!
//! A failed check of one server blocks the launch of all, also if that server is optional ("Validation that runs
//! before a server is recovered", AWS Elastic Disaster Recovery User Guide).

use super::{DrsState, LaunchRecord, RecoveryExecutionRecord};

/// The code of such an error; AWS documents none.
const CODE: &str = "VALIDATION_FAILED";

/// The reason for which one of the servers cannot be launched now, as the error of an execution or a step.
pub(super) fn failure(
    state: &DrsState,
    execution: &RecoveryExecutionRecord,
    servers: &[String],
) -> Option<(String, String)> {
    let message = servers.iter().find_map(|server| of_server(state, execution, server))?;
    Some((CODE.to_owned(), message))
}

fn of_server(state: &DrsState, execution: &RecoveryExecutionRecord, id: &str) -> Option<String> {
    let Some(server) = state.servers.iter().find(|server| server.id == id) else {
        return Some(format!("Source server {id} does not exist"));
    };
    if matches!(server.replication.as_str(), "DISCONNECTED" | "STOPPED") {
        return Some(format!("Source server {id} is {} and cannot be recovered", server.replication));
    }
    let has = |launch: &LaunchRecord| launch.server == id && launch.is_under_way();
    if let Some(job) = state.jobs.iter().find(|job| job.status != "COMPLETED" && job.servers.iter().any(has))
    {
        return Some(format!("Source server {id} has job {}, which is {}", job.id, job.status));
    }
    let mut taken = server.snapshots.iter().filter(|snapshot| snapshot.taken.is_some());
    match execution.snapshots.iter().find(|(of, _)| of == id) {
        Some((_, pinned)) if !taken.any(|snapshot| snapshot.id == *pinned) => {
            Some(format!("Recovery snapshot {pinned} of source server {id} does not exist"))
        }
        None if taken.next().is_none() => {
            Some(format!("Source server {id} has no consistent recovery snapshot"))
        }
        _ => None,
    }
}
