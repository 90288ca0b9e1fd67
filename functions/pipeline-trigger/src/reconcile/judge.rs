//! Judges one pair of a pipeline and a branch: seen, too old, decided as a push, or due.

use std::sync::Arc;

use jiff::Timestamp;
use shared::decision::{Explain as _, Verdict};
use shared::report::Report;

use super::due::{DueStart, about};
use super::hold::token;
use super::seen::{PipelineHistory, commits_run, execution_of, unclear};
use super::survey::{KnownHeads, Survey, passes, verdict_of};
use super::watched::WatchedBranch;
use super::{OLDEST, SETTLE};
use crate::because::Because;
use crate::decide::{StartPlan, decide};
use crate::event::Change;
use crate::facts::BranchHead;
use crate::gather::gather_some;
use crate::reader::{DeclaredPipeline, Lookup, PastExecution, Reader as _};
use crate::remark::Remark;
use crate::report::report;
use crate::unread::{FilesUnknown, LinesUnread, ReadError};

/// The most commits of earlier executions that are compared with the head: an execution list mixes branches.
const MOST_BASES: usize = 5;

/// What is known of a pair.
#[derive(Debug)]
pub(super) enum JudgedPair<'r> {
    /// An execution has the head.
    Seen,
    /// No execution has the head, and the head is too old to start.
    TooOld,
    /// The pipeline is named after the branch, and does not exist.
    NotCreated,
    /// The pair needs nothing, or cannot be decided in this run.
    Settled(Report),
    /// The pipeline is to be started.
    Due(Box<DueStart<'r>>),
}

/// A head that no execution has seen.
struct UnseenHead<'k> {
    commit: &'k str,
    committed: Timestamp,
    executions: &'k [PastExecution],
}

/// A verdict about a pair without a decision of its rules.
type Settled = (Verdict, Because);

impl Survey<'_> {
    pub(super) async fn judge<'r>(&self, watched: &WatchedBranch<'r>, known: &KnownHeads) -> JudgedPair<'r> {
        let head = match self.unseen(watched, known) {
            Ok(head) => head,
            Err(judged) => return judged,
        };
        match self.decided(watched, &head).await {
            Ok(judged) => judged,
            Err((verdict, because)) => JudgedPair::Settled(Report::of(verdict, &watched.subject(), &because)),
        }
    }

    /// The head, if no execution has seen it and its age lets reconcile start it.
    fn unseen<'k, 'r>(
        &self,
        watched: &WatchedBranch<'_>,
        known: &'k KnownHeads,
    ) -> Result<UnseenHead<'k>, JudgedPair<'r>> {
        let settled = |verdict, because: &Because| {
            Err(JudgedPair::Settled(Report::of(verdict, &watched.subject(), because)))
        };
        let unread = |error: &ReadError| {
            settled(verdict_of(error), &Because::ReconcileUnread { error: error.clone() })
        };
        let commit = match known.heads.get(&(watched.repository.to_owned(), watched.branch.clone())) {
            Some(Ok(Lookup::Found(commit))) => commit,
            Some(Err(error)) => return unread(error),
            // The branch was deleted since it was listed.
            Some(Ok(_)) | None => return Err(JudgedPair::Settled(Report::default())),
        };
        let executions = match known.histories.get(&watched.pipeline) {
            Some(PipelineHistory::Read(executions)) => executions,
            Some(PipelineHistory::Unread(error)) => return unread(error),
            Some(PipelineHistory::Missing) | None if watched.is_templated() => {
                return Err(JudgedPair::NotCreated);
            }
            Some(PipelineHistory::Missing) | None => {
                return settled(Verdict::Hold, &Because::PipelineNotFound);
            }
        };
        if execution_of(executions, commit).is_some() {
            return Err(JudgedPair::Seen);
        }
        let committed = match known.dates.get(&(watched.repository.to_owned(), commit.clone())) {
            Some(Ok(committed)) => *committed,
            Some(Err(error)) => return unread(error),
            None => return unread(&ReadError::NoTime),
        };
        match self.now.duration_since(committed) {
            age if age > OLDEST => Err(JudgedPair::TooOld),
            // A date in the future is one, too: the committer chooses it.
            age if age < SETTLE => {
                settled(Verdict::Hold, &Because::HeadTooNew { commit: commit.clone(), committed })
            }
            _ => Ok(UnseenHead { commit, committed, executions }),
        }
    }

    /// Decides the head as a push.
    async fn decided<'r>(
        &self,
        watched: &WatchedBranch<'r>,
        head: &UnseenHead<'_>,
    ) -> Result<JudgedPair<'r>, Settled> {
        let reader = self.reader(watched.repository);
        let declared = self.read(reader.pipeline(&watched.pipeline)).await;
        let declared =
            match declared.map_err(|error| (verdict_of(&error), Because::ReconcileUnread { error }))? {
                Lookup::Found(declared) => declared,
                Lookup::Missing | Lookup::NotAsked => return Err((Verdict::Hold, Because::PipelineNotFound)),
            };
        let source_actions = source_actions(watched, &declared);
        if !builds_head(watched, &declared, &source_actions) {
            return Err((Verdict::Hold, Because::NotPinned));
        }
        if let Some(execution) = unclear(head.executions, &source_actions, head.committed) {
            let execution = execution.id.clone().unwrap_or_default();
            return Err((Verdict::Hold, Because::ExecutionWithoutCommit { execution }));
        }
        let base = self.base(watched, head, &source_actions).await?;
        let new = head.commit.to_owned();
        let change = match &base {
            Some(old) => Change::Updated { old: Some(old.clone()), new },
            None => Change::Created { new },
        };
        let push = watched.push(change, head.committed.to_string());
        let facts = gather_some(&push, &watched.rules, &watched.of_repository, &reader, self.until).await;
        let mut plan = decide(&push, &facts, &watched.rules);
        if let BranchHead::At(moved) = &facts.head
            && moved != head.commit
        {
            return Err((Verdict::Hold, Because::HeadMoved { head: moved.clone() }));
        }
        if let Some(why) = waits(&plan).or_else(|| lines_wait(&plan, &facts.remarks)) {
            return Err((Verdict::Hold, why));
        }
        if plan.starts.is_empty() {
            return Ok(JudgedPair::Settled(about(watched, report(plan, &facts.remarks, &[]))));
        }
        plan.starts.iter_mut().for_each(|start| {
            start.token = token(watched.repository, &watched.branch, head.commit, &watched.pipeline)
        });
        let reconciled = Remark::Reconciled {
            pipeline: watched.pipeline.clone(),
            branch: watched.branch.clone(),
            commit: head.commit.to_owned(),
            base: base.clone(),
        };
        let remarks = Arc::new(facts.remarks.into_iter().chain([reconciled]).collect());
        let (head, committed) = (head.commit.to_owned(), head.committed);
        let watched = watched.clone();
        Ok(JudgedPair::Due(Box::new(DueStart {
            watched,
            head,
            committed,
            base,
            source_actions,
            plan,
            remarks,
        })))
    }

    /// The commit of the newest execution whose commit the branch contains. Without one, the branch counts as new.
    async fn base(
        &self,
        watched: &WatchedBranch<'_>,
        head: &UnseenHead<'_>,
        source_actions: &[String],
    ) -> Result<Option<String>, Settled> {
        for commit in commits_run(head.executions, source_actions, MOST_BASES) {
            match self.read(self.reader(watched.repository).merge_base(head.commit, &commit)).await {
                Ok(Some(base)) if base == commit => return Ok(Some(commit)),
                Ok(_) => {}
                Err(ReadError::Call(error)) if NOT_CONTAINED.iter().any(|code| error.has_code(code)) => {}
                Err(error) => return Err((verdict_of(&error), Because::ReconcileUnread { error })),
            }
        }
        Ok(None)
    }
}

