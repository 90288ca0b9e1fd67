//! Why a recovery starts, is held, or ends: every reason of this function, with its code and its sentence.

use std::fmt;

use jiff::Timestamp;
use shared::config::Place;
use shared::decision::{Evidence, Explain};

use crate::alarm::State;
use crate::incident::Phase;
use crate::interlock::{Interlock, some};
use crate::rules::Mode;

/// A reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// Nothing that a recovery depends on.
    NotOurs(String),
    /// It may be an alarm, and cannot be read.
    NotUnderstood { why: String },
    /// No plan names the alarm.
    NoPlan,
    /// The alarm was in ALARM before.
    NotATransition { alarm: String },
    /// This change is known.
    SameTransition { alarm: String, at: Timestamp, is_open: bool },
    /// A later change is known.
    OlderThanKnown { alarm: String, at: Timestamp, state: State, later: Timestamp },
    /// The alarm is not in ALARM, and there is no incident.
    NoIncident { alarm: String, state: State },
    /// Nothing is under way.
    NothingOpen,
    /// Something holds it.
    Held { interlock: Interlock, place: Place },
    /// It starts.
    Start { mode: Mode, incident: String, servers: usize, despite: Vec<String>, place: Place },
    /// DRS did not say whether it started.
    StartUnknown { error: String },
    /// An invocation is asking DRS to start it, and what came of that is not known yet.
    BeingAsked { would_end: Phase },
    /// It runs already.
    Adopted { execution: String, status: String },
    /// It is followed.
    UnderWay { status: String, launched: usize, servers: usize, failed: Vec<String> },
    /// It cannot be followed.
    FollowUnreadable { error: String },
    /// The incident is over.
    Ended { phase: Phase, why: String },
    /// It cannot be refused any more.
    CannotRefuse { why: String },
    /// The person's word was about nothing that there is.
    NothingOfThatName { what: &'static str, name: String },
    /// The latch is open again.
    LatchCleared { by: String },
    /// It was not shut, or must stay so.
    LatchNotCleared { why: String },
    /// Others write the incident, again and again.
    Overtaken,
    /// The invocation's time was nearly over before this plan's turn.
    NoTime,
    /// The table does not answer.
    StateUnreadable { error: String },
    /// Nobody could be told.
    MailFailed { error: String },
}

impl Explain for Because {
    fn code(&self) -> &'static str {
        match self {
            Self::NotOurs(_) => "not-ours",
            Self::NotUnderstood { .. } => "not-understood",
            Self::NoPlan => "no-plan",
            Self::NotATransition { .. } => "not-a-transition",
            Self::SameTransition { .. } => "same-transition",
            Self::OlderThanKnown { .. } => "older-than-known",
            Self::NoIncident { .. } => "no-incident",
            Self::NothingOpen => "nothing-open",
            Self::Held { interlock, .. } => interlock.code(),
            Self::Start { .. } => "start",
            Self::StartUnknown { .. } => "start-unknown",
            Self::BeingAsked { .. } => "being-asked",
            Self::Adopted { .. } => "adopted",
            Self::UnderWay { .. } => "under-way",
            Self::FollowUnreadable { .. } => "follow-unreadable",
            Self::Ended { phase, .. } => phase.name(),
            Self::CannotRefuse { .. } => "cannot-refuse",
            Self::NothingOfThatName { .. } => "nothing-of-that-name",
            Self::LatchCleared { .. } => "latch-cleared",
            Self::LatchNotCleared { .. } => "latch-not-cleared",
            Self::Overtaken => "overtaken",
            Self::NoTime => "no-time",
            Self::StateUnreadable { .. } => "state-unreadable",
            Self::MailFailed { .. } => "mail-failed",
        }
    }

    fn evidence(&self) -> Evidence {
        let place = match self {
            Self::Held { place, .. } | Self::Start { place, .. } => Some(place),
            _ => None,
        };
        Evidence { config: place.map(ToString::to_string), ..Evidence::default() }
    }
}

/// `1 server`, `5 servers`.
pub fn counted(servers: usize) -> String {
    if servers == 1 { "1 server".to_owned() } else { format!("{servers} servers") }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOurs(why) => f.write_str(why),
            Self::NotUnderstood { why } => write!(f, "this may be an alarm, and cannot be read: {why}"),
            Self::NoPlan => f.write_str("no plan names this alarm"),
            Self::NotATransition { alarm } => {
                write!(f, "the alarm {alarm} was in ALARM before: only a change into ALARM starts anything")
            }
            Self::SameTransition { alarm, at, is_open } => {
                let and = if *is_open {
                    "its incident is open, and is looked at again"
                } else {
                    "it was dealt with"
                };
                write!(f, "this change of the alarm {alarm}, at {at}, is known: {and}")
            }
            Self::OlderThanKnown { alarm, at, state, later } => write!(
                f,
                "this change of the alarm {alarm} is of {at}, and it is known to be {state} since {later}: it comes late"
            ),
            Self::NoIncident { alarm, state } => {
                write!(f, "the alarm {alarm} is {state}, and it is in no open incident")
            }
            Self::NothingOpen => f.write_str("no incident is open"),
            Self::Held { interlock, .. } => write!(f, "{interlock}"),
            Self::Start { mode, incident, servers, despite, .. } => {
                let servers = counted(*servers);
                write!(f, "nothing holds it: the {mode} of {servers} starts ({incident})")?;
                despite.iter().try_for_each(|what| write!(f, "; it starts although {what}"))
            }
            Self::StartUnknown { error } => {
                write!(
                    f,
                    "it is not known whether DRS started it ({error}): it is looked for, and else asked for again with the same token"
                )
            }
            Self::BeingAsked { would_end } => write!(
                f,
                "another invocation is asking DRS to start it: whether it ends as {} is decided when that has ended",
                would_end.name()
            ),
            Self::Adopted { execution, status } => {
                write!(
                    f,
                    "DRS has an execution with this incident's tag, which is {status}: it is followed ({execution})"
                )
            }
            Self::UnderWay { status, launched, servers, failed } => {
                write!(f, "the execution is {status}: {launched} of {} launched", counted(*servers))?;
                if failed.is_empty() { Ok(()) } else { write!(f, ", {} failed", some(failed)) }
            }
            Self::FollowUnreadable { error } => {
                write!(
                    f,
                    "the execution cannot be looked at ({error}): it goes on in DRS, and is looked at again"
                )
            }
            Self::Ended { phase, why } => write!(f, "the incident is over, {}: {why}", phase.name()),
            Self::CannotRefuse { why } => f.write_str(why),
            Self::NothingOfThatName { what, name } => write!(f, "there is no {what} `{name}`"),
            Self::LatchCleared { by } => write!(f, "{by} cleared the latch: the plan may recover again"),
            Self::LatchNotCleared { why } => f.write_str(why),
            Self::Overtaken => {
                f.write_str("others wrote the incident each time before this could: it is tried again")
            }
            Self::NoTime => f.write_str(
                "the invocation's time was nearly over before this plan's turn: it is tried again",
            ),
            Self::StateUnreadable { error } => {
                write!(f, "the table of incidents does not answer ({error}), so that nothing can be decided")
            }
            Self::MailFailed { error } => write!(f, "nobody could be told: {error}"),
        }
    }
}
