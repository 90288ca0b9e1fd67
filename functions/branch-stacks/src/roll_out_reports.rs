//! The failures of roll-outs in the table of reports, as a reconcile finds them: forgets those that are over, and records those
//! whose event was lost.

use std::collections::BTreeSet;

use shared::act::Performed;
use shared::decision::Verdict;
use shared::report::Report;
use shared::table_error::TableError;

use crate::because::Because;
use crate::gather::StackListing;
use crate::missing::BranchOutcome;
use crate::reports::{ReportKey, Reports};
use crate::roll_out::{RollOutId, RollOutStacks};
use crate::run::Run;

/// Forgets the reports of the current roll-outs whose stacks are complete again, in the table and in `reports`.
pub async fn forget_complete(run: &Run<'_>, listing: &StackListing, reports: &mut Reports) -> Report {
    let ids: BTreeSet<RollOutId> = run.rules.stacks.iter().map(RollOutId::of_rule).collect();
    let mut over = BTreeSet::new();
    for id in &ids {
        over.extend(RollOutStacks { id, rules: run.rules, listing }.over(reports, run.invocation.now));
    }
    for key in over {
        if let Performed::Failed(error) = run.invocation.executor.perform(run.table().forget(&key)).await {
            return unavailable(error);
        }
        reports.remove(&key);
    }
    Report::default()
}

/// Records a failure that the decision shows and the reports do not have, in the table and in `reports`: without that, a
/// roll-out whose events are lost never stops.
pub async fn record_lost(run: &Run<'_>, outcome: &BranchOutcome, reports: &mut Reports) -> Report {
    let Some(key) = failure(run, outcome).filter(|key| !reports.contains_key(key)) else {
        return Report::default();
    };
    let table = run.table();
    let recorded = run.invocation.executor.perform(table.record(&key, run.invocation.now)).await;
    reports.insert(key, run.invocation.now);
    match recorded {
        Performed::Failed(error) => unavailable(error),
        Performed::Done(()) | Performed::NotCalled => Report::default(),
    }
}

/// The record of the failure that a decision shows, if it is one of a roll-out.
fn failure(run: &Run<'_>, outcome: &BranchOutcome) -> Option<ReportKey> {
    let BranchOutcome { branch, decision, stack } = outcome;
    let (rule, stack) = (run.rules.covering(branch)?, stack.as_ref()?);
    let is_outdated = RollOutId::of_update(rule, branch, stack).is_some();
    let failed = match decision.because {
        Because::UpdateFailed => is_outdated,
        Because::CreationFailed { .. } | Because::CreationWaits { .. } => !is_outdated,
        _ => false,
    };
    failed.then(|| RollOutId::of_rule(rule).failure(stack.name()))
}

fn unavailable(error: TableError) -> Report {
    Report::of(Verdict::Fail, "reconcile", &Because::ReportsUnavailable { error })
}