/// GetMergeOptions for commits that are too far from each other, or that no longer exist.
const NOT_CONTAINED: [&str; 2] = ["TipsDivergenceExceededException", "CommitDoesNotExistException"];

/// The source actions that a commit is pinned for.
fn source_actions(watched: &WatchedBranch<'_>, declared: &DeclaredPipeline) -> Vec<String> {
    let written = watched.rules.iter().filter_map(|rule| rule.source_action.clone());
    let mut actions: Vec<String> = written.collect();
    if watched.rules.iter().any(|rule| rule.source_action.is_none()) {
        actions.extend(declared.source_actions.iter().map(|action| action.name.clone()));
    }
    actions
}

/// Whether a start of the pipeline builds the branch's head. Another start would never show the head, so each run would start
/// the pipeline again.
fn builds_head(watched: &WatchedBranch<'_>, declared: &DeclaredPipeline, source_actions: &[String]) -> bool {
    let reads_branch = || declared.source_actions.iter().any(|action| action.branch == watched.branch);
    !source_actions.is_empty() && (declared.is_v2 || reads_branch())
}

/// Why a decision waits for the next run. A push starts its pipeline if the changed files are unknown, because it has no other
/// chance. Reconcile has one.
fn waits(plan: &StartPlan) -> Option<Because> {
    plan.verdicts.iter().find_map(|of_rule| match &of_rule.because {
        Because::ChangesUnknown { why } if files_wait(why) => {
            Some(Because::ChangesUnread { why: why.clone() })
        }
        Because::PipelineUnreadable { error } if passes(error) => {
            Some(Because::ReconcileUnread { error: error.clone() })
        }
        _ => None,
    })
}

/// Why a start waits for the next run, because the file that starts the pipeline counts only as long as its lines are unknown.
fn lines_wait(plan: &StartPlan, remarks: &[Remark]) -> Option<Because> {
    let starts = |file: &String| {
        let mut starting = plan.verdicts.iter().filter(|of_rule| of_rule.verdict == Verdict::Start);
        starting.any(|of_rule| of_rule.because.evidence().file.as_ref() == Some(file))
    };
    remarks.iter().find_map(|remark| match remark {
        Remark::LinesUnread { file, why } if starts(file) => {
            let why = FilesUnknown::Lines { file: file.clone(), why: why.clone() };
            files_wait(&why).then_some(Because::ChangesUnread { why })
        }
        _ => None,
    })
}

/// Whether the next run may read the changed files. What stays unknown starts the pipeline, as with a push.
fn files_wait(why: &FilesUnknown) -> bool {
    match why {
        FilesUnknown::MergeBase { error, .. } => !error.has_code(NOT_CONTAINED[0]),
        FilesUnknown::Lines { why: LinesUnread::Call(error), .. } => !error.has_code("FileTooLargeException"),
        FilesUnknown::Lines { why, .. } => *why == LinesUnread::NoTime,
        FilesUnknown::DefaultBranch(_)
        | FilesUnknown::Executions { .. }
        | FilesUnknown::TooManyFiles
        | FilesUnknown::Differences(_)
        | FilesUnknown::SamePage => true,
        FilesUnknown::NoOldCommit
        | FilesUnknown::NoCommonCommit
        | FilesUnknown::TooManyPatterns(_)
        | FilesUnknown::CommitGone { .. } => false,
    }
}
