//! Reads what reconcile compares: branches, their heads, and the executions of their pipelines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures::StreamExt as _;
use futures::stream;
use jiff::Timestamp;
use shared::call_error::CallError;
use shared::clock::elsewhere;
use shared::decision::Verdict;
use shared::report::Report;
use tokio::time::timeout_at;

use super::seen::{PipelineHistory, execution_of};
use super::watched::{WatchedBranch, of_repository};
use super::{LARGE, OLDEST, at_a_time};
use crate::aws::Clients;
use crate::because::Because;
use crate::reader::{AccountReader, Lookup, Reader as _};
use crate::rules::Rules;
use crate::unread::ReadError;

const LIST_BRANCHES: &str = "codecommit:ListBranches";
const GET_COMMIT: &str = "codecommit:GetCommit";

/// The most pages of 100 executions that are read of a pipeline.
const MOST_PAGES: usize = 10;

/// What the branches and pipelines are at.
#[derive(Debug, Default)]
pub(super) struct KnownHeads {
    pub(super) heads: BTreeMap<BranchKey, Result<Lookup<String>, ReadError>>,
    pub(super) histories: BTreeMap<String, PipelineHistory>,
    /// When the heads without an execution were committed.
    pub(super) dates: BTreeMap<(String, String), Result<Timestamp, ReadError>>,
}

/// A repository and a branch.
type BranchKey = (String, String);

/// Reads until a time, and not after the first throttled call: its retries are over by then.
#[derive(Debug)]
pub(super) struct Survey<'a> {
    pub(super) aws: &'a Clients,
    pub(super) until: Instant,
    pub(super) now: Timestamp,
    throttled: AtomicBool,
}

/// The verdict about what could not be read: what passes by itself waits for the next run.
pub(super) fn verdict_of(error: &ReadError) -> Verdict {
    if passes(error) { Verdict::Hold } else { Verdict::Fail }
}

/// Whether the next run may read it.
pub(super) fn passes(error: &ReadError) -> bool {
    match error {
        ReadError::Call(error) => error.is_throttling(),
        ReadError::NoTime | ReadError::AfterThrottling | ReadError::TooManyExecutions(_) => true,
    }
}

impl<'a> Survey<'a> {
    pub(super) fn new(aws: &'a Clients, until: Instant, now: Timestamp) -> Self {
        Self { aws, until, now, throttled: AtomicBool::new(false) }
    }

    /// The result of a read, unless time is over or a call was throttled.
    pub(super) async fn read<T>(
        &self,
        reading: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, ReadError> {
        if self.throttled.load(Ordering::Relaxed) {
            return Err(ReadError::AfterThrottling);
        }
        if Instant::now() >= self.until {
            return Err(ReadError::NoTime);
        }
        let read = timeout_at(self.until.into(), reading).await.map_err(|_| ReadError::NoTime)?;
        if read.as_ref().is_err_and(CallError::is_throttling) {
            self.throttled.store(true, Ordering::Relaxed);
        }
        read.map_err(ReadError::from)
    }

    /// Every pair of a pipeline and a branch of the rules, and a report about repositories that could not be listed. Each run
    /// begins elsewhere, so that every pair has its turn even if no run has time for all.
    pub(super) async fn watched<'r>(&self, rules: &'r Rules) -> (Vec<WatchedBranch<'r>>, Report) {
        let mut report = Report::default();
        let mut watched = Vec::new();
        for repository in rules.reconciled_repositories() {
            match self.branches(repository).await {
                Ok(Some(branches)) => {
                    watched.extend(of_repository(repository, &rules.of_repository(repository), &branches));
                }
                Ok(None) => report.reason(Verdict::Hold, repository, &Because::RepositoryNotFound),
                Err(error) => {
                    report.reason(verdict_of(&error), repository, &Because::ReconcileUnread { error });
                }
            }
        }
        let first = if watched.len() > LARGE { elsewhere(self.now, watched.len()) } else { 0 };
        watched.rotate_left(first);
        (watched, report)
    }

    /// The branches of a repository, in the order of the list; none if there is no such repository.
    async fn branches(&self, repository: &str) -> Result<Option<Vec<String>>, ReadError> {
        let (mut branches, mut next) = (Vec::new(), None);
        loop {
            let call = self.aws.codecommit.list_branches().repository_name(repository);
            let call = call.set_next_token(next.clone()).send();
            let page = async { call.await.map_err(|error| CallError::new(LIST_BRANCHES, error)) };
            let page = match self.read(page).await {
                Err(ReadError::Call(error)) if error.has_code("RepositoryDoesNotExistException") => {
                    return Ok(None);
                }
                page => page?,
            };
            branches.extend(page.branches.unwrap_or_default());
            match page.next_token.filter(|token| !token.is_empty()) {
                Some(token) if next.as_ref() == Some(&token) => {
                    let error = CallError::without_answer(LIST_BRANCHES, "the same page came twice");
                    return Err(error.into());
                }
                None => return Ok(Some(branches)),
                token => next = token,
            }
        }
    }

