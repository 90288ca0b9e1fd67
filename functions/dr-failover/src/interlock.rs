//! The interlocks: conditions that block a recovery. Items hold them as values; sentences and advice are made from these.

mod advice;
mod bounded;
mod code;
mod sentence;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::arn::Arn;
use shared::call_error::CallError;

use crate::alarm::AlarmState;
use crate::facts::{JobKind, ProbeFailure, RecoveryInstance};
use crate::incident::{MissingDetail, RefusalCause, is_lasting};
use crate::rules::Mode;
use crate::suppression::Suppression;

pub use code::InterlockCode;
pub(crate) use sentence::some;

/// The longest time for which the function waits until the time of an alarm has come.
const LONGEST_WAIT_FOR_A_TIME: SignedDuration = SignedDuration::from_hours(24);

/// A condition that blocks a recovery, or that an email names although it blocks nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, strum::VariantNames)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Interlock {
    /// The kill switch is `disabled`.
    KillSwitchOff { parameter: String },
    /// The kill switch has no usable value.
    KillSwitchUnclear { parameter: String, found: KillSwitchGap },
    /// The plan's mode is `notify`, and no operator approved the start.
    NotifyOnly,
    /// No operator has approved the start. Without a refusal it starts by itself `after` a time, at `starts`.
    ApprovalNeeded { after: Option<SignedDuration>, starts: Option<Timestamp>, expires: Option<Timestamp> },
    /// No operator answered this many requests for an approval, and the function asks no more.
    ApprovalUnanswered { requests: u32 },
    /// The operators' answers could not be read.
    ApprovalUnreadable { parameter: String, error: CallError },
    /// The function's time is set by hand.
    TimeIsMadeUp,
    /// The DRS plan is in another region than the function.
    PlanElsewhere { region: String, here: String },
    /// The alarm event lacks details.
    AlarmUnclear { alarm: String, missing: Vec<MissingDetail> },
    /// No alarm of the incident is in ALARM; these have no data.
    AlarmUnknown { alarms: Vec<String> },
    /// The alarm event arrived too late.
    Stale { alarm: String, late: SignedDuration, most: SignedDuration },
    /// The alarm event is from the future.
    FromTheFuture { alarm: String, early: SignedDuration },
    /// The alarm's actions are suppressed.
    Suppressed { alarm: String, by: Suppression },
    /// The second alarm is not in ALARM.
    SecondAlarmQuiet { alarm: String, state: AlarmState },
    /// The second alarm's actions are suppressed.
    SecondAlarmSuppressed { alarm: String, by: Suppression },
    /// The second alarm has no usable state.
    SecondAlarmUnreadable { alarm: String, found: SecondAlarmGap },
    /// The second alarm has been in ALARM since long before the outage, so its state does not confirm the outage.
    SecondAlarmOld { alarm: String, since: Timestamp, began: Timestamp },
    /// The second signal agrees, and not yet often enough.
    SecondSignalUnconfirmed { agreed: u32, readings: u32, needed: u32, of: u32 },
    /// The probed endpoint answers.
    ProbeAnswered { url: String, status: u16 },
    /// The probe could not be sent.
    ProbeNotSent { url: String, failure: ProbeFailure },
    /// A recovery started less than the cool-down ago.
    CoolingDown { mode: Mode, started: Timestamp, until: Timestamp },
    /// A recovery started, and its latch has not been cleared.
    Latched { incident: String, at: Timestamp },
    /// A recovery that is not this incident's is in progress.
    RecoveryRunning { execution: Arn, status: String, started: Timestamp },
    /// A drill is in progress. It has the id of its incident if this function started it.
    DrillRunning {
        execution: Arn,
        status: String,
        started: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        incident: Option<String>,
    },
    /// An incident of the plan is open. It blocks a drill.
    IncidentOpen { incident: String },
    /// The executions could not be read.
    ExecutionsUnreadable { error: CallError },
    /// The jobs could not be read.
    JobsUnreadable { error: CallError },
    /// A job has one of the servers.
    JobRunning { job: String, job_kind: JobKind, servers: Vec<String> },
    /// The recovery instances could not be read.
    InstancesUnreadable { error: CallError },
    /// An earlier recovery launched instances, which a new launch deletes.
    RecoveredAlready { instances: Vec<RecoveryInstance> },
    /// A drill launched instances, which a new launch deletes. It blocks nothing.
    DrillInstances { instances: Vec<RecoveryInstance> },
    /// The DRS plan could not be read.
    PlanUnreadable { error: CallError },
    /// DRS cannot execute the plan.
    PlanInvalid { status: String },
    /// The DRS plan has no server.
    PlanEmpty,
    /// The DRS plan has more servers than a start takes snapshots.
    TooManyServers { count: usize, most: usize },
    /// Snapshots could not be read.
    SnapshotsUnreadable { servers: Vec<String>, error: CallError },
    /// Servers have no snapshot.
    NoSnapshot { servers: Vec<String>, of: usize },
    /// The newest snapshots of these servers are older than the RPO.
    OverRpo { servers: Vec<String>, oldest: SignedDuration, rpo: SignedDuration },
    /// DRS replication of these servers is disconnected or stopped. It blocks nothing.
    #[serde(rename = "put-away")]
    #[strum(serialize = "put-away")]
    ReplicationStopped { servers: Vec<String> },
    /// No source server belongs to these waves.
    WaveEmpty { waves: Vec<String> },
    /// The waves have more servers than an incident can hold.
    WavesTooLarge { count: usize, most: usize },
    /// Critical servers of a wave did not launch.
    WaveBlocked { wave: String, servers: Vec<String> },
    /// Critical servers of a wave are not launched in time.
    WaveSlow { wave: String, servers: Vec<String>, within: SignedDuration },
    /// DRS refused a launch of a wave.
    WaveRefused { wave: String, error: CallError, again: Timestamp },
    /// Every alarm is OK, and a further wave would start.
    WaveAlarmOk { wave: String },
    /// DRS refused the start, or ended the execution before its first step.
    StartRefused { cause: RefusalCause, again: Timestamp },
    /// An interlock in an item of format 1: its code and its texts.
    Earlier { code: InterlockCode, headline: String, passes: bool, because: String, advice: String },
}

