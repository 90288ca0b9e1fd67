//! `[[pipeline]]`: its source and its earlier executions.

use git_reader::is_full_id;
use toml::Spanned;

use super::file::WorldFile;
use super::raw::{RawExecution, RawPipeline, RawType};
use super::{AwsWorld, WorldError};
use crate::codepipeline::{
    self, PipelineExecutionRecord, PipelineRecord, PipelineStructure, PipelineType, STATUSES, Source,
};
use crate::ids;

pub(super) fn add(world: &mut AwsWorld, file: &WorldFile<'_>, raw: RawPipeline) -> Result<(), WorldError> {
    let name = checked_name(file, &raw.name)?;
    if world.has_pipeline(&name) {
        return Err(file.invalid(&raw.name, format!("pipeline `{name}` is listed twice")));
    }
    let executions = raw.execution.iter().enumerate();
    let executions = executions.map(|(nth, execution)| checked(world, file, &raw, nth, execution));
    let executions = executions.collect::<Result<_, _>>()?;
    let kind = match raw.kind {
        RawType::V1 => PipelineType::V1,
        RawType::V2 => PipelineType::V2,
    };
    let source_action = match &raw.source_action {
        Some(action) => checked_name(file, action)?,
        None => "Source".to_owned(),
    };
    let (busy, polling_disabled_at) = (raw.busy, raw.polling_disabled_at);
    let variables = variables(file, &raw, kind)?;
    let source = source(file, raw)?;
    world.codepipeline.add(PipelineRecord {
        name,
        kind,
        source_action,
        source,
        variables,
        structure: PipelineStructure::default(),
        busy,
        polling_disabled_at,
        executions,
    });
    Ok(())
}

fn checked_name(file: &WorldFile<'_>, name: &Spanned<String>) -> Result<String, WorldError> {
    let text = name.get_ref();
    if codepipeline::is_name(text) {
        return Ok(text.clone());
    }
    Err(file
        .invalid(name, format!("`{text}` cannot be a name in CodePipeline: 1 to 100 of A-Z a-z 0-9 . @ - _")))
}

fn variables(file: &WorldFile<'_>, raw: &RawPipeline, kind: PipelineType) -> Result<Vec<String>, WorldError> {
    let mut names: Vec<String> = Vec::new();
    for name in &raw.variables {
        let text = name.get_ref();
        let wrong = match kind {
            PipelineType::V1 => Some("a pipeline of type V1 declares no variables".to_owned()),
            PipelineType::V2 if names.contains(text) => Some(format!("variable `{text}` is listed twice")),
            PipelineType::V2 if names.len() == 50 => {
                Some("a pipeline declares at most 50 variables".to_owned())
            }
            PipelineType::V2 if codepipeline::is_variable_name(text) => None,
            PipelineType::V2 => {
                Some(format!("`{text}` cannot be a variable's name: 1 to 128 of A-Z a-z 0-9 @ - _"))
            }
        };
        match wrong {
            Some(wrong) => return Err(file.invalid(name, wrong)),
            None => names.push(text.clone()),
        }
    }
    Ok(names)
}

fn source(file: &WorldFile<'_>, raw: RawPipeline) -> Result<Source, WorldError> {
    let poll = raw.poll_for_source_changes;
    if let Some(tag) = raw.image_tag.as_ref().filter(|_| raw.image.is_none()) {
        return Err(file.invalid(tag, "a pipeline with an `image-tag` has an `image`"));
    }
    match (raw.repository, raw.branch, raw.image, raw.bucket, raw.key) {
        (None, None, None, None, None) => Ok(Source::unnamed(raw.name.get_ref())),
        (None, Some(branch), ..) => {
            Err(file.invalid(&branch, "a pipeline with a `branch` has a `repository`"))
        }
        (Some(repository), branch, None, None, None) => {
            let branch = branch.map_or_else(|| "main".to_owned(), Spanned::into_inner);
            Ok(Source::CodeCommit { repository, branch, poll })
        }
        (None, None, Some(image), None, None) => {
            let tag = raw.image_tag.map_or_else(|| "latest".to_owned(), Spanned::into_inner);
            Ok(Source::Ecr { repository: image.into_inner(), tag })
        }
        (None, None, None, Some(bucket), Some(key)) => {
            let (bucket, key) = (bucket.into_inner(), key.into_inner());
            Ok(Source::S3 { bucket, key, poll, overrides_key: raw.allow_override_for_s3_object_key })
        }
        _ => Err(file.invalid(&raw.name, "a pipeline has `repository`, or `image`, or `bucket` with `key`")),
    }
}

fn checked(
    world: &AwsWorld,
    file: &WorldFile<'_>,
    pipeline: &RawPipeline,
    nth: usize,
    raw: &RawExecution,
) -> Result<PipelineExecutionRecord, WorldError> {
    let status = raw.status.as_ref().map_or("Succeeded", |status| status.get_ref());
    if let Some(at) = raw.status.as_ref().filter(|_| !STATUSES.contains(&status)) {
        return Err(file.invalid(at, format!("`{status}` is not one of {}", STATUSES.join(", "))));
    }
    let commit = raw.commit.as_ref();
    let revision =
        commit.map(|commit| commit_id(world, file, pipeline.repository.as_deref(), commit)).transpose()?;
    let derived = || ids::uuid(&["earlier execution", pipeline.name.get_ref(), &nth.to_string()]);
    let id = raw.id.clone().unwrap_or_else(derived);
    Ok(PipelineExecutionRecord {
        id,
        status: status.to_owned(),
        started: raw.started,
        revision,
        variables: Vec::new(),
        token: None,
        trigger: "StartPipelineExecution",
        stages: Vec::new(),
    })
}

/// A label of the pipeline's repository, or a whole id.
fn commit_id(
    world: &AwsWorld,
    file: &WorldFile<'_>,
    repository: Option<&str>,
    commit: &Spanned<String>,
) -> Result<String, WorldError> {
    let wanted = commit.get_ref();
    if is_full_id(wanted) {
        return Ok(wanted.clone());
    }
    let known = repository.map(|repository| world.commit_ids(repository)).unwrap_or_default();
    let found = known.into_iter().find(|(label, _)| label == wanted);
    let unknown =
        || file.invalid(commit, format!("no commit of the pipeline's repository is labelled `{wanted}`"));
    found.map(|(_, id)| id).ok_or_else(unknown)
}
