//! Every branch with its stack, and what the function would do about it now. Only reads.
//!
//! The overview decides as reconcile does, with the same brake, and leaves out only how many stacks a run creates and updates at
//! a time.

mod row;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde::Serialize;
use shared::config::Place;
use shared::decision::{Note, Verdict};

use crate::because::{Because, Listed};
use crate::brake::{Braked, DeletionPolicy, HeldDeletions, Judgements, brake, limit};
use crate::decide::{StackDecision, decide};
use crate::facts::{BranchTip, Facts, FoundStack};
use crate::gather::{Known, gather_listed};
use crate::identity::BranchId;
use crate::inventory::{Inventory, inventory};
use crate::reports::Reports;
use crate::run::{BranchInput, Run};
use crate::survey::candidate;

pub use row::{BranchRow, StackState};

/// The overview.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StackOverview {
    /// The time that counts as now.
    pub now: Timestamp,
    /// The prefix of the stacks' names.
    pub prefix: String,
    /// One row for each branch of the repositories that the rules name, and for each stack, by repository and branch.
    pub branches: Vec<BranchRow>,
    /// The deletions that the brake holds.
    pub held: Option<HeldList>,
    /// What could not be read, and what else an operator may want to know.
    pub notes: Vec<Note>,
    /// The number of rows of each verdict.
    pub counts: BTreeMap<String, usize>,
    /// Whether every repository, branch and stack could be read.
    pub complete: bool,
}

/// The deletions that the brake holds.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldList {
    /// The digest that confirms the list.
    pub digest: String,
    /// The number of stacks.
    pub stacks: usize,
    /// The number of stacks deleted within a day.
    pub recent: usize,
    /// The most stacks that may be deleted within a day.
    pub most: usize,
}

/// What was found and decided about one branch.
pub(crate) struct Judged {
    branch: BranchId,
    exists: Option<bool>,
    facts: Facts,
    decision: StackDecision,
}

/// Makes the overview. `reports` is the content of the table of reports; without it, no warning and no confirmation is known.
///
/// # Errors
/// With the reason, when the stacks or the repositories could not be listed.
pub async fn overview(run: &Run<'_>, reports: &Reports) -> Result<StackOverview, Because> {
    let inventory = inventory(run.rules, &run.settings.prefix, run.aws).await?;
    let mut judged = Vec::new();
    let mut creating: HashMap<Place, usize> = HashMap::new();
    for branch in all_branches(&inventory) {
        let one = judge(run, &inventory, reports, branch, &creating).await;
        if let (Verdict::Create, Some(rule)) = (one.decision.verdict, &one.decision.rule) {
            *creating.entry(rule.clone()).or_default() += 1;
        }
        judged.push(one);
    }
    let candidates = judged.iter().filter_map(|one| candidate(&one.branch, &one.decision, &one.facts));
    let most = limit(run.rules.most_deletions, inventory.stacks.ours.len());
    let Braked { judgements, held, .. } =
        brake(candidates.collect(), &BTreeSet::new(), reports, most, None, run.invocation.now);
    judged.iter_mut().for_each(|one| apply(run, &judgements, one));
    Ok(assembled(run, &inventory, &judged, held))
}

/// Every branch of the repositories that the rules name, and every branch with a stack.
fn all_branches(inventory: &Inventory) -> BTreeSet<BranchId> {
    let listed = inventory.covered.iter().chain(&inventory.uncovered).chain(&inventory.others);
    listed.chain(inventory.stacks.ours.keys()).cloned().collect()
}

async fn judge(
    run: &Run<'_>,
    inventory: &Inventory,
    reports: &Reports,
    branch: BranchId,
    creating: &HashMap<Place, usize>,
) -> Judged {
    let exists = exists(inventory, &branch);
    let input = BranchInput { deletions: DeletionPolicy::Count, ..run.input(&branch) };
    let name = branch.stack_name(&run.settings.prefix);
    let stack = match (inventory.stacks.ours.get(&branch), inventory.stacks.foreign.get(&name)) {
        (Some(ours), _) => FoundStack::Ours(ours.clone()),
        (None, Some(foreign)) => FoundStack::Foreign(foreign.clone()),
        (None, None) => FoundStack::None,
    };
    let rule = run.rules.covering(&branch).map(|rule| &rule.place);
    let soon = rule.and_then(|rule| creating.get(rule)).copied().unwrap_or_default();
    let count = inventory.stacks.count_of_rule(&branch, run.rules) + soon;
    let known = Known { count: Some(count), listing: Some(&inventory.stacks), reports: Some(reports) };
    let facts = match (rule, exists, inventory.unreadable.get(&branch.repository)) {
        (Some(_), None, Some(error)) => Facts::of(BranchTip::Unreadable(error.clone()), stack),
        (Some(_), ..) => gather_listed(&input, stack, run, known).await,
        (None, Some(false), _) => Facts::of(BranchTip::Gone, stack),
        (None, ..) => Facts::of(BranchTip::Listed, stack),
    };
    let decision = decide(&input, &facts);
    Judged { exists, facts, decision, branch }
}

/// Whether the branch exists; nothing where its repository could not be read.
fn exists(inventory: &Inventory, branch: &BranchId) -> Option<bool> {
    let listed = [&inventory.covered, &inventory.uncovered, &inventory.others];
    let is_unknown = inventory.unreadable.contains_key(&branch.repository)
        || inventory.unknown.contains(&branch.repository);
    match listed.iter().any(|branches| branches.contains(branch)) {
        true => Some(true),
        false if is_unknown => None,
        false => Some(false),
    }
}

/// Re-evaluates a branch with what the brake decided.
fn apply(run: &Run<'_>, judgements: &Judgements, one: &mut Judged) {
    let deletions = DeletionPolicy::Judged(judgements);
    let input = BranchInput { deletions, ..run.input(&one.branch) };
    one.decision = decide(&input, &one.facts);
}

fn assembled(
    run: &Run<'_>,
    inventory: &Inventory,
    judged: &[Judged],
    held: Option<HeldDeletions>,
) -> StackOverview {
    let branches: Vec<BranchRow> = judged.iter().map(|one| BranchRow::new(run, one)).collect();
    let mut counts = BTreeMap::new();
    for row in &branches {
        *counts.entry(row.verdict.to_string()).or_insert(0) += 1;
    }
    let mut report = shared::report::Report::default();
    for (repository, error) in &inventory.unreadable {
        report.note(repository, &Because::ListingFailed { what: Listed::Branches, error: error.clone() });
    }
    for remark in judged.iter().flat_map(|one| &one.decision.remarks) {
        report.note(&remark.subject(), remark);
    }
    let failed = branches.iter().any(|row| row.verdict == Verdict::Fail);
    let complete = !failed && inventory.unreadable.is_empty() && inventory.unknown.is_empty();
    let held = held.map(|held| HeldList {
        digest: held.digest,
        stacks: held.candidates.len(),
        recent: held.recent,
        most: held.most,
    });
    StackOverview {
        now: run.invocation.now,
        prefix: run.settings.prefix.clone(),
        branches,
        held,
        notes: report.notes,
        counts,
        complete,
    }
}
