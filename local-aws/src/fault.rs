//! Owns the calls that are made to go wrong: which, how, and before or after their effect.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;

use crate::refusal::Refusal;

/// One `[[fault]]` of the world.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// `None`: whatever service has an operation of that name.
    pub(crate) service: Option<String>,
    pub(crate) operation: String,
    /// Which calls of that operation, counted from 1; empty is every call.
    pub(crate) calls: Vec<u64>,
    /// `None`: the call only takes longer.
    pub(crate) answer: Option<FaultAnswer>,
    pub(crate) after_effect: bool,
    pub(crate) delay: Duration,
    /// It strikes until then; `None`: for ever.
    pub(crate) until: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub(crate) enum FaultAnswer {
    Error(Refusal),
    Cut,
}

impl Fault {
    fn hits(&self, service: &str, operation: &str, nth: u64, now: Timestamp) -> bool {
        self.operation == operation
            && self.until.is_none_or(|until| now < until)
            && self.service.as_deref().is_none_or(|named| named == service)
            && (self.calls.is_empty() || self.calls.contains(&nth))
    }
}

/// The world's faults, and how often each operation was called.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    all: Mutex<Vec<Fault>>,
    counts: Mutex<HashMap<(String, String), u64>>,
}

impl Faults {
    pub(crate) fn add(&self, fault: Fault) {
        self.all.lock().expect("no holder of this lock panics").push(fault);
    }

    /// Counts a call, and says what is to go wrong with it: the first fault that fits.
    pub(crate) fn strike(&self, service: &str, operation: &str, now: Timestamp) -> Option<Fault> {
        let mut counts = self.counts.lock().expect("no holder of this lock panics");
        let count = counts.entry((service.to_owned(), operation.to_owned())).or_default();
        *count += 1;
        let all = self.all.lock().expect("no holder of this lock panics");
        all.iter().find(|fault| fault.hits(service, operation, *count, now)).cloned()
    }
}
