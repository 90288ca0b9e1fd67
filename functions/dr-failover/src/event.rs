//! From JSON to an event of this function: an alarm in any of its forms, a launch result, an operator's command, or reconcile.
//!
//! The forms of an alarm event are distinguished by their keys, and each is read member by member: an alarm event needs only
//! the alarm's identity and its state. An event that may be an alarm and cannot be read is [`Parsed::NotUnderstood`], and the
//! function emails the operator immediately.

mod alarms;
mod time;

use std::fmt;

use serde_json::Value;
use shared::event::{MalformedEvent, kind, required};

use crate::alarm::AlarmEvent;

/// The result of [`parse`].
#[derive(Debug, Clone, PartialEq)]
pub enum Parsed {
    /// An event that this function decides about.
    Ours(Event),
    /// Another event; its description.
    NotOurs(String),
    /// The event may be an alarm and cannot be read; why.
    NotUnderstood(String),
}

/// An event of this function.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Alarms; a batch holds several.
    Alarms(Vec<AlarmEvent>),
    /// DRS launched a server or failed to.
    Launch(LaunchResult),
    /// The operator refuses the recovery of an incident.
    Refuse {
        /// The incident's id.
        incident: String,
        /// The operator's name.
        by: String,
    },
    /// The operator closes an incident after its launch.
    Close {
        /// The incident's id.
        incident: String,
        /// The operator's name.
        by: String,
    },
    /// The operator clears the latch of a plan.
    ClearLatch {
        /// The plan's name.
        plan: String,
        /// The operator's name.
        by: String,
    },
    /// A parameter of Systems Manager changed: an operator may have answered. Every open incident is re-evaluated.
    Answered {
        /// The parameter's name.
        parameter: String,
    },
    /// Every open incident is re-evaluated.
    Reconcile,
}

/// A "DRS Source Server Launch Result".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchResult {
    /// The source server's id.
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
                let sentences: Vec<String> = alarms.iter().map(ToString::to_string).collect();
                f.write_str(&sentences.join("; "))
            }
            Self::Launch(launch) => {
                let server = launch.server.as_deref().unwrap_or("a server");
                let state = launch.state.as_deref().unwrap_or("unknown");
                write!(f, "the launch result of {server} is {state}")
            }
            Self::Refuse { incident, by } => write!(f, "{by} refuses the recovery of {incident}"),
            Self::Close { incident, by } => write!(f, "{by} closes the incident {incident}"),
            Self::ClearLatch { plan, by } => write!(f, "{by} clears the latch of {plan}"),
            Self::Answered { parameter } => write!(f, "the parameter {parameter} changed"),
            Self::Reconcile => f.write_str("reconcile"),
        }
    }
}

/// Reads an event.
///
/// # Errors
/// When an operator's command is incomplete. An event that may be an alarm is never an error, but [`Parsed::NotUnderstood`].
pub fn parse(event: &Value) -> Result<Parsed, MalformedEvent> {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    match (text("/source"), text("/detail-type")) {
        (Some("pointsman"), Some(kind)) => ours(kind, event),
        (Some("aws.drs"), Some("DRS Source Server Launch Result")) => {
            Ok(Parsed::Ours(Event::Launch(launch(event))))
        }
        (Some("aws.ssm"), Some("Parameter Store Change")) => {
            let parameter = text("/detail/name").unwrap_or("without a name").to_owned();
            Ok(Parsed::Ours(Event::Answered { parameter }))
        }
        _ => Ok(of_something_else(event).map_or_else(|| alarms(event), Parsed::NotOurs)),
    }
}

/// The description of an EventBridge event that is not an alarm: its type is another, and it lacks the members of an alarm.
fn of_something_else(event: &Value) -> Option<String> {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    let (source, kind) = (text("/source")?, text("/detail-type")?);
    let has_its_members =
        event.pointer("/detail/alarmName").is_some() && event.pointer("/detail/state").is_some();
    let is_alarm = match kind.to_ascii_lowercase().as_str() {
        "cloudwatch alarm state change" => true,
        // A changed configuration is not an outage. A contributor is a part of an alarm, which has its own events.
        "cloudwatch alarm configuration change" | "cloudwatch alarm contributor state change" => false,
        _ => has_its_members,
    };
    (!is_alarm).then(|| format!("the event {kind} of {source} is not about an alarm or a launch"))
}

fn alarms(event: &Value) -> Parsed {
    match alarms::read(event) {
        Ok(alarms) if alarms.is_empty() => {
            Parsed::NotOurs("the notification is not about an alarm".to_owned())
        }
        Ok(alarms) => Parsed::Ours(Event::Alarms(alarms)),
        Err(why) => Parsed::NotUnderstood(why),
    }
}

fn ours(detail_type: &str, event: &Value) -> Result<Parsed, MalformedEvent> {
    let word = |pointer, field| required(event, pointer, field);
    let by = || match word("/detail/by", "detail.by")? {
        // The placeholder of the commands in emails.
        by if by.trim().is_empty() || by.trim() == "YOUR NAME" => {
            Err(MalformedEvent::NotA { field: "detail.by", value: by, expected: "the name of the operator" })
        }
        by => Ok(by),
    };
    Ok(Parsed::Ours(match detail_type {
        "reconcile" => Event::Reconcile,
        "refuse" => Event::Refuse { incident: word("/detail/incident", "detail.incident")?, by: by()? },
        "close" => Event::Close { incident: word("/detail/incident", "detail.incident")?, by: by()? },
        "clear-latch" => Event::ClearLatch { plan: word("/detail/plan", "detail.plan")?, by: by()? },
        other => {
            return Err(MalformedEvent::NotA {
                field: "detail-type",
                value: other.to_owned(),
                expected: "reconcile, refuse, close or clear-latch",
            });
        }
    }))
}

/// No member is required: the event only causes a re-evaluation.
fn launch(event: &Value) -> LaunchResult {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let server = text("/resources/0").map(|arn| arn.rsplit('/').next().unwrap_or_default().to_owned());
    LaunchResult { server, job: text("/detail/job-id"), state: text("/detail/state") }
}

/// The end of a sentence about an unexpected value: `is missing`, `is a list`.
fn description(value: Option<&Value>) -> String {
    match value {
        None => "is missing".to_owned(),
        Some(Value::String(text)) => format!("is `{}`", shared::text::shortened(text, 100)),
        Some(other) => format!("is {}", kind(other)),
    }
}

#[cfg(test)]
mod tests;
