//! The report of an invocation: reasons, notes and actions, which become one decision at the end.

use std::collections::BTreeMap;

use crate::decision::{Action, Decision, Explain, LONGEST_SENTENCE, Note, Reason, Verdict};
use crate::lambda::Invocation;
use crate::text::shortened;

/// Reasons, notes and actions of an invocation so far.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Why each subject was decided so.
    pub reasons: Vec<Reason>,
    /// Observations that decided nothing.
    pub notes: Vec<Note>,
    /// The calls that change something for others.
    pub actions: Vec<Action>,
}

impl Report {
    /// A report of one reason.
    pub fn of(verdict: Verdict, subject: &str, because: &impl Explain) -> Self {
        let mut report = Self::default();
        report.reason(verdict, subject, because);
        report
    }

    /// Adds a reason.
    pub fn reason(&mut self, verdict: Verdict, subject: &str, because: &impl Explain) {
        self.reasons.push(Reason::new(verdict, subject, because));
    }

    /// Adds a note.
    pub fn note(&mut self, subject: &str, remark: &impl Explain) {
        let subject = shortened(subject, LONGEST_SENTENCE);
        self.notes.push(Note { subject, because: remark.into() });
    }

    /// Adds another report.
    pub fn add(&mut self, other: Self) {
        self.reasons.extend(other.reasons);
        self.notes.extend(other.notes);
        self.actions.extend(other.actions);
    }

    /// The decision of `function`. `event` is the event in a line.
    pub fn decision(self, function: &str, event: &str, invocation: &Invocation) -> Decision {
        Decision {
            function: function.to_owned(),
            event: shortened(event, LONGEST_SENTENCE),
            now: invocation.now,
            dry_run: invocation.executor.is_dry_run(),
            reasons: self.reasons,
            reason_counts: BTreeMap::new(),
            notes: self.notes,
            actions: self.actions,
            action_counts: BTreeMap::new(),
        }
    }
}
