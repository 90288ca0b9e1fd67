//! ListPipelineExecutions and GetPipelineExecution.

use serde_json::{Value, json};

use super::{PipelineExecutionRecord, PipelineRecord, constraints, pipeline};
use crate::clock::epoch_seconds;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::paging;
use crate::service::{ACCOUNT, Context};

/// "Default value is 100", and the largest.
const EXECUTIONS_PAGE: usize = 100;

/// Newest first. The member `filter` is not served.
pub(super) fn list_pipeline_executions(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let pipeline = pipeline(context, &mut input, "pipelineName")?;
    let size = constraints::page_size(&mut input, EXECUTIONS_PAGE)?;
    let token = constraints::next_token(&mut input)?;
    input.finish()?;
    let newest_first: Vec<&PipelineExecutionRecord> = pipeline.executions.iter().rev().collect();
    let identity = ["ListPipelineExecutions", &pipeline.name];
    let page =
        paging::page(&newest_first, size, token.as_deref(), &identity).map_err(constraints::bad_token)?;
    let summaries: Vec<Value> = page.items.iter().map(|execution| summary(&pipeline, execution)).collect();
    let mut output = json!({"pipelineExecutionSummaries": summaries});
    if let Some(next) = page.next {
        output["nextToken"] = json!(next);
    }
    Ok(output)
}

pub(super) fn get_pipeline_execution(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let pipeline = pipeline(context, &mut input, "pipelineName")?;
    let id = constraints::required(&mut input, "pipelineExecutionId")?;
    input.finish()?;
    let execution = pipeline.executions.iter().find(|execution| execution.id == id).ok_or_else(|| {
        let message = format!("{} has no execution {id}", pipeline.name);
        ErrorAnswer::new("PipelineExecutionNotFoundException", message)
    })?;
    let artifact = |revision: &String| json!({"name": "SourceOutput", "revisionId": revision});
    let variable = |(name, value): &(String, String)| json!({"name": name, "resolvedValue": value});
    Ok(json!({"pipelineExecution": {
        "pipelineName": pipeline.name,
        "pipelineVersion": 1,
        "pipelineExecutionId": id,
        "status": execution.status,
        "artifactRevisions": execution.revision.iter().map(artifact).collect::<Vec<_>>(),
        "variables": pipeline.structure.resolved(&execution.variables).iter().map(variable).collect::<Vec<_>>(),
        "executionMode": "SUPERSEDED",
        "executionType": "STANDARD",
    }}))
}

fn summary(pipeline: &PipelineRecord, execution: &PipelineExecutionRecord) -> Value {
    let revision = |id: &String| json!({"actionName": pipeline.source_action, "revisionId": id});
    let started = epoch_seconds(execution.started);
    json!({
        "pipelineExecutionId": execution.id,
        "status": execution.status,
        "startTime": started,
        "lastUpdateTime": started,
        "sourceRevisions": execution.revision.iter().map(revision).collect::<Vec<_>>(),
        "trigger": {
            "triggerType": execution.trigger,
            "triggerDetail": format!("arn:aws:iam::{ACCOUNT}:role/local"),
        },
        "executionMode": "SUPERSEDED",
        "executionType": "STANDARD",
    })
}
