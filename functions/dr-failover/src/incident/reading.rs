//! The readings of the second signal that an incident keeps: one bad minute is no outage.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Incident;
use crate::rules::Agreement;

/// Agreeing readings within this time count as one: several plans, alarms or launch events cause an invocation each.
const SAME_READING: SignedDuration = SignedDuration::from_secs(30);

/// After a longer pause between two readings, the earlier ones do not count.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(10);

/// A reading of the second signal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SignalReading {
    /// When.
    pub at: Timestamp,
    /// Whether the second signal confirmed the outage.
    pub agrees: bool,
    /// Lambda's request id: an event that Lambda retries has the same.
    #[serde(default)]
    pub by: String,
}

impl Incident {
    /// Keeps a reading of the second signal.
    pub fn keep_reading(&mut self, reading: SignalReading, agreement: Agreement) {
        // With one reading that counts, each invocation decides by its own.
        if agreement.of <= 1 {
            return self.readings.clear();
        }
        if self.readings.last().is_some_and(|last| reading.at.duration_since(last.at) > LONGEST_PAUSE) {
            self.readings.clear();
        }
        if !self.counts_already(&reading) {
            self.readings.push(reading);
        }
        let surplus = self.readings.len().saturating_sub(usize::try_from(agreement.of).unwrap_or(usize::MAX));
        // Readings before the first that agrees determine nothing.
        let quiet = self.readings[surplus..].iter().take_while(|reading| !reading.agrees).count();
        self.readings.drain(..surplus + quiet);
    }

    fn counts_already(&self, reading: &SignalReading) -> bool {
        let is_retried = |known: &SignalReading| !known.by.is_empty() && known.by == reading.by;
        let is_close = |known: &SignalReading| reading.at.duration_since(known.at) < SAME_READING;
        let mut agreeing = self.readings.iter().rev().filter(|known| known.agrees);
        reading.agrees && agreeing.any(|known| is_close(known) || is_retried(known))
    }

    /// How many of the kept readings agree.
    pub fn agreed(&self) -> u32 {
        let agreed = self.readings.iter().filter(|reading| reading.agrees).count();
        u32::try_from(agreed).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident() -> Incident {
        serde_json::from_value(serde_json::json!({
            "id": "shop-1", "version": 1, "plan": "shop", "opened": "2026-03-02T10:00:00Z", "phase": "held",
            "drs-plan": "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1", "mode": "RECOVERY", "alarms": {},
        }))
        .unwrap()
    }

    /// The numbers of agreeing and of kept readings after these: seconds, whether they agree, the request.
    fn after(agreement: Agreement, readings: &[(i64, bool, &str)]) -> (u32, usize) {
        let mut incident = incident();
        for (second, agrees, by) in readings {
            let at = incident.opened + SignedDuration::from_secs(*second);
            incident.keep_reading(SignalReading { at, agrees: *agrees, by: (*by).to_owned() }, agreement);
        }
        (incident.agreed(), incident.readings.len())
    }

    const THREE: Agreement = Agreement::DEFAULT;

    #[test]
    fn do_readings_a_minute_apart_count_one_by_one() {
        assert_eq!(after(THREE, &[(0, true, "a"), (60, true, "b")]), (2, 2));
        assert_eq!(
            after(THREE, &[(0, true, "a"), (60, true, "b"), (120, true, "c"), (180, true, "d")]),
            (3, 3)
        );
    }

    #[test]
    fn are_readings_of_the_same_minute_or_of_a_retried_event_one() {
        assert_eq!(after(THREE, &[(0, true, "a"), (1, true, "b"), (29, true, "c")]), (1, 1));
        assert_eq!(after(THREE, &[(0, true, "a"), (29, true, "b"), (31, true, "c")]), (2, 2));
        assert_eq!(after(THREE, &[(0, true, "a"), (60, true, "a"), (180, true, "a")]), (1, 1));
        // A clock that is behind does not add a reading.
        assert_eq!(after(THREE, &[(60, true, "a"), (0, true, "b")]), (1, 1));
    }

    #[test]
    fn does_a_reading_that_disagrees_always_count() {
        assert_eq!(after(THREE, &[(0, true, "a"), (1, false, "b"), (2, true, "c")]), (1, 2));
        assert_eq!(
            after(THREE, &[(0, true, "a"), (60, true, "b"), (61, false, "c"), (120, true, "d")]),
            (2, 3)
        );
        // `2 of 3`: the oldest reading is dropped.
        let two = Agreement { needed: 2, of: 3 };
        assert_eq!(
            after(two, &[(0, true, "a"), (60, false, "b"), (120, false, "c"), (180, true, "d")]),
            (1, 1)
        );
    }

    #[test]
    fn does_a_long_pause_start_the_count_again() {
        assert_eq!(after(THREE, &[(0, true, "a"), (60, true, "b"), (660, true, "c")]), (3, 3));
        assert_eq!(after(THREE, &[(0, true, "a"), (60, true, "b"), (661, true, "c")]), (1, 1));
    }
}
