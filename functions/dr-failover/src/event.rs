//! From JSON to what this function is told: an alarm in any of its forms, a result of a launch, a person's word, or the time to
//! look again.
//!
//! The forms of an alarm are told apart by their keys, and each is read member by member: of an alarm nothing is required but
//! which one it is and its state. What seems to be an alarm and cannot be read is [`Parsed::NotUnderstood`], and a person
//! is paged.

mod alarms;
mod time;

use std::fmt;

use serde_json::Value;
use shared::event::{MalformedEvent, kind, required};

use crate::alarm::Alarm;

/// What `parse` makes of an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Parsed {
    /// Something this function decides about.
    Ours(Event),
    /// Something else; what it is.
    NotOurs(String),
    /// It may be an alarm, and cannot be read; why.
    NotUnderstood(String),
}

/// What this function is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Alarms; one, but for a batch.
    Alarms(Vec<Alarm>),
    /// DRS launched a server, or could not.
    Launch(Launch),
    /// A person wants no recovery for an incident.
    Refuse {
        /// The incident's id.
        incident: String,
        /// Who says so.
        by: String,
    },
    /// A person lets a plan recover again.
    ClearLatch {
        /// The plan's name.
        plan: String,
        /// Who says so.
        by: String,
    },
    /// Every open incident is to be looked at.
    Reconcile,
}

/// A "DRS Source Server Launch Result".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The source server's id, or what stands in its place.
    pub server: Option<String>,
    /// The job's id.
    pub job: Option<String>,
    /// `RECOVERY_LAUNCH_SUCCEEDED`, `RECOVERY_LAUNCH_FAILED`.
    pub state: Option<String>,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alarms(alarms) => {
                let told: Vec<String> = alarms.iter().map(ToString::to_string).collect();
                f.write_str(&told.join("; "))
            }
            Self::Launch(launch) => {
                let server = launch.server.as_deref().unwrap_or("a server");
                let state = launch.state.as_deref().unwrap_or("with an unknown result");
                write!(f, "DRS launched {server}: {state}")
            }
            Self::Refuse { incident, by } => write!(f, "{by} refuses the recovery of {incident}"),
            Self::ClearLatch { plan, by } => write!(f, "{by} clears the latch of {plan}"),
            Self::Reconcile => f.write_str("reconcile"),
        }
    }
}

/// Reads an event.
///
/// # Errors
/// When a person's word lacks what it takes. Whatever may be an alarm is no error, but [`Parsed::NotUnderstood`].
pub fn parse(event: &Value) -> Result<Parsed, MalformedEvent> {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    match (text("/source"), text("/detail-type")) {
        (Some("pointsman"), Some(kind)) => ours(kind, event),
        (Some("aws.drs"), Some("DRS Source Server Launch Result")) => {
            Ok(Parsed::Ours(Event::Launch(launch(event))))
        }
        _ => Ok(of_something_else(event).map_or_else(|| alarms(event), Parsed::NotOurs)),
    }
}

/// What EventBridge's event is about, if that is no alarm: its name says so, and it has no alarm's members.
fn of_something_else(event: &Value) -> Option<String> {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    let (source, kind) = (text("/source")?, text("/detail-type")?);
    let has_its_members =
        event.pointer("/detail/alarmName").is_some() && event.pointer("/detail/state").is_some();
    let is_alarm = match kind.to_ascii_lowercase().as_str() {
        "cloudwatch alarm state change" => true,
        // Who made or changed an alarm is no outage; a contributor is a part of an alarm, which changes by itself.
        "cloudwatch alarm configuration change" | "cloudwatch alarm contributor state change" => false,
        _ => has_its_members,
    };
    (!is_alarm).then(|| format!("{kind} of {source} is no event that a recovery depends on"))
}

fn alarms(event: &Value) -> Parsed {
    match alarms::read(event) {
        Ok(alarms) if alarms.is_empty() => {
            Parsed::NotOurs("a notification about no alarm is no event that a recovery depends on".to_owned())
        }
        Ok(alarms) => Parsed::Ours(Event::Alarms(alarms)),
        Err(why) => Parsed::NotUnderstood(why),
    }
}

fn ours(detail_type: &str, event: &Value) -> Result<Parsed, MalformedEvent> {
    let word = |pointer, field| required(event, pointer, field);
    let by = || match word("/detail/by", "detail.by")? {
        // As the commands in mails have it.
        by if by.trim().is_empty() || by.trim() == "YOUR NAME" => Err(MalformedEvent::NotA {
            field: "detail.by",
            value: by,
            expected: "the name of the person who says so",
        }),
        by => Ok(by),
    };
    Ok(Parsed::Ours(match detail_type {
        "reconcile" => Event::Reconcile,
        "refuse" => Event::Refuse { incident: word("/detail/incident", "detail.incident")?, by: by()? },
        "clear-latch" => Event::ClearLatch { plan: word("/detail/plan", "detail.plan")?, by: by()? },
        other => {
            return Err(MalformedEvent::NotA {
                field: "detail-type",
                value: other.to_owned(),
                expected: "reconcile, refuse or clear-latch",
            });
        }
    }))
}

/// Nothing of it is required: it only says that there is something to look at.
fn launch(event: &Value) -> Launch {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let server = text("/resources/0").map(|arn| arn.rsplit('/').next().unwrap_or_default().to_owned());
    Launch { server, job: text("/detail/job-id"), state: text("/detail/state") }
}

/// What a value is, for a sentence about one that is not what it should be.
fn said(value: Option<&Value>) -> String {
    match value {
        None => "is missing".to_owned(),
        Some(Value::String(text)) => format!("is `{}`", shared::text::shortened(text, 100)),
        Some(other) => format!("is {}", kind(other)),
    }
}

#[cfg(test)]
mod tests;
