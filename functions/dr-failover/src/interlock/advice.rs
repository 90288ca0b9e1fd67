//! The words of interlocks in an email: a headline for its subject, and advice for the operator.

use shared::text::{list_at_most, verb};

use super::Interlock;
use crate::facts::JobKind;
use crate::rules::Mode;
use crate::text::short_duration;

/// The most names in a headline.
const MOST_HOSTS: usize = 2;

/// `db-1 and web-1`: the hostnames alone.
fn hosts(servers: &[String]) -> String {
    let hosts = servers.iter().map(|server| server.split(" (").next().unwrap_or(server));
    list_at_most(&hosts.collect::<Vec<_>>(), MOST_HOSTS)
}

impl Interlock {
    /// A few words for a subject.
    pub fn headline(&self) -> String {
        let text = match self {
            Self::KillSwitchOff { .. } => "recoveries are switched off",
            Self::KillSwitchUnclear { .. } => "the kill switch is unclear",
            Self::NotifyOnly => "an operator has to start it",
            Self::ApprovalNeeded { starts: Some(starts), .. } => {
                return format!("it starts by itself at {} UTC", starts.strftime("%H:%M"));
            }
            Self::ApprovalNeeded { .. } => "an operator has to approve it",
            Self::ApprovalUnanswered { requests } => {
                return format!("no operator answered {requests} requests");
            }
            Self::ApprovalUnreadable { .. } => "the answers of operators cannot be read",
            Self::TimeIsMadeUp => "the function's time is set by hand",
            Self::PlanElsewhere { .. } => "the DRS plan is in another region",
            Self::AlarmUnclear { .. } => "the alarm event is incomplete",
            Self::AlarmUnknown { .. } => "the alarm has no data",
            Self::Stale { late, .. } => return format!("the alarm came {} late", short_duration(*late)),
            Self::FromTheFuture { .. } => "the alarm is from the future",
            Self::Suppressed { .. } => "the alarm is suppressed",
            Self::SecondAlarmQuiet { state, .. } => return format!("the second alarm is {state}"),
            Self::SecondAlarmSuppressed { .. } => "the second alarm is suppressed",
            Self::SecondAlarmUnreadable { .. } => "the second alarm cannot be read",
            Self::SecondAlarmOld { .. } => "the second alarm is older than the outage",
            Self::SecondSignalUnconfirmed { agreed, needed, .. } => {
                return format!("the second signal agreed {agreed} of {needed} times");
            }
            Self::ProbeAnswered { status, .. } => return format!("the site answers with {status}"),
            Self::ProbeNotSent { .. } => "the site could not be probed",
            Self::CoolingDown { mode, .. } => return format!("a {mode} started within the cool-down"),
            Self::Latched { .. } => "an earlier recovery set the latch",
            Self::RecoveryRunning { .. } | Self::JobRunning { job_kind: JobKind::Recovery, .. } => {
                "another recovery is in progress"
            }
            Self::IncidentOpen { .. } => "an incident is open",
            Self::DrillRunning { .. } | Self::JobRunning { job_kind: JobKind::Drill, .. } => {
                "a drill is in progress"
            }
            Self::JobRunning { job_kind: JobKind::Other(_), .. } => "another DRS job uses its servers",
            Self::ExecutionsUnreadable { .. }
            | Self::JobsUnreadable { .. }
            | Self::InstancesUnreadable { .. }
            | Self::PlanUnreadable { .. } => "DRS cannot be read",
            Self::RecoveredAlready { .. } => "recovery instances of an earlier launch exist",
            Self::DrillInstances { .. } => "drill instances exist",
            Self::PlanInvalid { .. } => "the DRS plan is invalid",
            Self::PlanEmpty => "the DRS plan is empty",
            Self::TooManyServers { .. } => "the DRS plan is too large",
            Self::SnapshotsUnreadable { .. } => "snapshots cannot be read",
            Self::NoSnapshot { .. } => "a server has no snapshot",
            Self::OverRpo { oldest, .. } => return format!("snapshots are {} old", short_duration(*oldest)),
            Self::ReplicationStopped { .. } => "DRS replication is disconnected or stopped",
            Self::WaveEmpty { .. } => "a wave has no server",
            Self::WavesTooLarge { .. } => "the plan has too many servers",
            Self::WaveBlocked { servers, .. } => {
                return format!("{} failed, and the next wave waits", hosts(servers));
            }
            Self::WaveSlow { servers, .. } => {
                let is = verb(servers.len(), "is", "are");
                return format!("{} {is} not launched in time", hosts(servers));
            }
            Self::WaveRefused { wave, .. } => return format!("DRS refused a launch of the wave {wave}"),
            Self::WaveAlarmOk { wave } => return format!("the alarm is OK, and the wave {wave} waits"),
            Self::StartRefused { cause, .. } if cause.is_denied() => "the function's role may not start it",
            Self::StartRefused { .. } => "DRS refused the start",
            Self::Earlier { headline, .. } => headline,
        };
        text.to_owned()
    }

