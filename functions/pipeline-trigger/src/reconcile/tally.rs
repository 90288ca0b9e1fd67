//! The pairs of a pipeline and a branch for which a sum is enough, counted for each repository.

use std::collections::BTreeMap;

use shared::decision::Verdict;
use shared::report::Report;

use super::watched::WatchedBranch;
use crate::because::Because;

/// The sums so far, by repository.
#[derive(Debug, Default)]
pub(super) struct Tally<'r>(BTreeMap<&'r str, RepositoryTally>);

/// The sums of a repository.
#[derive(Debug, Default)]
struct RepositoryTally {
    seen: usize,
    not_created: usize,
    too_old: Vec<String>,
}

impl<'r> Tally<'r> {
    /// Counts a pair that has an execution.
    pub(super) fn seen(&mut self, watched: &WatchedBranch<'r>) {
        self.of(watched).seen += 1;
    }

    /// Counts a pair whose pipeline does not exist yet.
    pub(super) fn not_created(&mut self, watched: &WatchedBranch<'r>) {
        self.of(watched).not_created += 1;
    }

    /// Counts a pair whose head is too old to start.
    pub(super) fn too_old(&mut self, watched: &WatchedBranch<'r>) {
        let pair = format!("`{}` for `{}`", watched.pipeline, watched.branch);
        self.of(watched).too_old.push(pair);
    }

    fn of(&mut self, watched: &WatchedBranch<'r>) -> &mut RepositoryTally {
        self.0.entry(watched.repository).or_default()
    }

    /// A reason for each sum that is not 0.
    pub(super) fn report(self) -> Report {
        let mut report = Report::default();
        for (repository, RepositoryTally { seen, not_created, too_old }) in self.0 {
            let seen = (seen > 0).then_some(Because::HeadsSeen { pairs: seen });
            let created =
                (not_created > 0).then_some(Because::PipelinesNotCreated { pipelines: not_created });
            let old = (!too_old.is_empty()).then_some(Because::HeadsTooOld { pairs: too_old });
            let reasons = [seen, created, old].into_iter().flatten();
            reasons.for_each(|because| report.reason(Verdict::Skip, repository, &because));
        }
        report
    }
}
