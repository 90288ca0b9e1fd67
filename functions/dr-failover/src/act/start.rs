//! The call that starts the DRS recovery plan: the one call of this function that recovers anything.

#![expect(clippy::disallowed_methods, reason = "this file carries the effects out")]

use std::collections::BTreeMap;

use aws_sdk_drs::Client;
use aws_sdk_drs::error::ProvideErrorMetadata as _;
use aws_sdk_drs::types::{
    RecoveryPlanExecution, RecoveryPlanExecutionMode, RecoveryPlanExecutionSourceServer,
};
use serde_json::{Value, json};
use shared::act::Effect;
use shared::call_error::CallError;

use crate::facts::FoundExecution;
use crate::gather;
use crate::incident::{DecidedStart, INCIDENT_TAG, Incident};
use crate::rules::Mode;
use crate::step::{StartAnswer, StartFailure};

/// The call, as IAM names it.
const START: &str = "drs:StartRecoveryPlanExecution";

/// A start of an incident.
#[derive(Debug, Clone, Copy)]
pub(super) struct StartCall<'a> {
    pub(super) incident: &'a Incident,
    pub(super) start: &'a DecidedStart,
}

impl Effect for StartCall<'_> {
    fn call(&self) -> &'static str {
        START
    }

    fn subject(&self) -> String {
        self.incident.plan.clone()
    }

    fn input(&self) -> Value {
        let snapshots = self.start.snapshots.iter();
        let servers: Vec<Value> = snapshots
            .map(|chosen| json!({"sourceServerID": chosen.server, "recoverySnapshotID": chosen.snapshot}))
            .collect();
        json!({
            "recoveryPlanArn": self.incident.drs_plan,
            "mode": self.start.mode.drs(),
            "clientToken": self.start.token,
            "sourceServers": servers,
            "tags": self.tags(),
        })
    }
}

impl StartCall<'_> {
    /// Asks DRS to start the plan. The SDK may retry this call, because it has a client token: DRS answers a repeated token with the
    /// execution that it started. A call without a token must not be retried.
    pub(super) async fn send(self, drs: &Client) -> Result<StartAnswer, StartFailure> {
        let mode = match self.start.mode {
            Mode::Drill => RecoveryPlanExecutionMode::Drill,
            Mode::Recovery => RecoveryPlanExecutionMode::Recovery,
        };
        let servers = self.start.snapshots.iter().map(|chosen| {
            let server = RecoveryPlanExecutionSourceServer::builder();
            let server =
                server.source_server_id(&chosen.server).recovery_snapshot_id(&chosen.snapshot).build();
            server.expect("both members are set")
        });
        let call = drs.start_recovery_plan_execution().mode(mode);
        let call = call
            .recovery_plan_arn(self.incident.drs_plan.as_ref().map(ToString::to_string).unwrap_or_default());
        let call = call.client_token(&self.start.token).set_source_servers(Some(servers.collect()));
        match call.set_tags(Some(self.tags().into_iter().collect())).send().await {
            Ok(output) => self.answer(output.recovery_plan_execution),
            Err(error) if is_refusal(error.code()) => {
                Err(StartFailure::Refused(CallError::new(START, error)))
            }
            Err(error) => Err(StartFailure::Unknown(CallError::new(START, error))),
        }
    }

    fn answer(self, execution: Option<RecoveryPlanExecution>) -> Result<StartAnswer, StartFailure> {
        let unusable = |what: &str| StartFailure::Unknown(CallError::without_answer(START, what));
        let execution = execution.ok_or_else(|| unusable("DRS's answer has no execution"))?;
        let arn = execution.recovery_plan_execution_arn.parse();
        Ok(StartAnswer(FoundExecution {
            mode: gather::mode(execution.mode.as_str()),
            arn: arn.map_err(|_| unusable("DRS's answer has no ARN of an execution"))?,
            status: execution.status.as_str().to_owned(),
            started: execution.started_at.parse().unwrap_or(self.start.at),
            incident: Some(self.incident.id.clone()),
        }))
    }

    /// One tag: the incident's id has the plan's name.
    fn tags(self) -> BTreeMap<String, String> {
        BTreeMap::from([(INCIDENT_TAG.to_owned(), self.incident.id.clone())])
    }
}

/// The codes with which DRS refuses a start before it did anything: those of botocore's model of StartRecoveryPlanExecution, and the
/// common errors of a request whose signature AWS does not accept. The model's other two, InternalServerException and
/// ThrottlingException, leave the start unknown: an earlier try of the SDK may have had its effect. "Running a recovery plan" (AWS
/// Elastic Disaster Recovery User Guide) lists the reasons of refusals.
const REFUSALS: [&str; 14] = [
    "AccessDeniedException",
    "ConflictException",
    "ResourceNotFoundException",
    "ServiceQuotaExceededException",
    "UninitializedAccountException",
    "ValidationException",
    "AccessDenied",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "NotAuthorized",
    "OptInRequired",
    "UnrecognizedClientException",
];

/// Whether an error with this code is a refusal.
fn is_refusal(code: Option<&str>) -> bool {
    code.is_some_and(|code| REFUSALS.contains(&code))
}

/// Whether a refusal may be due to the incident's own execution: it has the plan and its servers.
pub(super) fn may_be_own(error: &CallError) -> bool {
    error.has_code("ConflictException") || error.has_code("ServiceQuotaExceededException")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::RefusalCause;

    /// The errors of StartRecoveryPlanExecution in botocore's model, and of a call without an answer.
    #[test]
    fn which_errors_are_refusals_and_which_of_these_last() {
        let of = |code: Option<&str>| {
            let mut error = CallError::without_answer(START, "no");
            error.code = code.map(str::to_owned);
            let lasting = RefusalCause::Refused { error: error.clone() }.is_lasting();
            match (is_refusal(code), lasting, may_be_own(&error)) {
                (false, ..) => "unknown",
                (true, true, _) => "lasting",
                (true, false, true) => "own tag first",
                (true, false, false) => "passing",
            }
        };
        let codes = [
            ("AccessDeniedException", "lasting"),
            ("ConflictException", "own tag first"),
            ("InternalServerException", "unknown"),
            ("ResourceNotFoundException", "lasting"),
            ("ServiceQuotaExceededException", "own tag first"),
            ("ThrottlingException", "unknown"),
            ("UninitializedAccountException", "lasting"),
            ("ValidationException", "lasting"),
            ("ExpiredTokenException", "passing"),
            ("SomethingNew", "unknown"),
        ];
        for (code, class) in codes {
            assert_eq!(of(Some(code)), class, "{code}");
        }
        assert_eq!(of(None), "unknown");
    }
}
