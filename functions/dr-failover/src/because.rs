//! The reasons of this function, each with its code and its sentence.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use shared::call_error::CallError;
use shared::config::Place;
use shared::decision::{Evidence, Explain};
use shared::table_error::TableError;
use shared::text::{count, noun, verb};

use crate::alarm::AlarmState;
use crate::incident::{IncidentEnd, IncidentPhase, launched_of};
use crate::interlock::{Interlock, some};
use crate::rules::Mode;
use crate::text::short_duration;

/// A reason about an event, an incident or a latch.
#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Because {
    /// No recovery depends on the event.
    NotOurs(String),
    /// A queue delivered an event whose work a later event has done.
    Superseded,
    /// The event may be an alarm and cannot be read.
    NotUnderstood { why: String },
    /// No plan names the alarm.
    NoPlan,
    /// A plan that cannot be read may name the alarm.
    PlanBroken { rule: Place },
    /// One time series of the alarm changed, not the alarm.
    Contributor { alarm: String },
    /// An alarm of the plan was deleted.
    AlarmDeleted { alarm: String, is_second: bool },
    /// The alarms of a flapping incident are OK, and have to stay so.
    OkForNow { until: Timestamp },
    /// The alarm was in ALARM before.
    NotATransition { alarm: String },
    /// The change was already handled.
    SameTransition { alarm: String, at: Timestamp, is_open: bool },
    /// A later change is known.
    OlderThanKnown { alarm: String, at: Timestamp, state: AlarmState, later: Timestamp },
    /// The alarm is not in ALARM, and no open incident includes it.
    NoIncident { alarm: String, state: AlarmState },
    /// No incident is open.
    NothingOpen,
    /// The recovery starts.
    Start {
        mode: Mode,
        incident: String,
        servers: usize,
        despite: Vec<Interlock>,
        agreed: Option<Agreed>,
        place: Place,
    },
    /// DRS did not answer the start.
    StartUnknown { error: CallError },
    /// Another invocation waits for DRS's answer to the start.
    BeingAsked { would_be: IncidentPhase },
    /// DRS has an execution of the incident.
    Adopted { execution: String, status: String },
    /// The execution is in progress.
    UnderWay { status: String, launched: usize, servers: usize, failed: Vec<String> },
    /// A wave is in progress.
    WaveInProgress {
        wave: String,
        number: usize,
        of: usize,
        launched: usize,
        servers: usize,
        failed: Vec<String>,
    },
    /// Launches of waves are asked for.
    WaveLaunch { launches: Vec<String>, servers: usize },
    /// DRS did not answer a launch of a wave.
    LaunchUnknown { error: CallError },
    /// The jobs of the waves cannot be read.
    WavesUnreadable { error: CallError },
    /// DRS has a job of the incident.
    JobFound { job: String },
    /// The operator skips a server, or launches it again.
    ServerCommanded { server: String, by: String, again: bool },
    /// The server cannot be skipped or launched again.
    ServerKept { server: String, why: &'static str },
    /// The operator continues the waves.
    WavesContinued { by: String },
    /// The execution cannot be read.
    FollowUnreadable { error: CallError },
    /// The incident can no longer be refused.
    CannotRefuse,
    /// The incident has not ended its launch, and cannot be closed.
    CannotClose,
    /// The operator closed the incident.
    IncidentClosed { by: String, alarms: Vec<String>, is_latched: bool },
    /// The incident was closed before.
    ClosedAlready { incident: String },
    /// The incident is launched, and nothing changed since.
    Launched { mode: Mode, phase: IncidentPhase, end: Option<IncidentEnd> },
    /// DRS cannot be read after the launch.
    LaterUnreadable { error: CallError },
    /// The command that starts the drill was already handled.
    SameDrill { incident: String },
    /// The command that starts the drill was kept too long.
    DrillTooLate { late: Option<SignedDuration> },
    /// A drill of the plan is open.
    DrillOpen { incident: String },
    /// The drill has not ended its launch, and cannot be cleaned up.
    CannotCleanUp,
    /// The servers and instances of the drill cannot be read.
    DrillUnreadable { error: CallError },
    /// DRS is asked to terminate the drill's instances.
    Terminate { instances: Vec<String> },
    /// DRS is terminating the drill's instances.
    Terminating { hosts: Vec<String> },
    /// DRS did not answer.
    TerminateUnknown { error: CallError },
    /// DRS refused to terminate the instances.
    TerminateRefused { error: CallError },
    /// No instance of the drill remains.
    CleanedUp { count: usize },
    /// Instances of the drill could not be terminated.
    CleanUpIncomplete { hosts: Vec<String> },
    /// The drill's instances still run.
    DrillStillRuns { count: usize, number: u32, most: u32 },
    /// The operator's command names something that does not exist.
    NothingOfThatName { what: &'static str, name: String },
    /// The operator approved the start.
    Approved { by: String, at: Timestamp },
    /// The recovery that Region switch ordered has not ended well yet.
    OrderWaits { incident: String, phase: IncidentPhase },
    /// The operator cleared the latch.
    LatchCleared { by: String },
    /// The latch was not cleared.
    LatchNotCleared(LatchKept),
    /// Other invocations wrote the incident first, in every try.
    Overtaken { tries: usize },
    /// The time was nearly over before the plan's turn.
    NoTime,
    /// The table does not answer.
    StateUnreadable { error: TableError },
    /// SNS did not accept the email.
    MailFailed { error: CallError },
}

/// The readings in which the second signal agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed {
    /// Those that agreed.
    pub agreed: u32,
    /// All that count.
    pub readings: usize,
}

