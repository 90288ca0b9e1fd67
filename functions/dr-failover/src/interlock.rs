//! What keeps a recovery from starting: each interlock with its code, its words in a subject, its sentence, and what a person can do
//! about it.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::facts::JobKind;
use crate::rules::Mode;

/// Something that holds a recovery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interlock {
    /// Recoveries are switched off.
    KillSwitchOff { parameter: String },
    /// The switch is not there, or says neither.
    KillSwitchUnclear { parameter: String, found: String },
    /// The time is one that was set by hand.
    TimeIsMadeUp,
    /// The DRS plan is in another region than this function.
    PlanElsewhere { region: String, here: String },
    /// The event left something out.
    AlarmUnclear { alarm: String, unsaid: String },
    /// No alarm of the incident is in ALARM now; these have no data.
    AlarmUnknown { alarms: Vec<String> },
    /// The alarm came too late.
    Stale { alarm: String, late: SignedDuration, most: SignedDuration },
    /// It is from the future.
    FromTheFuture { alarm: String, early: SignedDuration },
    /// The alarm's actions are suppressed.
    Suppressed { alarm: String, by: String },
    /// The second alarm is not in ALARM.
    SecondAlarmQuiet { alarm: String, state: String },
    /// Its actions are suppressed.
    SecondAlarmSuppressed { alarm: String, by: String },
    /// It could not be read, or is not there.
    SecondAlarmUnreadable { alarm: String, why: String },
    /// The endpoint answers.
    ProbeAnswered { url: String, status: u16 },
    /// It could not be asked.
    ProbeNotMade { url: String, why: String },
    /// A recovery was started not long ago.
    CoolingDown { mode: Mode, started: Timestamp, until: Timestamp },
    /// A recovery was started, and nobody has cleared it.
    Latched { incident: String, at: Timestamp },
    /// A recovery is under way that is not this incident's.
    RecoveryRunning { execution: String, status: String, started: Timestamp },
    /// A drill is under way.
    DrillRunning { execution: String, status: String, started: Timestamp },
    /// What is under way could not be read.
    ExecutionsUnreadable { why: String },
    /// Jobs that are under way could not be read.
    JobsUnreadable { why: String },
    /// A job has one of the servers.
    JobRunning { job: String, kind: JobKind, servers: Vec<String> },
    /// What was recovered before could not be read.
    InstancesUnreadable { why: String },
    /// Servers were recovered before, and a new launch deletes what was launched then.
    RecoveredAlready { servers: Vec<String> },
    /// The same, and it was a drill. It holds nothing.
    DrillInstances { servers: Vec<String> },
    /// The DRS plan could not be read.
    PlanUnreadable { why: String },
    /// DRS cannot carry it out.
    PlanInvalid { status: String },
    /// It launches nothing.
    PlanEmpty,
    /// It launches more than one execution takes snapshots for.
    TooManyServers { count: usize, most: usize },
    /// Snapshots could not be read.
    SnapshotsUnreadable { servers: Vec<String>, why: String },
    /// Servers have none.
    NoSnapshot { servers: Vec<String>, of: usize },
    /// Servers have none that is young enough.
    OverRpo { servers: Vec<String>, oldest: SignedDuration, rpo: SignedDuration },
    /// Somebody took servers out of DRS's hands. It holds nothing.
    PutAway { servers: Vec<String> },
    /// DRS refused the start, or ended it before anything was launched.
    StartRefused { error: String, again: Timestamp },
}