/// Why the kill switch has no usable value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KillSwitchGap {
    /// The parameter does not exist.
    Absent,
    /// The parameter has another value.
    Other(String),
    /// The parameter could not be read.
    Unreadable(CallError),
}

/// Why the second alarm has no usable state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecondAlarmGap {
    /// No alarm has that name.
    Absent,
    /// The alarm has no data.
    NoData,
    /// The alarm has a state that is unknown here.
    UnknownState,
    /// The alarm could not be read.
    Unreadable(CallError),
}

impl Interlock {
    /// The code. Several interlocks can share one.
    pub fn code(&self) -> InterlockCode {
        use InterlockCode as Code;
        match self {
            Self::KillSwitchOff { .. } => Code::KillSwitchOff,
            Self::KillSwitchUnclear { .. } => Code::KillSwitchUnclear,
            Self::NotifyOnly => Code::NotifyOnly,
            Self::ApprovalNeeded { .. } => Code::ApprovalNeeded,
            Self::ApprovalUnanswered { .. } => Code::ApprovalUnanswered,
            Self::ApprovalUnreadable { .. } => Code::ApprovalUnreadable,
            Self::TimeIsMadeUp => Code::TimeIsMadeUp,
            Self::PlanElsewhere { .. } => Code::PlanElsewhere,
            Self::AlarmUnclear { .. } => Code::AlarmUnclear,
            Self::AlarmUnknown { .. } => Code::AlarmUnknown,
            Self::Stale { .. } => Code::Stale,
            Self::FromTheFuture { .. } => Code::FromTheFuture,
            Self::Suppressed { .. } => Code::Suppressed,
            Self::SecondAlarmQuiet { .. } | Self::ProbeAnswered { .. } => Code::SecondSignalQuiet,
            Self::SecondAlarmSuppressed { .. } => Code::SecondSignalSuppressed,
            Self::SecondAlarmOld { .. } => Code::SecondSignalOld,
            Self::SecondSignalUnconfirmed { .. } => Code::SecondSignalUnconfirmed,
            Self::SecondAlarmUnreadable { .. } | Self::ProbeNotSent { .. } => Code::SecondSignalUnreadable,
            Self::CoolingDown { .. } => Code::CoolingDown,
            Self::Latched { .. } => Code::Latched,
            Self::RecoveryRunning { .. } => Code::RecoveryRunning,
            Self::DrillRunning { .. } => Code::DrillRunning,
            Self::IncidentOpen { .. } => Code::IncidentOpen,
            Self::JobRunning { job_kind: JobKind::Drill, .. } => Code::DrillRunning,
            Self::JobRunning { job_kind: JobKind::Recovery, .. } => Code::RecoveryRunning,
            Self::JobRunning { job_kind: JobKind::Other(_), .. } => Code::JobRunning,
            Self::ExecutionsUnreadable { .. } | Self::JobsUnreadable { .. } => Code::ExecutionsUnreadable,
            Self::InstancesUnreadable { .. } => Code::InstancesUnreadable,
            Self::RecoveredAlready { .. } => Code::RecoveredAlready,
            Self::DrillInstances { .. } => Code::DrillInstances,
            Self::PlanUnreadable { .. } => Code::PlanUnreadable,
            Self::PlanInvalid { .. } => Code::PlanInvalid,
            Self::PlanEmpty => Code::PlanEmpty,
            Self::TooManyServers { .. } => Code::TooManyServers,
            Self::SnapshotsUnreadable { .. } => Code::SnapshotsUnreadable,
            Self::NoSnapshot { .. } => Code::NoSnapshot,
            Self::OverRpo { .. } => Code::OverRpo,
            Self::ReplicationStopped { .. } => Code::ReplicationStopped,
            Self::WaveEmpty { .. } => Code::PlanEmpty,
            Self::WavesTooLarge { .. } => Code::TooManyServers,
            Self::WaveBlocked { .. } => Code::WaveBlocked,
            Self::WaveSlow { .. } => Code::WaveSlow,
            Self::WaveRefused { .. } => Code::WaveRefused,
            Self::WaveAlarmOk { .. } => Code::WaveAlarmOk,
            Self::StartRefused { cause, .. } if cause.is_lasting() => Code::StartRefusedForGood,
            Self::StartRefused { .. } => Code::StartRefused,
            Self::Earlier { code, .. } => *code,
        }
    }

