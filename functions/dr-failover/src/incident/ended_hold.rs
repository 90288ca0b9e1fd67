//! Blocks that have ended: which interlock, how long, and why it no longer blocks.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Hold, Incident, unknown};
use crate::interlock::Interlock;

/// The most ended blocks that are kept.
const MOST: usize = 60;

/// A block that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct EndedHold {
    /// The interlock, as it was when the block ended.
    pub interlock: Interlock,
    /// Since when it blocked the start.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Why the block ended.
    #[serde(deserialize_with = "unknown::hold_end")]
    pub because: HoldEnd,
}

/// Why a block ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldEnd {
    /// The check no longer blocks.
    Passed,
    /// A start was decided: no check blocked it.
    Decided,
    /// DRS has an execution of the incident.
    Running,
    /// DRS ended the launch.
    Finished,
    /// Every alarm is OK.
    AlarmsOk,
    /// The incident was closed.
    Closed,
    /// A reason that a later version of the function wrote.
    Other,
}

impl fmt::Display for HoldEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passed => "the check no longer blocked",
            Self::Decided => "no check blocked, and the start was decided",
            Self::Running => "DRS had an execution of the incident",
            Self::Finished => "the launch ended",
            Self::AlarmsOk => "every alarm was OK",
            Self::Closed => "the incident was closed",
            Self::Other => "this version does not know the reason",
        })
    }
}

impl Incident {
    /// Ends every block.
    pub(super) fn end_holds(&mut self, at: Timestamp, because: HoldEnd) {
        for hold in std::mem::take(&mut self.holds) {
            self.end_hold(hold, at, because);
        }
    }

    /// Writes down that a block ended.
    pub fn end_hold(&mut self, hold: Hold, at: Timestamp, because: HoldEnd) {
        if self.ended_holds.len() >= MOST {
            self.ended_holds.remove(0);
        }
        let Hold { interlock, since } = hold;
        self.ended_holds.push(EndedHold { interlock, since, until: at, because });
    }
}
