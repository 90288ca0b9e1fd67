//! What suppresses an alarm's actions: the suppressor of a composite alarm, or a mute rule.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What suppresses an alarm's actions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredSuppression")]
pub enum Suppression {
    /// The suppressor of the composite alarm is in ALARM.
    Alarm,
    /// The composite alarm waits for its suppressor to go into ALARM.
    WaitPeriod,
    /// The composite alarm waits after its suppressor left ALARM.
    ExtensionPeriod,
    /// A mute rule.
    MuteRule {
        /// The rule's name.
        rule: String,
        /// The end of the mute window, as the event has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<String>,
    },
    /// A suppression with a name that is unknown here.
    Other(String),
}

impl Suppression {
    /// The suppression with this name in CloudWatch (`ActionsSuppressedBy`).
    pub fn named(name: &str) -> Self {
        match name {
            "Alarm" => Self::Alarm,
            "WaitPeriod" => Self::WaitPeriod,
            "ExtensionPeriod" => Self::ExtensionPeriod,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Whether planned maintenance looks like this. The other suppressions end by themselves within minutes.
    pub fn is_maintenance(&self) -> bool {
        match self {
            Self::Alarm | Self::MuteRule { .. } => true,
            Self::WaitPeriod | Self::ExtensionPeriod | Self::Other(_) => false,
        }
    }
}

impl fmt::Display for Suppression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alarm => f.write_str("Alarm"),
            Self::WaitPeriod => f.write_str("WaitPeriod"),
            Self::ExtensionPeriod => f.write_str("ExtensionPeriod"),
            Self::MuteRule { rule, until } => {
                // The event may not name the rule.
                let parts = ["mute rule", rule].into_iter().filter(|part| !part.is_empty());
                f.write_str(&parts.collect::<Vec<_>>().join(" "))?;
                until.iter().try_for_each(|until| write!(f, " until {until}"))
            }
            Self::Other(name) => f.write_str(name),
        }
    }
}

/// A suppression in an item: by its name alone, or with more.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredSuppression {
    Name(String),
    More(More),
}

#[derive(Deserialize)]
enum More {
    MuteRule {
        rule: String,
        #[serde(default)]
        until: Option<String>,
    },
    Other(String),
}

impl From<StoredSuppression> for Suppression {
    fn from(stored: StoredSuppression) -> Self {
        match stored {
            StoredSuppression::More(More::MuteRule { rule, until }) => Self::MuteRule { rule, until },
            StoredSuppression::More(More::Other(name)) => Self::Other(name),
            // Items of format 1 hold a mute rule as a text.
            StoredSuppression::Name(name) => match name.strip_prefix("mute rule ") {
                Some(rule) => {
                    let (rule, until) =
                        rule.split_once(" until ").map_or((rule, None), |(rule, end)| (rule, Some(end)));
                    Self::MuteRule { rule: rule.to_owned(), until: until.map(str::to_owned) }
                }
                None => Self::named(&name),
            },
        }
    }
}
