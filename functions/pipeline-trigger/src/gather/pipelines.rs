//! Facts about the pipelines that could start: their source actions, their variables and their executions.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use futures::stream;
use tokio::time::timeout_at;

use super::{AT_A_TIME, Gathering};
use crate::compare::LastRun;
use crate::facts::{PipelineFacts, Takes};
use crate::reader::{DeclaredPipeline, Lookup, PastExecution, Reader};
use crate::remark::Remark;
use crate::rules::{Baseline, Pin, PipelineRule};
use crate::unread::ReadError;

/// How many pages of 100 executions are read at the most.
const MOST_PAGES: usize = 10;

impl<R: Reader> Gathering<'_, R> {
    /// Reads about every pipeline that could start, with the commit that it would build.
    pub(super) async fn pipelines(
        &self,
        starting: &[(usize, String)],
        remarks: &mut Vec<Remark>,
    ) -> BTreeMap<usize, PipelineFacts> {
        let read = stream::iter(starting).map(async |(index, commit)| {
            let rule = self.rules[*index];
            let name = self.pipeline_name(rule);
            let read = timeout_at(self.deadlines.pipelines.into(), self.pipeline(&name, rule, commit)).await;
            (*index, read.unwrap_or_else(|_| (PipelineFacts::Unreadable(ReadError::NoTime), Vec::new())))
        });
        let read: Vec<(usize, (PipelineFacts, Vec<Remark>))> = read.buffered(AT_A_TIME).collect().await;
        let mut pipelines = BTreeMap::new();
        for (index, (pipeline, noted)) in read {
            pipelines.insert(index, pipeline);
            remarks.extend(noted.into_iter().filter(|remark| !remarks.contains(remark)).collect::<Vec<_>>());
        }
        pipelines
    }

    async fn pipeline(&self, name: &str, rule: &PipelineRule, commit: &str) -> (PipelineFacts, Vec<Remark>) {
        let mut remarks = Vec::new();
        let written = rule.source_action.iter().cloned().collect();
        let declared = match rule.source_action.is_some() && rule.variables.is_empty() {
            true => Ok(Lookup::NotAsked),
            false => self.reader.pipeline(name).await,
        };
        let (source_actions, takes) = match declared {
            Ok(Lookup::NotAsked) => (written, Takes::Unknown),
            Ok(Lookup::Found(pipeline)) => {
                (source_actions(&pipeline, rule.source_action.as_ref(), &mut remarks), takes(pipeline))
            }
            Ok(Lookup::Missing) => return (PipelineFacts::Missing, remarks),
            Err(error) => return (PipelineFacts::Unreadable(error.into()), remarks),
        };
        let already_started = match self.started_since_push(name, rule, &source_actions, commit).await {
            Ok(Lookup::Found(execution)) => execution,
            Ok(Lookup::NotAsked) => None,
            Ok(Lookup::Missing) => return (PipelineFacts::Missing, remarks),
            Err(error) => {
                remarks.push(Remark::ExecutionsUnknown { pipeline: name.to_owned(), error });
                None
            }
        };
        (PipelineFacts::Found { source_actions, already_started, takes }, remarks)
    }

    /// An execution of `commit` that started since the push. Only read where the head is built: two pushes may then
    /// build the same commit. Where each push builds its own, the token alone recognises a repeat. So it does for a rule
    /// that sends the groups of its push: an execution of another push may have skipped stages that this push needs.
    async fn started_since_push(
        &self,
        name: &str,
        rule: &PipelineRule,
        source_actions: &[String],
        commit: &str,
    ) -> Result<Lookup<Option<String>>, ReadError> {
        let (Pin::Head, Some(_), Some(pushed)) = (rule.pin, self.push.reference.branch(), self.push.moment())
        else {
            return Ok(Lookup::NotAsked);
        };
        if rule.asks_for_groups() {
            return Ok(Lookup::NotAsked);
        }
        let newest = self.newest_execution(name, |execution| {
            if execution.started.is_some_and(|started| started < pushed.as_second()) {
                return Some(None);
            }
            let builds = revision(execution, source_actions) == Some(commit);
            builds.then(|| execution.id.clone())
        });
        Ok(match newest.await? {
            Lookup::Found(execution) => Lookup::Found(execution.flatten()),
            Lookup::Missing => Lookup::Missing,
            Lookup::NotAsked => Lookup::NotAsked,
        })
    }

    /// The newest execution that the rule compares with.
    pub(super) async fn last_run(&self, rule: &PipelineRule) -> Result<LastRun, ReadError> {
        let name = self.pipeline_name(rule);
        let source_actions = match &rule.source_action {
            Some(action) => vec![action.clone()],
            None => match self.reader.pipeline(&name).await? {
                Lookup::Found(pipeline) => source_actions(&pipeline, None, &mut Vec::new()),
                Lookup::Missing | Lookup::NotAsked => Vec::new(),
            },
        };
        let counts =
            |execution: &PastExecution| rule.baseline == Baseline::LastStarted || execution.succeeded;
        let newest = self.newest_execution(&name, |execution| {
            revision(execution, &source_actions).filter(|_| counts(execution)).map(str::to_owned)
        });
        Ok(match newest.await? {
            Lookup::Found(Some(commit)) => LastRun::Commit(commit),
            Lookup::Found(None) | Lookup::Missing => LastRun::Never,
            Lookup::NotAsked => LastRun::NotAsked,
        })
    }

    /// Reads the executions, newest first, until `find` has an answer; `Found(None)` where none has.
    async fn newest_execution<T>(
        &self,
        pipeline: &str,
        find: impl Fn(&PastExecution) -> Option<T>,
    ) -> Result<Lookup<Option<T>>, ReadError> {
        let mut next = None;
        for _ in 0..MOST_PAGES {
            let page = match self.reader.executions(pipeline, next).await? {
                Lookup::Found(page) => page,
                Lookup::Missing => return Ok(Lookup::Missing),
                Lookup::NotAsked => return Ok(Lookup::NotAsked),
            };
            if let Some(found) = page.executions.iter().find_map(&find) {
                return Ok(Lookup::Found(Some(found)));
            }
            match page.next {
                None => return Ok(Lookup::Found(None)),
                token => next = token,
            }
        }
        Err(ReadError::TooManyExecutions(MOST_PAGES * 100))
    }
}

