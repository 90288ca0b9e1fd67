//! The record of an incident: its events, in order, within the size of an item.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::text::{printable, shortened};

use super::{Incident, LONGEST_TEXT};

/// The most entries of the record. Later entries are counted, not kept.
const MOST_ENTRIES: usize = 300;

/// The room for further entries about the course of the incident.
const ROOM_FOR_THE_COURSE: usize = 100;

/// An event of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RecordEntry {
    /// When the function observed the event.
    pub at: Timestamp,
    /// The kind of event.
    pub kind: EntryKind,
    /// The event in a sentence.
    pub what: String,
}

/// The kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// An alarm changed its state.
    Alarm,
    /// An interlock began or ceased to block the start.
    Held,
    /// A start was decided.
    Decided,
    /// DRS did not answer a start.
    Start,
    /// An execution began.
    Started,
    /// An execution changed its status.
    Execution,
    /// A step changed its status.
    Step,
    /// A server reached a final status.
    Server,
    /// The instances of a drill are terminated, or are not.
    Terminated,
    /// The address of a server was moved, or could not be moved.
    Traffic,
    /// The RTO passed.
    OverRto,
    /// The operator sent a command.
    #[serde(rename = "person")]
    Operator,
    /// Something happened after the launch.
    AfterLaunch,
    /// The function asked for an approval, or an answer did not count.
    Approval,
    /// An email was sent.
    Mail,
    /// SNS did not accept an email.
    #[serde(rename = "not-mailed")]
    NotEmailed,
    /// The incident was closed.
    Ended,
    /// An event of a kind that a later version of the function wrote down.
    #[serde(other)]
    Other,
}

impl EntryKind {
    /// Whether entries of this kind show the course of the incident, so that there is room for them until its end.
    fn is_of_the_course(self) -> bool {
        match self {
            Self::Decided
            | Self::Started
            | Self::Traffic
            | Self::OverRto
            | Self::Operator
            | Self::Ended
            | Self::Execution
            | Self::Terminated
            | Self::AfterLaunch
            | Self::Mail => true,
            Self::Alarm
            | Self::Held
            | Self::Start
            | Self::Step
            | Self::Server
            | Self::NotEmailed
            | Self::Approval
            | Self::Other => false,
        }
    }
}

impl Incident {
    /// Adds an entry to the record. Entries that have no room are counted.
    pub fn note(&mut self, at: Timestamp, kind: EntryKind, what: impl AsRef<str>) {
        let room = if kind.is_of_the_course() { ROOM_FOR_THE_COURSE } else { 0 };
        if self.record.len() >= MOST_ENTRIES + room {
            self.unrecorded += 1;
            return;
        }
        let what = shortened(&printable(what.as_ref()), LONGEST_TEXT);
        // An attempt that fails each minute is one entry.
        if self.record.last().is_some_and(|last| last.kind == kind && last.what == what) {
            return;
        }
        self.record.push(RecordEntry { at, kind, what });
    }

    /// When the first event of this kind was observed.
    pub fn first(&self, kind: EntryKind) -> Option<Timestamp> {
        self.record.iter().find(|entry| entry.kind == kind).map(|entry| entry.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::{IncidentEnd, IncidentPhase};

    #[test]
    fn does_a_full_record_still_hold_how_the_incident_ended() {
        let at: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        let mut incident: Incident =
            serde_json::from_value(serde_json::json!({"id": "shop-1", "version": 1, "plan": "shop",
            "drs-plan": "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1", "opened": at, "phase": "running",
            "mode": "RECOVERY", "alarms": {}}))
            .unwrap();
        for number in 0..1_000 {
            incident.note(at, EntryKind::Server, format!("server {number} is LAUNCHED"));
            incident.note(at, EntryKind::NotEmailed, "SNS did not accept the email STARTED");
        }
        let end = IncidentEnd::Completed { launched: 1_000, servers: 1_000 };
        incident.close(IncidentPhase::Recovered, at, end.clone());
        assert_eq!(incident.end, Some(end));
        assert_eq!(incident.record.last().unwrap().kind, EntryKind::Ended);
        assert!(incident.record.len() <= MOST_ENTRIES + 1 && incident.unrecorded > 0);
    }
}
