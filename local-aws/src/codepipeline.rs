//! CodePipeline: the operations and the pipelines they work on.
//!
//! Shapes and errors follow the service's API reference. An execution starts and stays `InProgress`: nothing is built. The
//! execution of a pipeline with entry conditions ends at once, as if every action had succeeded.

mod constraints;
mod describe;
mod executions;
mod stages;
mod start;
mod state;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use jiff::Timestamp;

use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::{ACCOUNT, Context, Service};
use crate::world::AwsWorld;

pub(crate) const SERVICE: Service = Service {
    name: "codepipeline",
    api: "CodePipeline_20150709",
    operations: &[
        ("GetPipeline", describe::get_pipeline),
        ("GetPipelineExecution", executions::get_pipeline_execution),
        ("GetPipelineState", state::get_pipeline_state),
        ("ListPipelineExecutions", executions::list_pipeline_executions),
        ("ListPipelines", describe::list_pipelines),
        ("ListRuleExecutions", state::list_rule_executions),
        ("StartPipelineExecution", start::start_pipeline_execution),
    ],
};

pub(crate) use stages::{PipelineStructure, StageRun};

/// Every pipeline of the account, by name.
#[derive(Debug, Default)]
pub(crate) struct CodePipeline {
    pipelines: Mutex<BTreeMap<String, PipelineRecord>>,
}

/// One pipeline: a source stage with one action, and a stage after it.
#[derive(Debug, Clone)]
pub(crate) struct PipelineRecord {
    pub(crate) name: String,
    pub(crate) kind: PipelineType,
    pub(crate) source_action: String,
    pub(crate) source: Source,
    /// The names it declares; none for V1.
    pub(crate) variables: Vec<String>,
    /// The stages and the default values that a stack's template declares.
    pub(crate) structure: PipelineStructure,
    /// The number of further starts that are answered with ConflictException.
    pub(crate) busy: u32,
    /// When CodePipeline stopped to poll for it.
    pub(crate) polling_disabled_at: Option<Timestamp>,
    /// Oldest first.
    pub(crate) executions: Vec<PipelineExecutionRecord>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PipelineType {
    V1,
    V2,
}

/// The source of a pipeline.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    CodeCommit {
        repository: String,
        branch: String,
        poll: bool,
    },
    Ecr {
        repository: String,
        tag: String,
    },
    S3 {
        bucket: String,
        key: String,
        poll: bool,
        /// AllowOverrideForS3ObjectKey of the action.
        overrides_key: bool,
    },
}

impl Source {
    /// The source of a pipeline for which the world names none: an object of a bucket that does not exist.
    pub(crate) fn unnamed(pipeline: &str) -> Source {
        let (bucket, key) = (format!("sources-{ACCOUNT}"), format!("{pipeline}.zip"));
        Source::S3 { bucket, key, poll: false, overrides_key: false }
    }
}

/// One run of a pipeline.
#[derive(Debug, Clone)]
pub(crate) struct PipelineExecutionRecord {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) started: Timestamp,
    /// Of the source action; `None` when it is not known.
    pub(crate) revision: Option<String>,
    /// Names and values that it was started with.
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) token: Option<String>,
    /// The cause of the start, as TriggerType names it.
    pub(crate) trigger: &'static str,
    /// The stages that were entered or skipped; none if the pipeline has no entry condition.
    pub(crate) stages: Vec<StageRun>,
}

impl PipelineExecutionRecord {
    /// The execution as it ends, if its pipeline has entry conditions; else the execution as it is.
    pub(crate) fn run(mut self, structure: &PipelineStructure) -> Self {
        if structure.has_conditions() {
            let values = stages::ExecutionValues { id: &self.id, given: &self.variables };
            let (stages, status) = structure.run(&values);
            (self.stages, self.status) = (stages, status.to_owned());
        }
        self
    }
}

/// The values of PipelineExecutionStatus.
pub(crate) const STATUSES: &[&str] =
    &["Cancelled", "InProgress", "Stopped", "Stopping", "Succeeded", "Superseded", "Failed"];

impl CodePipeline {
    /// Adds a pipeline, unless one of that name exists.
    pub(crate) fn add(&mut self, pipeline: PipelineRecord) {
        self.lock().entry(pipeline.name.clone()).or_insert(pipeline);
    }

    /// Adds a pipeline while the world is served, and returns whether its name was free.
    pub(crate) fn create(&self, pipeline: PipelineRecord) -> bool {
        let mut pipelines = self.lock();
        let free = !pipelines.contains_key(&pipeline.name);
        if free {
            pipelines.insert(pipeline.name.clone(), pipeline);
        }
        free
    }

    /// Replaces a pipeline's structure, and keeps its executions.
    pub(crate) fn change(&self, pipeline: PipelineRecord) {
        let mut pipelines = self.lock();
        let executions = pipelines.remove(&pipeline.name).map(|earlier| earlier.executions);
        let executions = executions.unwrap_or_default();
        pipelines.insert(pipeline.name.clone(), PipelineRecord { executions, ..pipeline });
    }

    pub(crate) fn remove(&self, name: &str) {
        self.lock().remove(name);
    }

    /// A copy of a pipeline's executions, oldest first; `None` if there is no such pipeline.
    pub(crate) fn executions(&self, name: &str) -> Option<Vec<PipelineExecutionRecord>> {
        self.lock().get(name).map(|pipeline| pipeline.executions.clone())
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.lock().contains_key(name)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, PipelineRecord>> {
        self.pipelines.lock().expect("no holder of this lock panics")
    }
}

/// The current revision of a source; `None` if it cannot be known.
pub(crate) fn head(world: &AwsWorld, source: &Source) -> Option<String> {
    match source {
        Source::CodeCommit { repository, branch, .. } => {
            world.codecommit.repository(repository)?.branch_head(branch).ok().flatten()
        }
        Source::S3 { bucket, key, .. } => world.s3.version_ids(bucket, key).pop(),
        Source::Ecr { .. } => None,
    }
}

/// Whether `name` can be the name of a pipeline or an action.
pub(crate) fn is_name(name: &str) -> bool {
    constraints::is_name(name)
}

/// Whether `name` can be the name of a variable.
pub(crate) fn is_variable_name(name: &str) -> bool {
    constraints::is_variable_name(name)
}

/// Reads a pipeline's name from `member`, and returns a copy of the pipeline.
fn pipeline(context: &Context<'_>, input: &mut Members, member: &str) -> Result<PipelineRecord, ErrorAnswer> {
    let name = constraints::name(input, member)?;
    let found = context.world.codepipeline.lock().get(&name).cloned();
    found.ok_or_else(|| not_found(&name))
}

fn not_found(name: &str) -> ErrorAnswer {
    let message = format!("Account does not have a pipeline with name '{name}'");
    ErrorAnswer::new("PipelineNotFoundException", message)
}
