//! The survey before reconcile deletes anything: finds every stack that would be deleted although its branch exists, and lets the
//! brake decide about all of them together.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use shared::decision::Verdict;
use shared::report::Report;
use shared::table_error::TableError;
use tokio::time::timeout_at;

use crate::because::{Because, Unwanted};
use crate::brake::{
    Braked, DeletionCandidate, DeletionPolicy, HeldDeletions, Judgement, Judgements, brake, confirmation_of,
    limit,
};
use crate::decide::{StackDecision, decide};
use crate::deletion_email::{held_email, warning_email};
use crate::facts::{BranchTip, Facts, FoundStack};
use crate::gather::{Known, gather};
use crate::identity::BranchId;
use crate::inventory::{Inventory, Need};
use crate::remark::Remark;
use crate::report_once::{DueReport, REMIND_AFTER, forget, record, report_once, table_failure};
use crate::reports::Reports;
use crate::run::{BranchInput, Run};

/// The subject of a reason about the whole run.
const RUN: &str = "reconcile";

/// What the survey found.
#[derive(Debug, Clone, Default)]
pub struct Surveyed {
    /// What may be deleted.
    pub judgements: Judgements,
    /// Branches that were read and need nothing.
    pub settled: BTreeMap<BranchId, StackDecision>,
    /// The emails, and what failed.
    pub report: Report,
    /// Why the survey ended early, if it did.
    pub stopped: Option<Because>,
}

/// Surveys the branches that have to be evaluated. `reports` is the content of the table of reports, if it could be read; `until` is
/// the time at which no further branch is read.
pub async fn survey(
    run: &Run<'_>,
    inventory: &Inventory,
    needs: &[(Need, BranchId)],
    reports: Option<&Reports>,
    confirm: Option<&str>,
    until: Instant,
) -> Surveyed {
    if run.rules.stacks.is_empty() {
        return Surveyed::default();
    }
    let mut surveyed = Surveyed::default();
    let mut candidates = uncovered(run, inventory);
    let mut undecided = unlisted(inventory);
    let known = Known { count: None, listing: Some(&inventory.stacks), reports };
    let checked = needs.iter().filter(|(need, branch)| *need == Need::Check && may_be_idle(run, branch));
    for (_, branch) in checked {
        let input = BranchInput { deletions: DeletionPolicy::Count, ..run.input(branch) };
        let Ok(facts) = timeout_at(until.into(), gather(&input, run, known)).await else {
            surveyed.stopped = Some(Because::NoTimeLeft);
            break;
        };
        let decision = decide(&input, &facts);
        if decision.because.is_throttling() {
            surveyed.stopped = Some(Because::Throttled);
            break;
        }
        if is_undecided(&decision) {
            undecided.insert(branch.stack_name(&run.settings.prefix));
        }
        match candidate(branch, &decision, &facts) {
            Some(one) => candidates.push(one),
            None if decision.effects.is_empty() => drop(surveyed.settled.insert(branch.clone(), decision)),
            None => {}
        }
    }
    let uncounted =
        |one: &DeletionCandidate| Judgement::Hold(Because::DeletionsUncounted { why: one.why.clone() });
    let (None, Some(reports)) = (&surveyed.stopped, reports) else {
        surveyed.judgements = Judgements::all(candidates, uncounted);
        return surveyed;
    };
    let most = limit(run.rules.most_deletions, inventory.stacks.ours.len());
    let braked = brake(candidates, &undecided, reports, most, confirm, run.invocation.now);
    carry_out(run, braked, &mut surveyed).await;
    surveyed
}

