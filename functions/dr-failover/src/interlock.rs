//! What keeps a recovery from starting: each interlock with its code, its sentence, and what a person can do about it.

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
    /// No alarm of the incident is in ALARM now; one is not known.
    AlarmUnknown,
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
    NoSnapshot { servers: Vec<String> },
    /// Servers have none that is young enough.
    OverRpo { servers: Vec<String>, oldest: SignedDuration, rpo: SignedDuration },
    /// Somebody took servers out of DRS's hands.
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
            Self::AlarmUnknown => "alarm-unknown",
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

    /// What a person can do about it, in a sentence.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::KillSwitchOff { .. } => {
                "Somebody switched recoveries off. Ask why; switch them on again when that is over."
            }
            Self::KillSwitchUnclear { .. } => "Set the parameter to `enabled` or `disabled`.",
            Self::TimeIsMadeUp => "Remove the variable POINTSMAN_NOW from the function; it is for replays.",
            Self::PlanElsewhere { .. } => {
                "Deploy this function in the plan's region, or name a plan of this one."
            }
            Self::AlarmUnclear { .. } => {
                "Look at the alarm in CloudWatch. If it is an outage, start the recovery by hand."
            }
            Self::AlarmUnknown => "The alarm has no data. If the site is down, start the recovery by hand.",
            Self::Stale { .. } | Self::FromTheFuture { .. } => {
                "Look whether the site is down now. If it is, start the recovery by hand."
            }
            Self::Suppressed { .. } | Self::SecondAlarmSuppressed { .. } => {
                "This is how planned maintenance looks. It is decided again when the suppression ends."
            }
            Self::SecondAlarmQuiet { .. } | Self::ProbeAnswered { .. } => {
                "One of the two signals is wrong. Look at the site yourself; it may be down for some only."
            }
            Self::SecondAlarmUnreadable { .. } | Self::ProbeNotMade { .. } => {
                "The second signal must be readable for a recovery to start by itself. Look at the site yourself."
            }
            Self::CoolingDown { .. } => {
                "It was recovered or drilled a short while ago. Look at what came of that first."
            }
            Self::Latched { .. } => {
                "There is one recovery by itself, and then a person looks. Clear the latch when what it started has been dealt with."
            }
            Self::RecoveryRunning { .. } | Self::JobRunning { kind: JobKind::Recovery, .. } => {
                "Somebody started a recovery. Find out who; two would fight over the same servers."
            }
            Self::DrillRunning { .. } | Self::JobRunning { kind: JobKind::Drill, .. } => {
                "A drill is in the way. Cancel it if this is an outage: what it is launching is launched to its end, and then the recovery is decided again."
            }
            Self::JobRunning { .. } => {
                "DRS has one job for a server at a time. It is decided again when this one is over."
            }
            Self::ExecutionsUnreadable { .. } | Self::JobsUnreadable { .. } | Self::PlanUnreadable { .. } => {
                "DRS must be readable for a recovery to start by itself. Check the function's permissions and the state of DRS."
            }
            Self::PlanInvalid { .. } | Self::PlanEmpty | Self::TooManyServers { .. } => {
                "Repair the plan in the DRS console. Until then only a recovery of single servers by hand is possible."
            }
            Self::SnapshotsUnreadable { .. } => {
                "The recovery starts only from snapshots that were looked at. It is tried again."
            }
            Self::NoSnapshot { .. } => {
                "DRS launches no server of a plan while one of them has none, an optional one included. Take these out of the plan in the DRS console, and it is decided again within a minute."
            }
            Self::OverRpo { .. } => {
                "A recovery loses more data than the plan allows. Decide whether that is better than the outage; if it is, start it by hand."
            }
            Self::PutAway { .. } => {
                "DRS may launch no server of the plan. Take these out of the plan if it does."
            }
            Self::StartRefused { .. } => {
                "Nothing was launched. Read DRS's message: what it names has to be mended."
            }
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
                write!(
                    f,
                    "the kill switch {parameter} {found}, so that it is not known whether a recovery may start"
                )
            }
            Self::TimeIsMadeUp => f.write_str("the function's time is set by hand (POINTSMAN_NOW)"),
            Self::PlanElsewhere { region, here } => {
                write!(f, "the DRS recovery plan is in {region}, and this function in {here}")
            }
            Self::AlarmUnclear { alarm, unsaid } => {
                write!(f, "the event of the alarm {alarm} does not say {unsaid}")
            }
            Self::AlarmUnknown => {
                f.write_str("no alarm is in ALARM now, and not all are OK: one has no data")
            }
            Self::Stale { alarm, late, most } => write!(
                f,
                "the alarm {alarm} was heard {} after it began, later than {}: by now the site may be well",
                told(*late),
                told(*most)
            ),
            Self::FromTheFuture { alarm, early } => {
                write!(
                    f,
                    "the alarm {alarm} began {} after it was heard: one of the clocks is wrong",
                    told(*early)
                )
            }
            Self::Suppressed { alarm, by } => {
                write!(f, "the actions of the alarm {alarm} are suppressed ({by})")
            }
            Self::SecondAlarmQuiet { alarm, state } => {
                write!(f, "the second signal does not agree: the alarm {alarm} is {state}")
            }
            Self::SecondAlarmSuppressed { alarm, by } => {
                write!(f, "the second signal is suppressed: the actions of the alarm {alarm} are ({by})")
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
                write!(f, "a {mode} was started at {started}, and until {until} there is no other")
            }
            Self::Latched { incident, at } => {
                write!(
                    f,
                    "a recovery was started at {at} ({incident}), and nobody has cleared the latch since"
                )
            }
            Self::RecoveryRunning { execution, status, started } => {
                write!(f, "a recovery that is not this incident's is {status} since {started} ({execution})")
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
                write!(f, "whether a recovery is under way already cannot be read ({why})")
            }
            Self::JobsUnreadable { why } => {
                write!(f, "whether a job launches the servers already cannot be read ({why})")
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
            Self::NoSnapshot { servers } => {
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
                write!(f, "{} is disconnected from DRS or its replication was stopped", some(servers))
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
