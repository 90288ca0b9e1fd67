//! Starts the DRS recovery plan: the one call of this function that recovers anything.

use std::collections::BTreeMap;

use aws_sdk_drs::Client;
use aws_sdk_drs::error::SdkError;
use aws_sdk_drs::operation::start_recovery_plan_execution::StartRecoveryPlanExecutionError as StartError;
use aws_sdk_drs::types::{RecoveryPlanExecutionMode, RecoveryPlanExecutionSourceServer};
use serde_json::{Value, json};
use shared::aws::told;
use shared::decision::ActionResult;

use crate::facts::Running;
use crate::incident::{Attempt, INCIDENT_TAG, Incident};
use crate::rules::Mode;

/// What came of a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// DRS started it, now or when it was asked with this token before.
    Started(Running),
    /// DRS says no: nothing was started.
    Refused(String),
    /// It is not known whether it was started.
    Unknown(String),
}

impl Outcome {
    /// As the action that was taken.
    pub fn result(&self) -> ActionResult {
        match self {
            Self::Started(execution) => ActionResult::Done(execution.arn.clone()),
            Self::Refused(error) | Self::Unknown(error) => ActionResult::Failed(error.clone()),
        }
    }
}

/// Asks DRS to start the plan.
pub async fn start(drs: &Client, incident: &Incident, attempt: &Attempt) -> Outcome {
    let mode = match attempt.mode {
        Mode::Drill => RecoveryPlanExecutionMode::Drill,
        Mode::Recovery => RecoveryPlanExecutionMode::Recovery,
    };
    let servers = attempt.snapshots.iter().map(|chosen| {
        let server = RecoveryPlanExecutionSourceServer::builder();
        let server = server.source_server_id(&chosen.server).recovery_snapshot_id(&chosen.snapshot).build();
        server.expect("both members are set")
    });
    let call = drs.start_recovery_plan_execution().recovery_plan_arn(&incident.drs_plan).mode(mode);
    let call = call.client_token(&attempt.token).set_source_servers(Some(servers.collect()));
    match call.set_tags(Some(tags(incident).into_iter().collect())).send().await {
        Ok(output) => match output.recovery_plan_execution {
            Some(execution) => Outcome::Started(Running {
                mode: crate::gather::mode(execution.mode.as_str()),
                arn: execution.recovery_plan_execution_arn,
                status: execution.status.as_str().to_owned(),
                started: execution.started_at.parse().unwrap_or(attempt.at),
                incident: Some(incident.id.clone()),
            }),
            None => Outcome::Unknown("DRS did not say what it started".to_owned()),
        },
        Err(error) if is_refusal(&error) => Outcome::Refused(told(&error)),
        Err(error) => Outcome::Unknown(told(&error)),
    }
}

/// What the call is shown as.
pub fn input(incident: &Incident, attempt: &Attempt) -> Value {
    let servers: Vec<Value> = attempt
        .snapshots
        .iter()
        .map(|chosen| json!({"sourceServerID": chosen.server, "recoverySnapshotID": chosen.snapshot}))
        .collect();
    json!({
        "recoveryPlanArn": incident.drs_plan,
        "mode": attempt.mode.drs(),
        "clientToken": attempt.token,
        "sourceServers": servers,
        "tags": tags(incident),
    })
}

/// One tag: the incident's id names its plan.
fn tags(incident: &Incident) -> BTreeMap<String, String> {
    BTreeMap::from([(INCIDENT_TAG.to_owned(), incident.id.clone())])
}

/// Whether DRS said no before it did anything ("Running a recovery plan", AWS Elastic Disaster Recovery User Guide, lists what for).
/// A conflict is with another execution, which has the plan or one of its servers: this incident's own is found by its tag.
fn is_refusal<R>(error: &SdkError<StartError, R>) -> bool {
    match error.as_service_error() {
        Some(error) => {
            error.is_access_denied_exception()
                || error.is_conflict_exception()
                || error.is_resource_not_found_exception()
                || error.is_service_quota_exceeded_exception()
                || error.is_uninitialized_account_exception()
                || error.is_validation_exception()
        }
        None => false,
    }
}
