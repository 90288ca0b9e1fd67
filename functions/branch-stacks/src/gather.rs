//! Reads the facts for the decision about one branch: the branch, its stack, and more only where the decision needs it.
//! A failed read becomes a fact; nothing here fails.

mod branch;
mod history;
mod stacks;
mod validations;

use crate::aws::Clients;
use crate::decide::{needs_count, needs_last_event};
use crate::facts::{BranchTip, Facts, FoundStack, History};
use crate::run::{BranchInput, Run};

pub use branch::{branches, repositories};
pub use history::Known;
pub use stacks::{StackListing, all_stacks, events, stack_of};
pub use validations::{failed_validations, may_have_failed_validation};

/// Reads the facts. The stack comes first: if branch and stack are recreated meanwhile, the facts hold the old stack and an
/// existing branch. `known` is what a reconcile has read already.
pub async fn gather(input: &BranchInput<'_>, run: &Run<'_>, known: Known<'_>) -> Facts {
    let aws = run.aws;
    let stack = stacks::of_name(input.branch, input.prefix, aws).await;
    let head = read_head(input, aws).await;
    let mut facts =
        Facts { head, stack, last_event: None, stacks_of_rule: known.count, history: Ok(History::default()) };
    if facts.stacks_of_rule.is_none() && needs_count(input, &facts) {
        match all_stacks(input.prefix, aws).await {
            Ok(listing) => facts.stacks_of_rule = Some(listing.count_of_rule(input.branch, input.rules)),
            Err(error) => facts.stack = FoundStack::Unreadable(error),
        }
    }
    if needs_last_event(input, &facts)
        && let FoundStack::Ours(stack) = &facts.stack
    {
        match stacks::last_event(stack, aws).await {
            Ok(event) => facts.last_event = event,
            Err(error) => facts.stack = FoundStack::Unreadable(error),
        }
    }
    facts.history = history::history(input, &facts, run, known).await;
    facts
}

/// The branch's head, with its date where the branch can be idle. A branch that no rule covers should not have a stack,
/// whether the branch exists or not, so it is not read.
async fn read_head(input: &BranchInput<'_>, aws: &Clients) -> BranchTip {
    let Some(rule) = input.rules.covering(input.branch) else { return BranchTip::Gone };
    let mut head = branch::head(input.branch, aws).await;
    if let BranchTip::At(tip) = &mut head
        && !input.rules.keep(rule, input.branch)
    {
        tip.committed = Some(branch::committed(input.branch, &tip.commit, aws).await);
    }
    head
}
