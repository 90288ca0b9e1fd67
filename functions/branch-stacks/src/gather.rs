//! Reads what the decision about one branch needs: the branch, its stack, and more only where the decision asks. What
//! cannot be read is recorded as such; nothing here fails.

mod branch;
mod stacks;

use crate::aws::Clients;
use crate::decide::{Question, asks_for_count, asks_for_last_event};
use crate::facts::{Facts, Found, Head, Tip};
use crate::remark::Remark;

pub use branch::{branches, repositories};
pub use stacks::{Event, Listing, all_stacks, events, stack_of};

/// Reads. The stack comes last, so that what is decided about it is as new as can be. `known` is how many stacks the
/// branch's rule has, if that was counted already.
pub async fn gather(question: &Question<'_>, aws: &Clients, known: Option<usize>) -> Facts {
    let mut facts = Facts {
        head: Head::Gone,
        stack: Found::None,
        last_event: None,
        stacks_of_rule: known,
        remarks: Vec::new(),
    };
    // A branch that no rule covers is not to have a stack, whether it is there or not.
    if let Some(rule) = question.rules.covering(question.subject) {
        facts.head = branch::head(question.subject, aws).await;
        if let Head::At(tip) = &mut facts.head
            && !rule.keeps(&question.subject.branch)
        {
            let committed = branch::committed(question, tip, aws).await;
            match committed {
                Ok(committed) => tip.committed = Some(committed),
                Err(remark) => facts.remarks.push(remark),
            }
        }
        facts.remarks.extend(from_the_future(question, &facts.head));
    }
    facts.stack = stacks::of_name(question.subject, question.prefix, aws).await;
    if facts.stacks_of_rule.is_none() && asks_for_count(question, &facts) {
        match all_stacks(question.prefix, aws).await {
            Ok(listing) => facts.stacks_of_rule = Some(listing.of_rule_of(question.subject, question.rules)),
            Err(error) => facts.stack = Found::Unreadable(error),
        }
    }
    if asks_for_last_event(question, &facts)
        && let Found::Ours(stack) = &facts.stack
    {
        match stacks::last_event(stack, aws).await {
            Ok(event) => facts.last_event = event,
            Err(error) => facts.stack = Found::Unreadable(error),
        }
    }
    facts
}

fn from_the_future(question: &Question<'_>, head: &Head) -> Option<Remark> {
    let Head::At(Tip { committed: Some(committed), .. }) = head else { return None };
    let (branch, committed) = (question.subject.to_string(), *committed);
    (committed > question.now).then(|| Remark::CommittedInFuture { branch, committed: committed.to_string() })
}
