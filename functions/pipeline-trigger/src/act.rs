//! Starts pipelines: one StartPipelineExecution each, all tried, each with its token.

#![expect(clippy::disallowed_methods, reason = "this file carries the effects out")]

use std::time::{Duration, Instant};

use aws_sdk_codepipeline::types::{PipelineVariable, SourceRevisionOverride, SourceRevisionType};
use futures::StreamExt as _;
use futures::stream;
use serde_json::{Value, json};
use shared::act::{Effect, Performed};
use shared::call_error::CallError;
use shared::lambda::Invocation;
use tokio::time::timeout_at;

use crate::aws::{Clients, PIPELINE_NOT_FOUND};
use crate::decide::{PinnedRevision, RevisionKind, Start};

const CALL: &str = "codepipeline:StartPipelineExecution";

/// How many starts are in progress at a time.
const AT_A_TIME: usize = 16;

/// How long before the end of the invocation nothing more is waited for, so that the decision can still be logged.
const TIME_TO_LOG: Duration = Duration::from_secs(2);

/// Why a pipeline was not started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotStarted {
    /// There is no such pipeline.
    #[error("{PIPELINE_NOT_FOUND}")]
    NoPipeline,
    /// The call failed, after all retries.
    #[error("{0}")]
    Call(CallError),
    /// The invocation had no time left.
    #[error("the function's time ran out")]
    NoTime,
}

/// The id of the execution that a start led to, new or from an earlier delivery of the same event.
pub type StartResult = Performed<String, NotStarted>;

/// Starts all of `starts`; the results are in their order. A start that is not answered by the deadline has failed:
/// Lambda retries the event, and the token keeps the pipeline from starting twice.
pub async fn act(starts: &[Start], aws: &Clients, invocation: &Invocation) -> Vec<StartResult> {
    let until = invocation.deadline.checked_sub(TIME_TO_LOG).unwrap_or(invocation.deadline);
    let results =
        stream::iter(starts).map(|start| invocation.executor.perform(execution_before(until, start, aws)));
    results.buffered(AT_A_TIME).collect().await
}

async fn execution_before(until: Instant, start: &Start, aws: &Clients) -> Result<String, NotStarted> {
    timeout_at(until.into(), execution(start, aws)).await.unwrap_or(Err(NotStarted::NoTime))
}

async fn execution(start: &Start, aws: &Clients) -> Result<String, NotStarted> {
    let call =
        aws.codepipeline.start_pipeline_execution().name(&start.pipeline).client_request_token(&start.token);
    let call = start.revisions.iter().fold(call, |call, revision| call.source_revisions(pinned(revision)));
    let call = start.variables.iter().fold(call, |call, (name, value)| call.variables(variable(name, value)));
    match call.send().await.map_err(|error| CallError::new(CALL, error)) {
        Ok(output) => Ok(output.pipeline_execution_id.unwrap_or_default()),
        Err(error) if error.has_code(PIPELINE_NOT_FOUND) => Err(NotStarted::NoPipeline),
        Err(error) => Err(NotStarted::Call(error)),
    }
}

fn pinned(revision: &PinnedRevision) -> SourceRevisionOverride {
    SourceRevisionOverride::builder()
        .action_name(&revision.action)
        .revision_type(kind(revision.kind))
        .revision_value(&revision.value)
        .build()
        .expect("name, type and value are all set")
}

fn kind(kind: RevisionKind) -> SourceRevisionType {
    match kind {
        RevisionKind::Commit => SourceRevisionType::CommitId,
        RevisionKind::ImageDigest => SourceRevisionType::ImageDigest,
        RevisionKind::ObjectVersion => SourceRevisionType::S3ObjectVersionId,
        RevisionKind::ObjectKey => SourceRevisionType::S3ObjectKey,
    }
}

fn variable(name: &str, value: &str) -> PipelineVariable {
    PipelineVariable::builder().name(name).value(value).build().expect("name and value are both set")
}

impl Effect for Start {
    fn call(&self) -> &'static str {
        CALL
    }

    fn subject(&self) -> String {
        self.pipeline.clone()
    }

    fn input(&self) -> Value {
        let revisions = self.revisions.iter().map(|PinnedRevision { action, kind: of, value }| {
            json!({"actionName": action, "revisionType": kind(*of).as_str(), "revisionValue": value})
        });
        let revisions: Vec<Value> = revisions.collect();
        let mut input =
            json!({"name": self.pipeline, "clientRequestToken": self.token, "sourceRevisions": revisions});
        if !self.variables.is_empty() {
            let variables = self.variables.iter().map(|(name, value)| json!({"name": name, "value": value}));
            input["variables"] = variables.collect();
        }
        input
    }
}
