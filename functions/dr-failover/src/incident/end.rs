//! How an incident came to its last phase: a value, from which sentences are made.

use std::fmt;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use shared::call_error::CallError;
use shared::text::{count, noun, verb};

use crate::facts::DrsError;
use crate::text::short_duration;

/// How an incident came to its last phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum IncidentEnd {
    /// The operator refused the recovery.
    RefusedBy { by: String },
    /// Every alarm is OK again.
    AlarmsOk,
    /// No start was possible in time.
    NotStarted { within: SignedDuration },
    /// An interlock that does not pass by itself blocked the drill.
    DrillBlocked,
    /// The execution completed.
    Completed { launched: usize, servers: usize },
    /// The execution completed, and a critical server did not launch.
    CriticalServerFailed { launched: usize, servers: usize },
    /// An operator gave the waves up.
    WavesGivenUp { by: String, launched: usize, servers: usize },
    /// An operator cancelled the execution.
    ExecutionCancelled { error: Option<DrsError> },
    /// The execution failed.
    ExecutionFailed { error: Option<DrsError> },
    /// DRS ended the execution after 24 hours.
    ExecutionTimedOut { error: Option<DrsError> },
    /// The execution could not be read any more.
    ExecutionUnreadable { within: SignedDuration, error: CallError },
    /// The text of an item of format 1, or of an end that a later version of the function wrote.
    Earlier { text: String },
}

impl fmt::Display for IncidentEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detail = |error: &Option<DrsError>| match error {
            Some(error) => format!(" ({error})"),
            None => String::new(),
        };
        match self {
            Self::RefusedBy { by } => write!(f, "{by} refused the recovery"),
            Self::AlarmsOk => f.write_str("every alarm of the incident is OK"),
            Self::NotStarted { within } => {
                write!(f, "no start was possible within {}", short_duration(*within))
            }
            Self::DrillBlocked => f.write_str("an interlock blocks it that does not pass soon"),
            Self::Completed { launched, servers } => f.write_str(&launched_of(*launched, *servers)),
            Self::CriticalServerFailed { launched, servers } => {
                write!(f, "DRS reports COMPLETED, but only {}", launched_of(*launched, *servers))
            }
            Self::WavesGivenUp { by, launched, servers } => {
                write!(f, "{by} gave the remaining waves up, and {}", launched_of(*launched, *servers))
            }
            Self::ExecutionCancelled { error } => {
                write!(f, "an operator cancelled the execution{}", detail(error))
            }
            Self::ExecutionFailed { error } => write!(f, "the execution failed{}", detail(error)),
            Self::ExecutionTimedOut { error } => write!(
                f,
                "DRS ended the execution after 24 hours (TIMED_OUT){}. Launches in progress continue, and later steps do not run",
                detail(error)
            ),
            Self::ExecutionUnreadable { within, error } => {
                write!(
                    f,
                    "DRS has not reported the execution's status for {} ({error})",
                    short_duration(*within)
                )
            }
            Self::Earlier { text } => f.write_str(text),
        }
    }
}

/// `1 of 2 servers is launched`, `2 of 2 servers are launched`.
pub fn launched_of(launched: usize, servers: usize) -> String {
    if servers == 1 {
        return format!("{launched} of {} is launched", count(1, "server"));
    }
    format!("{launched} of {servers} {} {} launched", noun(servers, "server"), verb(launched, "is", "are"))
}
