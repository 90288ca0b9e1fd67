//! Which emails about undecided alarms this process has sent: without the table, the function has no other memory.
//!
//! The first try of an event and both retries of Lambda are due, and of the deliveries of the failed queue every twelfth. A process
//! that Lambda keeps sends one email for the tries. So an alarm is emailed once to three times at first, and then once for twelve
//! deliveries.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::alarm::AlarmEvent;

/// The number of deliveries from a queue for one email.
const DELIVERIES: u32 = 12;

/// The most emails that are remembered.
const MOST: usize = 10_000;

/// The emails about undecided alarms.
#[derive(Debug, Clone, Default)]
pub struct UndecidedEmails(Arc<Mutex<BTreeSet<String>>>);

/// An email about an undecided alarm of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UndecidedEmail(String);

impl UndecidedEmail {
    /// The email that a delivery of the alarm sends, if one is due.
    pub(crate) fn due(plan: &str, alarm: &AlarmEvent, earlier: Option<u32>) -> Option<Self> {
        let earlier = earlier.unwrap_or_default();
        let alarm_name = alarm.arn.as_deref().unwrap_or(&alarm.name);
        let at = alarm.at.map(|at| at.to_string()).unwrap_or_default();
        earlier
            .is_multiple_of(DELIVERIES)
            .then(|| Self(format!("{plan} {alarm_name} {at} {}", earlier / DELIVERIES)))
    }
}

impl UndecidedEmails {
    /// Whether this process sent the email.
    pub(crate) fn has(&self, email: &UndecidedEmail) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&email.0)
    }

    /// Remembers that the email was sent.
    pub(crate) fn add(&self, email: UndecidedEmail) {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sent.len() >= MOST {
            sent.clear();
        }
        sent.insert(email.0);
    }
}