/// The stacks of branches that no rule covers, and that exist or may exist. The listing alone has these facts.
fn uncovered(run: &Run<'_>, inventory: &Inventory) -> Vec<DeletionCandidate> {
    let ours = inventory.stacks.ours.iter();
    let existing =
        ours.filter(|(branch, _)| run.rules.covering(branch).is_none() && inventory.may_exist(branch));
    let found = existing.filter_map(|(branch, stack)| {
        let input = BranchInput { deletions: DeletionPolicy::Count, ..run.input(branch) };
        let stack = FoundStack::Ours(stack.clone());
        let facts = Facts::of(BranchTip::Listed, stack);
        candidate(branch, &decide(&input, &facts), &facts)
    });
    found.collect()
}

/// The names of the stacks whose branches could not be listed.
fn unlisted(inventory: &Inventory) -> BTreeSet<String> {
    let unreadable = inventory
        .stacks
        .ours
        .iter()
        .filter(|(branch, _)| inventory.unreadable.contains_key(&branch.repository));
    unreadable.map(|(_, stack)| stack.name().to_owned()).collect()
}

/// Whether the branch may be idle all the same: it, or the date of its commit, could not be read.
fn is_undecided(decision: &StackDecision) -> bool {
    let age_unknown = |remark: &Remark| matches!(remark, Remark::AgeUnknown { .. });
    decision.verdict == Verdict::Fail || decision.remarks.iter().any(age_unknown)
}

fn may_be_idle(run: &Run<'_>, branch: &BranchId) -> bool {
    run.rules.covering(branch).is_some_and(|rule| !run.rules.keep(rule, branch))
}

/// The candidate, where the decision is such a deletion.
pub(crate) fn candidate(
    branch: &BranchId,
    decision: &StackDecision,
    facts: &Facts,
) -> Option<DeletionCandidate> {
    let FoundStack::Ours(stack) = &facts.stack else { return None };
    match &decision.because {
        Because::Unwanted {
            why: why @ (Unwanted::NotCovered { .. } | Unwanted::Idle { .. }),
            stack: true,
        } => Some(DeletionCandidate { branch: branch.clone(), stack: stack.clone(), why: why.clone() }),
        _ => None,
    }
}

/// Records the confirmation, sends the emails, and forgets what has passed.
async fn carry_out(run: &Run<'_>, braked: Braked, surveyed: &mut Surveyed) {
    let Braked { judgements, held, to_warn, confirmed, refused, stale } = braked;
    surveyed.judgements = judgements;
    if let Some(because) = &refused {
        surveyed.report.reason(Verdict::Hold, RUN, because);
    }
    if let Some((digest, candidates)) = confirmed
        && let Err(error) = record_confirmation(run, &digest, &candidates).await
    {
        surveyed.report.add(table_failure(RUN, error));
        surveyed.judgements = Judgements::all(candidates, |one| {
            Judgement::Hold(Because::DeletionsUncounted { why: one.why.clone() })
        });
    }
    for key in stale {
        if let Err(error) = forget(run, &key).await {
            surveyed.report.add(table_failure(RUN, error));
            break;
        }
    }
    for one in &to_warn {
        let Some(key) = one.warning_key() else { continue };
        let (subject, message) = (one.branch.to_string(), warning_email(run, one));
        let due = DueReport { key, subject, message, remind_after: None };
        surveyed.report.add(report_once(run, &due).await);
    }
    if let Some(held) = &held {
        surveyed.report.add(report_held(run, held).await);
    }
}

/// The stacks first: only a list whose stacks are all recorded counts as confirmed.
async fn record_confirmation(
    run: &Run<'_>,
    digest: &str,
    candidates: &[DeletionCandidate],
) -> Result<(), TableError> {
    let stacks = candidates.iter().map(DeletionCandidate::confirmation_key);
    for key in stacks.chain([confirmation_of(digest)]) {
        record(run, &key).await?;
    }
    Ok(())
}

/// Emails the list that is held.
async fn report_held(run: &Run<'_>, held: &HeldDeletions) -> Report {
    let (key, message) = (held.key(), held_email(run, held));
    let due = DueReport { key, subject: RUN.to_owned(), message, remind_after: Some(REMIND_AFTER) };
    report_once(run, &due).await
}
