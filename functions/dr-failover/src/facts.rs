//! What a decision needs to know, as it was read: each of it may not have been readable, and then it holds.

use jiff::{SignedDuration, Timestamp};

use crate::alarm::State;
use crate::rules::Mode;

/// What was read, or why it could not be.
pub type Read<T> = Result<T, String>;

/// What a decision needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The kill switch.
    pub switch: Read<Switch>,
    /// The second alarm; none where the plan has none.
    pub second_alarm: Option<Read<SecondAlarm>>,
    /// The probe; none where the plan has none.
    pub probe: Option<Probed>,
    /// The executions of the DRS plan that count: those under way, and this incident's own.
    pub executions: Read<Vec<Running>>,
    /// What there is to recover; none where something holds already, and it was not looked at.
    pub recoverable: Option<Recoverable>,
    /// `POINTSMAN_NOW` is set, and AWS is not on this machine.
    pub time_is_made_up: bool,
}

/// What the kill switch says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Switch {
    /// Recoveries may start.
    Enabled,
    /// They may not.
    Disabled,
    /// It is not there.
    Absent,
    /// Something that is neither.
    Other(String),
}

/// The second alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecondAlarm {
    /// There is none of that name.
    Absent,
    /// It is there.
    Is {
        /// Its state; none for one that is not known here.
        state: Option<State>,
        /// Since when.
        since: Option<Timestamp>,
        /// What suppresses it.
        suppressed_by: Option<String>,
    },
}

/// What the probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probed {
    /// The endpoint answered with this status.
    Answered(u16),
    /// It did not; why.
    Silent(String),
    /// It could not be asked; why. That says nothing about the endpoint.
    NotAsked(String),
}

impl Probed {
    /// Whether the endpoint works, as Route 53's health checks have it: an answer of 2xx or 3xx.
    pub fn is_well(&self) -> bool {
        matches!(self, Self::Answered(200..=399))
    }
}

/// An execution of the DRS plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// Its ARN.
    pub arn: String,
    /// Whether it is for real; none for a mode that is not known here.
    pub mode: Option<Mode>,
    /// As DRS has it.
    pub status: String,
    /// When it was started.
    pub started: Timestamp,
    /// The incident that it has as its tag.
    pub incident: Option<String>,
}

impl Running {
    /// Whether it has come to an end.
    pub fn has_ended(&self) -> bool {
        is_end(&self.status)
    }
}

/// Whether an execution with this status has come to an end. `TIMED_OUT` is in the user guide ("Monitoring an execution", AWS
/// Elastic Disaster Recovery User Guide) and not in the API's model.
pub fn is_end(status: &str) -> bool {
    matches!(status, "COMPLETED" | "FAILED" | "TIMED_OUT" | "CANCELLED")
}

/// What there is to recover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recoverable {
    /// The DRS plan: its status, and its servers.
    pub plan: Read<DrsPlan>,
    /// Jobs under way that have one of the servers.
    pub jobs: Read<Vec<Job>>,
    /// What was launched of the servers before and is there still.
    pub instances: Read<Vec<Instance>>,
}

/// The DRS plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrsPlan {
    /// `ACTIVE`, `INVALID`.
    pub status: String,
    /// Its servers, in the order of its steps.
    pub servers: Vec<ServerSeen>,
}

/// A server of the DRS plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSeen {
    /// Its id.
    pub id: String,
    /// The step that launches it.
    pub step: String,
    /// Whether the plan fails if its launch does. Before that all servers count alike: DRS checks them all, and starts none
    /// if one of them does not pass.
    pub critical: bool,
    /// Its newest recovery snapshot that was taken; none where there is none.
    pub snapshot: Read<Option<Snapshot>>,
    /// The name of its host.
    pub hostname: Option<String>,
    /// How its replication stands, for people to know: that the source is stalled is what an outage looks like.
    pub replication: Option<String>,
}

impl ServerSeen {
    /// Whether somebody took it out of DRS's hands, so that DRS may not launch it ("Validation that runs before a server is
    /// recovered", AWS Elastic Disaster Recovery User Guide). A source that is down is `STALLED`, which is something else.
    pub fn is_put_away(&self) -> bool {
        matches!(self.replication.as_deref(), Some("DISCONNECTED" | "STOPPED"))
    }
}

/// A recovery snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its id.
    pub id: String,
    /// When it was taken.
    pub taken: Timestamp,
}

impl Snapshot {
    /// How old it was when the outage began: nothing, if it is newer.
    pub fn age_at(&self, began: Timestamp) -> SignedDuration {
        began.duration_since(self.taken).max(SignedDuration::ZERO)
    }
}

/// A job that has servers: DRS has one for a server at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// What it does.
    pub kind: JobKind,
    /// Those of its servers that are the plan's.
    pub servers: Vec<String>,
}

/// What a job does with its servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobKind {
    /// Launches them to take over.
    Recovery,
    /// Launches them to see whether they can be.
    Drill,
    /// Something else, as DRS has it: `TERMINATE`.
    Other(String),
}

/// An instance that was launched for a server. The server's next launch deletes it ("Launching a recovery instance", AWS Elastic Disaster
/// Recovery User Guide).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The source server's id.
    pub server: String,
    /// Its id in EC2.
    pub id: String,
    /// Whether it was launched by a drill.
    pub is_drill: bool,
}
