//! What outlives an incident, one item a plan: which incident is open, what was recovered or drilled last, and the last that
//! each alarm said.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alarm::State;

/// The item of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Latch {
    /// How often it was written: a write that was prepared from an older one is refused.
    pub version: u64,
    /// The incident that is open: it takes its plan's alarms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<String>,
    /// Incidents that are over, of which nobody was told yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub untold: Vec<String>,
    /// The recovery that was started last. It stays until a person clears it: there is one attempt, and then somebody looks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Started>,
    /// The same, also if a person cleared it since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovered: Option<Started>,
    /// Who cleared the latch last, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cleared: Option<Cleared>,
    /// The drill that was started last. It never keeps a recovery from starting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drill: Option<Started>,
    /// The last that each alarm said, by its ARN: an event that is older than that is late.
    pub seen: BTreeMap<String, Seen>,
}

/// A recovery or a drill that an incident started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Started {
    /// The incident's id.
    pub incident: String,
    /// When.
    pub at: Timestamp,
}

/// A person's word that the plan may recover again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cleared {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The incident whose recovery had shut it.
    pub incident: String,
    /// Whether the mail about it was sent.
    #[serde(default)]
    pub told: bool,
}

/// What an alarm said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Seen {
    /// Its state.
    pub state: State,
    /// Since when.
    pub at: Timestamp,
}
