//! The inventory that reconcile takes: which branches have to be evaluated, in which order, and which need nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use shared::call_error::CallError;
use shared::clock::elsewhere;
use shared::decision::Verdict;
use shared::report::Report;

use crate::aws::Clients;
use crate::because::{Because, Listed};
use crate::decide::{StackDecision, decide, may_never_end};
use crate::facts::{BranchTip, Facts, FoundStack};
use crate::gather::{StackListing, all_stacks, branches, repositories};
use crate::identity::{BranchId, ends_with_hash};
use crate::rules::Rules;
use crate::run::BranchInput;
use crate::stack::{BranchStack, ForeignBecause, ForeignStack, StackPhase};

/// All branches that the rules cover, and all stacks.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// The existing branches that a rule covers.
    pub covered: BTreeSet<BranchId>,
    /// The stacks.
    pub stacks: StackListing,
    /// Repositories whose branches could not be listed, and why.
    pub unreadable: BTreeMap<String, CallError>,
    /// The existing branches that have a stack and that no rule covers.
    pub uncovered: BTreeSet<BranchId>,
    /// The other existing branches of the repositories that the rules are about: no rule covers them, and they have no stack.
    pub others: BTreeSet<BranchId>,
    /// Repositories that no rule is about, with stacks, and whose branches could not be listed.
    pub unknown: BTreeSet<String>,
}

/// In a group larger than this, each run begins at another branch.
const LARGE_GROUP: usize = 20;

/// Why a branch or a stack has to be evaluated; in the order of evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The branch has no stack.
    Missing,
    /// The stack's branch does not exist, or no rule covers it.
    Orphan,
    /// The stack may have to change, or its branch may be idle.
    Check,
    /// The branch has no stack and may be idle. Such branches are evaluated in every run, so they come last.
    MaybeIdle,
}

/// Lists everything. The stacks come first: a branch that is pushed meanwhile is then in the list, and its stack is not.
///
/// # Errors
/// When the stacks or the repositories could not be listed.
pub async fn inventory(rules: &Rules, prefix: &str, aws: &Clients) -> Result<Inventory, Because> {
    let failed = |what| move |error| Because::ListingFailed { what, error };
    let stacks = all_stacks(prefix, aws).await.map_err(failed(Listed::Stacks))?;
    let mut inventory = Inventory { stacks, ..Inventory::default() };
    if rules.stacks.is_empty() {
        return Ok(inventory);
    }
    let mut throttled = None;
    for repository in repositories(aws).await.map_err(failed(Listed::Repositories))? {
        let is_about = rules.are_about(&repository);
        if !is_about && !inventory.has_stacks_of(&repository) {
            continue;
        }
        let listed = match &throttled {
            Some(error) => Err(CallError::clone(error)),
            None => branches(&repository, aws).await,
        };
        match listed {
            Ok(branches) => inventory.add_branches(&repository, branches, rules),
            Err(error) => {
                throttled = throttled.or_else(|| Some(error.clone()).filter(CallError::is_throttling));
                match is_about {
                    true => drop(inventory.unreadable.insert(repository, error)),
                    false => drop(inventory.unknown.insert(repository)),
                }
            }
        }
    }
    Ok(inventory)
}

impl Inventory {
    fn add_branches(&mut self, repository: &str, names: Vec<String>, rules: &Rules) {
        let branches = names.into_iter().map(|name| BranchId { repository: repository.to_owned(), name });
        let (covered, others): (BTreeSet<_>, BTreeSet<_>) =
            branches.partition(|branch| rules.covering(branch).is_some());
        self.covered.extend(covered);
        let (with_stack, without): (BTreeSet<_>, BTreeSet<_>) =
            others.into_iter().partition(|branch| self.stacks.ours.contains_key(branch));
        self.uncovered.extend(with_stack);
        if rules.are_about(repository) {
            self.others.extend(without);
        }
    }

    fn has_stacks_of(&self, repository: &str) -> bool {
        self.stacks.ours.keys().any(|branch| branch.repository == repository)
    }

    /// Whether a branch that no rule covers exists, as far as the lists show it. A branch of an unreadable repository may.
    pub fn may_exist(&self, branch: &BranchId) -> bool {
        let repository = &branch.repository;
        self.uncovered.contains(branch)
            || self.unreadable.contains_key(repository)
            || self.unknown.contains(repository)
    }

