//! The clean-up of a drill: an operator asks for it, the drill's instances are terminated, and the record proves that none remains.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::call_error::CallError;

use super::Incident;
use crate::facts::RecoveryInstance;
use crate::rules::Mode;

/// The time between two emails about drill instances that still run.
const REMINDED_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// The most of these emails: after a week the operator knows.
pub const MOST_REMINDERS: u32 = 7;

/// The most calls for the same instances before the operator is asked.
pub const MOST_CALLS: usize = 3;

/// TerminateRecoveryInstances takes up to 200 ids (AWS Elastic Disaster Recovery API Reference).
pub const MOST_INSTANCES: usize = 200;

/// The time after a launch in which an instance may be missing in DRS's list although it runs.
pub const LISTED_WITHIN: SignedDuration = SignedDuration::from_mins(2);

/// The clean-up of a drill.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct CleanUp {
    /// The operator who asked last; none if no instance remained without a command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The number of commands.
    pub round: u32,
    /// The instances that DRS listed at any time.
    pub found: Vec<RecoveryInstance>,
    /// The instances that DRS listed last.
    pub remaining: Vec<RecoveryInstance>,
    /// The calls of this round, oldest first.
    pub calls: Vec<TerminateCallRecord>,
    /// Why DRS could not be read at the last try.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<CallError>,
    /// When this round ended without success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Timestamp>,
    /// When DRS listed no instance of the drill, and had no job that terminates one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proved: Option<Timestamp>,
}

/// A call of TerminateRecoveryInstances. It is written down before DRS is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TerminateCallRecord {
    /// When the call was decided.
    pub at: Timestamp,
    /// The ids of the recovery instances.
    pub instances: Vec<String>,
    /// Until then an invocation may be waiting for DRS's answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_until: Option<Timestamp>,
    /// The job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// DRS's error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<CallError>,
}

impl CleanUp {
    /// Whether the function still works on it.
    pub fn is_in_progress(&self) -> bool {
        self.proved.is_none() && self.stopped.is_none()
    }

    /// Writes down the instances that DRS lists now.
    pub fn see(&mut self, listed: &[RecoveryInstance]) {
        for instance in listed {
            if !self.found.contains(instance) {
                self.found.push(instance.clone());
            }
        }
        self.remaining = listed.to_vec();
        self.unreadable = None;
    }
}

/// The state of a drill after its launch that an email reports once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrillState {
    /// The instances are being terminated. No email reports it: one reports the end.
    CleaningUp,
    /// No instance of the drill remains.
    CleanedUp,
    /// Instances could not be terminated.
    Incomplete {
        /// The number of commands.
        round: u32,
        /// The number of reminders.
        reminders: u32,
    },
    /// The instances still run.
    StillRuns {
        /// The number of reminders.
        reminders: u32,
    },
}

impl fmt::Display for DrillState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CleaningUp => f.write_str("cleaning-up"),
            Self::CleanedUp => f.write_str("cleaned-up"),
            Self::Incomplete { round, reminders } => write!(f, "clean-up-incomplete: {round} {reminders}"),
            Self::StillRuns { reminders } => write!(f, "drill-still-runs: {reminders}"),
        }
    }
}

impl DrillState {
    /// The state that is written as these words.
    pub fn parsed(kind: &str, words: &[&str]) -> Option<Self> {
        let number = |index: usize| words.get(index)?.parse().ok();
        match (kind, words.len()) {
            ("cleaning-up", 0) => Some(Self::CleaningUp),
            ("cleaned-up", 0) => Some(Self::CleanedUp),
            ("clean-up-incomplete", 2) => Some(Self::Incomplete { round: number(0)?, reminders: number(1)? }),
            ("drill-still-runs", 1) => Some(Self::StillRuns { reminders: number(0)? }),
            _ => None,
        }
    }
}

impl Incident {
    /// The state of a drill after its launch; none before that, and until an operator or a reminder changes it.
    pub fn drill_state(&self) -> Option<DrillState> {
        let reminders = self.reminders;
        if self.mode != Mode::Drill || self.finished.is_none() {
            return None;
        }
        match &self.clean_up {
            Some(clean_up) if clean_up.proved.is_some() => Some(DrillState::CleanedUp),
            Some(clean_up) if clean_up.stopped.is_some() => {
                Some(DrillState::Incomplete { round: clean_up.round, reminders })
            }
            Some(_) if self.is_open() => Some(DrillState::CleaningUp),
            _ => (reminders > 0).then_some(DrillState::StillRuns { reminders }),
        }
    }

    /// Whether the drill's instances are being terminated.
    pub fn is_cleaning_up(&self) -> bool {
        self.clean_up.as_ref().is_some_and(CleanUp::is_in_progress)
    }

    /// Whether an email should remind of the drill's instances.
    pub fn is_reminder_due(&self, now: Timestamp) -> bool {
        let Some(finished) = self.finished.filter(|_| self.reminders < MOST_REMINDERS) else { return false };
        let hours = REMINDED_EVERY.as_hours() * i64::from(self.reminders + 1);
        !self.is_cleaning_up() && now >= finished + SignedDuration::from_hours(hours)
    }

    /// The jobs that launched the servers.
    pub fn jobs(&self) -> Vec<&str> {
        self.servers.values().filter_map(|server| server.job.as_deref()).collect()
    }

    /// `db-1`, or the id of a server whose hostname is unknown.
    pub fn host(&self, server: &str) -> String {
        self.hostnames.get(server).cloned().unwrap_or_else(|| server.to_owned())
    }

    /// Closes a drill of which no instance remains.
    pub fn close_cleaned_up(&mut self, at: Timestamp) {
        let clean_up = self.clean_up.get_or_insert_default();
        clean_up.see(&[]);
        (clean_up.proved, clean_up.stopped) = (Some(at), None);
        let count = clean_up.found.len();
        self.closed = Some(at);
        self.note(
            at,
            super::EntryKind::Ended,
            format!(
                "no instance of the drill remains; {count} were found and terminated. The drill is closed"
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_state_read_back_as_it_was_written() {
        for state in [
            DrillState::CleaningUp,
            DrillState::CleanedUp,
            DrillState::Incomplete { round: 2, reminders: 1 },
            DrillState::StillRuns { reminders: 7 },
        ] {
            let text = state.to_string();
            let (kind, rest) = text.split_once(':').unwrap_or((&text, ""));
            let words: Vec<&str> = rest.split_whitespace().collect();
            assert_eq!(DrillState::parsed(kind, &words), Some(state), "{text}");
        }
        assert_eq!(DrillState::parsed("drill-still-runs", &["x"]), None);
    }
}
