//! The pairs of a pipeline and a branch whose pushes can start it. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::decide::admits;
use crate::event::{Change, Push, Reference};
use crate::rules::PipelineRule;

/// A pipeline and a branch whose pushes can start it.
#[derive(Debug, Clone)]
pub(super) struct WatchedBranch<'r> {
    pub(super) repository: &'r str,
    pub(super) branch: String,
    pub(super) pipeline: String,
    /// The rules that start this pipeline for this branch, in the order of the file.
    pub(super) rules: Vec<&'r PipelineRule>,
    /// Every rule of the repository.
    pub(super) of_repository: Arc<[&'r PipelineRule]>,
}

impl WatchedBranch<'_> {
    /// The subject of a reason: `web-main (storefront main)`.
    pub(super) fn subject(&self) -> String {
        format!("{} ({} {})", self.pipeline, self.repository, self.branch)
    }

    /// Whether the pipeline is named after the branch, so that it may not exist yet.
    pub(super) fn is_templated(&self) -> bool {
        self.rules.iter().all(|rule| rule.name.is_templated())
    }

    /// The push that reconcile decides about.
    pub(super) fn push(&self, change: Change, time: String) -> Push {
        let reference = Reference::Branch(self.branch.clone());
        Push { repository: self.repository.to_owned(), reference, change, time }
    }
}

/// The pairs of one repository: each branch with each pipeline that a push of the branch can start.
pub(super) fn of_repository<'r>(
    repository: &'r str,
    rules: &[&'r PipelineRule],
    branches: &[String],
) -> Vec<WatchedBranch<'r>> {
    let rules: Arc<[&PipelineRule]> = rules.into();
    branches.iter().flat_map(|branch| of_branch(repository, &rules, branch)).collect()
}

fn of_branch<'r>(
    repository: &'r str,
    rules: &Arc<[&'r PipelineRule]>,
    branch: &str,
) -> impl Iterator<Item = WatchedBranch<'r>> {
    // Any later push of the branch. A rule that skips first pushes covers the branch, too.
    let change = Change::Updated { old: None, new: String::new() };
    let reference = Reference::Branch(branch.to_owned());
    let push = Push { repository: repository.to_owned(), reference, change, time: String::new() };
    let mut pipelines: BTreeMap<String, Vec<&'r PipelineRule>> = BTreeMap::new();
    for rule in rules.iter().filter(|rule| admits(rule, &push).is_ok()) {
        pipelines.entry(rule.name.name(repository, Some(branch))).or_default().push(rule);
    }
    let branch = branch.to_owned();
    let of_repository = rules.clone();
    pipelines.into_iter().map(move |(pipeline, rules)| WatchedBranch {
        repository,
        branch: branch.clone(),
        pipeline,
        rules,
        of_repository: of_repository.clone(),
    })
}