impl fmt::Display for Agreed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let readings = count(self.readings, "reading");
        write!(f, "the second signal agreed in {} of {readings}", self.agreed)
    }
}

/// Why the latch was not cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LatchKept {
    /// The recovery that set it is in progress.
    InProgress,
    /// It is not set.
    NotSet,
}

impl Explain for Because {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn evidence(&self) -> Evidence {
        match self {
            Self::Start { place, .. } => Evidence { config: Some(place.to_string()), ..Evidence::default() },
            _ => Evidence::default(),
        }
    }
}

/// The reason that an interlock blocks the recovery of the plan at this place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockedBy<'a> {
    /// The interlock.
    pub interlock: &'a Interlock,
    /// The plan's place.
    pub place: &'a Place,
}

impl Explain for BlockedBy<'_> {
    fn code(&self) -> &'static str {
        self.interlock.code().name()
    }

    fn evidence(&self) -> Evidence {
        Evidence { config: Some(self.place.to_string()), ..Evidence::default() }
    }
}

impl fmt::Display for BlockedBy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.interlock)
    }
}

/// The reason that an incident is closed. Its code is the phase's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedAs<'a> {
    /// The last phase.
    pub phase: IncidentPhase,
    /// How the incident reached it.
    pub end: Option<&'a IncidentEnd>,
    /// The launch has ended, and the incident stays open.
    pub is_open: bool,
}

impl Explain for ClosedAs<'_> {
    fn code(&self) -> &'static str {
        self.phase.name()
    }
}

