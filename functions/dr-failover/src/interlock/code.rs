//! The codes of interlocks. They are stable: items, emails and filters hold them.

use serde::{Deserialize, Serialize};

/// The code of an interlock, in kebab case.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
#[expect(missing_docs, reason = "each code names its interlock")]
pub enum InterlockCode {
    KillSwitchOff,
    KillSwitchUnclear,
    NotifyOnly,
    ApprovalNeeded,
    ApprovalUnanswered,
    ApprovalUnreadable,
    TimeIsMadeUp,
    PlanElsewhere,
    AlarmUnclear,
    AlarmUnknown,
    Stale,
    FromTheFuture,
    Suppressed,
    SecondSignalQuiet,
    SecondSignalSuppressed,
    SecondSignalUnreadable,
    SecondSignalOld,
    SecondSignalUnconfirmed,
    CoolingDown,
    Latched,
    RecoveryRunning,
    DrillRunning,
    IncidentOpen,
    JobRunning,
    ExecutionsUnreadable,
    InstancesUnreadable,
    RecoveredAlready,
    DrillInstances,
    PlanUnreadable,
    PlanInvalid,
    PlanEmpty,
    TooManyServers,
    SnapshotsUnreadable,
    NoSnapshot,
    OverRpo,
    #[serde(rename = "put-away")]
    #[strum(serialize = "put-away")]
    ReplicationStopped,
    StartRefused,
    WaveBlocked,
    WaveSlow,
    WaveRefused,
    WaveAlarmOk,
    StartRefusedForGood,
}

impl InterlockCode {
    /// The code as a text.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether the code is about the second signal.
    pub fn is_of_the_second_signal(self) -> bool {
        matches!(
            self,
            Self::SecondSignalQuiet
                | Self::SecondSignalSuppressed
                | Self::SecondSignalUnreadable
                | Self::SecondSignalOld
                | Self::SecondSignalUnconfirmed
        )
    }

    /// Whether DRS would refuse a start by hand, or a start by hand would do harm.
    pub fn forbids_a_start_by_hand(self) -> bool {
        match self {
            Self::RecoveryRunning
            | Self::DrillRunning
            | Self::JobRunning
            | Self::RecoveredAlready
            | Self::PlanInvalid
            | Self::PlanEmpty
            | Self::NoSnapshot
            | Self::WaveBlocked
            | Self::WaveSlow
            | Self::WaveRefused
            | Self::WaveAlarmOk
            | Self::StartRefused => true,
            Self::KillSwitchOff
            | Self::KillSwitchUnclear
            | Self::NotifyOnly
            | Self::ApprovalNeeded
            | Self::ApprovalUnanswered
            | Self::ApprovalUnreadable
            | Self::TimeIsMadeUp
            | Self::PlanElsewhere
            | Self::AlarmUnclear
            | Self::AlarmUnknown
            | Self::Stale
            | Self::FromTheFuture
            | Self::Suppressed
            | Self::SecondSignalQuiet
            | Self::SecondSignalSuppressed
            | Self::SecondSignalUnreadable
            | Self::SecondSignalOld
            | Self::SecondSignalUnconfirmed
            | Self::CoolingDown
            | Self::Latched
            | Self::IncidentOpen
            | Self::ExecutionsUnreadable
            | Self::InstancesUnreadable
            | Self::DrillInstances
            | Self::PlanUnreadable
            | Self::TooManyServers
            | Self::SnapshotsUnreadable
            | Self::OverRpo
            | Self::StartRefusedForGood
            | Self::ReplicationStopped => false,
        }
    }
}
