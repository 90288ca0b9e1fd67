//! GetRecoveryPlan and ListRecoveryPlanSteps.

use serde_json::{Value, json};

use super::request::{Paging, arn, drs, iso, not_found};
use super::{Drs, RecoveryPlanRecord, StepWork, server_arn};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

pub(super) fn get_recovery_plan(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let drs = drs(context)?;
    let arn = arn(&mut input, "recoveryPlanArn")?;
    input.finish()?;
    let plan = plan(drs, &arn)?;
    Ok(json!({"recoveryPlan": {
        "recoveryPlanArn": plan.arn,
        "name": plan.name,
        "status": plan.status,
        "createdAt": iso(plan.created),
        "updatedAt": iso(plan.created),
        "tags": {},
    }}))
}

pub(super) fn list_recovery_plan_steps(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let drs = drs(context)?;
    let paging = Paging::take(context, &mut input)?;
    let arn = arn(&mut input, "recoveryPlanArn")?;
    input.finish()?;
    let plan = plan(drs, &arn)?;
    let steps: Vec<Value> = plan
        .steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            let configuration = match &step.work {
                StepWork::Wait(minutes) => json!({"waitStepConfiguration": {"waitDurationMinutes": minutes}}),
                StepWork::Servers(servers) => {
                    let servers: Vec<Value> =
                        servers.iter().map(|(id, critical)| server(drs, id, *critical)).collect();
                    json!({"serverStepConfiguration": {"servers": servers}})
                }
            };
            json!({
                "recoveryPlanStepArn": format!("{}/step/{}", plan.arn, index + 1),
                "stepOrder": index + 1,
                "stepName": step.name,
                "configuration": configuration,
                "createdAt": iso(plan.created),
                "updatedAt": iso(plan.created),
            })
        })
        .collect();
    paging.page("recoveryPlanSteps", &steps)
}

/// A server of a step.
pub(super) fn server(drs: &Drs, id: &str, critical: bool) -> Value {
    let level = if critical { "CRITICAL" } else { "OPTIONAL" };
    json!({"serverArn": server_arn(&drs.region, id), "impactLevel": level})
}

fn plan(drs: &Drs, arn: &str) -> Result<RecoveryPlanRecord, ErrorAnswer> {
    let found = drs.lock().plans.iter().find(|plan| plan.arn == arn).cloned();
    found.ok_or_else(|| not_found("RecoveryPlan", arn))
}
