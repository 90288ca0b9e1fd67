//! What came of an event so far: reasons, notes and actions, and in the end the one decision of them that everybody reads.

use std::collections::BTreeMap;

use crate::decision::{Action, Because, Decision, LONGEST_SENTENCE, Note, Reason, Verdict};
use crate::lambda::Invocation;
use crate::text::shortened;

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
    pub fn of(verdict: Verdict, subject: &str, because: &impl Because) -> Self {
        let mut outcome = Self::default();
        outcome.because(verdict, subject, because);
        outcome
    }

    /// Adds a reason.
    pub fn because(&mut self, verdict: Verdict, subject: &str, because: &impl Because) {
        self.reasons.push(Reason::new(verdict, subject, because));
    }

    /// Adds a note.
    pub fn note(&mut self, subject: &str, remark: &impl Because) {
        let subject = shortened(subject, LONGEST_SENTENCE);
        self.notes.push(Note { subject, because: remark.into() });
    }

    /// Adds all of another.
    pub fn add(&mut self, other: Self) {
        self.reasons.extend(other.reasons);
        self.notes.extend(other.notes);
        self.actions.extend(other.actions);
    }

    /// The decision of that function. `event` is the event in a line.
    pub fn decision(self, function: &str, event: &str, invocation: &Invocation) -> Decision {
        Decision {
            function: function.to_owned(),
            event: shortened(event, LONGEST_SENTENCE),
            now: invocation.now,
            dry_run: invocation.dry_run,
            reasons: self.reasons,
            reason_counts: BTreeMap::new(),
            notes: self.notes,
            actions: self.actions,
            action_counts: BTreeMap::new(),
        }
    }
}