    /// The heads, the executions, and the dates of the heads without one. The heads come first: a push in between then has its
    /// execution, if it has one.
    pub(super) async fn known(&self, watched: &[WatchedBranch<'_>]) -> KnownHeads {
        let keys: BTreeSet<BranchKey> =
            watched.iter().map(|watched| (watched.repository.to_owned(), watched.branch.clone())).collect();
        let heads = stream::iter(keys).map(async |key: BranchKey| {
            let head = self.head(&key.0, &key.1).await;
            (key, head)
        });
        let heads = heads.buffered(at_a_time(watched.len())).collect().await;
        let pipelines: BTreeSet<&str> = watched.iter().map(|watched| watched.pipeline.as_str()).collect();
        let histories = stream::iter(pipelines)
            .map(async |pipeline: &str| (pipeline.to_owned(), self.history(pipeline).await));
        let histories = histories.buffered(at_a_time(watched.len())).collect().await;
        let mut known = KnownHeads { heads, histories, dates: BTreeMap::new() };
        known.dates = self.dates(watched, &known).await;
        known
    }

    async fn dates(
        &self,
        watched: &[WatchedBranch<'_>],
        known: &KnownHeads,
    ) -> BTreeMap<(String, String), Result<Timestamp, ReadError>> {
        let unseen: BTreeSet<(String, String)> =
            watched.iter().filter_map(|watched| known.unseen_head(watched)).collect();
        let dates = stream::iter(unseen).map(async |key: (String, String)| {
            let date = self.date(&key.0, &key.1).await;
            (key, date)
        });
        dates.buffered(at_a_time(watched.len())).collect().await
    }

    pub(super) fn reader<'b>(&'b self, repository: &'b str) -> AccountReader<'b> {
        AccountReader { aws: self.aws, repository }
    }

    pub(super) async fn head(&self, repository: &str, branch: &str) -> Result<Lookup<String>, ReadError> {
        self.read(self.reader(repository).branch_head(branch)).await
    }

    /// When a commit was committed: its committer says so. CodeCommit returns it as git writes it, seconds and an offset.
    async fn date(&self, repository: &str, commit: &str) -> Result<Timestamp, ReadError> {
        let call = self.aws.codecommit.get_commit().repository_name(repository).commit_id(commit).send();
        let output =
            self.read(async { call.await.map_err(|error| CallError::new(GET_COMMIT, error)) }).await?;
        let date = output.commit.and_then(|commit| commit.committer?.date).unwrap_or_default();
        let seconds = date.split_whitespace().next().and_then(|seconds| seconds.parse().ok());
        let committed = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        committed.ok_or_else(|| {
            CallError::without_answer(GET_COMMIT, format!("the date of the commit is `{date}`")).into()
        })
    }

    /// The executions of a pipeline since the oldest head that reconcile starts, and the page of the one before.
    pub(super) async fn history(&self, pipeline: &str) -> PipelineHistory {
        let oldest = (self.now - OLDEST).as_second();
        let (mut executions, mut next) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let page = match self.read(self.reader("").executions(pipeline, next)).await {
                Ok(Lookup::Found(page)) => page,
                Ok(Lookup::Missing | Lookup::NotAsked) => return PipelineHistory::Missing,
                Err(error) => return PipelineHistory::Unread(error),
            };
            executions.extend(page.executions);
            let last = executions.last().and_then(|execution| execution.started);
            match page.next {
                Some(token) if last.is_none_or(|started| started >= oldest) => next = Some(token),
                _ => return PipelineHistory::Read(executions),
            }
        }
        PipelineHistory::Unread(ReadError::TooManyExecutions(MOST_PAGES * 100))
    }
}

impl KnownHeads {
    /// The repository and the head of a branch whose head the pipeline has not seen.
    fn unseen_head(&self, watched: &WatchedBranch<'_>) -> Option<(String, String)> {
        let key = (watched.repository.to_owned(), watched.branch.clone());
        let (Ok(Lookup::Found(head)), PipelineHistory::Read(executions)) =
            (self.heads.get(&key)?, self.histories.get(&watched.pipeline)?)
        else {
            return None;
        };
        execution_of(executions, head).is_none().then(|| (key.0, head.clone()))
    }
}
