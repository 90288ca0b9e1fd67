//! The executions of a DRS recovery plan that count: those under way, and those that an incident may have started, or a person
//! with the incident's tag.

use aws_sdk_drs::Client;
use jiff::{SignedDuration, Timestamp};
use shared::aws::told;

use crate::facts::{Read, Running, is_end};
use crate::incident::{INCIDENT_TAG, Incident};
use crate::rules::Mode;

/// How much earlier than its incident an execution of it may seem to have begun: clocks differ.
const EARLIER: SignedDuration = SignedDuration::from_mins(10);

/// Reads them. The list has no tags, so each that counts is asked for by itself. Those of the incident that came to nothing do
/// not count.
pub async fn executions(drs: &Client, plan: &str, incident: &Incident) -> Read<Vec<Running>> {
    let mut pages = drs.list_recovery_plan_executions().recovery_plan_arn(plan).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| told(&error))?;
        for summary in page.recovery_plan_executions() {
            let status = summary.status().as_str().to_owned();
            let started = moment(summary.started_at())?;
            if is_end(&status) && started < incident.opened - EARLIER {
                continue;
            }
            let arn = summary.recovery_plan_execution_arn().to_owned();
            if status == "FAILED" && incident.void_until().is_some_and(|until| started <= until) {
                continue;
            }
            let incident = incident_of(drs, &arn).await?;
            found.push(Running { mode: mode(summary.mode().as_str()), arn, status, started, incident });
        }
    }
    Ok(found)
}

async fn incident_of(drs: &Client, arn: &str) -> Read<Option<String>> {
    let call = drs.get_recovery_plan_execution().recovery_plan_execution_arn(arn);
    let output = call.send().await.map_err(|error| told(&error))?;
    let tags = output.recovery_plan_execution().and_then(|execution| execution.tags());
    Ok(tags.and_then(|tags| tags.get(INCIDENT_TAG)).cloned())
}

/// A mode by DRS's name for it.
pub(crate) fn mode(name: &str) -> Option<Mode> {
    match name {
        "DRILL" => Some(Mode::Drill),
        "RECOVERY" => Some(Mode::Recovery),
        _ => None,
    }
}

/// A moment as DRS writes it.
pub(crate) fn moment(text: &str) -> Read<Timestamp> {
    text.parse().map_err(|_| format!("DRS gives `{text}` for a time"))
}
