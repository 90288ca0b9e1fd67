//! CodePipeline: the operations and the pipelines they work on.
//!
//! Shapes and errors follow the service's API reference. An execution starts and stays `InProgress`: nothing is built.

mod constraints;
mod describe;
mod executions;
mod start;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use jiff::Timestamp;

use crate::members::Members;
use crate::refusal::Refusal;
use crate::service::{Context, Service};
use crate::world::World;

pub(crate) const SERVICE: Service = Service {
    name: "codepipeline",
    api: "CodePipeline_20150709",
    operations: &[
        ("GetPipeline", describe::get_pipeline),
        ("GetPipelineExecution", executions::get_pipeline_execution),
        ("ListPipelineExecutions", executions::list_pipeline_executions),
        ("ListPipelines", describe::list_pipelines),
        ("StartPipelineExecution", start::start_pipeline_execution),
    ],
};

/// Every pipeline of the account, by name.
#[derive(Debug, Default)]
pub(crate) struct CodePipeline {
    pipelines: Mutex<BTreeMap<String, Pipeline>>,
}

/// One pipeline: a source stage with one action, and a stage after it.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    pub(crate) name: String,
    pub(crate) kind: PipelineType,
    pub(crate) source_action: String,
    pub(crate) source: Source,
    /// The names it declares; none for V1.
    pub(crate) variables: Vec<String>,
    /// How many more starts are answered with ConflictException.
    pub(crate) busy: u32,
    /// Oldest first.
    pub(crate) executions: Vec<Execution>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PipelineType {
    V1,
    V2,
}

/// Where a pipeline's source comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    CodeCommit {
        repository: String,
        branch: String,
        poll: bool,
    },
    /// Stands for every source that is not CodeCommit.
    S3,
}

/// One run of a pipeline.
#[derive(Debug, Clone)]
pub(crate) struct Execution {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) started: Timestamp,
    /// Of the source action; `None` when it is not known.
    pub(crate) revision: Option<String>,
    /// Names and values that it was started with.
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) token: Option<String>,
    /// What started it, as TriggerType names it.
    pub(crate) trigger: &'static str,
}

/// The values of PipelineExecutionStatus.
pub(crate) const STATUSES: &[&str] =
    &["Cancelled", "InProgress", "Stopped", "Stopping", "Succeeded", "Superseded", "Failed"];

impl CodePipeline {
    /// Adds a pipeline, unless there is one of that name.
    pub(crate) fn add(&mut self, pipeline: Pipeline) {
        self.lock().entry(pipeline.name.clone()).or_insert(pipeline);
    }

    /// Adds a pipeline while the world is served; says whether its name was free.
    pub(crate) fn create(&self, pipeline: Pipeline) -> bool {
        let mut pipelines = self.lock();
        let free = !pipelines.contains_key(&pipeline.name);
        if free {
            pipelines.insert(pipeline.name.clone(), pipeline);
        }
        free
    }

    /// Gives a pipeline another structure; its executions stay.
    pub(crate) fn change(&self, pipeline: Pipeline) {
        let mut pipelines = self.lock();
        let executions = pipelines.remove(&pipeline.name).map(|earlier| earlier.executions);
        let executions = executions.unwrap_or_default();
        pipelines.insert(pipeline.name.clone(), Pipeline { executions, ..pipeline });
    }

    pub(crate) fn remove(&self, name: &str) {
        self.lock().remove(name);
    }

    /// A copy of a pipeline's executions, oldest first; `None` when there is no such pipeline.
    pub(crate) fn executions(&self, name: &str) -> Option<Vec<Execution>> {
        self.lock().get(name).map(|pipeline| pipeline.executions.clone())
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.lock().contains_key(name)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Pipeline>> {
        self.pipelines.lock().expect("no holder of this lock panics")
    }
}

/// What a source is at now; `None` when that cannot be known.
pub(crate) fn head(world: &World, source: &Source) -> Option<String> {
    let Source::CodeCommit { repository, branch, .. } = source else { return None };
    world.codecommit.repository(repository)?.git.branch_head(branch).ok().flatten()
}

/// Whether `name` can be a pipeline's, or an action's.
pub(crate) fn is_name(name: &str) -> bool {
    constraints::is_name(name)
}

/// Whether `name` can be a variable's.
pub(crate) fn is_variable_name(name: &str) -> bool {
    constraints::is_variable_name(name)
}

/// Takes a pipeline's name out of `member` and gives a copy of the pipeline as it is now.
fn pipeline(context: &Context<'_>, input: &mut Members, member: &str) -> Result<Pipeline, Refusal> {
    let name = constraints::name(input, member)?;
    let found = context.world.codepipeline.lock().get(&name).cloned();
    found.ok_or_else(|| not_found(&name))
}

fn not_found(name: &str) -> Refusal {
    let message = format!("Account does not have a pipeline with name '{name}'");
    Refusal::new("PipelineNotFoundException", message)
}
