//! The call that starts a job for servers of a wave. It takes no client token, so the SDK makes it once.

#![expect(clippy::disallowed_methods, reason = "this file carries the effects out")]

use std::collections::BTreeMap;

use aws_config::retry::RetryConfig;
use aws_sdk_drs::Client;
use aws_sdk_drs::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_drs::operation::start_recovery::StartRecoveryError;
use aws_sdk_drs::types::{Job, StartRecoveryRequestSourceServer};
use serde_json::{Value, json};
use shared::act::Effect;
use shared::call_error::CallError;

use crate::facts::FoundExecution;
use crate::gather;
use crate::incident::{INCIDENT_TAG, Incident, LaunchTag, WAVE_TAG, WaveLaunch};
use crate::rules::Mode;
use crate::step::{StartAnswer, StartFailure};

/// The call, as IAM names it.
const START: &str = "drs:StartRecovery";

/// A launch of an incident.
#[derive(Debug, Clone, Copy)]
pub(super) struct LaunchCall<'a> {
    pub(super) incident: &'a Incident,
    pub(super) tag: LaunchTag,
    pub(super) launch: &'a WaveLaunch,
}

impl Effect for LaunchCall<'_> {
    fn call(&self) -> &'static str {
        START
    }

    fn subject(&self) -> String {
        self.incident.plan.clone()
    }

    fn input(&self) -> Value {
        let snapshots = self.launch.snapshots.iter();
        let servers: Vec<Value> = snapshots
            .map(|chosen| json!({"sourceServerID": chosen.server, "recoverySnapshotID": chosen.snapshot}))
            .collect();
        json!({"sourceServers": servers, "isDrill": self.is_drill(), "tags": self.tags()})
    }
}

impl LaunchCall<'_> {
    /// Asks DRS to launch the servers.
    pub(super) async fn send(self, drs: &Client) -> Result<StartAnswer, StartFailure> {
        let servers = self.launch.snapshots.iter().map(|chosen| {
            let server = StartRecoveryRequestSourceServer::builder().source_server_id(&chosen.server);
            let server = server.recovery_snapshot_id(&chosen.snapshot).build();
            server.expect("the id is set")
        });
        let call = drs.start_recovery().set_source_servers(Some(servers.collect())).is_drill(self.is_drill());
        let call = call.set_tags(Some(self.tags().into_iter().collect()));
        let once = aws_sdk_drs::config::Builder::new().retry_config(RetryConfig::disabled());
        match call.customize().config_override(once).send().await {
            Ok(output) => self.answer(output.job),
            Err(error) if is_refusal(&error) => Err(StartFailure::Refused(CallError::new(START, error))),
            Err(error) => Err(StartFailure::Unknown(CallError::new(START, error))),
        }
    }

    fn answer(self, job: Option<Job>) -> Result<StartAnswer, StartFailure> {
        let job = job.ok_or_else(|| {
            StartFailure::Unknown(CallError::without_answer(START, "DRS's answer has no job"))
        })?;
        Ok(StartAnswer(FoundExecution {
            mode: Some(self.incident.mode),
            arn: gather::job_arn(&job).map_err(StartFailure::Unknown)?,
            status: job.status().map_or("PENDING", |status| status.as_str()).to_owned(),
            started: self.launch.at,
            incident: Some(self.incident.id.clone()),
        }))
    }

    fn is_drill(self) -> bool {
        self.incident.mode == Mode::Drill
    }

    fn tags(self) -> BTreeMap<String, String> {
        let wave = (WAVE_TAG.to_owned(), self.tag.to_string());
        BTreeMap::from([(INCIDENT_TAG.to_owned(), self.incident.id.clone()), wave])
    }
}

/// Whether DRS refused the launch before it did anything. The API's model lists ConflictException, ServiceQuotaExceededException,
/// ThrottlingException and UninitializedAccountException, and every operation can have the common errors.
fn is_refusal<R>(error: &SdkError<StartRecoveryError, R>) -> bool {
    let Some(error) = error.as_service_error() else { return false };
    match error.code() {
        Some(
            "AccessDeniedException"
            | "ConflictException"
            | "ResourceNotFoundException"
            | "ServiceQuotaExceededException"
            | "ThrottlingException"
            | "UninitializedAccountException"
            | "ValidationException",
        ) => true,
        _ => {
            error.is_conflict_exception()
                || error.is_service_quota_exceeded_exception()
                || error.is_throttling_exception()
                || error.is_uninitialized_account_exception()
        }
    }
}