    /// Whether the interlock can cease without an operator's action.
    pub fn passes(&self) -> bool {
        match self {
            Self::KillSwitchOff { .. }
            | Self::NotifyOnly
            | Self::ApprovalNeeded { after: None, .. }
            | Self::ApprovalUnanswered { .. }
            | Self::TimeIsMadeUp
            | Self::PlanElsewhere { .. }
            | Self::AlarmUnclear { .. }
            | Self::Stale { .. }
            | Self::SecondAlarmOld { .. }
            | Self::Latched { .. }
            | Self::IncidentOpen { .. }
            | Self::RecoveredAlready { .. }
            | Self::PlanInvalid { .. }
            | Self::PlanEmpty
            | Self::TooManyServers { .. }
            | Self::WaveEmpty { .. }
            | Self::WavesTooLarge { .. }
            | Self::WaveBlocked { .. }
            | Self::WaveAlarmOk { .. } => false,
            Self::KillSwitchUnclear { .. }
            | Self::ApprovalNeeded { after: Some(_), .. }
            | Self::ApprovalUnreadable { .. }
            | Self::AlarmUnknown { .. }
            | Self::Suppressed { .. }
            | Self::SecondAlarmQuiet { .. }
            | Self::SecondAlarmSuppressed { .. }
            | Self::SecondAlarmUnreadable { .. }
            | Self::SecondSignalUnconfirmed { .. }
            | Self::ProbeAnswered { .. }
            | Self::ProbeNotSent { .. }
            | Self::CoolingDown { .. }
            | Self::RecoveryRunning { .. }
            | Self::DrillRunning { .. }
            | Self::ExecutionsUnreadable { .. }
            | Self::JobsUnreadable { .. }
            | Self::JobRunning { .. }
            | Self::InstancesUnreadable { .. }
            | Self::DrillInstances { .. }
            | Self::PlanUnreadable { .. }
            | Self::SnapshotsUnreadable { .. }
            | Self::NoSnapshot { .. }
            | Self::OverRpo { .. }
            | Self::ReplicationStopped { .. }
            | Self::WaveSlow { .. } => true,
            Self::WaveRefused { error, .. } => !is_lasting(error),
            Self::StartRefused { cause, .. } => !cause.is_lasting(),
            // The function waits for the alarm's own time, unless that is a mistake.
            Self::FromTheFuture { early, .. } => *early <= LONGEST_WAIT_FOR_A_TIME,
            Self::Earlier { passes, .. } => *passes,
        }
    }

    /// Whether the site answers: users may not notice the outage that the alarm reports.
    pub fn finds_the_site_up(&self) -> bool {
        matches!(self, Self::ProbeAnswered { .. } | Self::SecondAlarmQuiet { state: AlarmState::Ok, .. })
    }

    /// The execution that blocks the start.
    pub fn execution(&self) -> Option<&Arn> {
        match self {
            Self::RecoveryRunning { execution, .. } | Self::DrillRunning { execution, .. } => Some(execution),
            _ => None,
        }
    }
}
