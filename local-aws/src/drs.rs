//! Elastic Disaster Recovery: recovery plans, their executions, the jobs that launch servers, and the servers'
//! snapshots.
//!
//! Shapes and statuses follow the service's model. Only the world's region has the service. No server is launched:
//! the world sets the duration and the result of each launch.

mod describe;
mod executions;
mod operator;
mod plans;
mod recovery;
mod request;
mod start;
mod terminate;
mod transitions;
mod validation;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use jiff::{SignedDuration, Timestamp};

use crate::ids;
use crate::service::{ACCOUNT, Service};

pub use operator::DrsOperatorAction;
pub(crate) use request::{is_plan_arn, is_server_id, is_snapshot_id};

pub(crate) const SERVICE: Service = Service {
    name: "drs",
    // Requests do not name one.
    api: "",
    operations: &[
        ("DescribeJobs", describe::describe_jobs),
        ("DescribeRecoveryInstances", describe::describe_recovery_instances),
        ("DescribeRecoverySnapshots", describe::describe_recovery_snapshots),
        ("DescribeSourceServers", describe::describe_source_servers),
        ("GetRecoveryPlan", plans::get_recovery_plan),
        ("GetRecoveryPlanExecution", executions::get_recovery_plan_execution),
        ("ListRecoveryPlanExecutionSteps", executions::list_recovery_plan_execution_steps),
        ("ListRecoveryPlanExecutions", executions::list_recovery_plan_executions),
        ("ListRecoveryPlanSteps", plans::list_recovery_plan_steps),
        ("StartRecovery", recovery::start_recovery),
        ("StartRecoveryPlanExecution", start::start_recovery_plan_execution),
        ("TerminateRecoveryInstances", terminate::terminate_recovery_instances),
    ],
};

/// `TIMED_OUT` is in the user guide and not in the API's model.
pub(crate) const STATUSES: [&str; 7] =
    ["CREATED", "IN_PROGRESS", "COMPLETED", "FAILED", "TIMED_OUT", "CANCELLING", "CANCELLED"];

/// An execution that takes longer times out ("Recovery plan quotas", AWS Elastic Disaster Recovery User Guide).
pub(crate) const LONGEST_EXECUTION: SignedDuration = SignedDuration::from_hours(24);
pub(crate) const INSTANCE_STATES: [&str; 7] =
    ["PENDING", "RUNNING", "STOPPING", "STOPPED", "SHUTTING-DOWN", "TERMINATED", "NOT_FOUND"];
pub(crate) const REPLICATION: [&str; 10] = [
    "STOPPED",
    "INITIATING",
    "INITIAL_SYNC",
    "BACKLOG",
    "CREATING_SNAPSHOT",
    "CONTINUOUS",
    "PAUSED",
    "RESCAN",
    "STALLED",
    "DISCONNECTED",
];

/// The service of one region.
#[derive(Debug)]
pub(crate) struct Drs {
    /// Whether the account has initialized the service.
    pub(crate) initialized: bool,
    /// The time that an execution is CREATED, and a job PENDING.
    pub(crate) step: SignedDuration,
    pub(crate) page_size: usize,
    /// The time that an instance is pending after its launch.
    pub(crate) pending: SignedDuration,
    /// Whether a launch puts an event on the bus.
    pub(crate) events: bool,
    pub(crate) region: String,
    state: Mutex<DrsState>,
}

