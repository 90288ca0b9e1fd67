//! The facts that a step is decided with, as they were read. A fact that could not be read blocks a start.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::arn::Arn;
use shared::call_error::CallError;

use crate::alarm::AlarmState;
use crate::approval::ParameterAnswer;
use crate::incident::{ChosenSnapshot, Incident};
use crate::rules::Mode;
use crate::suppression::Suppression;

/// A fact, or why it could not be read.
pub type Read<T> = Result<T, CallError>;

/// The facts of a step; none of those that were not read yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Whether the table holds the incident that an alarm would open.
    pub is_stored: Option<bool>,
    /// The incident that ended last; none in it if the table does not hold it.
    pub last_incident: Option<Option<Box<Incident>>>,
    /// The kill switch and the second signal.
    pub signals: Option<Signals>,
    /// The executions that count: those in progress, and the incident's own.
    pub executions: Option<Read<Vec<FoundExecution>>>,
    /// The DRS plan, its servers, and the jobs and instances of these.
    pub recoverable: Option<Recoverable>,
    /// The operators' answers to requests for an approval.
    pub answers: Option<Read<Vec<ParameterAnswer>>>,
    /// Those of the approved snapshots that DRS no longer has.
    pub deleted_snapshots: Option<Read<Vec<ChosenSnapshot>>>,
    /// The progress of the incident's execution.
    pub progress: Option<Read<ExecutionProgress>>,
    /// The jobs since the incident was opened, for a plan with waves.
    pub jobs: Option<Read<Vec<FoundJob>>>,
    /// The kill switch alone, before a further wave.
    pub kill_switch: Option<Read<KillSwitch>>,
    /// The newest snapshot of a server that is launched again.
    pub newest: Option<Read<Option<RecoverySnapshot>>>,
    /// The instances of a drill after its launch.
    pub drill: Option<Read<DrillFacts>>,
    /// What changed in DRS since the launch.
    pub later: Option<LaterFacts>,
    /// The addresses of the plan and the instances that receive them.
    pub traffic: Option<TrafficFacts>,
}

/// The facts about an incident after its launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaterFacts {
    /// The progress of the incident's execution; none without an execution.
    pub progress: Option<Read<ExecutionProgress>>,
    /// The executions of the DRS plan.
    pub executions: Read<Vec<FoundExecution>>,
    /// The launch jobs of the incident's servers, whatever their status.
    pub jobs: Read<Vec<LaunchJob>>,
    /// The instances of the incident's servers.
    pub instances: Read<Vec<RecoveryInstance>>,
}

impl LaterFacts {
    /// The first error.
    pub fn unreadable(&self) -> Option<&CallError> {
        let progress = self.progress.as_ref().and_then(|progress| progress.as_ref().err());
        let executions = self.executions.as_ref().err();
        progress.or(executions).or(self.jobs.as_ref().err()).or(self.instances.as_ref().err())
    }
}

/// A job that launches servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchJob {
    /// The id.
    pub id: String,
    /// Whether the job launches servers as a test.
    pub is_drill: bool,
    /// When DRS created the job.
    pub started: Timestamp,
    /// The incident's servers in the job.
    pub servers: Vec<String>,
    /// The job has an incident's tag.
    pub is_tagged: bool,
}

/// The facts about the move of traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficFacts {
    /// The kill switch.
    pub kill_switch: Read<KillSwitch>,
    /// The recovered instances of the servers, as DRS lists them.
    pub recovered: Read<Vec<RecoveredInstance>>,
    /// The instances in EC2, by their ids.
    pub instances: Read<BTreeMap<String, FoundInstance>>,
    /// The addresses, by their allocation ids.
    pub addresses: Read<BTreeMap<String, FoundAddress>>,
}

/// A recovered instance, as DRS lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveredInstance {
    /// The source server's id.
    pub server: String,
    /// The recovery instance's id in DRS.
    pub recovery: String,
    /// The instance's id in EC2.
    pub id: String,
    /// Whether a drill launched the instance.
    pub is_drill: bool,
}

/// An instance in EC2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundInstance {
    /// The state, with EC2's name: `running`.
    pub state: String,
    /// The id of the primary network interface.
    pub interface: Option<String>,
    /// The Elastic IP address of that interface.
    pub elastic_ip: Option<String>,
}

/// An Elastic IP address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundAddress {
    /// The address.
    pub ip: String,
    /// What has the address.
    pub association: Option<FoundAssociation>,
}

