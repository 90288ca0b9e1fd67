//! The failures of roll-outs in the table of reports, as a reconcile finds them: forgets those that are over, and records those
//! whose event was lost.

use std::collections::BTreeSet;

use shared::report::Report;

use crate::because::Because;
use crate::gather::StackListing;
use crate::missing::BranchOutcome;
use crate::report_once::{forget, record, table_failure};
use crate::reports::{ReportKey, Reports};
use crate::roll_out::{RollOutId, RollOutStacks};
use crate::run::Run;

/// The subject of a reason about the whole run.
const RUN: &str = "reconcile";

/// Forgets the reports of the current roll-outs whose stacks are complete again, in the table and in `reports`.
pub async fn forget_complete(run: &Run<'_>, listing: &StackListing, reports: &mut Reports) -> Report {
    let ids: BTreeSet<RollOutId> = run.rules.stacks.iter().map(RollOutId::of_rule).collect();
    let mut over = BTreeSet::new();
    for id in &ids {
        over.extend(RollOutStacks { id, rules: run.rules, listing }.over(reports, run.invocation.now));
    }
    for key in over {
        if let Err(error) = forget(run, &key).await {
            return table_failure(RUN, error);
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
    let recorded = record(run, &key).await;
    reports.insert(key, run.invocation.now);
    recorded.map_or_else(|error| table_failure(RUN, error), |()| Report::default())
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
