//! Owns the effects of a stack's resources on other services: a pipeline exists in CodePipeline while its stack has
//! it.

use serde_json::Value;

use super::stack::{StackRecord, StackResource};
use crate::codepipeline::{
    self, PipelineExecutionRecord, PipelineRecord, PipelineStructure, PipelineType, Source,
};
use crate::ids;
use crate::world::AwsWorld;
use cloudformation_template::text;

const PIPELINE: &str = "AWS::CodePipeline::Pipeline";

/// The types whose service accepts only `[\p{L}\p{Z}\p{N}_.:/=+\-@]*` in a tag: CloudFormation adds a stack's tags to
/// its resources.
const STRICT_TAGS: &[&str] =
    &["AWS::CodeBuild::Project", "AWS::IAM::Role", "AWS::Logs::LogGroup", "AWS::S3::Bucket"];

/// Creates a resource, or returns the reason for the failure.
pub(super) fn make(
    world: &AwsWorld,
    stack: &StackRecord,
    made: &StackResource,
    now: jiff::Timestamp,
) -> Result<(), String> {
    tags(stack, made)?;
    if made.kind != PIPELINE {
        return Ok(());
    }
    let mut pipeline = pipeline(&made.properties, &made.physical)?;
    // CreatePipeline starts a first execution by itself, of the source's current commit.
    let revision = codepipeline::head(world, &pipeline.source);
    let id = ids::uuid(&["execution", &pipeline.name, &stack.id, &made.logical]);
    let status = "InProgress".to_owned();
    let trigger = "CreatePipeline";
    let variables = Vec::new();
    let execution = PipelineExecutionRecord {
        id,
        status,
        started: now,
        revision,
        variables,
        token: None,
        trigger,
        stages: Vec::new(),
    };
    pipeline.executions.push(execution.run(&pipeline.structure));
    let name = pipeline.name.clone();
    match world.codepipeline.create(pipeline) {
        true => Ok(()),
        false => Err(format!(
            "Resource handler returned message: \"A pipeline with name '{name}' already exists\" (HandlerErrorCode: \
             AlreadyExists)"
        )),
    }
}

/// Updates the properties of an existing resource.
pub(super) fn change(world: &AwsWorld, stack: &StackRecord, made: &StackResource) -> Result<(), String> {
    tags(stack, made)?;
    if made.kind == PIPELINE {
        world.codepipeline.change(pipeline(&made.properties, &made.physical)?);
    }
    Ok(())
}

pub(super) fn remove(world: &AwsWorld, made: &StackResource) {
    if made.kind == PIPELINE {
        world.codepipeline.remove(&made.physical);
    }
}

fn tags(stack: &StackRecord, made: &StackResource) -> Result<(), String> {
    if !STRICT_TAGS.contains(&made.kind.as_str()) {
        return Ok(());
    }
    let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
    match stack.goal.tags.iter().find(|(key, value)| !key.chars().chain(value.chars()).all(allowed)) {
        None => Ok(()),
        Some((key, value)) => Err(format!(
            "1 validation error detected: Value '{value}' of tag '{key}' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: ^([\\p{{L}}\\p{{Z}}\\p{{N}}_.:/=+\\-@]*)$"
        )),
    }
}

/// The pipeline that the properties describe. Of its actions, only the first source action counts here.
fn pipeline(properties: &Value, name: &str) -> Result<PipelineRecord, String> {
    if !codepipeline::is_name(name) {
        return Err(format!(
            "1 validation error detected: Value '{name}' at 'pipeline.name' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [A-Za-z0-9.@\\-_]+ and have length less than or equal to 100"
        ));
    }
    let actions = properties["Stages"].as_array().into_iter().flatten();
    let mut actions = actions.flat_map(|stage| stage["Actions"].as_array().into_iter().flatten());
    let source = actions.find(|action| action["ActionTypeId"]["Category"] == "Source");
    let source = source.ok_or_else(|| format!("Pipeline {name} has no source action"))?;
    // A pipeline without a type is of type V1.
    let kind = match properties["PipelineType"].as_str() {
        None | Some("V1") => PipelineType::V1,
        Some("V2") => PipelineType::V2,
        Some(other) => return Err(format!("Pipeline type {other} is not valid")),
    };
    let declared = properties["Variables"].as_array().into_iter().flatten();
    Ok(PipelineRecord {
        name: name.to_owned(),
        kind,
        source_action: text(&source["Name"]).unwrap_or_default(),
        source: source_of(name, source),
        variables: declared.filter_map(|variable| text(&variable["Name"])).collect(),
        structure: PipelineStructure::of(properties, kind)?,
        busy: 0,
        polling_disabled_at: None,
        executions: Vec::new(),
    })
}

fn source_of(pipeline: &str, action: &Value) -> Source {
    let configuration = &action["Configuration"];
    let setting = |name: &str| text(&configuration[name]);
    match (action["ActionTypeId"]["Provider"].as_str(), setting("RepositoryName"), setting("BranchName")) {
        (Some("CodeCommit"), Some(repository), Some(branch)) => {
            // A source without the setting polls.
            let poll = setting("PollForSourceChanges").is_none_or(|poll| poll.eq_ignore_ascii_case("true"));
            Source::CodeCommit { repository, branch, poll }
        }
        (Some("ECR"), Some(repository), _) => {
            Source::Ecr { repository, tag: setting("ImageTag").unwrap_or_else(|| "latest".to_owned()) }
        }
        _ => Source::unnamed(pipeline),
    }
}