impl Default for Drs {
    fn default() -> Drs {
        Drs {
            initialized: true,
            step: SignedDuration::from_secs(30),
            page_size: 100,
            pending: SignedDuration::ZERO,
            events: true,
            region: "us-east-1".to_owned(),
            state: Mutex::default(),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct DrsState {
    pub(crate) servers: Vec<SourceServerRecord>,
    pub(crate) plans: Vec<RecoveryPlanRecord>,
    pub(crate) executions: Vec<RecoveryExecutionRecord>,
    pub(crate) jobs: Vec<JobRecord>,
    pub(crate) instances: Vec<RecoveryInstanceRecord>,
}

/// The instance of a launch. The next launch of its server deletes it.
#[derive(Debug, Clone)]
pub(crate) struct RecoveryInstanceRecord {
    pub(crate) id: String,
    pub(crate) server: String,
    pub(crate) is_drill: bool,
    /// An EC2InstanceState.
    pub(crate) state: String,
    pub(crate) job: Option<String>,
    /// When the launch ended; none for an instance of the world's file.
    pub(crate) launched: Option<Timestamp>,
}

/// A source server.
#[derive(Debug, Clone)]
pub(crate) struct SourceServerRecord {
    pub(crate) id: String,
    pub(crate) hostname: Option<String>,
    pub(crate) replication: String,
    pub(crate) lag: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    /// The result of its launch: `LAUNCHED` or `FAILED`.
    pub(crate) launch: String,
    pub(crate) launch_takes: SignedDuration,
    /// Whether a job can terminate its instances.
    pub(crate) terminates: bool,
    pub(crate) snapshots: Vec<RecoverySnapshotRecord>,
}

/// A recovery snapshot; one that is only expected was not taken.
#[derive(Debug, Clone)]
pub(crate) struct RecoverySnapshotRecord {
    pub(crate) id: String,
    pub(crate) expected: Timestamp,
    pub(crate) taken: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub(crate) struct RecoveryPlanRecord {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) created: Timestamp,
    pub(crate) steps: Vec<PlanStepRecord>,
}

#[derive(Debug, Clone)]
pub(crate) struct PlanStepRecord {
    pub(crate) name: String,
    pub(crate) work: StepWork,
}

/// The work of a step.
#[derive(Debug, Clone)]
pub(crate) enum StepWork {
    /// Launches servers: their ids, and whether the plan fails with them.
    Servers(Vec<(String, bool)>),
    /// Waits for so many minutes.
    Wait(i64),
}

impl StepWork {
    /// The ids of its servers.
    pub(crate) fn servers(&self) -> impl Iterator<Item = &String> {
        let servers = match self {
            Self::Servers(servers) => &servers[..],
            Self::Wait(_) => &[],
        };
        servers.iter().map(|(id, _)| id)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct RecoveryExecutionRecord {
    pub(crate) arn: String,
    pub(crate) plan: String,
    pub(crate) mode: String,
    pub(crate) status: String,
    pub(crate) started: Timestamp,
    pub(crate) completed: Option<Timestamp>,
    pub(crate) error: Option<(String, String)>,
    pub(crate) tags: BTreeMap<String, String>,
    /// The token of its start, and a digest of the request.
    pub(crate) token: Option<(String, String)>,
    /// The requested snapshots, by server.
    pub(crate) snapshots: Vec<(String, String)>,
    pub(crate) steps: Vec<ExecutionStepRecord>,
    /// The time of its next change.
    pub(crate) due: Option<Timestamp>,
    /// The time at which it times out.
    pub(crate) times_out: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub(crate) struct ExecutionStepRecord {
    pub(crate) name: String,
    pub(crate) work: StepWork,
    pub(crate) status: String,
    pub(crate) job: Option<String>,
    pub(crate) error: Option<(String, String)>,
}

#[derive(Debug, Clone)]
pub(crate) struct JobRecord {
    pub(crate) id: String,
    /// The requested snapshots, by server, of a job without a recovery plan.
    pub(crate) snapshots: Vec<(String, String)>,
    /// A JobType: `LAUNCH`.
    pub(crate) kind: String,
    pub(crate) is_drill: bool,
    pub(crate) status: String,
    pub(crate) created: Timestamp,
    pub(crate) ended: Option<Timestamp>,
    pub(crate) servers: Vec<LaunchRecord>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) due: Option<Timestamp>,
}

/// A server of a job.
#[derive(Debug, Clone)]
pub(crate) struct LaunchRecord {
    pub(crate) server: String,
    pub(crate) status: String,
    pub(crate) instance: Option<String>,
    pub(crate) due: Option<Timestamp>,
}

impl LaunchRecord {
    pub(crate) fn is_under_way(&self) -> bool {
        matches!(self.status.as_str(), "PENDING" | "IN_PROGRESS")
    }
}

impl RecoveryExecutionRecord {
    pub(crate) fn is_under_way(&self) -> bool {
        matches!(self.status.as_str(), "CREATED" | "IN_PROGRESS" | "CANCELLING")
    }
}

impl Drs {
    pub(crate) fn lock(&self) -> MutexGuard<'_, DrsState> {
        self.state.lock().expect("no holder of this lock panics")
    }

    /// The state of an instance: one that was just launched is PENDING for a while.
    pub(crate) fn instance_state<'i>(&self, instance: &'i RecoveryInstanceRecord, now: Timestamp) -> &'i str {
        let is_pending = instance.launched.is_some_and(|launched| now < launched + self.pending);
        if is_pending && instance.state == "RUNNING" { "PENDING" } else { &instance.state }
    }

    /// The instances that exist in EC2, with their states: id and state.
    pub(crate) fn ec2_instances(&self, now: Timestamp) -> Vec<(String, String)> {
        let state = self.lock();
        let all =
            state.instances.iter().map(|one| (one.id.clone(), self.instance_state(one, now).to_owned()));
        all.filter(|(_, state)| state != "NOT_FOUND").collect()
    }

    /// Sets the result of that server's next launch, and returns whether there is such a server.
    pub(crate) fn set_launch(&self, server: &str, result: &str) -> bool {
        let mut state = self.lock();
        let found = state.servers.iter_mut().find(|one| one.id == server);
        found.map(|found| result.clone_into(&mut found.launch)).is_some()
    }

    /// Gives that server other tags, or removes it.
    pub(crate) fn set_server(&self, server: &str, tags: Option<&BTreeMap<String, String>>) {
        let mut state = self.lock();
        match tags {
            Some(tags) => {
                let found = state.servers.iter_mut().find(|one| one.id == server);
                found.into_iter().for_each(|found| found.tags.clone_from(tags));
            }
            None => state.servers.retain(|one| one.id != server),
        }
    }

    /// Adds a snapshot of that server, and returns whether there is such a server.
    pub(crate) fn add_snapshot(&self, server: &str, taken: Timestamp) -> bool {
        let mut state = self.lock();
        let Some(found) = state.servers.iter_mut().find(|one| one.id == server) else { return false };
        let id = snapshot_id(server, taken);
        found.snapshots.push(RecoverySnapshotRecord { id, expected: taken, taken: Some(taken) });
        true
    }

    /// Deletes the snapshots of that server, as DRS does after the retention period. Returns whether there is such a
    /// server.
    pub(crate) fn remove_snapshots(&self, server: &str) -> bool {
        let mut state = self.lock();
        let found = state.servers.iter_mut().find(|one| one.id == server);
        found.map(|found| found.snapshots.clear()).is_some()
    }
}

/// The id of a snapshot for which the world sets none.
pub(crate) fn snapshot_id(server: &str, at: Timestamp) -> String {
    format!("pit-{}", &ids::digest(&["snapshot", server, &at.to_string()])[..17])
}

/// The ARN of a plan for which the world sets none.
pub(crate) fn plan_arn(region: &str, name: &str) -> String {
    format!("arn:aws:drs:{region}:{ACCOUNT}:recovery-plan/rp-{}", &ids::digest(&["plan", name])[..17])
}

/// The ARN of a source server.
pub(crate) fn server_arn(region: &str, id: &str) -> String {
    format!("arn:aws:drs:{region}:{ACCOUNT}:source-server/{id}")
}

/// The steps of a plan, none of them started.
pub(crate) fn unbegun(plan: &RecoveryPlanRecord) -> Vec<ExecutionStepRecord> {
    let steps = plan.steps.iter().map(|step| ExecutionStepRecord {
        name: step.name.clone(),
        work: step.work.clone(),
        status: "NOT_STARTED".to_owned(),
        job: None,
        error: None,
    });
    steps.collect()
}
