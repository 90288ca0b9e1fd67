//! The latch of a plan, which outlives its incidents: the open incident, the last recovery, the last drill, and the last known
//! state of each alarm.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use shared::arn::Arn;

use crate::alarm::AlarmState;
use crate::rules::Mode;

/// The latch of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Latch {
    /// The number of writes: a write that was prepared from an older version is refused.
    pub version: u64,
    /// The id of the open incident, which receives the alarms of the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<String>,
    /// The id of the open drill, which receives no alarm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_drill: Option<String>,
    /// The last incident that ended because every alarm was OK: an alarm that returns soon belongs to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over: Option<LatchedStart>,
    /// The ids of closed incidents whose final email has not been sent.
    #[serde(rename = "untold", skip_serializing_if = "Vec::is_empty")]
    pub unreported: Vec<String>,
    /// The recovery that sets the latch. It stays until the operator clears it: one recovery starts by itself, not two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery: Option<LatchedStart>,
    /// The last recovery, also after the operator cleared the latch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovered: Option<LatchedStart>,
    /// The last clearance of the latch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cleared: Option<Clearance>,
    /// The last drill. A drill never blocks a recovery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drill: Option<LatchedStart>,
    /// The last order of ARC Region switch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ordered: Option<OrderedIncident>,
    /// The last commands that started a drill, or were refused: a repeated one starts no second drill.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drill_commands: Vec<DrillCommand>,
    /// The last known state of each alarm: an older event is out of date.
    pub seen: BTreeMap<Arn, SeenAlarm>,
}

impl Latch {
    /// The id of the open incident of this mode.
    pub fn open_of(&self, mode: Mode) -> Option<&String> {
        match mode {
            Mode::Recovery => self.open.as_ref(),
            Mode::Drill => self.open_drill.as_ref(),
        }
    }

    /// The same, to change it.
    pub fn open_of_mut(&mut self, mode: Mode) -> &mut Option<String> {
        match mode {
            Mode::Recovery => &mut self.open,
            Mode::Drill => &mut self.open_drill,
        }
    }
}

/// An incident and a moment: a recovery or a drill that it started, or its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LatchedStart {
    /// The incident's id.
    pub incident: String,
    /// When.
    pub at: Timestamp,
}

/// An order of ARC Region switch, and the incident that it is about: the same order opens no second incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OrderedIncident {
    /// The id of Region switch's execution.
    pub execution: String,
    /// The incident's id.
    pub incident: String,
}

/// A command that started a drill, or was refused because of an open one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DrillCommand {
    /// What a repeated command repeats, as a digest.
    pub key: String,
    /// The id of the drill.
    pub incident: String,
}

/// The operator cleared the latch: the plan may recover again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Clearance {
    /// The operator's name.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The id of the incident whose recovery had set the latch.
    pub incident: String,
    /// Whether the email about the clearance was sent.
    #[serde(default, rename = "told")]
    pub reported: bool,
}

/// The last known state of an alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SeenAlarm {
    /// The state.
    pub state: AlarmState,
    /// Since when.
    pub at: Timestamp,
}