impl Interlock {
    /// Its code, stable, in kebab case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::KillSwitchOff { .. } => "kill-switch-off",
            Self::KillSwitchUnclear { .. } => "kill-switch-unclear",
            Self::TimeIsMadeUp => "time-is-made-up",
            Self::PlanElsewhere { .. } => "plan-elsewhere",
            Self::AlarmUnclear { .. } => "alarm-unclear",
            Self::AlarmUnknown { .. } => "alarm-unknown",
            Self::Stale { .. } => "stale",
            Self::FromTheFuture { .. } => "from-the-future",
            Self::Suppressed { .. } => "suppressed",
            Self::SecondAlarmQuiet { .. } | Self::ProbeAnswered { .. } => "second-signal-quiet",
            Self::SecondAlarmSuppressed { .. } => "second-signal-suppressed",
            Self::SecondAlarmUnreadable { .. } | Self::ProbeNotMade { .. } => "second-signal-unreadable",
            Self::CoolingDown { .. } => "cooling-down",
            Self::Latched { .. } => "latched",
            Self::RecoveryRunning { .. } => "recovery-running",
            Self::DrillRunning { .. } => "drill-running",
            Self::JobRunning { kind: JobKind::Drill, .. } => "drill-running",
            Self::JobRunning { kind: JobKind::Recovery, .. } => "recovery-running",
            Self::JobRunning { kind: JobKind::Other(_), .. } => "job-running",
            Self::ExecutionsUnreadable { .. } | Self::JobsUnreadable { .. } => "executions-unreadable",
            Self::InstancesUnreadable { .. } => "instances-unreadable",
            Self::RecoveredAlready { .. } => "recovered-already",
            Self::DrillInstances { .. } => "drill-instances",
            Self::PlanUnreadable { .. } => "plan-unreadable",
            Self::PlanInvalid { .. } => "plan-invalid",
            Self::PlanEmpty => "plan-empty",
            Self::TooManyServers { .. } => "too-many-servers",
            Self::SnapshotsUnreadable { .. } => "snapshots-unreadable",
            Self::NoSnapshot { .. } => "no-snapshot",
            Self::OverRpo { .. } => "over-rpo",
            Self::PutAway { .. } => "put-away",
            Self::StartRefused { .. } => "start-refused",
        }
    }

    /// In a few words, for a subject.
    pub fn headline(&self) -> String {
        let text = match self {
            Self::KillSwitchOff { .. } => "recoveries are switched off",
            Self::KillSwitchUnclear { .. } => "the kill switch is unclear",
            Self::TimeIsMadeUp => "the function's time is set by hand",
            Self::PlanElsewhere { .. } => "the DRS plan is in another region",
            Self::AlarmUnclear { .. } => "the alarm event is incomplete",
            Self::AlarmUnknown { .. } => "the alarm has no data",
            Self::Stale { late, .. } => return format!("the alarm came {} late", told(*late)),
            Self::FromTheFuture { .. } => "the alarm is from the future",
            Self::Suppressed { .. } => "the alarm is suppressed",
            Self::SecondAlarmQuiet { state, .. } => return format!("the second alarm is {state}"),
            Self::SecondAlarmSuppressed { .. } => "the second alarm is suppressed",
            Self::SecondAlarmUnreadable { .. } => "the second alarm cannot be read",
            Self::ProbeAnswered { status, .. } => return format!("the site answers with {status}"),
            Self::ProbeNotMade { .. } => "the site could not be probed",
            Self::CoolingDown { mode, .. } => return format!("a {mode} ran not long ago"),
            Self::Latched { .. } => "a recovery ran before",
            Self::RecoveryRunning { .. } | Self::JobRunning { kind: JobKind::Recovery, .. } => {
                "a recovery is running already"
            }
            Self::DrillRunning { .. } | Self::JobRunning { kind: JobKind::Drill, .. } => "a drill is running",
            Self::JobRunning { .. } => "a job has its servers",
            Self::ExecutionsUnreadable { .. }
            | Self::JobsUnreadable { .. }
            | Self::InstancesUnreadable { .. }
            | Self::PlanUnreadable { .. } => "DRS cannot be read",
            Self::RecoveredAlready { .. } => "servers are recovered already",
            Self::DrillInstances { .. } => "drill instances are there",
            Self::PlanInvalid { .. } => "the DRS plan is invalid",
            Self::PlanEmpty => "the DRS plan is empty",
            Self::TooManyServers { .. } => "the DRS plan is too large",
            Self::SnapshotsUnreadable { .. } => "snapshots cannot be read",
            Self::NoSnapshot { .. } => "no snapshot",
            Self::OverRpo { oldest, .. } => return format!("snapshots are {} old", told(*oldest)),
            Self::PutAway { .. } => "servers are disconnected",
            Self::StartRefused { .. } => "DRS refused it",
        };
        text.to_owned()
    }

    /// Whether it can go away without anybody's doing.
    pub fn passes(&self) -> bool {
        !matches!(
            self,
            Self::KillSwitchOff { .. }
                | Self::TimeIsMadeUp
                | Self::PlanElsewhere { .. }
                | Self::AlarmUnclear { .. }
                | Self::Stale { .. }
                | Self::FromTheFuture { .. }
                | Self::Latched { .. }
                | Self::RecoveredAlready { .. }
                | Self::PlanInvalid { .. }
                | Self::PlanEmpty
                | Self::TooManyServers { .. }
        )
    }

    /// What a person can do about it, in a sentence or two.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::KillSwitchOff { .. } => {
                "Somebody switched recoveries off. Ask why before you switch them on."
            }
            Self::KillSwitchUnclear { .. } => {
                "Read the parameter first: it may have been set to `disabled` on purpose. It takes `enabled` or `disabled`."
            }
            Self::TimeIsMadeUp => "Remove the variable POINTSMAN_NOW from the function; it is for replays.",
            Self::PlanElsewhere { .. } => {
                "The rules or the deployment are wrong. Start by hand if the site is down."
            }
            Self::AlarmUnclear { .. } | Self::Stale { .. } | Self::FromTheFuture { .. } => {
                "Check whether the site is down now. If it is, start by hand."
            }
            Self::AlarmUnknown { .. } => {
                "Check the site yourself: an alarm without data does not say that it is up."
            }
            Self::Suppressed { by, .. } | Self::SecondAlarmSuppressed { by, .. }
                if by == "Alarm" || by.starts_with("mute rule") =>
            {
                "This is how planned maintenance looks. It is checked again when the suppression ends."
            }
            Self::Suppressed { .. } | Self::SecondAlarmSuppressed { .. } => {
                "The composite alarm waits for its suppressor, which takes minutes. It is checked again after that."
            }
            Self::SecondAlarmQuiet { .. } | Self::ProbeAnswered { .. } => {
                "The second signal may be slower, or only some users are affected. Check the site yourself."
            }
            Self::SecondAlarmUnreadable { .. } | Self::ProbeNotMade { .. } => {
                "Without its second signal no recovery starts by itself. Check the site yourself."
            }
            Self::CoolingDown { .. } => "Look at what came of that one first.",
            Self::Latched { .. } => {
                "Only one recovery starts by itself; then a person must decide. The servers of that recovery may be in use now."
            }
            Self::RecoveryRunning { .. } | Self::JobRunning { kind: JobKind::Recovery, .. } => {
                "Somebody started a recovery. You probably need not start another: find out who it was, and watch it."
            }
            Self::DrillRunning { .. } => {
                "If this is an outage, cancel the drill. Servers that are launching still launch; then it is checked again."
            }
            Self::JobRunning { kind: JobKind::Drill, .. } => {
                "A job cannot be cancelled. Wait until it ends; then it is checked again."
            }
            Self::JobRunning { .. } => {
                "DRS allows one job for a server. It is checked again when this one ends."
            }
            Self::ExecutionsUnreadable { .. }
            | Self::JobsUnreadable { .. }
            | Self::InstancesUnreadable { .. }
            | Self::PlanUnreadable { .. } => {
                "DRS does not answer, or the function may not ask. It is asked again every minute."
            }
            Self::RecoveredAlready { .. } => {
                "A new launch deletes these instances first. If nobody uses them, terminate them, and it is checked again."
            }
            Self::DrillInstances { .. } => "A new launch deletes these instances first.",
            Self::PlanInvalid { .. } | Self::PlanEmpty | Self::TooManyServers { .. } => {
                "Fix the plan in the DRS console, or recover single servers."
            }
            Self::SnapshotsUnreadable { .. } => {
                "Only snapshots that could be read are used. They are read again every minute."
            }
            Self::NoSnapshot { servers, of } if servers.len() == *of => {
                "No server of the plan can be recovered. Check their replication in DRS."
            }
            Self::NoSnapshot { .. } => {
                "DRS launches no server of a plan while one of them has none, an optional one included. Remove these servers from the \
                 plan in the DRS console; it is then checked again within a minute."
            }
            Self::OverRpo { .. } => {
                "A recovery would lose more data than the plan allows. If that is better than the outage, start by hand."
            }
            Self::PutAway { .. } => "DRS probably refuses a plan with such a server.",
            Self::StartRefused { .. } => "Nothing was launched. Fix what DRS names, or wait for it.",
        }
    }
}

