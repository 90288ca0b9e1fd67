//! StartRecoveryPlanExecution.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::executions::whole;
use super::request::{arn, drs, invalid, is_snapshot_id, not_found};
use super::{DrsState, LONGEST_EXECUTION, RecoveryExecutionRecord, RecoveryPlanRecord, unbegun};
use crate::error_answer::ErrorAnswer;
use crate::ids;
use crate::members::Members;
use crate::service::{ACCOUNT, Context};

/// The model's limit of `sourceServers`.
const MOST_SERVERS: usize = 200;

pub(super) fn start_recovery_plan_execution(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let drs = drs(context)?;
    let content = ids::digest(&[&input.text()]);
    let plan = arn(&mut input, "recoveryPlanArn")?;
    let mode = input.string("mode")?.unwrap_or_default();
    let token = input.string("clientToken")?;
    let mut snapshots = Vec::new();
    for mut server in input.structures("sourceServers")? {
        let id = server.string("sourceServerID")?.unwrap_or_default();
        let snapshot = server.string("recoverySnapshotID")?.unwrap_or_default();
        server.finish()?;
        snapshots.push((id, snapshot));
    }
    let tags = tags(&mut input)?;
    input.finish()?;
    if !matches!(mode.as_str(), "DRILL" | "RECOVERY") {
        return Err(invalid(format!("mode `{mode}` is neither DRILL nor RECOVERY")));
    }
    let mut state = drs.lock();
    if let Some(token) = &token
        && let Some(before) = started_with(&state.executions, token)
    {
        return match before.token.as_ref().is_some_and(|(_, known)| *known == content) {
            true => Ok(json!({"recoveryPlanExecution": whole(before)})),
            // AWS documents no answer for this.
            false => {
                Err(ErrorAnswer::new("ConflictException", "The client token was used with other parameters"))
            }
        };
    }
    let found = state.plans.iter().find(|one| one.arn == plan);
    let found = found.ok_or_else(|| not_found("RecoveryPlan", &plan))?;
    check(found, &snapshots)?;
    free(&state, found)?;
    let number = state.executions.len().to_string();
    let id = &ids::digest(&["execution", &plan, &number])[..17];
    let execution = RecoveryExecutionRecord {
        arn: format!("arn:aws:drs:{}:{ACCOUNT}:recovery-plan-execution/rpe-{id}", drs.region),
        steps: unbegun(found),
        plan,
        mode,
        status: "CREATED".to_owned(),
        started: context.now,
        completed: None,
        error: None,
        tags,
        token: token.map(|token| (token, content)),
        snapshots,
        due: Some(context.now + drs.step),
        times_out: Some(context.now + LONGEST_EXECUTION),
    };
    let answer = whole(&execution);
    state.executions.push(execution);
    Ok(json!({"recoveryPlanExecution": answer}))
}

fn started_with<'e>(
    executions: &'e [RecoveryExecutionRecord],
    token: &str,
) -> Option<&'e RecoveryExecutionRecord> {
    executions.iter().find(|one| one.token.as_ref().is_some_and(|(known, _)| known == token))
}

/// Refuses what "Running a recovery plan" (AWS Elastic Disaster Recovery User Guide) lists as refused at once. The
/// servers and their snapshots are checked when the execution is CREATED.
fn check(plan: &RecoveryPlanRecord, snapshots: &[(String, String)]) -> Result<(), ErrorAnswer> {
    if plan.status != "ACTIVE" {
        let (id, status) = (id(&plan.arn), &plan.status);
        let message = format!(
            "Recovery plan {id} is in status {status} and cannot be executed. Only ACTIVE plans can be executed."
        );
        return Err(ErrorAnswer::new("ConflictException", message));
    }
    if plan.steps.is_empty() {
        return Err(invalid(format!(
            "Recovery plan {} has no steps. Add at least one step to the plan before starting an execution.",
            id(&plan.arn)
        )));
    }
    if snapshots.len() > MOST_SERVERS {
        return Err(invalid(format!("sourceServers has more than {MOST_SERVERS} servers")));
    }
    for (server, snapshot) in snapshots {
        if !servers(plan).any(|of_plan| of_plan == server) {
            return Err(invalid(format!("Source server IDs not found in plan: {server}")));
        }
        if !is_snapshot_id(snapshot) {
            return Err(invalid(format!("recoverySnapshotID `{snapshot}` is no id of a recovery snapshot")));
        }
    }
    Ok(())
}

/// No other execution has the plan, or one of its servers.
fn free(state: &DrsState, plan: &RecoveryPlanRecord) -> Result<(), ErrorAnswer> {
    let conflict = |message: String, execution: &RecoveryExecutionRecord| {
        Err(ErrorAnswer::new("ConflictException", message)
            .with("resourceId", execution.arn.as_str().into())
            .with("resourceType", "RecoveryPlanExecution".into()))
    };
    for other in state.executions.iter().filter(|one| one.is_under_way()) {
        if other.plan == plan.arn {
            return conflict(
                format!("Another execution is already active for plan {}", id(&plan.arn)),
                other,
            );
        }
        let others: Vec<&String> = other.steps.iter().flat_map(|step| step.work.servers()).collect();
        if let Some(server) = servers(plan).find(|server| others.contains(server)) {
            let message = format!(
                "Source server {server} is part of execution {} of plan {}",
                id(&other.arn),
                id(&other.plan)
            );
            return conflict(message, other);
        }
    }
    Ok(())
}

fn servers(plan: &RecoveryPlanRecord) -> impl Iterator<Item = &String> {
    plan.steps.iter().flat_map(|step| step.work.servers())
}

fn id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

pub(super) fn tags(input: &mut Members) -> Result<BTreeMap<String, String>, ErrorAnswer> {
    let tags = input.object("tags")?.unwrap_or_default();
    let tag = |(key, value): (String, Value)| match value {
        Value::String(value) if key.len() <= 256 && value.len() <= 256 && !key.starts_with("aws:") => {
            Ok((key, value))
        }
        _ => Err(invalid(format!("the tag {key} is not one that there can be"))),
    };
    tags.into_iter().map(tag).collect()
}
