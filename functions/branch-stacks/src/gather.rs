//! Reads what the decision about one branch needs: the branch, its stack, and more only where the decision asks. What
//! cannot be read is recorded as such; nothing here fails.

mod branch;
mod stacks;

use crate::aws::Clients;
use crate::decide::{asks_for_count, asks_for_last_event};
use crate::facts::{Facts, Found, Head, Tip};
use crate::question::Question;
use crate::remark::Remark;

pub use branch::{branches, repositories};
pub use stacks::{Listing, all_stacks, events, stack_of};

/// Reads. The stack comes first: if the branch is made again meanwhile, and its stack too, then it is the old stack that
/// is known here, and a branch that is there. `known` is how many stacks the branch's rule has, if that was counted
/// already.
pub async fn gather(question: &Question<'_>, aws: &Clients, known: Option<usize>) -> Facts {
    let mut facts = Facts {
        head: Head::Gone,
        stack: stacks::of_name(question.subject, question.prefix, aws).await,
        last_event: None,
        stacks_of_rule: known,
        remarks: Vec::new(),
    };
    // A branch that no rule covers is not to have a stack, whether it is there or not.
    if let Some(rule) = question.rules.covering(question.subject) {
        facts.head = branch::head(question.subject, aws).await;
        if let Head::At(tip) = &mut facts.head
            && !question.rules.keep(rule, question.subject)
        {
            tip.committed = Some(branch::committed(question.subject, &tip.commit, aws).await);
            facts.remarks.extend(age(question, tip));
        }
    }
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

/// What is to be said about when the head was committed.
fn age(question: &Question<'_>, tip: &Tip) -> Option<Remark> {
    let branch = || question.subject.to_string();
    match tip.committed.as_ref()? {
        Err(why) => Some(Remark::AgeUnknown { branch: branch(), error: why.error.clone() }),
        Ok(committed) if *committed > question.now => {
            Some(Remark::CommittedInFuture { branch: branch(), committed: committed.to_string() })
        }
        Ok(_) => None,
    }
}
