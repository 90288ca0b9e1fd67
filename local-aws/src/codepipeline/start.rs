//! StartPipelineExecution.

use serde_json::{Value, json};

use super::{
    PipelineExecutionRecord, PipelineRecord, PipelineType, Source, constraints, head, not_found, pipeline,
};
use crate::error_answer::ErrorAnswer;
use crate::ids;
use crate::members::Members;
use crate::service::Context;

const REVISION_TYPES: &[&str] = &["COMMIT_ID", "IMAGE_DIGEST", "S3_OBJECT_VERSION_ID", "S3_OBJECT_KEY"];

/// The same token on the same pipeline is the same execution, for as long as the world lasts (AWS documents no end
/// either). Which revision a source action runs is known at once here; AWS shows it when that action is done.
pub(super) fn start_pipeline_execution(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let pipeline = pipeline(context, &mut input, "name")?;
    let token = token(&mut input)?;
    let pinned = pinned(&pipeline, &mut input)?;
    let variables = variables(&pipeline, &mut input)?;
    input.finish()?;
    // Read before the lock is taken: git may take its time.
    let revision = pinned.or_else(|| head(context.world, &pipeline.source));
    let id = start(context, &pipeline.name, token, revision, variables)?;
    Ok(json!({"pipelineExecutionId": id}))
}

fn start(
    context: &Context<'_>,
    name: &str,
    token: Option<String>,
    revision: Option<String>,
    variables: Vec<(String, String)>,
) -> Result<String, ErrorAnswer> {
    let mut pipelines = context.world.codepipeline.lock();
    let pipeline = pipelines.get_mut(name).ok_or_else(|| not_found(name))?;
    let same = |execution: &&PipelineExecutionRecord| token.is_some() && execution.token == token;
    if let Some(execution) = pipeline.executions.iter().find(same) {
        return Ok(execution.id.clone());
    }
    if pipeline.busy > 0 {
        pipeline.busy -= 1;
        let message = "The pipeline is busy handling ongoing activities. Try again later.";
        return Err(ErrorAnswer::new("ConflictException", message));
    }
    let count = pipeline.executions.len().to_string();
    let id = ids::uuid(&["execution", name, token.as_deref().unwrap_or(&count)]);
    let status = "InProgress".to_owned();
    let trigger = "StartPipelineExecution";
    let execution = PipelineExecutionRecord {
        id: id.clone(),
        status,
        started: context.now,
        revision,
        variables,
        token,
        trigger,
        stages: Vec::new(),
    };
    let execution = execution.run(&pipeline.structure);
    pipeline.executions.push(execution);
    Ok(id)
}

/// `variables`: names that the pipeline declares, with values. AWS does not document its answer to other names, nor
/// that of a pipeline of type V1, which declares none. Here they are refused, so that no caller sends a variable
/// without effect.
fn variables(pipeline: &PipelineRecord, input: &mut Members) -> Result<Vec<(String, String)>, ErrorAnswer> {
    let given = input.structures("variables")?;
    constraints::at_most(given.len(), "variables", 50)?;
    given.into_iter().map(|given| variable(pipeline, given)).collect()
}

fn variable(pipeline: &PipelineRecord, mut given: Members) -> Result<(String, String), ErrorAnswer> {
    let name = constraints::variable_name(&mut given)?;
    let value = constraints::variable_value(&mut given)?;
    given.finish()?;
    if pipeline.variables.contains(&name) {
        return Ok((name, value));
    }
    let message = format!("{} declares no variable {name}", pipeline.name);
    Err(ErrorAnswer::new("ValidationException", message))
}

/// `clientRequestToken`: 1 to 128 of `[a-zA-Z0-9-]`.
fn token(input: &mut Members) -> Result<Option<String>, ErrorAnswer> {
    let Some(token) = input.string("clientRequestToken")? else { return Ok(None) };
    constraints::length(&token, "clientRequestToken", 1, 128)?;
    let fits = token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    constraints::pattern(&token, "clientRequestToken", "^[a-zA-Z0-9-]+$", fits)?;
    Ok(Some(token))
}

/// The revision of the source action that `sourceRevisions` overrides.
fn pinned(pipeline: &PipelineRecord, input: &mut Members) -> Result<Option<String>, ErrorAnswer> {
    let overrides = input.structures("sourceRevisions")?;
    constraints::at_most(overrides.len(), "sourceRevisions", 50)?;
    if pipeline.kind == PipelineType::V1 && !overrides.is_empty() {
        // The user guide states that V1 does not support overrides, and not what happens: here the request is
        // refused.
        let message = format!("{} is of type V1: source revision overrides need type V2", pipeline.name);
        return Err(ErrorAnswer::new("ValidationException", message));
    }
    let mut pinned = None;
    for source_override in overrides {
        pinned = override_of(pipeline, source_override)?.or(pinned);
    }
    Ok(pinned)
}

/// The revision that an override names; `None` for a key, which is no revision.
fn override_of(pipeline: &PipelineRecord, mut given: Members) -> Result<Option<String>, ErrorAnswer> {
    let action = constraints::name(&mut given, "actionName")?;
    let kind = constraints::required(&mut given, "revisionType")?;
    constraints::one_of(&kind, "revisionType", REVISION_TYPES)?;
    let value = constraints::required(&mut given, "revisionValue")?;
    constraints::length(&value, "revisionValue", 1, 1500)?;
    given.finish()?;
    let refused = |message: String| Err(ErrorAnswer::new("ValidationException", message));
    if action != pipeline.source_action {
        return refused(format!("{} has no source action named {action}", pipeline.name));
    }
    let fits = match pipeline.source {
        Source::CodeCommit { .. } => kind == "COMMIT_ID",
        Source::Ecr { .. } => kind == "IMAGE_DIGEST",
        Source::S3 { .. } => kind.starts_with("S3_"),
    };
    if !fits {
        return refused(format!("{kind} does not fit the provider of action {action}"));
    }
    match pipeline.source {
        Source::S3 { overrides_key: false, .. } if kind == "S3_OBJECT_KEY" => {
            refused(format!("AllowOverrideForS3ObjectKey of action {action} is not true"))
        }
        _ => Ok(Some(value).filter(|_| kind != "S3_OBJECT_KEY")),
    }
}