/// A duration without what nobody needs: `5m`, `1h 30m`.
pub fn told(duration: SignedDuration) -> String {
    let whole = SignedDuration::from_secs(duration.as_secs());
    format!("{whole:#}")
}

impl fmt::Display for Interlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KillSwitchOff { parameter } => {
                write!(f, "the kill switch {parameter} says that no recovery may start")
            }
            Self::KillSwitchUnclear { parameter, found } => {
                write!(f, "the kill switch {parameter} {found}, so nothing is started")
            }
            Self::TimeIsMadeUp => f.write_str("the function's time is set by hand (POINTSMAN_NOW)"),
            Self::PlanElsewhere { region, here } => {
                write!(f, "the DRS recovery plan is in {region}, and this function in {here}")
            }
            Self::AlarmUnclear { alarm, unsaid } => {
                write!(f, "the event of the alarm {alarm} does not say {unsaid}")
            }
            Self::AlarmUnknown { alarms } => {
                let have = if alarms.len() == 1 { "has" } else { "have" };
                write!(
                    f,
                    "{} {have} no data (INSUFFICIENT_DATA), and no other alarm is in ALARM",
                    some(alarms)
                )
            }
            Self::Stale { alarm, late, most } => write!(
                f,
                "the alarm {alarm} reached us {} late, more than {}: the site may be up again",
                told(*late),
                told(*most)
            ),
            Self::FromTheFuture { alarm, early } => {
                write!(f, "the alarm {alarm} began {} after it reached us: a clock is wrong", told(*early))
            }
            Self::Suppressed { alarm, by } => {
                write!(f, "the actions of the alarm {alarm} are suppressed ({by})")
            }
            Self::SecondAlarmQuiet { alarm, state } => {
                write!(f, "the second signal does not agree: the alarm {alarm} is {state}")
            }
            Self::SecondAlarmSuppressed { alarm, by } => {
                write!(f, "the second signal, the alarm {alarm}, is suppressed ({by})")
            }
            Self::SecondAlarmUnreadable { alarm, why } => {
                write!(f, "the second signal cannot be read: the alarm {alarm} {why}")
            }
            Self::ProbeAnswered { url, status } => {
                write!(f, "the second signal does not agree: {url} answered with status {status}")
            }
            Self::ProbeNotMade { url, why } => {
                write!(f, "the second signal cannot be read: {url} could not be asked ({why})")
            }
            Self::CoolingDown { mode, started, until } => {
                write!(f, "a {mode} was started at {started}, and no new one starts before {until}")
            }
            Self::Latched { incident, at } => {
                write!(
                    f,
                    "a recovery was started at {at} ({incident}), and nobody has cleared the latch since"
                )
            }
            Self::RecoveryRunning { execution, status, started } => {
                write!(
                    f,
                    "a recovery that this incident did not start is {status} since {started} ({execution})"
                )
            }
            Self::DrillRunning { execution, status, started } => {
                write!(f, "a drill is {status} since {started} ({execution})")
            }
            Self::JobRunning { job, kind, servers } => match kind {
                JobKind::Drill => write!(f, "the drill job {job} is launching {}", some(servers)),
                JobKind::Recovery => write!(f, "the recovery job {job} is launching {}", some(servers)),
                JobKind::Other(kind) => write!(f, "the {kind} job {job} has {}", some(servers)),
            },
            Self::ExecutionsUnreadable { why } => {
                write!(f, "DRS does not say whether a recovery is running already ({why})")
            }
            Self::JobsUnreadable { why } => {
                write!(f, "DRS does not say whether a job has the servers ({why})")
            }
            Self::InstancesUnreadable { why } => {
                write!(f, "DRS does not say whether the servers are recovered already ({why})")
            }
            Self::RecoveredAlready { servers } => {
                write!(f, "servers are recovered already: {}", some(servers))
            }
            Self::DrillInstances { servers } => {
                write!(f, "a drill launched instances, which DRS deletes first: {}", some(servers))
            }
            Self::PlanUnreadable { why } => write!(f, "the DRS recovery plan cannot be read ({why})"),
            Self::PlanInvalid { status } => write!(f, "the DRS recovery plan is {status}, not ACTIVE"),
            Self::PlanEmpty => f.write_str("the DRS recovery plan launches no server"),
            Self::TooManyServers { count, most } => {
                write!(
                    f,
                    "the DRS recovery plan has {count} servers, and a start can name the snapshots of {most}"
                )
            }
            Self::SnapshotsUnreadable { servers, why } => {
                write!(f, "the recovery snapshots of {} cannot be read ({why})", some(servers))
            }
            Self::NoSnapshot { servers, .. } => {
                write!(f, "there is no usable recovery snapshot of {}", some(servers))
            }
            Self::OverRpo { servers, oldest, rpo } => write!(
                f,
                "the newest recovery snapshot of {} was {} old when the alarm began, and the RPO is {}",
                some(servers),
                told(*oldest),
                told(*rpo)
            ),
            Self::PutAway { servers } => {
                write!(f, "DRS replicates these servers no more (disconnected or stopped): {}", some(servers))
            }
            Self::StartRefused { error, again } => {
                write!(f, "DRS refused to start the plan ({error}), and is asked again at {again}")
            }
        }
    }
}

/// Some of many names.
pub fn some(names: &[String]) -> String {
    const MOST: usize = 5;
    match names {
        [] => "no server".to_owned(),
        [one] => one.clone(),
        names if names.len() <= MOST => {
            let (last, before) = names.split_last().expect("there are two at least");
            format!("{} and {last}", before.join(", "))
        }
        names => format!("{} and {} more", names[..MOST].join(", "), names.len() - MOST),
    }
}
