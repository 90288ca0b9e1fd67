//! The outages of an incident: an alarm that comes back soon belongs to the same incident, so that flapping does not send two
//! emails for each change.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{EntryKind, Incident, IncidentPhase};
use crate::alarm::AlarmState;

/// An alarm that enters ALARM again within this time belongs to the same incident.
pub const SAME_INCIDENT: SignedDuration = SignedDuration::from_mins(30);

/// An alarm that stays in ALARM this long no longer flaps.
pub const STEADY_ALARM: SignedDuration = SignedDuration::from_mins(5);

/// A flapping incident ends when its alarms have been OK this long.
pub const STEADY_OK: SignedDuration = SignedDuration::from_mins(15);

/// Whether an incident's alarms flap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flapping {
    /// They do not.
    #[default]
    No,
    /// They do: no email reports a blocked start or its end.
    Yes,
    /// They did, and then stayed in ALARM.
    Steady,
}

impl Incident {
    /// When the last outage of the incident began or was noticed, whichever is earlier: `give-up-after` counts from it.
    pub fn counted_from(&self) -> Timestamp {
        self.resumed.unwrap_or(self.opened).min(self.began())
    }

    /// Begins another outage. What counts from the beginning of an outage starts again.
    pub fn begin_outage(&mut self, at: Timestamp, is_soon: bool, now: Timestamp) {
        self.outages += 1;
        self.resumed = Some(now);
        self.began = None;
        self.over_rto = false;
        self.readings.clear();
        if !is_soon {
            // The last email was about the outage before, even if the same checks block this one.
            self.reported = None;
        }
        if is_soon && self.flapping == Flapping::No {
            self.flapping = Flapping::Yes;
        }
        let what = format!("outage {} of this incident begins at {at}", self.outages);
        self.note(now, EntryKind::Alarm, what);
    }

    /// Opens the incident again for an alarm that returned soon after every alarm was OK. `opened` is the incident that the alarm
    /// would open.
    pub fn reopen(&mut self, opened: &Self, now: Timestamp) {
        (self.closed, self.end) = (None, None);
        self.phase = IncidentPhase::Held;
        // DRS has no execution of it: the incident would not have been closed otherwise.
        self.withdraw();
        self.holds.clear();
        self.begin_outage(opened.began(), true, now);
        self.began = opened.began;
        self.alarms.extend(opened.alarms.clone());
        for entry in &opened.record {
            self.note(entry.at, entry.kind, &entry.what);
        }
    }

    /// Notes that the alarms stay in ALARM, so that the blocked start is emailed.
    pub fn note_a_steady_alarm(&mut self, now: Timestamp) {
        let is_steady = self.is_alarming() && now.duration_since(self.began()) >= STEADY_ALARM;
        if self.flapping == Flapping::Yes && is_steady {
            self.flapping = Flapping::Steady;
            self.note(now, EntryKind::Alarm, "the alarm no longer flaps: it stays in ALARM");
        }
    }

    /// When an incident whose alarms are OK ends: at once, or after a while if they flapped.
    pub fn ends_at(&self) -> Option<Timestamp> {
        let since = self.alarms.values().map(|alarm| alarm.since).max();
        since.filter(|_| self.flapping != Flapping::No).map(|since| since + STEADY_OK)
    }

    /// Whether the last known state of every alarm is OK, other than the one with this ARN.
    pub fn others_are_ok(&self, except: &shared::arn::Arn) -> bool {
        self.alarms.iter().all(|(arn, alarm)| arn == except || alarm.state == AlarmState::Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reported::ReportedState;

    /// The checks that blocked the outage before may block this one: without an email the operator does not learn of it.
    #[test]
    fn is_a_later_outage_emailed_although_the_same_checks_block_it() {
        let at: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        for is_soon in [false, true] {
            let mut incident: Incident = serde_json::from_value(serde_json::json!({
                "id": "shop-1", "version": 1, "plan": "shop", "opened": at, "phase": "held", "mode": "RECOVERY", "alarms": {},
                "told": "held: second-signal-quiet",
            }))
            .unwrap();
            incident.begin_outage(
                at + SignedDuration::from_hours(3),
                is_soon,
                at + SignedDuration::from_hours(3),
            );
            let reported = ReportedState::from("held: second-signal-quiet".to_owned());
            assert_eq!(incident.reported, is_soon.then_some(reported));
        }
    }
}
