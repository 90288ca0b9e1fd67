//! The pairs of a pipeline and a branch for which a sum is enough, counted for each repository.

use std::collections::BTreeMap;

use shared::decision::Verdict;
use shared::report::Report;

use super::watched::WatchedBranch;
use crate::because::Because;

/// The sums so far.
#[derive(Debug, Default)]
pub(super) struct Tally<'r> {
    of_repositories: BTreeMap<&'r str, (usize, Vec<String>)>,
}

impl<'r> Tally<'r> {
    /// Counts a pair that has an execution.
    pub(super) fn seen(&mut self, watched: &WatchedBranch<'r>) {
        self.of_repositories.entry(watched.repository).or_default().0 += 1;
    }

    /// Counts a pair whose head is too old to start.
    pub(super) fn too_old(&mut self, watched: &WatchedBranch<'r>) {
        let subject = format!("`{}` for `{}`", watched.pipeline, watched.branch);
        self.of_repositories.entry(watched.repository).or_default().1.push(subject);
    }

    /// A reason for each sum that is not 0.
    pub(super) fn report(self) -> Report {
        let mut report = Report::default();
        for (repository, (seen, old)) in self.of_repositories {
            if seen > 0 {
                report.reason(Verdict::Skip, repository, &Because::HeadsSeen { pairs: seen });
            }
            if !old.is_empty() {
                report.reason(Verdict::Skip, repository, &Because::HeadsTooOld { pairs: old });
            }
        }
        report
    }
}