impl fmt::Display for ClosedAs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_open {
            true => write!(f, "the launch has ended as {}", self.phase.name())?,
            false => write!(f, "the incident is closed as {}", self.phase.name())?,
        }
        self.end.iter().try_for_each(|end| write!(f, ": {end}"))
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Superseded => f.write_str(
                "a queue delivered this event again, and its sender has sent a newer one meanwhile: the event needs no handling",
            ),
            Self::NotOurs(why) => f.write_str(why),
            Self::NotUnderstood { why } => {
                write!(f, "the event may be an alarm, and the function cannot read it: {why}")
            }
            Self::NoPlan => f.write_str("no recovery plan names this alarm"),
            Self::PlanBroken { rule } => write!(
                f,
                "the recovery plan {rule} cannot be read and may name this alarm: the event stays in the queue until the plan is fixed"
            ),
            Self::Contributor { alarm } => write!(
                f,
                "a time series of the alarm {alarm} changed its state: only the state of the whole alarm reports an outage"
            ),
            Self::AlarmDeleted { alarm, is_second: false } => {
                write!(f, "the alarm {alarm} was deleted: it can no longer report an outage or its end")
            }
            Self::AlarmDeleted { alarm, is_second: true } => {
                write!(f, "the second alarm {alarm} was deleted: it can no longer confirm an outage")
            }
            Self::OkForNow { until } => write!(
                f,
                "the alarms have flapped and are OK: the incident ends at {until} if they stay OK"
            ),
            Self::NotATransition { alarm } => write!(
                f,
                "the alarm {alarm} was in ALARM before: only a change into ALARM opens an incident"
            ),
            Self::SameTransition { alarm, at, is_open } => {
                write!(f, "the change of the alarm {alarm} at {at} was already handled: ")?;
                f.write_str(match is_open {
                    true => "its incident is open and is re-evaluated",
                    false => "its incident is closed",
                })
            }
            Self::OlderThanKnown { alarm, at, state, later } => write!(
                f,
                "the change of the alarm {alarm} at {at} is out of date: the alarm has been {state} since {later}"
            ),
            Self::NoIncident { alarm, state } => {
                write!(f, "the alarm {alarm} is {state}, and no open incident includes this alarm")
            }
            Self::NothingOpen => f.write_str("no incident is open"),
            Self::Start { mode, incident, servers, despite, agreed, .. } => {
                let servers = count(*servers, "server");
                write!(f, "no interlock blocks the recovery: the {mode} of {servers} starts ({incident})")?;
                agreed.iter().try_for_each(|agreed| write!(f, "; {agreed}"))?;
                despite.iter().try_for_each(|finding| write!(f, "; the {mode} starts although {finding}"))
            }
            Self::StartUnknown { error } => write!(
                f,
                "DRS did not answer the start ({error}): the next invocation searches DRS for the execution, and if there is none \
                 it asks again with the same token"
            ),
            Self::BeingAsked { would_be } => write!(
                f,
                "another invocation waits for DRS's answer to the start: the incident becomes {} only after that",
                would_be.name()
            ),
            Self::Adopted { execution, status } => write!(
                f,
                "DRS has an execution with this incident's tag, which is {status}: the function follows it ({execution})"
            ),
            Self::UnderWay { status, launched, servers, failed } => {
                write!(f, "the execution is {status}")?;
                if *servers > 0 {
                    write!(f, ": {}", launched_of(*launched, *servers))?;
                }
                if failed.is_empty() {
                    return Ok(());
                }
                write!(f, ", and {} failed", some(failed))
            }
            Self::WaveInProgress { wave, number, of, launched, servers, failed } => {
                write!(f, "the wave {wave} ({number} of {of}) is in progress: {}", launched_of(*launched, *servers))?;
                if failed.is_empty() {
                    return Ok(());
                }
                write!(f, ", and {} failed", some(failed))
            }
            Self::WaveLaunch { launches, servers } => write!(
                f,
                "DRS is asked to launch {} ({} {})",
                count(*servers, "server"),
                shared::text::noun(launches.len(), "job"),
                some(launches)
            ),
            Self::LaunchUnknown { error } => write!(
                f,
                "DRS did not answer a launch ({error}): the function searches DRS for the job by its tags, and asks again only after \
                 the time in which DRS must list it"
            ),
            Self::WavesUnreadable { error } => write!(
                f,
                "the jobs of DRS cannot be read ({error}): no further wave starts, and the function reads them again every minute"
            ),
            Self::JobFound { job } => write!(f, "DRS has the job {job} with this incident's tag: the function follows it"),
            Self::ServerCommanded { server, by, again: false } => {
                write!(f, "{by} skips the server {server}: no wave waits for it")
            }
            Self::ServerCommanded { server, by, again: true } => {
                write!(f, "{by} launches the server {server} again")
            }
            Self::ServerKept { server, why } => write!(f, "the server {server} {why}"),
            Self::WavesContinued { by } => write!(f, "{by} continues the waves although the alarm is OK"),
            Self::FollowUnreadable { error } => write!(
                f,
                "the execution cannot be read ({error}): it continues in DRS, and the function reads it again every minute"
            ),
            Self::CannotRefuse => f.write_str(
                "the operator cannot refuse the recovery, because DRS has started it. Cancel the execution in DRS: the email \
                 STARTED has the command",
            ),
            Self::CannotClose => f.write_str(
                "the incident cannot be closed before its launch has ended. Refuse a recovery that has not started",
            ),
            Self::SameDrill { incident } => write!(f, "the command was already handled: its drill is {incident}"),
            Self::DrillTooLate { late: Some(late) } => {
                write!(f, "the command that starts a drill is {} old: no drill starts", short_duration(*late))
            }
            Self::DrillTooLate { late: None } => f.write_str(
                "a queue delivered the command that starts a drill, and the command has no time: no drill starts",
            ),
            Self::DrillOpen { incident } => {
                write!(f, "the drill {incident} is open: clean it up before the next drill")
            }
            Self::CannotCleanUp => f.write_str(
                "the drill cannot be cleaned up before its launch has ended. To stop it, cancel its execution in DRS",
            ),
            Self::DrillUnreadable { error } => {
                write!(f, "DRS does not report the drill's instances ({error}): the function reads them again every minute")
            }
            Self::Terminate { instances } => {
                write!(f, "DRS lists {} of the drill: they are terminated", count(instances.len(), "instance"))
            }
            Self::Terminating { hosts } if hosts.is_empty() => {
                f.write_str("DRS lists no instance of the drill yet: the function reads them again")
            }
            Self::Terminating { hosts } => {
                write!(f, "DRS is terminating the drill's {} of {}", noun(hosts.len(), "instance"), some(hosts))
            }
            Self::TerminateUnknown { error } => write!(
                f,
                "DRS did not answer ({error}): a later invocation searches DRS for the job, and if there is none it asks again"
            ),
            Self::TerminateRefused { error } => {
                write!(f, "DRS refused to terminate the drill's instances ({error})")
            }
            Self::CleanedUp { count } => {
                write!(f, "no instance of the drill remains, and {count} were terminated: the drill is closed")
            }
            Self::CleanUpIncomplete { hosts } => write!(
                f,
                "the drill's {} of {} {} not terminated after several calls",
                noun(hosts.len(), "instance"),
                some(hosts),
                verb(hosts.len(), "is", "are")
            ),
            Self::DrillStillRuns { count, number, most } => write!(
                f,
                "{} of the drill still {}: reminder {number} of {most}",
                shared::text::count(*count, "instance"),
                verb(*count, "runs", "run")
            ),
            Self::IncidentClosed { by, alarms, is_latched } => {
                write!(f, "{by} closes the incident: ")?;
                match &alarms[..] {
                    [] => f.write_str("the next change of an alarm into ALARM opens another one")?,
                    alarms => write!(
                        f,
                        "{} {} still in ALARM, and another incident opens only after an alarm has been OK and enters ALARM again",
                        some(alarms),
                        shared::text::verb(alarms.len(), "is", "are")
                    )?,
                }
                if *is_latched {
                    f.write_str(". The latch still blocks a recovery")?;
                }
                Ok(())
            }
            Self::ClosedAlready { incident } => write!(f, "the incident {incident} was closed before"),
            Self::Launched { mode, phase, end } => {
                match mode {
                    Mode::Recovery => {
                        write!(f, "the incident is {} and stays open until an operator closes it", phase.name())?;
                    }
                    Mode::Drill => write!(
                        f,
                        "the drill is {} and stays open until it is cleaned up, or until an operator closes it",
                        phase.name()
                    )?,
                }
                end.iter().try_for_each(|end| write!(f, ": {end}"))
            }
            Self::LaterUnreadable { error } => write!(
                f,
                "DRS cannot be read ({error}): what changed since the launch is unknown, and the function reads DRS again"
            ),
            Self::NothingOfThatName { what, name } => write!(f, "there is no {what} `{name}`"),
            Self::Approved { by, at } => write!(f, "{by} approved the recovery at {at}"),
            Self::OrderWaits { incident, phase } => write!(
                f,
                "the incident {incident} is {}: this answer fails the step, so that Region switch asks again. The step succeeds when \
                 every server is launched",
                phase.name()
            ),
            Self::LatchCleared { by } => {
                write!(f, "{by} cleared the latch: the next confirmed alarm may start a recovery")
            }
            Self::LatchNotCleared(LatchKept::InProgress) => f.write_str(
                "the latch stays set while the recovery that set it is in progress. Clear it after the recovery has ended",
            ),
            Self::LatchNotCleared(LatchKept::NotSet) => {
                f.write_str("the latch is not set: no recovery has started since it was last cleared")
            }
            Self::Overtaken { tries } => write!(
                f,
                "other invocations wrote the incident first, {tries} times in a row: Lambda retries the event"
            ),
            Self::NoTime => f.write_str(
                "the invocation's time was nearly over before the plan's turn: Lambda retries the event",
            ),
            Self::StateUnreadable { error } => {
                write!(f, "the table of incidents does not answer ({error}), so nothing can be decided")
            }
            Self::MailFailed { error } => write!(f, "SNS did not accept the email: {error}"),
        }
    }
}