/// The association of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundAssociation {
    /// The association's id.
    pub id: Option<String>,
    /// The instance's id; none for another resource.
    pub instance: Option<String>,
    /// The network interface's id.
    pub interface: Option<String>,
}

/// An association that EC2 did not confirm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssociationFailure {
    /// EC2 refused the association.
    #[error("{0}")]
    Refused(CallError),
    /// Whether the address is associated is unknown.
    #[error("{0}")]
    Unknown(CallError),
}

/// The kill switch and the second signal of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signals {
    /// The kill switch.
    pub kill_switch: Read<KillSwitch>,
    /// The second alarm; none if the plan has none.
    pub second_alarm: Option<Read<SecondAlarm>>,
    /// The answer to the probe; none if the plan has none.
    pub probe: Option<ProbeResult>,
}

/// The value of the kill switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KillSwitch {
    /// Recoveries may start.
    Enabled,
    /// Recoveries may not start.
    Disabled,
    /// The parameter does not exist.
    Absent,
    /// The parameter has another value.
    Other(String),
}

/// The second alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecondAlarm {
    /// No alarm has that name.
    Absent,
    /// The alarm exists.
    Is {
        /// The state; none for a state that is unknown here.
        state: Option<AlarmState>,
        /// What suppresses the alarm's actions.
        suppressed_by: Option<Suppression>,
        /// Since when the alarm has been in this state; none if CloudWatch does not report it.
        since: Option<Timestamp>,
    },
}

/// The result of the probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeResult {
    /// The endpoint answered with this HTTP status.
    Answered(u16),
    /// The endpoint did not answer.
    Silent(ProbeFailure),
    /// The probe could not be sent, which says nothing about the endpoint.
    NotSent(ProbeFailure),
}

impl ProbeResult {
    /// Whether the endpoint works, by the measure of Route 53's health checks: an answer of 2xx or 3xx.
    pub fn is_well(&self) -> bool {
        matches!(self, Self::Answered(200..=399))
    }
}

/// Why a probe has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
#[error("{message}")]
pub struct ProbeFailure {
    /// The kind of failure.
    pub kind: ProbeFailureKind,
    /// The chain of causes.
    pub message: String,
}

/// The kind of a probe's failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeFailureKind {
    /// The client or the request could not be built.
    Request,
    /// The host's name could not be resolved.
    Name,
    /// The connection failed.
    Connection,
    /// The time ran out.
    Timeout,
    /// The answer was not HTTP.
    Answer,
}

/// An execution of the DRS plan, as the list of executions has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundExecution {
    /// The ARN.
    pub arn: Arn,
    /// Drill or recovery; none for a mode that is unknown here.
    pub mode: Option<Mode>,
    /// The status, with DRS's name.
    pub status: String,
    /// When DRS started the execution.
    pub started: Timestamp,
    /// The incident in the execution's tag.
    pub incident: Option<String>,
}

impl FoundExecution {
    /// Whether the execution has ended.
    pub fn has_ended(&self) -> bool {
        is_end(&self.status)
    }
}

/// Whether an execution with this status has ended. `TIMED_OUT` is in the user guide ("Monitoring an execution", AWS Elastic
/// Disaster Recovery User Guide) and not in the API's model.
pub fn is_end(status: &str) -> bool {
    matches!(status, "COMPLETED" | "FAILED" | "TIMED_OUT" | "CANCELLED")
}

/// The DRS plan with the jobs and instances of its servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recoverable {
    /// The DRS plan.
    pub plan: Read<DrsPlan>,
    /// Jobs in progress that have one of the servers.
    pub jobs: Read<Vec<DrsJob>>,
    /// Instances that an earlier execution launched for the servers and that still exist.
    pub instances: Read<Vec<RecoveryInstance>>,
}

/// The DRS plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrsPlan {
    /// `ACTIVE`, `INVALID`.
    pub status: String,
    /// The servers, in the order of the plan's steps.
    pub servers: Vec<PlanServer>,
}

/// A server of the DRS plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanServer {
    /// The source server's id.
    pub id: String,
    /// The step that launches the server.
    pub step: String,
    /// Whether the plan fails if the server does not launch. DRS validates all servers alike before the first launch.
    pub critical: bool,
    /// The newest recovery snapshot that was taken; none if there is none.
    pub snapshot: Read<Option<RecoverySnapshot>>,
    /// The host's name.
    pub hostname: Option<String>,
    /// The replication state. It decides nothing: during an outage the source is stalled.
    pub replication: Option<String>,
}

