//! Reads what earlier runs and other stacks show about the next operation: the failures of the roll-out, and why a creation
//! failed. Only where the decision depends on it.

use crate::because::Because;
use crate::decide::{decide, roll_out_of};
use crate::facts::{Facts, FailedAttempt, FoundStack, History, HistoryUnreadable};
use crate::gather::{StackListing, all_stacks, events, failed_validations, may_have_failed_validation};
use crate::passing::{can_pass, is_second_attempt};
use crate::reports::Reports;
use crate::roll_out::{ENOUGH_FAILURES, RollOutId, RollOutStacks};
use crate::run::{BranchInput, Run};
use crate::stack::BranchStack;

/// What a reconcile has read already.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'k> {
    /// The number of stacks of the branch's rule.
    pub count: Option<usize>,
    /// All stacks.
    pub listing: Option<&'k StackListing>,
    /// The reports that were made.
    pub reports: Option<&'k Reports>,
}

/// The history that the decision needs, beside the facts so far.
pub(super) async fn history(
    input: &BranchInput<'_>,
    facts: &Facts,
    run: &Run<'_>,
    known: Known<'_>,
) -> Result<History, HistoryUnreadable> {
    let because = decide(input, facts).because;
    match (&facts.stack, &because) {
        (FoundStack::Ours(stack), Because::CreationFailed { .. }) => failed_attempt(stack, run, known).await,
        (FoundStack::Ours(stack), Because::Changed) => match roll_out_of(input, stack) {
            Some(id) => roll_out(input, stack.name(), &id, run, known).await,
            None => Ok(History::default()),
        },
        // A push creates its stack in any case: the branch has none, and no working stack is at risk.
        (FoundStack::None, Because::NoStackYet { .. }) => Ok(creation(input, known)),
        _ => Ok(History::default()),
    }
}

async fn failed_attempt(
    stack: &BranchStack,
    run: &Run<'_>,
    known: Known<'_>,
) -> Result<History, HistoryUnreadable> {
    let id = stack.id.to_string();
    // A reason that cannot be read is unknown, and a creation is not repeated for an unknown reason.
    let Ok(events) = events(&id, None, run.aws).await else { return Ok(History::default()) };
    let validations = match may_have_failed_validation(&events) {
        true => failed_validations(&id, &events, run.aws).await.unwrap_or_default(),
        false => Vec::new(),
    };
    let mut attempt = FailedAttempt { can_pass: can_pass(&events, &validations), is_second: false };
    if attempt.can_pass {
        let read;
        let reports = match known.reports {
            Some(reports) => reports,
            None => {
                read = run.table().about(stack.name()).await.map_err(HistoryUnreadable::Reports)?;
                &read
            }
        };
        attempt.is_second = is_second_attempt(stack, reports);
    }
    Ok(History { attempt: Some(attempt), ..History::default() })
}

async fn roll_out(
    input: &BranchInput<'_>,
    stack_name: &str,
    id: &RollOutId,
    run: &Run<'_>,
    known: Known<'_>,
) -> Result<History, HistoryUnreadable> {
    let (read, listed);
    let reports = match known.reports {
        Some(reports) => reports,
        None => {
            read = run.table().all().await.map_err(HistoryUnreadable::Reports)?;
            &read
        }
    };
    let mut failed = id.failed_stacks(reports);
    failed.remove(stack_name);
    let protected = input.rules.protect(input.branch);
    if failed.len() < ENOUGH_FAILURES && !protected {
        return Ok(History { roll_out_failures: failed.len(), ..History::default() });
    }
    let listing = match known.listing {
        Some(listing) => listing,
        None => {
            listed = all_stacks(input.prefix, run.aws).await.map_err(HistoryUnreadable::Stack)?;
            &listed
        }
    };
    let stacks = RollOutStacks { id, rules: input.rules, listing };
    Ok(History {
        roll_out_failures: stacks.still_failed(failed).len(),
        others_first: protected && stacks.protected_branches_wait(),
        ..History::default()
    })
}

/// The failures count for a creation only while no stack has got the roll-out: the failures of single branches must not keep
/// every new branch without a stack.
fn creation(input: &BranchInput<'_>, known: Known<'_>) -> History {
    let (Some(rule), Some(reports), Some(listing)) =
        (input.rules.covering(input.branch), known.reports, known.listing)
    else {
        return History::default();
    };
    let id = RollOutId::of_rule(rule);
    let stacks = RollOutStacks { id: &id, rules: input.rules, listing };
    let failures = if stacks.is_proven() { 0 } else { stacks.still_failed(id.failed_stacks(reports)).len() };
    History { roll_out_failures: failures, ..History::default() }
}
