//! The call that terminates the instances of a drill.

#![expect(clippy::disallowed_methods, reason = "this file carries the effects out")]

use aws_sdk_drs::Client;
use aws_sdk_drs::config::Builder;
use aws_sdk_drs::config::http::HttpResponse;
use aws_sdk_drs::config::retry::RetryConfig;
use aws_sdk_drs::error::SdkError;
use aws_sdk_drs::operation::terminate_recovery_instances::TerminateRecoveryInstancesError;
use serde_json::{Value, json};
use shared::act::Effect;
use shared::call_error::CallError;

use crate::incident::TerminateCallRecord;
use crate::step::{TerminateAnswer, TerminateFailure};

/// The call, as IAM names it.
const TERMINATE: &str = "drs:TerminateRecoveryInstances";

/// A call of a clean-up.
#[derive(Debug, Clone, Copy)]
pub(super) struct TerminateCall<'a> {
    pub(super) plan: &'a str,
    pub(super) call: &'a TerminateCallRecord,
}

impl Effect for TerminateCall<'_> {
    fn call(&self) -> &'static str {
        TERMINATE
    }

    fn subject(&self) -> String {
        self.plan.to_owned()
    }

    fn input(&self) -> Value {
        json!({"recoveryInstanceIDs": self.call.instances})
    }
}

impl TerminateCall<'_> {
    /// Asks DRS once: the call has no client token, so that a retry of the SDK would be a second job.
    pub(super) async fn send(self, drs: &Client) -> Result<TerminateAnswer, TerminateFailure> {
        let call = drs.terminate_recovery_instances();
        let call = call.set_recovery_instance_ids(Some(self.call.instances.clone()));
        let once = Builder::new().retry_config(RetryConfig::disabled());
        match call.customize().config_override(once).send().await {
            Ok(output) => {
                let job = output.job().map(|job| job.job_id().to_owned());
                let unusable = || CallError::without_answer(TERMINATE, "DRS's answer has no job");
                job.map(TerminateAnswer).ok_or_else(|| TerminateFailure::Unknown(unusable()))
            }
            Err(error) if is_refusal(&error) => {
                Err(TerminateFailure::Refused(CallError::new(TERMINATE, error)))
            }
            Err(error) => Err(TerminateFailure::Unknown(CallError::new(TERMINATE, error))),
        }
    }
}

/// Whether DRS answered that it did nothing: every answer of the 400s.
fn is_refusal(error: &SdkError<TerminateRecoveryInstancesError, HttpResponse>) -> bool {
    error.raw_response().is_some_and(|response| response.status().is_client_error())
}