impl PlanServer {
    /// Whether an operator disconnected the server or stopped its replication, so that DRS may refuse to launch it
    /// ("Validation that runs before a server is recovered", AWS Elastic Disaster Recovery User Guide). A source that is down
    /// is `STALLED`, which is another state.
    pub fn is_disconnected(&self) -> bool {
        matches!(self.replication.as_deref(), Some("DISCONNECTED" | "STOPPED"))
    }
}

/// A recovery snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoverySnapshot {
    /// The id.
    pub id: String,
    /// When the snapshot was taken.
    pub taken: Timestamp,
}

impl RecoverySnapshot {
    /// The age when the outage began; zero for a newer snapshot.
    pub fn age_at(&self, began: Timestamp) -> SignedDuration {
        began.duration_since(self.taken).max(SignedDuration::ZERO)
    }
}

/// A job that has servers of the plan: DRS runs one job for a server at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrsJob {
    /// The id.
    pub id: String,
    /// The kind of job.
    pub kind: JobKind,
    /// The plan's servers in the job.
    pub servers: Vec<String>,
}

/// A job, as the list of jobs has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundJob {
    /// The id.
    pub id: String,
    /// The kind.
    pub kind: JobKind,
    /// Whether the job is in progress.
    pub in_progress: bool,
    /// When DRS created the job.
    pub created: Timestamp,
    /// The incident in the job's tag.
    pub incident: Option<String>,
    /// The wave in the job's tag.
    pub wave: Option<String>,
    /// The servers.
    pub servers: BTreeMap<String, ServerLaunch>,
}

/// The kind of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobKind {
    /// The job launches servers that take over.
    Recovery,
    /// The job launches servers as a test.
    Drill,
    /// Another job, with DRS's name: `TERMINATE`.
    Other(String),
}

/// An instance that was launched for a server. The server's next launch deletes it ("Launching a recovery instance", AWS Elastic
/// Disaster Recovery User Guide).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RecoveryInstance {
    /// The source server's id.
    pub server: String,
    /// The instance's id in EC2.
    pub id: String,
    /// Whether a drill launched the instance.
    pub is_drill: bool,
}

/// A drill after its launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillFacts {
    /// The progress of its execution; none for a drill without one.
    pub progress: Option<ExecutionProgress>,
    /// The instances of its servers that exist.
    pub instances: Vec<LaunchedInstance>,
    /// The jobs in progress that terminate instances.
    pub terminating: Vec<TerminateJob>,
}

/// An instance with the job that launched it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchedInstance {
    /// The instance; its id is that of the recovery instance.
    pub instance: RecoveryInstance,
    /// The job.
    pub job: Option<String>,
}

/// A job in progress that terminates instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminateJob {
    /// The ids of the recovery instances.
    pub instances: Vec<String>,
    /// The ids of the source servers.
    pub servers: Vec<String>,
}

/// The progress of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionProgress {
    /// The status, with DRS's name.
    pub status: String,
    /// The error that DRS reports.
    pub error: Option<DrsError>,
    /// The steps, in their order.
    pub steps: Vec<StepProgress>,
    /// The servers of the execution's jobs, by job and server.
    pub launches: BTreeMap<(String, String), ServerLaunch>,
}

/// The progress of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepProgress {
    /// The name.
    pub name: String,
    /// The status, with DRS's name.
    pub status: String,
    /// The error that DRS reports.
    pub error: Option<DrsError>,
    /// The servers of the step.
    pub servers: Vec<StepServer>,
}

/// A server of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepServer {
    /// The source server's id.
    pub id: String,
    /// Whether the plan fails if the server does not launch.
    pub critical: bool,
    /// The job that launches the server.
    pub job: Option<String>,
}

/// A server of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerLaunch {
    /// The launch status, with DRS's name: `LAUNCHED`.
    pub status: String,
    /// The instance that was launched.
    pub instance: Option<String>,
}

/// An error that DRS reports about an execution or a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredDrsError", rename_all = "kebab-case")]
pub struct DrsError {
    /// DRS's code; none in items of format 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// DRS's message.
    pub message: String,
}

impl std::fmt::Display for DrsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{code}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// An error in an item: as a value, or as the text of format 1.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredDrsError {
    Text(String),
    Value {
        #[serde(default)]
        code: Option<String>,
        message: String,
    },
}

impl From<StoredDrsError> for DrsError {
    fn from(stored: StoredDrsError) -> Self {
        match stored {
            StoredDrsError::Text(message) => Self { code: None, message },
            StoredDrsError::Value { code, message } => Self { code, message },
        }
    }
}