    /// The branches to evaluate, in this order, and the report about all others.
    pub fn sorted(&self, input: &BranchInput<'_>) -> (Vec<(Need, BranchId)>, Report) {
        let (mut needs, mut settled) = (Vec::new(), Report::default());
        for (repository, error) in &self.unreadable {
            let because = Because::ListingFailed { what: Listed::Branches, error: error.clone() };
            settled.reason(Verdict::Fail, repository, &because);
        }
        let orphans = self.stacks.ours.keys().filter(|branch| !self.covered.contains(branch));
        // Where the branches could not be listed, it is unknown whether a stack's branch exists.
        let known = orphans.filter(|branch| !self.unreadable.contains_key(&branch.repository));
        needs.extend(known.map(|branch| (Need::Orphan, branch.clone())));
        for branch in &self.covered {
            match self.without_reading(&BranchInput { branch, ..*input }) {
                Ok(report) => settled.add(report),
                Err(need) => needs.push((need, branch.clone())),
            }
        }
        self.report_foreign(input, &mut settled);
        let turn =
            |need: Need, branch: &BranchId| (need == Need::Check).then(|| self.turn(input.rules, branch));
        needs.sort_by_cached_key(|(need, branch)| (*need, turn(*need, branch), branch.clone()));
        // In a large group, each run begins at another branch: neither a lack of time nor a few branches that always fail
        // keep the others from their turn.
        let same = |(need, branch): &(Need, BranchId), (next, other): &(Need, BranchId)| {
            need == next && turn(*need, branch) == turn(*next, other)
        };
        for group in needs.chunk_by_mut(same) {
            if group.len() > LARGE_GROUP {
                group.rotate_left(elsewhere(input.now, group.len()));
            }
        }
        (needs, settled)
    }

    /// In a roll-out, the stacks that failed come first, so that their failures are known before the next updates, and protected
    /// branches come last.
    fn turn(&self, rules: &Rules, branch: &BranchId) -> u8 {
        let failed = |stack: &BranchStack| stack.phase() == StackPhase::UpdateUndone;
        match self.stacks.ours.get(branch).is_some_and(failed) {
            true => 0,
            false => 1 + u8::from(rules.protect(branch)),
        }
    }

    /// Reports foreign stacks whose names look like ours, including the hash, so that a stack which lost its tags stays
    /// visible. A foreign stack with the name of a covered branch's stack is reported with that branch.
    fn report_foreign(&self, input: &BranchInput<'_>, report: &mut Report) {
        let names = self.covered.iter().map(|branch| branch.stack_name(input.prefix));
        let names: BTreeSet<String> = names.collect();
        let others = self.stacks.foreign.values().filter(|foreign| {
            !matches!(foreign.because, ForeignBecause::Nested | ForeignBecause::Owner)
                && ends_with_hash(&foreign.name)
                && !names.contains(&foreign.name)
        });
        others.for_each(|foreign: &ForeignStack| {
            report.reason(Verdict::Skip, &foreign.name, &Because::ForeignStack(foreign.clone()));
        });
    }

    /// The report about a branch that needs nothing, as far as that is certain without reading its commit; otherwise, why the
    /// branch has to be evaluated.
    fn without_reading(&self, input: &BranchInput<'_>) -> Result<Report, Need> {
        let rule = input.rules.covering(input.branch).ok_or(Need::Check)?;
        let Some(stack) = self.stacks.ours.get(input.branch) else {
            let kept = input.rules.keep(rule, input.branch);
            return Err(if kept { Need::Missing } else { Need::MaybeIdle });
        };
        let is_in_use = input.rules.keep(rule, input.branch) || is_younger(stack, input, rule.ttl);
        let quiet =
            stack.phase().is_whole() || matches!(stack.phase(), StackPhase::Working | StackPhase::Deleting);
        if !is_in_use || !quiet || rule.uses_commit() || may_never_end(input, stack) {
            return Err(Need::Check);
        }
        let decision = decide(input, &listed(stack));
        if decision.effects.is_empty() { Ok(decision.report(input.branch)) } else { Err(Need::Check) }
    }

    /// The decision about a branch that needs nothing, as far as that is certain without reading its commit.
    pub fn settled(&self, input: &BranchInput<'_>) -> Option<(StackDecision, &BranchStack)> {
        let stack = self.stacks.ours.get(input.branch)?;
        self.without_reading(input).ok()?;
        Some((decide(input, &listed(stack)), stack))
    }

    /// The number of stacks that are being updated.
    pub fn updating(&self) -> usize {
        let updating = |stack: &&BranchStack| {
            stack.status.as_str().starts_with("UPDATE_") && stack.phase() == StackPhase::Working
        };
        self.stacks.ours.values().filter(updating).count()
    }
}

/// The facts that the lists of branches and stacks alone prove.
fn listed(stack: &BranchStack) -> Facts {
    Facts::of(BranchTip::Listed, FoundStack::Ours(stack.clone()))
}

fn is_younger(stack: &BranchStack, input: &BranchInput<'_>, ttl: Option<SignedDuration>) -> bool {
    ttl.is_none_or(|ttl| stack.created.is_none_or(|created| input.now.duration_since(created) <= ttl))
}
