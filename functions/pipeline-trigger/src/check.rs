//! What the rules of this function need of the deployment, for `pointsman check`.

use std::path::PathBuf;

use shared::config::{Document, Problem};
use shared::function::{CheckedRules, NeededPermission};

use crate::description::FUNCTION;
use crate::rules::{self, ArtifactRule, ObjectRule, PipelineRule};

/// A branch that no permission names: a pipeline's name that contains the branch is checked with it.
const UNNAMED_BRANCH: &str = "a-branch-without-a-permission";

pub(crate) fn check(document: &Document, _: &[PathBuf], problems: &mut Vec<Problem>) -> CheckedRules {
    let rules = rules::read(document, problems);
    let artifacts = rules.images.iter().map(|rule| &rule.common);
    let artifacts = artifacts.chain(rules.objects.iter().map(|rule| &rule.common));
    let needs = rules.pipelines.iter().flat_map(needs).chain(artifacts.map(needs_pipeline));
    let needs = needs.chain(rules.objects.iter().filter(|rule| rule.archive).flat_map(needs_bucket));
    let rules = rules.pipelines.len() + rules.images.len() + rules.objects.len();
    CheckedRules { rules, needs: needs.collect() }
}

/// A rule needs its repository and its pipeline.
fn needs(rule: &PipelineRule) -> [NeededPermission; 2] {
    let pipeline = rule.name.name(&rule.repository, Some(UNNAMED_BRANCH));
    [
        NeededPermission {
            at: rule.named_at.repository.clone(),
            resource: format!("arn:{{partition}}:codecommit:{{region}}:{{account}}:{}", rule.repository),
            calls: calls("codecommit"),
            help: "add it to the parameter RepositoryNames (parameter_overrides in samconfig.toml)",
        },
        NeededPermission {
            at: rule.named_at.pipeline.clone(),
            resource: format!("arn:{{partition}}:codepipeline:{{region}}:{{account}}:{pipeline}"),
            calls: calls("codepipeline"),
            help: "add it to the parameter PipelineNames (parameter_overrides in samconfig.toml)",
        },
    ]
}

/// A rule with an image or a bucket needs its pipeline.
fn needs_pipeline(rule: &ArtifactRule) -> NeededPermission {
    NeededPermission {
        at: rule.named_at.pipeline.clone(),
        resource: format!("arn:{{partition}}:codepipeline:{{region}}:{{account}}:{}", rule.name),
        calls: vec!["codepipeline:GetPipeline", "codepipeline:StartPipelineExecution"],
        help: "add it to the parameter PipelineNames (parameter_overrides in samconfig.toml)",
    }
}

/// A rule that compares archives reads versions of objects.
fn needs_bucket(rule: &ObjectRule) -> [NeededPermission; 2] {
    let need = |call, resource: String| NeededPermission {
        at: rule.common.named_at.repository.clone(),
        resource,
        calls: vec![call],
        help: "add it to the parameter SourceBucketNames (parameter_overrides in samconfig.toml)",
    };
    let bucket = format!("arn:{{partition}}:s3:::{}", rule.bucket);
    [need("s3:ListBucketVersions", bucket.clone()), need("s3:GetObjectVersion", format!("{bucket}/any-key"))]
}

fn calls(service: &str) -> Vec<&'static str> {
    FUNCTION.calls.iter().filter(|call| call.service() == service).map(|call| call.action).collect()
}
