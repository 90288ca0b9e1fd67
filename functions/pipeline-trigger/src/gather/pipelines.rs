//! What CodePipeline knows of the pipelines that could start: their source actions and their executions.

use std::collections::BTreeMap;

use aws_sdk_codepipeline::types::{
    ActionCategory, PipelineDeclaration, PipelineExecutionStatus, PipelineExecutionSummary, PipelineType,
};
use futures::StreamExt as _;
use futures::stream;
use shared::aws::told;
use tokio::time::timeout_at;

use super::{AT_A_TIME, NO_TIME, Reader};
use crate::facts::{Pipeline, Takes};
use crate::remark::Remark;
use crate::rules::{Baseline, Pin, PipelineRule};

/// How many pages of 100 executions are read at the most.
const MOST_PAGES: usize = 10;

/// What came of looking for something in a pipeline's history.
enum Looked<T> {
    Found(T),
    NotThere,
    NoPipeline,
}

impl Reader<'_> {
    /// Reads about every pipeline that could start, with the commit that it would build.
    pub(super) async fn pipelines(
        &self,
        starting: &[(usize, String)],
        remarks: &mut Vec<Remark>,
    ) -> BTreeMap<usize, Pipeline> {
        let read = stream::iter(starting).map(async |(index, commit)| {
            let rule = self.rules[*index];
            let name = self.pipeline_name(rule);
            let read = timeout_at(self.times.pipelines.into(), self.pipeline(&name, rule, commit)).await;
            (*index, read.unwrap_or_else(|_| (Pipeline::Unreadable(NO_TIME.to_owned()), Vec::new())))
        });
        let read: Vec<(usize, (Pipeline, Vec<Remark>))> = read.buffered(AT_A_TIME).collect().await;
        let mut pipelines = BTreeMap::new();
        for (index, (pipeline, noted)) in read {
            pipelines.insert(index, pipeline);
            remarks.extend(noted.into_iter().filter(|remark| !remarks.contains(remark)).collect::<Vec<_>>());
        }
        pipelines
    }

    async fn pipeline(&self, name: &str, rule: &PipelineRule, commit: &str) -> (Pipeline, Vec<Remark>) {
        let mut remarks = Vec::new();
        let (source_actions, takes) = match &rule.source_action {
            Some(action) if rule.variables.is_empty() => (vec![action.clone()], Takes::Unknown),
            written => match self.declaration(name).await {
                Ok(Some(pipeline)) => {
                    (self.source_actions(&pipeline, written, &mut remarks), takes(&pipeline))
                }
                Ok(None) => return (Pipeline::Missing, remarks),
                Err(error) => return (Pipeline::Unreadable(error), remarks),
            },
        };
        let already_started = match self.started_since_push(name, rule, &source_actions, commit).await {
            Ok(Looked::Found(execution)) => Some(execution),
            Ok(Looked::NotThere) => None,
            Ok(Looked::NoPipeline) => return (Pipeline::Missing, remarks),
            Err(error) => {
                remarks.push(Remark::ExecutionsUnknown { pipeline: name.to_owned(), error });
                None
            }
        };
        (Pipeline::Found { source_actions, already_started, takes }, remarks)
    }

    /// The pipeline as it is declared; `None` when there is none of that name.
    async fn declaration(&self, name: &str) -> Result<Option<PipelineDeclaration>, String> {
        match self.aws.codepipeline.get_pipeline().name(name).send().await {
            Ok(output) => Ok(Some(output.pipeline.ok_or("CodePipeline described no pipeline")?)),
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_pipeline_not_found_exception()) =>
            {
                Ok(None)
            }
            Err(error) => Err(told(&error)),
        }
    }

    /// The source actions that can be told what to build: the one that the rule has, else those that read the pushed
    /// repository.
    fn source_actions(
        &self,
        declaration: &PipelineDeclaration,
        written: &Option<String>,
        remarks: &mut Vec<Remark>,
    ) -> Vec<String> {
        let pipeline = || declaration.name.clone();
        let (found, polling) = reads_repository(declaration, &self.push.repository);
        let actions = written.as_ref().map_or(found, |action| vec![action.clone()]);
        remarks.extend(polling.into_iter().map(|action| Remark::StillPolls { pipeline: pipeline(), action }));
        if actions.is_empty() {
            remarks.push(Remark::NoSourceAction { pipeline: pipeline() });
        } else if !is_v2(declaration) {
            // "What type of pipeline is right for me?", AWS CodePipeline User Guide: source revision overrides need V2.
            remarks.push(Remark::CannotPin { pipeline: pipeline() });
            return Vec::new();
        }
        actions
    }

    /// An execution of `commit` that started since the push. Only asked where the head is built: two pushes may then
    /// want the same commit. Where each push builds its own, the token alone tells a repeat.
    async fn started_since_push(
        &self,
        name: &str,
        rule: &PipelineRule,
        source_actions: &[String],
        commit: &str,
    ) -> Result<Looked<String>, String> {
        let (Pin::Head, Some(_), Some(pushed)) = (rule.pin, self.push.reference.branch(), self.push.moment())
        else {
            return Ok(Looked::NotThere);
        };
        let looked = self.look_back(name, |execution| {
            if started(execution).is_some_and(|started| started < pushed.as_second()) {
                return Some(None);
            }
            let builds = revision(execution, source_actions) == Some(commit);
            builds.then(|| execution.pipeline_execution_id.clone())
        });
        Ok(match looked.await? {
            Looked::Found(Some(execution)) => Looked::Found(execution),
            Looked::Found(None) | Looked::NotThere => Looked::NotThere,
            Looked::NoPipeline => Looked::NoPipeline,
        })
    }

    /// The commit of the newest execution that the rule compares with; `None` when there is none.
    pub(super) async fn last_commit(&self, rule: &PipelineRule) -> Result<Option<String>, String> {
        let name = self.pipeline_name(rule);
        let source_actions = match &rule.source_action {
            Some(action) => vec![action.clone()],
            None => {
                let declaration = self.declaration(&name).await?;
                let found = declaration.map(|found| self.source_actions(&found, &None, &mut Vec::new()));
                found.unwrap_or_default()
            }
        };
        let counts = |execution: &PipelineExecutionSummary| {
            rule.baseline == Baseline::LastStarted
                || execution.status == Some(PipelineExecutionStatus::Succeeded)
        };
        let looked = self.look_back(&name, |execution| {
            revision(execution, &source_actions).filter(|_| counts(execution)).map(str::to_owned)
        });
        match looked.await {
            Ok(Looked::Found(commit)) => Ok(Some(commit)),
            Ok(Looked::NotThere | Looked::NoPipeline) => Ok(None),
            Err(error) => Err(format!("the executions of `{name}` could not be read ({error})")),
        }
    }

    /// Reads the executions, newest first, until `find` has an answer.
    async fn look_back<T>(
        &self,
        name: &str,
        find: impl Fn(&PipelineExecutionSummary) -> Option<T>,
    ) -> Result<Looked<T>, String> {
        let call = self.aws.codepipeline.list_pipeline_executions().pipeline_name(name).max_results(100);
        let mut next = None;
        for _ in 0..MOST_PAGES {
            let page = match call.clone().set_next_token(next).send().await {
                Ok(page) => page,
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(|error| error.is_pipeline_not_found_exception()) =>
                {
                    return Ok(Looked::NoPipeline);
                }
                Err(error) => return Err(told(&error)),
            };
            if let Some(found) = page.pipeline_execution_summaries().iter().find_map(&find) {
                return Ok(Looked::Found(found));
            }
            match page.next_token {
                None => return Ok(Looked::NotThere),
                token => next = token,
            }
        }
        Err(format!("nothing among its newest {} executions", MOST_PAGES * 100))
    }
}