    /// Advice for the operator, in a sentence or two.
    pub fn advice(&self) -> &str {
        match self {
            Self::KillSwitchOff { .. } => {
                "An operator switched recoveries off. Ask why before you switch them on."
            }
            Self::KillSwitchUnclear { .. } => {
                "Read the parameter first: an operator may have set it to `disabled`. It takes `enabled` or `disabled`."
            }
            Self::NotifyOnly => {
                "Check the site. If the outage is real, approve the recovery, or start it by hand."
            }
            Self::ApprovalNeeded { after: None, .. } => {
                "Check the site. If the outage is real, approve the recovery."
            }
            Self::ApprovalNeeded { after: Some(_), .. } => {
                "Check the site. Approve the recovery to start it now, or refuse it, so that it does not start by itself."
            }
            Self::ApprovalUnanswered { .. } => {
                "The function asks no more for this incident. Start the recovery by hand if the outage is real."
            }
            Self::ApprovalUnreadable { .. } => {
                "An operator may have refused the recovery. The function reads the parameter again every minute."
            }
            Self::TimeIsMadeUp => {
                "Remove the variable POINTSMAN_NOW from the function. It is only for replays."
            }
            Self::PlanElsewhere { .. } => {
                "The rules or the deployment are wrong. Start the recovery by hand if the site is down."
            }
            Self::FromTheFuture { .. } if self.passes() => {
                "The alarm counts when its time has come. If the site is down now, start the recovery by hand."
            }
            Self::AlarmUnclear { .. } | Self::Stale { .. } | Self::FromTheFuture { .. } => {
                "Check whether the site is down now. If it is, start the recovery by hand."
            }
            Self::AlarmUnknown { .. } => {
                "Check the site yourself: an alarm without data does not mean that the site is up."
            }
            Self::Suppressed { by, .. } | Self::SecondAlarmSuppressed { by, .. } if by.is_maintenance() => {
                "Planned maintenance looks like this. The alarm is checked again when the suppression ends."
            }
            Self::Suppressed { .. } | Self::SecondAlarmSuppressed { .. } => {
                "The composite alarm waits some minutes for its suppressor. The alarm is checked again after that."
            }
            Self::SecondAlarmQuiet { .. } | Self::ProbeAnswered { .. } => {
                "The second signal may be slower, or only some users are affected. Check the site yourself."
            }
            Self::SecondAlarmUnreadable { .. } | Self::ProbeNotSent { .. } => {
                "No recovery starts by itself without its second signal. Check the site yourself."
            }
            Self::SecondAlarmOld { .. } => {
                "An alarm that was in ALARM all along confirms nothing. Check the site yourself, and repair the second alarm."
            }
            Self::SecondSignalUnconfirmed { .. } => {
                "One bad minute is no outage. The function reads the second signal every minute, and no email reports each reading."
            }
            Self::CoolingDown { mode: Mode::Drill, .. } => "Check first how that drill ended.",
            Self::CoolingDown { mode: Mode::Recovery, .. } => "Check first how that recovery ended.",
            Self::Latched { .. } => {
                "Only one recovery starts by itself; an operator decides about the next one. The servers of that recovery may be \
                 in use now."
            }
            Self::RecoveryRunning { .. } | Self::JobRunning { job_kind: JobKind::Recovery, .. } => {
                "A recovery of the same servers is already running. You probably need no second one: find out which principal or plan \
                 started it, and watch it."
            }
            Self::DrillRunning { .. } => {
                "If this is an outage, cancel the drill. The servers of its current step still launch; then the plan is checked again."
            }
            Self::IncidentOpen { .. } => "Drill again when that incident is closed.",
            Self::JobRunning { job_kind: JobKind::Drill, .. } => {
                "A job cannot be cancelled. Wait until it ends; then the plan is checked again."
            }
            Self::JobRunning { job_kind: JobKind::Other(_), .. } => {
                "DRS runs one job for a server at a time. The plan is checked again when this job ends."
            }
            Self::ExecutionsUnreadable { .. }
            | Self::JobsUnreadable { .. }
            | Self::InstancesUnreadable { .. }
            | Self::PlanUnreadable { .. } => {
                "DRS does not answer, or the function lacks a permission. The function tries again every minute."
            }
            Self::RecoveredAlready { .. } => {
                "A new launch deletes every such instance first. If nothing uses it, terminate it; then the plan is checked again."
            }
            Self::DrillInstances { .. } => "A new launch deletes every such instance first.",
            Self::PlanInvalid { .. } | Self::PlanEmpty | Self::TooManyServers { .. } => {
                "Fix the plan in the DRS console, or recover single servers."
            }
            Self::SnapshotsUnreadable { .. } => {
                "A recovery starts only from snapshots that could be read. The function tries again every minute."
            }
            Self::NoSnapshot { servers, of } if servers.len() == *of => {
                "No server of the plan can be recovered. Check the replication in DRS."
            }
            Self::NoSnapshot { .. } => {
                "DRS launches no server of a plan while one of them, even an optional one, has no snapshot. Remove these servers \
                 from the plan in the DRS console; the plan is checked again within a minute."
            }
            Self::OverRpo { .. } => {
                "A recovery would lose more data than the RPO allows. If the outage is worse, start the recovery by hand."
            }
            Self::ReplicationStopped { .. } => "DRS probably refuses a plan with such a server.",
            Self::WaveEmpty { .. } => {
                "Fix the wave's tags or ids in the rules, or the tags of the source servers."
            }
            Self::WavesTooLarge { .. } => "Split the plan: each plan has its own waves.",
            Self::WaveBlocked { .. } => {
                "An operator has to act: launch the server again, or skip it. The next wave starts within a minute after that."
            }
            Self::WaveSlow { .. } => {
                "DRS cannot cancel a job. Wait, or skip the server: then the next wave starts without it."
            }
            Self::WaveRefused { .. } if !self.passes() => {
                "The servers that were launched stay. Launch the wave with the permissions of your own role (the command is below), or \
                 remove the cause that DRS names."
            }
            Self::WaveRefused { .. } => {
                "The servers that were launched stay. Fix the cause that DRS names, or wait."
            }
            Self::WaveAlarmOk { .. } => {
                "Check whether the original site works. Then continue the waves, or give them up. If the alarm goes into ALARM again, \
                 the waves continue by themselves."
            }
            Self::StartRefused { cause, .. } if cause.is_denied() => {
                "Nothing was launched. Start the recovery with the permissions of your own role (the command is below), or add the permission to the \
                 function's role."
            }
            Self::StartRefused { cause, .. } if cause.is_lasting() => {
                "Nothing was launched. Fix the cause that DRS names, then start the recovery with the permissions of your own role \
                 (the command is below), or wait for the function's next try."
            }
            Self::StartRefused { .. } => "Nothing was launched. Fix the cause that DRS names, or wait.",
            Self::Earlier { advice, .. } => advice,
        }
    }
}
