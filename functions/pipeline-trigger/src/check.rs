//! What the rules of this function need of the deployment, for `pointsman check`.

use std::path::PathBuf;

use shared::config::{Document, Problem};
use shared::function::{CheckedRules, NeededPermission};

use crate::description::FUNCTION;
use crate::rules::{self, PipelineRule};

/// A branch that no permission names: a pipeline's name that contains the branch is checked with it.
const UNNAMED_BRANCH: &str = "a-branch-without-a-permission";

pub(crate) fn check(document: &Document, _: &[PathBuf], problems: &mut Vec<Problem>) -> CheckedRules {
    let rules = rules::read(document, problems).pipelines;
    CheckedRules { rules: rules.len(), needs: rules.iter().flat_map(needs).collect() }
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

fn calls(service: &str) -> Vec<&'static str> {
    FUNCTION.calls.iter().filter(|call| call.service() == service).map(|call| call.action).collect()
}
