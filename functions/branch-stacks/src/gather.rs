//! Reads the facts for the decision about one branch: the branch, its stack, and more only where the decision needs it.
//! A failed read becomes a fact; nothing here fails.

mod branch;
mod history;
mod pull_requests;
mod stacks;
mod validations;

use crate::aws::Clients;
use crate::decide::{needs_count, needs_last_event};
use crate::facts::{BranchTip, Facts, FoundStack};
use crate::run::{BranchInput, Run};

pub use branch::{branches, repositories};
pub use history::Known;
pub use pull_requests::{
    BranchPullRequest, PullRequestComment, comments_of, pull_request_of, pull_requests_of,
};
pub use stacks::{StackListing, all_stacks, events, stack_of};
pub use validations::{failed_validations, may_have_failed_validation};

/// Reads the facts. The stack comes first: if branch and stack are recreated meanwhile, the facts hold the old stack and an
/// existing branch. `known` is what a reconcile has read already.
pub async fn gather(input: &BranchInput<'_>, run: &Run<'_>, known: Known<'_>) -> Facts {
    let stack = stacks::of_name(input.branch, input.prefix, run.aws).await;
    gather_listed(input, stack, run, known).await
}

/// Reads the facts where the stack is known already.
pub async fn gather_listed(
    input: &BranchInput<'_>,
    stack: FoundStack,
    run: &Run<'_>,
    known: Known<'_>,
) -> Facts {
    let aws = run.aws;
    let head = read_head(input, &stack, aws).await;
    let mut facts = Facts { stacks_of_rule: known.count, ..Facts::of(head, stack) };
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

/// The branch's head, with its date where the branch can be idle. A branch that no rule covers is read only if it has a stack: the
/// stack of a branch that does not exist is deleted at once, and that of an existing branch through the brake.
async fn read_head(input: &BranchInput<'_>, stack: &FoundStack, aws: &Clients) -> BranchTip {
    let Some(rule) = input.rules.covering(input.branch) else {
        return match stack {
            // Without any rule nothing is deleted, whether the branch exists or not.
            FoundStack::Ours(_) if !input.rules.stacks.is_empty() => branch::head(input.branch, aws).await,
            _ => BranchTip::Unread,
        };
    };
    let mut head = branch::head(input.branch, aws).await;
    if let BranchTip::At(tip) = &mut head
        && !input.rules.keep(rule, input.branch)
    {
        tip.committed = Some(branch::committed(input.branch, &tip.commit, aws).await);
    }
    head
}