fn is_v2(pipeline: &PipelineDeclaration) -> bool {
    pipeline.pipeline_type == Some(PipelineType::V2)
}

/// Only a pipeline of type V2 has variables ("What type of pipeline is right for me?", AWS CodePipeline User Guide).
fn takes(pipeline: &PipelineDeclaration) -> Takes {
    if !is_v2(pipeline) {
        return Takes::TypeV1;
    }
    Takes::Declared(pipeline.variables().iter().map(|variable| variable.name.clone()).collect())
}

/// When an execution started, in seconds since 1970.
fn started(execution: &PipelineExecutionSummary) -> Option<i64> {
    execution.start_time.map(|started| started.secs())
}

/// The commit an execution builds from this repository: that of one of the source actions, or its only one.
fn revision<'e>(execution: &'e PipelineExecutionSummary, source_actions: &[String]) -> Option<&'e str> {
    let revisions = execution.source_revisions();
    let ours = revisions.iter().find(|revision| source_actions.contains(&revision.action_name));
    let only = || revisions.first().filter(|_| revisions.len() == 1 && source_actions.is_empty());
    ours.or_else(only).and_then(|revision| revision.revision_id.as_deref())
}

/// The names of the CodeCommit source actions that read `repository`, and which of them poll it.
fn reads_repository(pipeline: &PipelineDeclaration, repository: &str) -> (Vec<String>, Vec<String>) {
    let actions = pipeline.stages.iter().flat_map(|stage| &stage.actions);
    let setting = |action: &aws_sdk_codepipeline::types::ActionDeclaration, key: &str| {
        action.configuration.as_ref().and_then(|settings| settings.get(key).cloned())
    };
    let ours = actions.filter(|action| {
        action
            .action_type_id
            .as_ref()
            .is_some_and(|kind| kind.category == ActionCategory::Source && kind.provider == "CodeCommit")
            && setting(action, "RepositoryName").as_deref() == Some(repository)
    });
    let polls = |poll: Option<String>| poll.is_none_or(|poll| poll.eq_ignore_ascii_case("true"));
    let named = ours.map(|action| (action.name.clone(), polls(setting(action, "PollForSourceChanges"))));
    let named: Vec<(String, bool)> = named.collect();
    let polling = named.iter().filter(|(_, polls)| *polls).map(|(name, _)| name.clone()).collect();
    (named.into_iter().map(|(name, _)| name).collect(), polling)
}
