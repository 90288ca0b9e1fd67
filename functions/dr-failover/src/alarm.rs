//! What an alarm says, whatever form it came in: which one, its state, the state before, and since when.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A state of an alarm, by CloudWatch's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Within its threshold.
    #[serde(rename = "OK")]
    Ok,
    /// Past it.
    #[serde(rename = "ALARM")]
    Alarm,
    /// Not known.
    #[serde(rename = "INSUFFICIENT_DATA")]
    InsufficientData,
}

impl State {
    /// A state by CloudWatch's name for it.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "OK" => Some(Self::Ok),
            "ALARM" => Some(Self::Alarm),
            "INSUFFICIENT_DATA" => Some(Self::InsufficientData),
            _ => None,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        })
    }
}

/// How an alarm came here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// EventBridge's "CloudWatch Alarm State Change".
    EventBridge,
    /// The alarm's own action on a Lambda function.
    Direct,
    /// A notification of SNS.
    Sns,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EventBridge => "EventBridge",
            Self::Direct => "the alarm's own action",
            Self::Sns => "SNS",
        })
    }
}

/// An alarm that changed its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// How it came.
    pub form: Form,
    /// Its ARN. Old notifications of SNS have none.
    pub arn: Option<String>,
    /// Its name.
    pub name: String,
    /// Its account.
    pub account: Option<String>,
    /// The state it is in.
    pub state: State,
    /// The state it was in; none where the event does not say it.
    pub previous: Option<State>,
    /// Since when it is in its state; none where the event does not say it.
    pub at: Option<Timestamp>,
    /// What keeps it from acting: `Alarm`, `WaitPeriod` or `ExtensionPeriod` (composite alarms with a suppressor), or a mute rule.
    pub suppressed_by: Option<String>,
    /// Until when, where the event says it: of a mute rule.
    pub suppressed_until: Option<Timestamp>,
    /// It was kept from acting before.
    pub was_suppressed: bool,
    /// Why it is in its state, in CloudWatch's words.
    pub reason: Option<String>,
}

/// What a change of state is to a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Into ALARM.
    Into,
    /// In ALARM, and before, too.
    Again,
    /// In ALARM, and what it was before is not said.
    Unsure,
    /// Into OK.
    Over,
    /// Into INSUFFICIENT_DATA.
    Unknown,
}

impl Alarm {
    /// What the change is. A composite alarm with a suppressor is in ALARM twice: first it waits for the suppressor, and what
    /// acts is the second time, "from ALARM", with no suppression.
    pub fn change(&self) -> Change {
        match (self.state, self.previous) {
            (State::Ok, _) => Change::Over,
            (State::InsufficientData, _) => Change::Unknown,
            (State::Alarm, None) => Change::Unsure,
            (State::Alarm, Some(State::Ok | State::InsufficientData)) => Change::Into,
            (State::Alarm, Some(State::Alarm)) if self.was_suppressed && self.suppressed_by.is_none() => {
                Change::Into
            }
            (State::Alarm, Some(State::Alarm)) => Change::Again,
        }
    }

    /// Whether it is the alarm of this ARN. Without an ARN of its own, by its name and, if it says one, its account.
    pub fn is(&self, arn: &str) -> bool {
        match &self.arn {
            Some(own) => own == arn,
            None => {
                let parts: Vec<&str> = arn.splitn(7, ':').collect();
                parts.get(6).is_some_and(|name| *name == self.name)
                    && self.account.as_deref().is_none_or(|account| parts.get(4) == Some(&account))
            }
        }
    }
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is = if self.state == State::Alarm { "is in" } else { "is" };
        write!(f, "the alarm {} {is} {}", self.name, self.state)?;
        if let Some(at) = self.at {
            write!(f, " since {at}")?;
        }
        write!(f, " (by {})", self.form)
    }
}
