//! From what came of each branch to the one decision that everybody reads.

use std::collections::BTreeMap;

use shared::decision::{Decision, LONGEST_SENTENCE};
use shared::lambda::Invocation;
use shared::text::shortened;

use crate::one::Outcome;

/// This function's name, as its folder and binary have it.
pub const FUNCTION: &str = "branch-stacks";

/// The decision. `event` is the event in a line.
pub fn report(event: &str, outcomes: Vec<Outcome>, invocation: &Invocation) -> Decision {
    let mut decision = Decision {
        function: FUNCTION.to_owned(),
        event: shortened(event, LONGEST_SENTENCE),
        now: invocation.now,
        dry_run: invocation.dry_run,
        reasons: Vec::new(),
        reason_counts: BTreeMap::new(),
        notes: Vec::new(),
        actions: Vec::new(),
        action_counts: BTreeMap::new(),
    };
    for Outcome { reason, notes, actions, .. } in outcomes {
        decision.reasons.push(reason);
        decision.notes.extend(notes);
        decision.actions.extend(actions);
    }
    decision
}
