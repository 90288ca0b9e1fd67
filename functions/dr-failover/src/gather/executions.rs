//! The executions of a DRS recovery plan that count: those in progress, and those that an incident, or an operator with the
//! incident's tag, may have started.

use aws_sdk_drs::Client;
use jiff::{SignedDuration, Timestamp};
use shared::arn::NotAnArn;
use shared::call_error::CallError;

use crate::facts::{FoundExecution, Read, is_end};
use crate::incident::INCIDENT_TAG;
use crate::rules::Mode;
use crate::step::ExecutionsQuery;

/// How much earlier than its incident an execution may seem to start, because clocks differ.
const EARLIER: SignedDuration = SignedDuration::from_mins(10);

/// The call that lists executions.
const LIST: &str = "drs:ListRecoveryPlanExecutions";

/// Reads every page. The list has no tags, so each execution that counts is read by itself. Executions of the incident that
/// launched nothing do not count.
pub(crate) async fn executions(drs: &Client, query: &ExecutionsQuery) -> Read<Vec<FoundExecution>> {
    let Some(drs_plan) = &query.drs_plan else { return super::waves::own_jobs(drs, query).await };
    let call = drs.list_recovery_plan_executions().recovery_plan_arn(drs_plan.to_string());
    let mut pages = call.into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallError::new(LIST, error))?;
        for summary in page.recovery_plan_executions() {
            let status = summary.status().as_str().to_owned();
            let started = moment(LIST, summary.started_at())?;
            if is_end(&status) && started < query.opened - EARLIER {
                continue;
            }
            let arn = summary.recovery_plan_execution_arn().to_owned();
            if status == "FAILED" && query.void_until.is_some_and(|until| started <= until) {
                continue;
            }
            let incident = incident_of(drs, &arn).await?;
            let mode = mode(summary.mode().as_str());
            let arn =
                arn.parse().map_err(|error: NotAnArn| CallError::without_answer(LIST, error.to_string()))?;
            found.push(FoundExecution { mode, arn, status, started, incident });
        }
    }
    Ok(found)
}

async fn incident_of(drs: &Client, arn: &str) -> Read<Option<String>> {
    let call = drs.get_recovery_plan_execution().recovery_plan_execution_arn(arn);
    let output = call.send().await;
    let output = output.map_err(|error| CallError::new("drs:GetRecoveryPlanExecution", error))?;
    let tags = output.recovery_plan_execution().and_then(|execution| execution.tags());
    Ok(tags.and_then(|tags| tags.get(INCIDENT_TAG)).cloned())
}

/// The mode with this name in DRS.
pub(crate) fn mode(name: &str) -> Option<Mode> {
    match name {
        "DRILL" => Some(Mode::Drill),
        "RECOVERY" => Some(Mode::Recovery),
        _ => None,
    }
}

/// The moment in an answer of `operation`.
pub(super) fn moment(operation: &'static str, text: &str) -> Read<Timestamp> {
    text.parse()
        .map_err(|_| CallError::without_answer(operation, format!("DRS's answer has the time `{text}`")))
}
