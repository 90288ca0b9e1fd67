//! What the executions of a pipeline have seen. Pure.

use jiff::Timestamp;

use super::SETTLE;
use crate::reader::PastExecution;
use crate::unread::ReadError;

/// The newest executions of a pipeline, newest first.
#[derive(Debug, Clone)]
pub(super) enum PipelineHistory {
    /// These, back to the oldest head that reconcile starts.
    Read(Vec<PastExecution>),
    /// CodePipeline does not have the pipeline.
    Missing,
    /// They could not be read.
    Unread(ReadError),
}

/// The execution that has this commit, from any of its sources. Its status does not count: a failed, superseded or stopped
/// execution has seen the commit, and an operator who stopped it does not want another.
pub(super) fn execution_of<'e>(executions: &'e [PastExecution], commit: &str) -> Option<&'e PastExecution> {
    let has = |execution: &&PastExecution| {
        execution.revisions.iter().any(|revision| revision.commit.as_deref() == Some(commit))
    };
    executions.iter().find(has)
}

/// An execution that may have this commit: it shows no commit for the source actions, and it did not start before the commit
/// was made, by a committer's clock that may be fast. An execution shows its commit once the source action is done, and never
/// if that action failed.
pub(super) fn unclear<'e>(
    executions: &'e [PastExecution],
    source_actions: &[String],
    committed: Timestamp,
) -> Option<&'e PastExecution> {
    let earliest = (committed - SETTLE).as_second();
    let shows = |execution: &PastExecution| commits(execution, source_actions).next().is_some();
    let may_have = |execution: &&PastExecution| {
        let before = execution.started.is_some_and(|started| started < earliest);
        !before && !shows(execution)
    };
    executions.iter().find(may_have)
}

/// The different commits that the source actions gave to the executions, newest first.
pub(super) fn commits_run(
    executions: &[PastExecution],
    source_actions: &[String],
    most: usize,
) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for commit in executions.iter().flat_map(|execution| commits(execution, source_actions)) {
        if found.len() < most && !found.iter().any(|known| known == commit) {
            found.push(commit.to_owned());
        }
    }
    found
}

fn commits<'e>(execution: &'e PastExecution, source_actions: &[String]) -> impl Iterator<Item = &'e str> {
    let ours = execution.revisions.iter().filter(|revision| source_actions.contains(&revision.action));
    ours.filter_map(|revision| revision.commit.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::SourceRevision;

    fn execution(id: &str, started: i64, revisions: &[(&str, Option<&str>)]) -> PastExecution {
        let revision = |(action, commit): &(&str, Option<&str>)| SourceRevision {
            action: (*action).to_owned(),
            commit: commit.map(str::to_owned),
        };
        let revisions = revisions.iter().map(revision).collect();
        PastExecution { id: Some(id.to_owned()), started: Some(started), succeeded: false, revisions }
    }

    #[test]
    fn an_execution_of_any_status_has_seen_its_commit() {
        let executions =
            [execution("2", 20, &[("Source", Some("b"))]), execution("1", 10, &[("Source", Some("a"))])];
        let id = |commit| execution_of(&executions, commit).and_then(|execution| execution.id.as_deref());
        assert_eq!((id("a"), id("c")), (Some("1"), None));
    }

    #[test]
    fn an_execution_whose_own_source_shows_no_commit_may_have_any_later_one() {
        let ours = ["Source".to_owned()];
        let executions = [execution("2", 5_000, &[("Other", Some("x"))]), execution("1", 10, &[])];
        let found = |at| unclear(&executions, &ours, Timestamp::from_second(at).unwrap());
        assert_eq!(found(4_000).and_then(|execution| execution.id.as_deref()), Some("2"));
        assert!(found(5_900).is_some(), "the committer's clock may be fast");
        assert!(found(5_901).is_none());
        let without_time = [PastExecution { started: None, ..execution("3", 0, &[]) }];
        assert!(unclear(&without_time, &ours, Timestamp::from_second(99).unwrap()).is_some());
    }

    #[test]
    fn the_commits_of_other_sources_are_not_compared_with() {
        let ours = ["Source".to_owned()];
        let executions = [
            execution("3", 30, &[("Source", Some("b")), ("Other", Some("x"))]),
            execution("2", 20, &[("Source", Some("b"))]),
            execution("1", 10, &[("Source", Some("a"))]),
        ];
        assert_eq!(commits_run(&executions, &ours, 5), ["b", "a"]);
        assert_eq!(commits_run(&executions, &ours, 1), ["b"]);
    }
}
