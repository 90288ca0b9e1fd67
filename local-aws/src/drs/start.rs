//! StartRecoveryPlanExecution.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::executions::whole;
use super::request::{arn, drs, invalid, not_found};
use super::{Execution, Plan, Server, What, unbegun};
use crate::ids;
use crate::members::Members;
use crate::refusal::Refusal;
use crate::services::{ACCOUNT, Context};

/// The model's limit of `sourceServers`.
const MOST_SERVERS: usize = 200;

pub(super) fn start_recovery_plan_execution(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, Refusal> {
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
                Err(Refusal::new("ConflictException", "The client token was used with other parameters"))
            }
        };
    }
    let found = state.plans.iter().find(|one| one.arn == plan);
    let found = found.ok_or_else(|| not_found("RecoveryPlan", &plan))?;
    if found.status != "ACTIVE" {
        return Err(invalid(format!("the recovery plan is {}", found.status)));
    }
    check(found, &state.servers, &snapshots)?;
    if let Some(other) = state.executions.iter().find(|one| one.plan == plan && one.is_under_way()) {
        let message = format!("The recovery plan has an execution that is {}", other.status);
        return Err(Refusal::new("ConflictException", message)
            .with("resourceId", other.arn.as_str().into())
            .with("resourceType", "RecoveryPlanExecution".into()));
    }
    let number = state.executions.len().to_string();
    let id = &ids::digest(&["execution", &plan, &number])[..17];
    let execution = Execution {
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
    };
    let answer = whole(&execution);
    state.executions.push(execution);
    Ok(json!({"recoveryPlanExecution": answer}))
}

fn started_with<'e>(executions: &'e [Execution], token: &str) -> Option<&'e Execution> {
    executions.iter().find(|one| one.token.as_ref().is_some_and(|(known, _)| known == token))
}

/// Each server is one of the plan's, and each snapshot one of the server's that was taken.
fn check(plan: &Plan, servers: &[Server], snapshots: &[(String, String)]) -> Result<(), Refusal> {
    if snapshots.len() > MOST_SERVERS {
        return Err(invalid(format!("sourceServers has more than {MOST_SERVERS} servers")));
    }
    let of_plan = |id: &str| {
        plan.steps.iter().any(|step| match &step.what {
            What::Servers(servers) => servers.iter().any(|(server, _)| server == id),
            What::Wait(_) => false,
        })
    };
    for (id, snapshot) in snapshots {
        if !of_plan(id) {
            return Err(invalid(format!("the source server {id} is not in the recovery plan")));
        }
        let server = servers.iter().find(|server| server.id == *id);
        let mut taken =
            server.into_iter().flat_map(|server| &server.snapshots).filter(|one| one.taken.is_some());
        if !taken.any(|one| one.id == *snapshot) {
            return Err(invalid(format!("the source server {id} has no recovery snapshot {snapshot}")));
        }
    }
    Ok(())
}

fn tags(input: &mut Members) -> Result<BTreeMap<String, String>, Refusal> {
    let tags = input.object("tags")?.unwrap_or_default();
    let tag = |(key, value): (String, Value)| match value {
        Value::String(value) if key.len() <= 256 && value.len() <= 256 && !key.starts_with("aws:") => {
            Ok((key, value))
        }
        _ => Err(invalid(format!("the tag {key} is not one that there can be"))),
    };
    tags.into_iter().map(tag).collect()
}
