//! Starts pipelines: one StartPipelineExecution each, all tried, each with its token.

use std::time::{Duration, Instant};

use aws_sdk_codepipeline::types::{PipelineVariable, SourceRevisionOverride, SourceRevisionType};
use futures::StreamExt as _;
use futures::stream;
use serde_json::{Value, json};
use shared::aws::told;
use tokio::time::timeout_at;

use crate::aws::Clients;
use crate::decide::Start;
use crate::gather::NO_TIME;

/// How many starts are under way at a time.
const AT_A_TIME: usize = 16;

/// What became of one start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// AWS has this execution for it, new or from an earlier delivery of the same event.
    Execution(String),
    /// There is no such pipeline.
    NoPipeline,
    /// It failed, after all retries.
    Failed(String),
}

/// How long before the end of the invocation nothing more is waited for, so that what was done can still be told.
const TIME_TO_TELL: Duration = Duration::from_secs(2);

/// Starts all of `starts`; the results are in their order. What is not answered by the deadline has failed: Lambda
/// tries again, and the token sees to it that nothing starts twice.
pub async fn act(starts: &[Start], aws: &Clients, deadline: Instant) -> Vec<Started> {
    let until = deadline.checked_sub(TIME_TO_TELL).unwrap_or(deadline);
    let started = stream::iter(starts).map(async |start| {
        let answer = timeout_at(until.into(), start_one(start, aws)).await;
        answer.unwrap_or_else(|_| Started::Failed(NO_TIME.to_owned()))
    });
    started.buffered(AT_A_TIME).collect().await
}

async fn start_one(start: &Start, aws: &Clients) -> Started {
    let call =
        aws.codepipeline.start_pipeline_execution().name(&start.pipeline).client_request_token(&start.token);
    let call = start
        .source_actions
        .iter()
        .fold(call, |call, action| call.source_revisions(pinned(action, &start.commit)));
    let call = start.variables.iter().fold(call, |call, (name, value)| call.variables(variable(name, value)));
    match call.send().await {
        Ok(output) => Started::Execution(output.pipeline_execution_id.unwrap_or_default()),
        Err(error)
            if error.as_service_error().is_some_and(|error| error.is_pipeline_not_found_exception()) =>
        {
            Started::NoPipeline
        }
        Err(error) => Started::Failed(told(&error)),
    }
}

fn pinned(action: &str, commit: &str) -> SourceRevisionOverride {
    SourceRevisionOverride::builder()
        .action_name(action)
        .revision_type(SourceRevisionType::CommitId)
        .revision_value(commit)
        .build()
        .expect("name, type and value are all set")
}

fn variable(name: &str, value: &str) -> PipelineVariable {
    PipelineVariable::builder().name(name).value(value).build().expect("name and value are both set")
}

/// What the call is made with, as the decision shows it.
pub fn input(start: &Start) -> Value {
    let revisions: Vec<Value> = start
        .source_actions
        .iter()
        .map(|action| json!({"actionName": action, "revisionType": "COMMIT_ID", "revisionValue": start.commit}))
        .collect();
    let mut input =
        json!({"name": start.pipeline, "clientRequestToken": start.token, "sourceRevisions": revisions});
    if !start.variables.is_empty() {
        let variables = start.variables.iter().map(|(name, value)| json!({"name": name, "value": value}));
        input["variables"] = variables.collect();
    }
    input
}
