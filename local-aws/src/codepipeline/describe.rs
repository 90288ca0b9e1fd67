//! GetPipeline and ListPipelines.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{PipelineRecord, PipelineType, Source, constraints, pipeline};
use crate::clock::epoch_seconds;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::paging;
use crate::service::{ACCOUNT, Context};

/// The creation time of every pipeline: 2026-01-01T00:00:00Z.
const CREATED: i64 = 1_767_225_600;

/// "The maximum accepted value is 1000", which is also the default here.
const PIPELINES_PAGE: usize = 1000;

pub(super) fn get_pipeline(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let pipeline = pipeline(context, &mut input, "name")?;
    let version = input.integer("version")?;
    input.finish()?;
    if version.is_some_and(|version| version != 1) {
        let message = format!("{} has no such version", pipeline.name);
        return Err(ErrorAnswer::new("PipelineVersionNotFoundException", message));
    }
    let created = epoch_seconds(Timestamp::constant(CREATED, 0));
    let arn = format!("arn:aws:codepipeline:{}:{ACCOUNT}:{}", context.region, pipeline.name);
    let mut metadata = json!({"pipelineArn": arn, "created": created, "updated": created});
    if let Some(disabled) = pipeline.polling_disabled_at {
        metadata["pollingDisabledAt"] = epoch_seconds(disabled);
    }
    Ok(json!({"pipeline": structure(&pipeline, context.region), "metadata": metadata}))
}

pub(super) fn list_pipelines(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let token = constraints::next_token(&mut input)?;
    let size = constraints::page_size(&mut input, PIPELINES_PAGE)?;
    input.finish()?;
    let summaries: Vec<Value> = context.world.codepipeline.lock().values().map(summary).collect();
    let page = paging::page(&summaries, size, token.as_deref(), &["ListPipelines"]);
    let page = page.map_err(constraints::bad_token)?;
    let mut output = json!({"pipelines": page.items});
    if let Some(next) = page.next {
        output["nextToken"] = json!(next);
    }
    Ok(output)
}

fn summary(pipeline: &PipelineRecord) -> Value {
    let created = epoch_seconds(Timestamp::constant(CREATED, 0));
    json!({
        "name": pipeline.name,
        "version": 1,
        "pipelineType": pipeline.kind.name(),
        "executionMode": "SUPERSEDED",
        "created": created,
        "updated": created,
    })
}

/// A source stage with the pipeline's one source action, and a stage that builds.
fn structure(pipeline: &PipelineRecord, region: &str) -> Value {
    let build = json!({
        "name": "Build",
        "actionTypeId": {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"},
        "runOrder": 1,
        "configuration": {"ProjectName": pipeline.name},
        "inputArtifacts": [{"name": "SourceOutput"}],
        "outputArtifacts": [],
        "region": region,
    });
    let mut structure = json!({
        "name": pipeline.name,
        "roleArn": format!("arn:aws:iam::{ACCOUNT}:role/{}", pipeline.name),
        "artifactStore": {"type": "S3", "location": format!("artifacts-{ACCOUNT}")},
        "stages": [
            {"name": "Source", "actions": [source(pipeline, region)]},
            {"name": "Build", "actions": [build]},
        ],
        "version": 1,
        "executionMode": "SUPERSEDED",
        "pipelineType": pipeline.kind.name(),
    });
    if !pipeline.variables.is_empty() {
        structure["variables"] = pipeline.variables.iter().map(|name| variable(pipeline, name)).collect();
    }
    if !pipeline.structure.stages.is_empty() {
        let source = structure["stages"][0].clone();
        structure["stages"] =
            std::iter::once(source).chain(pipeline.structure.later_stages().cloned()).collect();
    }
    structure
}

fn variable(pipeline: &PipelineRecord, name: &str) -> Value {
    match pipeline.structure.defaults.get(name) {
        None => json!({"name": name}),
        Some(default) => json!({"name": name, "defaultValue": default}),
    }
}

fn source(pipeline: &PipelineRecord, region: &str) -> Value {
    let (provider, configuration) = match &pipeline.source {
        // Every value of a configuration is a string, this one too.
        Source::CodeCommit { repository, branch, poll } => (
            "CodeCommit",
            json!({"RepositoryName": repository, "BranchName": branch, "PollForSourceChanges": poll.to_string()}),
        ),
        Source::Ecr { repository, tag } => ("ECR", json!({"RepositoryName": repository, "ImageTag": tag})),
        Source::S3 { bucket, key, poll, overrides_key } => {
            let mut configuration =
                json!({"S3Bucket": bucket, "S3ObjectKey": key, "PollForSourceChanges": poll.to_string()});
            if *overrides_key {
                configuration["AllowOverrideForS3ObjectKey"] = "true".into();
            }
            ("S3", configuration)
        }
    };
    json!({
        "name": pipeline.source_action,
        "actionTypeId": {"category": "Source", "owner": "AWS", "provider": provider, "version": "1"},
        "runOrder": 1,
        "configuration": configuration,
        "inputArtifacts": [],
        "outputArtifacts": [{"name": "SourceOutput"}],
        "region": region,
    })
}

impl PipelineType {
    pub(super) fn name(self) -> &'static str {
        match self {
            PipelineType::V1 => "V1",
            PipelineType::V2 => "V2",
        }
    }
}
