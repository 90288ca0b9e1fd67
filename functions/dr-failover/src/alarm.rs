//! An alarm's change of state, whatever form the event has: the alarm, its state, its previous state and the time.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::arn::Arn;

use crate::suppression::Suppression;

/// A state of an alarm, by CloudWatch's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AlarmState {
    /// The metric is within the threshold.
    #[serde(rename = "OK")]
    Ok,
    /// The metric is outside the threshold.
    #[serde(rename = "ALARM")]
    Alarm,
    /// CloudWatch has no data.
    #[serde(rename = "INSUFFICIENT_DATA")]
    InsufficientData,
}

impl AlarmState {
    /// The state with this name in CloudWatch.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "OK" => Some(Self::Ok),
            "ALARM" => Some(Self::Alarm),
            "INSUFFICIENT_DATA" => Some(Self::InsufficientData),
            _ => None,
        }
    }
}

impl fmt::Display for AlarmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        })
    }
}

/// The form of an alarm event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmForm {
    /// EventBridge's "CloudWatch Alarm State Change".
    EventBridge,
    /// The alarm's own action on a Lambda function.
    Direct,
    /// A notification from SNS.
    Sns,
}

impl fmt::Display for AlarmForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EventBridge => "EventBridge",
            Self::Direct => "the alarm's own action",
            Self::Sns => "SNS",
        })
    }
}

/// An event about an alarm that changed its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmEvent {
    /// The form of the event.
    pub form: AlarmForm,
    /// The alarm's ARN as the event has it, which may be any text. Old SNS notifications have none.
    pub arn: Option<String>,
    /// The alarm's name.
    pub name: String,
    /// The alarm's account.
    pub account: Option<String>,
    /// The alarm's state.
    pub state: AlarmState,
    /// The alarm's previous state; none if the event lacks it.
    pub previous: Option<AlarmState>,
    /// Since when the alarm has been in its state; none if the event lacks it.
    pub at: Option<Timestamp>,
    /// What suppresses the alarm's actions: a suppressor of a composite alarm, or a mute rule.
    pub suppressed_by: Option<Suppression>,
    /// The end of the suppression, if the event has it: a mute rule's.
    pub suppressed_until: Option<Timestamp>,
    /// The alarm's actions were suppressed in its previous state.
    pub was_suppressed: bool,
    /// A mute window held the alarm's action back until its end; none if the event is not about such an action.
    pub after_mute: Option<AfterMuteWindow>,
    /// Why the alarm is in its state, in CloudWatch's words.
    pub reason: Option<String>,
}

/// An action that CloudWatch executed when a mute window ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AfterMuteWindow {
    /// When SNS sent the notification; none if the event lacks it.
    pub sent: Option<Timestamp>,
}

/// An event about an alarm: its change of state, a contributor's, or the deletion of the alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlarmNotice {
    /// The alarm changed its state.
    Change(Box<AlarmEvent>),
    /// A contributor, one time series of the alarm, changed its state; the alarm's name.
    Contributor(String),
    /// The alarm was deleted.
    Deleted(DeletedAlarm),
}

impl fmt::Display for AlarmNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Change(alarm) => write!(f, "{alarm}"),
            Self::Contributor(alarm) => write!(f, "a contributor of the alarm {alarm} changed its state"),
            Self::Deleted(alarm) => write!(f, "the alarm {} was deleted", alarm.name),
        }
    }
}

/// A deleted alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedAlarm {
    /// The alarm's ARN as the event has it.
    pub arn: Option<String>,
    /// The alarm's name.
    pub name: String,
    /// The alarm's account.
    pub account: Option<String>,
    /// When the alarm was deleted; none if the event lacks it.
    pub at: Option<Timestamp>,
}

impl DeletedAlarm {
    /// Whether the event is about the alarm with this ARN.
    pub fn is_of(&self, arn: &Arn) -> bool {
        is_of(self.arn.as_deref(), &self.name, self.account.as_deref(), arn)
    }
}

/// Whether an event is about the alarm with this ARN. An event without an ARN is compared by name and, if it has one, account.
fn is_of(own: Option<&str>, name: &str, account: Option<&str>, arn: &Arn) -> bool {
    match own {
        Some(own) => own == arn.to_string(),
        None => {
            arn.resource_of("alarm") == Some(name) && account.is_none_or(|account| arn.account == account)
        }
    }
}

/// The meaning of a change of state for a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmChange {
    /// The alarm changed to ALARM.
    Into,
    /// The alarm is in ALARM, and was in ALARM before.
    Again,
    /// The alarm is in ALARM, and the event lacks its previous state.
    Unsure,
    /// The alarm changed to OK.
    Over,
    /// The alarm changed to INSUFFICIENT_DATA.
    Unknown,
}

impl AlarmEvent {
    /// The kind of change. A composite alarm with a suppressor enters ALARM twice: first it waits for the suppressor. Its
    /// actions run the second time, "from ALARM", without a suppression.
    pub fn change(&self) -> AlarmChange {
        match (self.state, self.previous) {
            (AlarmState::Ok, _) => AlarmChange::Over,
            (AlarmState::InsufficientData, _) => AlarmChange::Unknown,
            (AlarmState::Alarm, None) => AlarmChange::Unsure,
            (AlarmState::Alarm, Some(AlarmState::Ok | AlarmState::InsufficientData)) => AlarmChange::Into,
            (AlarmState::Alarm, Some(AlarmState::Alarm))
                if self.was_suppressed && self.suppressed_by.is_none() =>
            {
                AlarmChange::Into
            }
            (AlarmState::Alarm, Some(AlarmState::Alarm)) => AlarmChange::Again,
        }
    }

    /// Whether the event is about the alarm with this ARN.
    pub fn is_of(&self, arn: &Arn) -> bool {
        is_of(self.arn.as_deref(), &self.name, self.account.as_deref(), arn)
    }

    /// The delay of the event. An action that a mute window held back is late since the end of that window.
    pub fn late(&self, now: Timestamp) -> SignedDuration {
        let due = match &self.after_mute {
            Some(AfterMuteWindow { sent }) => *sent,
            None => self.at,
        };
        now.duration_since(due.unwrap_or(now))
    }
}

impl fmt::Display for AlarmEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the alarm {} changed to {}", self.name, self.state)?;
        if let Some(at) = self.at {
            write!(f, " at {at}")?;
        }
        write!(f, " (by {})", self.form)
    }
}
