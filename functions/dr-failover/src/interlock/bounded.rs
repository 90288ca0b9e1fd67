//! The length of an interlock's texts: an item of DynamoDB has 400 KB at most.

use super::{Interlock, KillSwitchGap, SecondAlarmGap};
use crate::incident::{Incident, RefusalCause};

impl Interlock {
    /// The interlock with the texts of others as long as an item keeps them.
    #[must_use]
    pub fn bounded(&self) -> Self {
        let mut bounded = self.clone();
        match &mut bounded {
            Self::ExecutionsUnreadable { error }
            | Self::JobsUnreadable { error }
            | Self::InstancesUnreadable { error }
            | Self::PlanUnreadable { error }
            | Self::ApprovalUnreadable { error, .. }
            | Self::SnapshotsUnreadable { error, .. }
            | Self::KillSwitchUnclear { found: KillSwitchGap::Unreadable(error), .. }
            | Self::SecondAlarmUnreadable { found: SecondAlarmGap::Unreadable(error), .. }
            | Self::StartRefused { cause: RefusalCause::Refused { error }, .. } => {
                *error = Incident::bounded_error(error);
            }
            Self::ProbeNotSent { failure, .. } => failure.message = Incident::bounded(&failure.message),
            Self::KillSwitchOff { .. }
            | Self::NotifyOnly
            | Self::ApprovalNeeded { .. }
            | Self::ApprovalUnanswered { .. }
            | Self::TimeIsMadeUp
            | Self::PlanElsewhere { .. }
            | Self::AlarmUnclear { .. }
            | Self::AlarmUnknown { .. }
            | Self::Stale { .. }
            | Self::FromTheFuture { .. }
            | Self::Suppressed { .. }
            | Self::SecondAlarmQuiet { .. }
            | Self::SecondAlarmSuppressed { .. }
            | Self::ProbeAnswered { .. }
            | Self::CoolingDown { .. }
            | Self::Latched { .. }
            | Self::RecoveryRunning { .. }
            | Self::DrillRunning { .. }
            | Self::JobRunning { .. }
            | Self::RecoveredAlready { .. }
            | Self::DrillInstances { .. }
            | Self::PlanInvalid { .. }
            | Self::PlanEmpty
            | Self::TooManyServers { .. }
            | Self::NoSnapshot { .. }
            | Self::OverRpo { .. }
            | Self::ReplicationStopped { .. }
            | Self::Earlier { .. }
            | Self::KillSwitchUnclear { found: KillSwitchGap::Absent | KillSwitchGap::Other(_), .. }
            | Self::SecondAlarmUnreadable {
                found: SecondAlarmGap::Absent | SecondAlarmGap::NoData | SecondAlarmGap::UnknownState,
                ..
            }
            | Self::StartRefused {
                cause: RefusalCause::EndedBeforeAnyStep { .. } | RefusalCause::Earlier { .. },
                ..
            } => {}
        }
        bounded
    }
}