/// The source actions that a commit is pinned for: the one that the rule names, else those that read the pushed
/// repository.
fn source_actions(
    pipeline: &DeclaredPipeline,
    written: Option<&String>,
    remarks: &mut Vec<Remark>,
) -> Vec<String> {
    let name = || pipeline.name.clone();
    let found = || pipeline.source_actions.iter().map(|action| action.name.clone()).collect();
    let actions: Vec<String> = written.map_or_else(found, |action| vec![action.clone()]);
    let polling = pipeline.source_actions.iter().filter(|action| action.polls);
    remarks
        .extend(polling.map(|action| Remark::StillPolls { pipeline: name(), action: action.name.clone() }));
    if actions.is_empty() {
        remarks.push(Remark::NoSourceAction { pipeline: name() });
    } else if !pipeline.is_v2 {
        // "What type of pipeline is right for me?", AWS CodePipeline User Guide: source revision overrides need V2.
        remarks.push(Remark::CannotPin { pipeline: name() });
        return Vec::new();
    }
    actions
}

/// Only a pipeline of type V2 has variables ("What type of pipeline is right for me?", AWS CodePipeline User Guide).
fn takes(pipeline: DeclaredPipeline) -> Takes {
    if pipeline.is_v2 { Takes::Declared(pipeline.variables) } else { Takes::TypeV1 }
}

/// The commit an execution builds from this repository: that of one of the source actions, or its only one.
fn revision<'e>(execution: &'e PastExecution, source_actions: &[String]) -> Option<&'e str> {
    let revisions = &execution.revisions;
    let ours = revisions.iter().find(|revision| source_actions.contains(&revision.action));
    let only = || revisions.first().filter(|_| revisions.len() == 1 && source_actions.is_empty());
    ours.or_else(only).and_then(|revision| revision.commit.as_deref())
}
