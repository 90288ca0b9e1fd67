//! Many emails within half an hour: from then on a state of the same kind is emailed once it has lasted. What alternates from one
//! evaluation to the next, for example a read that fails each second minute, does not flood the inbox.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{EntryKind, Incident};
use crate::reported::ReportedState;

/// So many emails are sent within [`WITHIN`] without a wait.
const MOST_EMAILS: usize = 4;

/// The time in which emails are counted.
const WITHIN: SignedDuration = SignedDuration::from_mins(30);

/// A state that has lasted so long is emailed.
const LASTED: SignedDuration = SignedDuration::from_mins(5);

/// A state that waits for its email.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SettlingState {
    /// The state.
    pub state: ReportedState,
    /// Since when the incident has it.
    pub since: Timestamp,
}

impl Incident {
    /// Whether the email about the state waits. Without a state to email, none waits.
    pub fn waits_to_settle(&mut self, state: Option<&ReportedState>, now: Timestamp) -> bool {
        let before = self.settling.take();
        let Some(state) = state else { return false };
        if !self.reported.as_ref().is_some_and(|reported| reported.alternates_with(state)) {
            return false;
        }
        let is_recent = |at: Timestamp| now.duration_since(at) < WITHIN;
        let emails = self.record.iter().filter(|entry| entry.kind == EntryKind::Mail && is_recent(entry.at));
        if emails.count() < MOST_EMAILS {
            return false;
        }
        let since = before.filter(|before| before.state == *state).map_or(now, |before| before.since);
        let waits = now.duration_since(since) < LASTED;
        self.settling = waits.then(|| SettlingState { state: state.clone(), since });
        waits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: &str = "held: second-signal-quiet";
    const UNREADABLE: &str = "held: second-signal-unreadable";

    /// The states that are emailed, a minute apart, if each email is accepted at once.
    fn emailed(states: impl IntoIterator<Item = &'static str>) -> Vec<(i64, &'static str)> {
        let opened: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        let mut incident: Incident = serde_json::from_value(serde_json::json!({
            "id": "shop-1", "version": 1, "plan": "shop", "opened": opened, "phase": "held", "mode": "RECOVERY", "alarms": {},
        }))
        .unwrap();
        let mut emailed = Vec::new();
        for (minute, text) in (0..).zip(states) {
            let now = opened + SignedDuration::from_mins(minute);
            let state = ReportedState::from(text.to_owned());
            let is_reported = incident.reported.as_ref() == Some(&state);
            if !incident.waits_to_settle(Some(&state).filter(|_| !is_reported), now) && !is_reported {
                incident.reported = Some(state);
                incident.note(now, EntryKind::Mail, format!("email sent: {minute}"));
                emailed.push((minute, text));
            }
        }
        emailed
    }

    #[test]
    fn does_what_alternates_each_minute_not_flood_the_inbox() {
        let states = (0..60).map(|minute| if minute % 2 == 0 { QUIET } else { UNREADABLE });
        assert!(emailed(states).len() <= 8);
    }

    #[test]
    fn is_a_state_that_lasts_emailed_after_all() {
        let states = [QUIET, UNREADABLE, QUIET, UNREADABLE, QUIET, QUIET, QUIET, QUIET, QUIET, QUIET];
        assert_eq!(emailed(states).last(), Some(&(9, QUIET)));
    }

    #[test]
    fn is_a_start_a_failed_server_or_the_rto_emailed_at_once() {
        let before = [QUIET, UNREADABLE, QUIET, UNREADABLE];
        for news in ["held: second-signal-quiet over-rto", "running: ", "waves: ", "ok-again"] {
            assert_eq!(emailed(before.into_iter().chain([news])).last(), Some(&(4, news)));
        }
        let before = ["running: ", "running: alarm-ok ", "running: ", "running: alarm-ok "];
        assert_eq!(emailed(before.into_iter().chain(["running: s-1"])).last(), Some(&(4, "running: s-1")));
    }
}
