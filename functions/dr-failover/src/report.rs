//! From what came of the event to the one decision that everybody reads.

use std::collections::BTreeMap;

use shared::decision::{Action, Decision, LONGEST_SENTENCE, Note, Reason, Verdict};
use shared::lambda::Invocation;
use shared::text::shortened;

use crate::because::Because;
use crate::remark::Remark;

/// This function's name, as its folder and binary have it.
pub const FUNCTION: &str = "dr-failover";

/// What came of an event so far.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Why.
    pub reasons: Vec<Reason>,
    /// What should be known besides.
    pub notes: Vec<Note>,
    /// The calls that change something for others.
    pub actions: Vec<Action>,
}

impl Outcome {
    /// One reason and nothing else.
    pub fn of(verdict: Verdict, subject: &str, because: &Because) -> Self {
        let mut outcome = Self::default();
        outcome.because(verdict, subject, because);
        outcome
    }

    /// Adds a reason.
    pub fn because(&mut self, verdict: Verdict, subject: &str, because: &Because) {
        self.reasons.push(Reason::new(verdict, subject, because));
    }

    /// Adds a note.
    pub fn note(&mut self, subject: &str, remark: &Remark) {
        let subject = shortened(subject, LONGEST_SENTENCE);
        self.notes.push(Note { subject, because: remark.into() });
    }

    /// Adds all of another.
    pub fn add(&mut self, other: Self) {
        self.reasons.extend(other.reasons);
        self.notes.extend(other.notes);
        self.actions.extend(other.actions);
    }
}

/// The decision. `event` is the event in a line.
pub fn report(event: &str, outcome: Outcome, invocation: &Invocation) -> Decision {
    Decision {
        function: FUNCTION.to_owned(),
        event: shortened(event, LONGEST_SENTENCE),
        now: invocation.now,
        dry_run: invocation.dry_run,
        reasons: outcome.reasons,
        reason_counts: BTreeMap::new(),
        notes: outcome.notes,
        actions: outcome.actions,
        action_counts: BTreeMap::new(),
    }
}
