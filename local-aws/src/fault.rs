//! Owns the faults: which calls fail, how, and before or after their effect.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;

use crate::error_answer::ErrorAnswer;

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
    /// The fault ends at this time; `None` for a fault that lasts.
    pub(crate) until: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub(crate) enum FaultAnswer {
    Error(ErrorAnswer),
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

/// The caller is cut off from a call on, as if it had been killed there.
#[derive(Debug, Clone, Copy)]
struct CutOff {
    /// The number of calls that are still answered.
    left: u64,
    /// Whether the first unanswered call is performed.
    after_effect: bool,
}

/// The world's faults, and how often each operation was called.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    cut_off: Mutex<Option<CutOff>>,
    all: Mutex<Vec<Fault>>,
    counts: Mutex<HashMap<(String, String), u64>>,
}

impl Faults {
    pub(crate) fn add(&self, fault: Fault) {
        self.all.lock().expect("no holder of this lock panics").push(fault);
    }

    /// Answers so many calls more, and then none. The first that is not answered may be carried out.
    pub(crate) fn cut_off(&self, left: u64, after_effect: bool) {
        *self.cut_off.lock().expect("no holder of this lock panics") = Some(CutOff { left, after_effect });
    }

    /// Answers calls again, and returns whether a call was left unanswered.
    pub(crate) fn answer_again(&self) -> bool {
        let before = self.cut_off.lock().expect("no holder of this lock panics").take();
        before.is_some_and(|cut| cut.left == 0 && !cut.after_effect)
    }

    /// The fault of a call after the cut-off; `None` before it.
    fn is_cut(&self, service: &str, operation: &str) -> Option<Fault> {
        let mut cut_off = self.cut_off.lock().expect("no holder of this lock panics");
        let cut = cut_off.as_mut()?;
        if cut.left > 0 {
            cut.left -= 1;
            return None;
        }
        let after_effect = std::mem::take(&mut cut.after_effect);
        Some(Fault {
            service: Some(service.to_owned()),
            operation: operation.to_owned(),
            calls: Vec::new(),
            answer: Some(FaultAnswer::Cut),
            after_effect,
            delay: Duration::ZERO,
            until: None,
        })
    }

    /// Counts a call, and returns the first fault that applies to it.
    pub(crate) fn strike(&self, service: &str, operation: &str, now: Timestamp) -> Option<Fault> {
        if let Some(cut) = self.is_cut(service, operation) {
            return Some(cut);
        }
        let mut counts = self.counts.lock().expect("no holder of this lock panics");
        let count = counts.entry((service.to_owned(), operation.to_owned())).or_default();
        *count += 1;
        let all = self.all.lock().expect("no holder of this lock panics");
        all.iter().find(|fault| fault.hits(service, operation, *count, now)).cloned()
    }
}
