//! Reads what a decision needs of a pipeline's declaration: its source actions of ECR or S3.

use aws_sdk_codepipeline::types::{ActionCategory, ActionDeclaration, PipelineDeclaration, PipelineType};
use shared::call_error::CallError;

use super::{Artifact, ArtifactPipeline, RuleOfArtifact};
use crate::aws::{Clients, PIPELINE_NOT_FOUND};
use crate::remark::Remark;
use crate::unread::ReadError;

/// A source action that gets the revision of an artifact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeclaredSource {
    /// Its name.
    pub action: String,
    /// Of S3: the key that it reads. None if it was not read.
    pub key: Option<String>,
    /// Of S3: whether a start may name another key.
    pub overrides_key: bool,
    /// Of S3: whether CodePipeline polls the bucket for it.
    pub polls: bool,
}

impl DeclaredSource {
    /// Whether the action reads this key.
    pub(super) fn reads(&self, key: &str) -> bool {
        self.key.as_deref().is_none_or(|own| own == key)
    }
}

/// Reads a pipeline, and what an operator should know of it.
pub(super) async fn pipeline(
    artifact: &Artifact,
    rule: &RuleOfArtifact<'_>,
    aws: &Clients,
) -> (ArtifactPipeline, Vec<Remark>) {
    const CALL: &str = "codepipeline:GetPipeline";
    let name = &rule.common().name;
    let answer = aws.codepipeline.get_pipeline().name(name).send().await;
    let output = match answer.map_err(|error| CallError::new(CALL, error)) {
        Ok(output) => output,
        Err(error) if error.has_code(PIPELINE_NOT_FOUND) => return (ArtifactPipeline::Missing, Vec::new()),
        Err(error) => return (ArtifactPipeline::Unreadable(ReadError::Call(error)), Vec::new()),
    };
    let Some(pipeline) = output.pipeline else {
        let error = CallError::without_answer(CALL, "CodePipeline described no pipeline");
        return (ArtifactPipeline::Unreadable(ReadError::Call(error)), Vec::new());
    };
    let sources = sources(&pipeline, artifact, rule.common().source_action.as_deref());
    let is_v2 = pipeline.pipeline_type == Some(PipelineType::V2);
    let remarks = remarks(name, artifact, &sources, is_v2);
    let variables = pipeline.variables().iter().map(|variable| variable.name.clone()).collect();
    (ArtifactPipeline::Found { is_v2, variables, sources }, remarks)
}

/// The action that the rule names, else those that read the repository or the bucket.
fn sources(
    pipeline: &PipelineDeclaration,
    artifact: &Artifact,
    written: Option<&str>,
) -> Vec<DeclaredSource> {
    let actions = pipeline.stages.iter().flat_map(|stage| &stage.actions);
    let found = actions.filter(|action| match written {
        Some(name) => action.name == name,
        None => reads(action, artifact),
    });
    let found: Vec<DeclaredSource> = found.map(|action| declared(action, artifact)).collect();
    match written {
        // CodePipeline refuses a start that names another action: the rule is wrong, and the failed start says so.
        Some(name) if found.is_empty() => {
            vec![DeclaredSource { action: name.to_owned(), ..Default::default() }]
        }
        _ => found,
    }
}

/// Whether an action is a source of the image's repository or the object's bucket.
fn reads(action: &ActionDeclaration, artifact: &Artifact) -> bool {
    let (provider, key, value) = match artifact {
        Artifact::Image(push) => ("ECR", "RepositoryName", &push.repository),
        Artifact::Object(object) => ("S3", "S3Bucket", &object.bucket),
    };
    let kind = action.action_type_id.as_ref();
    kind.is_some_and(|kind| kind.category == ActionCategory::Source && kind.provider == provider)
        && setting(action, key) == Some(value)
}

fn declared(action: &ActionDeclaration, artifact: &Artifact) -> DeclaredSource {
    let is_true = |key| setting(action, key).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let is_object = matches!(artifact, Artifact::Object(_));
    DeclaredSource {
        action: action.name.clone(),
        key: setting(action, "S3ObjectKey").filter(|_| is_object).map(str::to_owned),
        // "Amazon S3 source action reference", AWS CodePipeline User Guide: false, unless it is set to true.
        overrides_key: is_object && is_true("AllowOverrideForS3ObjectKey"),
        // The same page: CodePipeline polls unless the action says otherwise. An ECR source does not poll.
        polls: is_object
            && setting(action, "PollForSourceChanges").is_none_or(|poll| !poll.eq_ignore_ascii_case("false")),
    }
}

fn setting<'a>(action: &'a ActionDeclaration, key: &str) -> Option<&'a str> {
    action.configuration.as_ref().and_then(|settings| settings.get(key)).map(String::as_str)
}

fn remarks(name: &str, artifact: &Artifact, sources: &[DeclaredSource], is_v2: bool) -> Vec<Remark> {
    let pipeline = || name.to_owned();
    let mut remarks: Vec<Remark> = sources
        .iter()
        .filter(|source| source.polls)
        .map(|source| Remark::StillPollsBucket { pipeline: pipeline(), action: source.action.clone() })
        .collect();
    match artifact {
        Artifact::Image(_) if sources.is_empty() => {
            remarks.push(Remark::NoImageAction { pipeline: pipeline() });
        }
        Artifact::Object(_) if sources.is_empty() => {
            remarks.push(Remark::NoObjectAction { pipeline: pipeline() });
        }
        // "What type of pipeline is right for me?", AWS CodePipeline User Guide: source revision overrides need V2.
        _ if !is_v2 => remarks.push(Remark::CannotPinRevision { pipeline: pipeline() }),
        Artifact::Object(object) => {
            let other = sources.iter().find(|source| !source.reads(&object.key) && !source.overrides_key);
            remarks.extend(other.map(|source| Remark::OtherKey {
                pipeline: pipeline(),
                action: source.action.clone(),
                key: source.key.clone().unwrap_or_default(),
            }));
            let unversioned = other.is_none() && object.version.is_none();
            remarks.extend(unversioned.then(|| Remark::VersionUnknown { pipeline: pipeline() }));
        }
        Artifact::Image(_) => {}
    }
    remarks
}
