//! GetRecoveryPlanExecution, ListRecoveryPlanExecutions and ListRecoveryPlanExecutionSteps.

use serde_json::{Value, json};

use super::plans::server;
use super::request::{Paging, arn, drs, execution, iso};
use super::{Drs, ExecutionStepRecord, RecoveryExecutionRecord, StepWork};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

pub(super) fn get_recovery_plan_execution(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let drs = drs(context)?;
    let arn = arn(&mut input, "recoveryPlanExecutionArn")?;
    input.finish()?;
    let state = drs.lock();
    let found = &state.executions[execution(&state, &arn)?];
    Ok(json!({"recoveryPlanExecution": whole(found)}))
}

/// The newest first. A summary has no tags.
pub(super) fn list_recovery_plan_executions(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let drs = drs(context)?;
    let paging = Paging::take(context, &mut input)?;
    let plan = input.string("recoveryPlanArn")?;
    let status = input.string("status")?;
    input.finish()?;
    let state = drs.lock();
    let wanted = state.executions.iter().rev().filter(|one| {
        plan.as_ref().is_none_or(|plan| one.plan == *plan)
            && status.as_ref().is_none_or(|status| one.status == *status)
    });
    let summaries: Vec<Value> = wanted.map(summary).collect();
    paging.page("recoveryPlanExecutions", &summaries)
}

pub(super) fn list_recovery_plan_execution_steps(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let drs = drs(context)?;
    let paging = Paging::take(context, &mut input)?;
    let arn = arn(&mut input, "recoveryPlanExecutionArn")?;
    let status = match input.structure("filter")? {
        None => None,
        Some(mut filter) => {
            let status = filter.string("status")?;
            filter.finish()?;
            status
        }
    };
    input.finish()?;
    let state = drs.lock();
    let found = &state.executions[execution(&state, &arn)?];
    let steps = found.steps.iter().enumerate();
    let wanted = steps.filter(|(_, step)| status.as_ref().is_none_or(|status| step.status == *status));
    let steps: Vec<Value> = wanted.map(|(index, step)| shown(drs, found, index, step)).collect();
    paging.page("recoveryPlanExecutionSteps", &steps)
}

fn shown(drs: &Drs, execution: &RecoveryExecutionRecord, index: usize, step: &ExecutionStepRecord) -> Value {
    let configuration = match &step.work {
        StepWork::Wait(minutes) => json!({"waitStepConfiguration": {"waitDurationMinutes": minutes}}),
        StepWork::Servers(servers) => {
            let servers: Vec<Value> = servers
                .iter()
                .map(|(id, critical)| {
                    let mut server = server(drs, id, *critical);
                    if let Some(job) = &step.job {
                        server["jobID"] = job.as_str().into();
                    }
                    server
                })
                .collect();
            json!({"executionServerStepConfiguration": {"servers": servers}})
        }
    };
    let mut shown = json!({
        "recoveryPlanExecutionStepArn": format!("{}/step/{}", execution.arn, index + 1),
        "stepName": step.name,
        "stepIndex": index + 1,
        "status": step.status,
        "configuration": configuration,
    });
    if let Some(error) = &step.error {
        shown["errorDetail"] = detail(error);
    }
    shown
}

/// An execution as a list shows it.
fn summary(execution: &RecoveryExecutionRecord) -> Value {
    let mut summary = json!({
        "recoveryPlanExecutionArn": execution.arn,
        "recoveryPlanArn": execution.plan,
        "mode": execution.mode,
        "status": execution.status,
        "startedAt": iso(execution.started),
    });
    if let Some(error) = &execution.error {
        summary["errorDetail"] = detail(error);
    }
    summary
}

/// An execution with all that is known of it.
pub(super) fn whole(execution: &RecoveryExecutionRecord) -> Value {
    let mut whole = summary(execution);
    whole["tags"] = json!(execution.tags);
    if let Some(completed) = execution.completed {
        whole["completedAt"] = iso(completed);
    }
    whole
}

fn detail((code, message): &(String, String)) -> Value {
    json!({"code": code, "message": message})
}
