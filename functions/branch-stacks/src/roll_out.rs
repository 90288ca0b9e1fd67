//! A roll-out: one state of a rule, its template included, on its way to all stacks of the rule. A roll-out that fails for
//! several stacks stops.
//!
//! An update that belongs to a roll-out has the roll-out's id in its token. The table of reports remembers for which stacks
//! the roll-out failed, so that every later run and every event knows it. A change of the commit alone is no roll-out: the
//! failure of one branch's commit says nothing about the other branches.

use std::collections::BTreeSet;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::gather::StackListing;
use crate::identity::BranchId;
use crate::reports::{ReportKey, Reports};
use crate::rules::{Rules, StackRule};
use crate::stack::{BranchStack, StackPhase};

/// After failures for this many stacks, the roll-out stops. Until a stack has succeeded, at most this many are updated at a
/// time.
pub const ENOUGH_FAILURES: usize = 3;

/// The most time between the begin of two updates of which one email reports both.
const EVENT_DELAY: SignedDuration = SignedDuration::from_mins(30);

/// The time after which a recorded failure of a complete stack no longer counts: the stack was listed before the reports were read.
const SETTLED_FOR: SignedDuration = SignedDuration::from_hours(1);

/// How much of a hash an id shows.
pub(crate) const SHOWN_ID: usize = 16;

/// The id of a roll-out: a hash of the rule as it is written, not filled in for a branch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RollOutId(String);

impl RollOutId {
    /// The roll-out of a rule as it is now.
    pub fn of_rule(rule: &StackRule) -> Self {
        Self(rule.digest_as_written()[..SHOWN_ID].to_owned())
    }

    /// The roll-out of the update with this token; none for the token of anything else.
    pub fn of_token(token: &str) -> Option<Self> {
        let mut parts = token.strip_prefix("update-")?.split('-').skip(1);
        let id = parts.next().filter(|id| id.len() == SHOWN_ID)?;
        parts.next().map(|_| Self(id.to_owned()))
    }

    /// The roll-out of an update of the stack; none if only the commit changed.
    pub fn of_update(rule: &StackRule, branch: &BranchId, stack: &BranchStack) -> Option<Self> {
        is_outdated(rule, branch, stack).then(|| Self::of_rule(rule))
    }

    /// The record that the roll-out failed for a stack.
    pub fn failure(&self, stack_name: &str) -> ReportKey {
        ReportKey::of_deployment(&format!("{}{stack_name}", self.failures()))
    }

    /// The email that the roll-out stopped.
    pub fn stop(&self) -> ReportKey {
        ReportKey::of_deployment(&format!("roll-out {self} stopped"))
    }

    /// The email that the roll-out failed for a stack.
    pub fn email(&self, stack_name: &str) -> ReportKey {
        ReportKey::of_stack(stack_name, &format!("roll-out {self}"))
    }

    /// The stacks for which the roll-out failed.
    pub fn failed_stacks(&self, reports: &Reports) -> BTreeSet<String> {
        let prefix = self.failures();
        let names = reports.keys().filter_map(|key| key.what().strip_prefix(&prefix));
        names.map(str::to_owned).collect()
    }

    fn failures(&self) -> String {
        format!("roll-out {self} failed ")
    }
}

impl fmt::Display for RollOutId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the stack differs from the rule in more than the commit.
fn is_outdated(rule: &StackRule, branch: &BranchId, stack: &BranchStack) -> bool {
    rule.spec(branch, stack.commit()).digest != stack.digest()
}

/// The stacks of a roll-out among those of a listing.
pub struct RollOutStacks<'a> {
    /// The roll-out.
    pub id: &'a RollOutId,
    /// The rules.
    pub rules: &'a Rules,
    /// All stacks.
    pub listing: &'a StackListing,
}

impl<'a> RollOutStacks<'a> {
    fn stacks(&self) -> impl Iterator<Item = (&'a BranchId, &'a BranchStack, &'a StackRule)> {
        let (id, rules) = (self.id, self.rules);
        let ruled = self
            .listing
            .ours
            .iter()
            .filter_map(|(branch, stack)| Some((branch, stack, rules.covering(branch)?)));
        ruled.filter(move |(_, _, rule)| RollOutId::of_rule(rule) == *id)
    }

    /// The stacks of these names that still count as failed: one that is complete again does not.
    pub fn still_failed(&self, mut names: BTreeSet<String>) -> BTreeSet<String> {
        let complete = |stack: &&BranchStack| stack.phase() == StackPhase::Settled;
        for stack in self.listing.ours.values().filter(complete) {
            names.remove(stack.name());
        }
        names
    }

    /// The reports of the roll-out that are over, because their stacks are complete again: the next failures are the first again,
    /// and have an email.
    pub fn over(&self, reports: &Reports, now: Timestamp) -> BTreeSet<ReportKey> {
        let recorded = self.id.failed_stacks(reports);
        let failed = self.still_failed(recorded.clone());
        let is_old =
            |key: &ReportKey| reports.get(key).is_some_and(|at| now.duration_since(*at) >= SETTLED_FOR);
        let complete = recorded.difference(&failed).filter(|name| is_old(&self.id.failure(name)));
        let of_stacks = complete.flat_map(|name| [self.id.failure(name), self.id.email(name)]);
        let stop = (failed.len() < ENOUGH_FAILURES).then(|| self.id.stop()).filter(is_old);
        of_stacks.chain(stop).filter(|key| reports.contains_key(key)).collect()
    }

    /// Whether a stack has got the roll-out: it can succeed.
    pub fn is_proven(&self) -> bool {
        self.stacks().any(|(branch, stack, rule)| {
            stack.phase() == StackPhase::Settled && !is_outdated(rule, branch, stack)
        })
    }

    /// Whether further failures may follow that of `failed`: another stack is being updated, or its update has failed and the
    /// event about that is on its way. `known` are the stacks whose failure is recorded.
    pub fn others_may_fail(&self, failed: &BranchStack, known: &BTreeSet<String>) -> bool {
        let since = failed.updated.and_then(|updated| updated.checked_sub(EVENT_DELAY).ok());
        let is_recent = |stack: &BranchStack| stack.updated >= since && since.is_some();
        self.stacks().any(|(_, stack, _)| {
            let undone = stack.phase() == StackPhase::UpdateUndone && is_recent(stack);
            (is_being_updated(stack) || undone) && stack.id != failed.id && !known.contains(stack.name())
        })
    }

    /// Whether a protected branch waits for others: no stack has got the roll-out, and one that is not protected can.
    pub fn protected_branches_wait(&self) -> bool {
        let mut others =
            self.stacks().filter(|(branch, stack, _)| !stack.protected && !self.rules.protect(branch));
        let candidate = |(branch, stack, rule): (&BranchId, &BranchStack, &StackRule)| {
            is_being_updated(stack)
                || (stack.phase() == StackPhase::Settled && is_outdated(rule, branch, stack))
        };
        !self.is_proven() && others.any(candidate)
    }
}

fn is_being_updated(stack: &BranchStack) -> bool {
    stack.status.as_str().starts_with("UPDATE_") && stack.phase() == StackPhase::Working
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_of_an_update_has_the_id_of_its_roll_out() {
        let (digest, id, hash) = ("0".repeat(16), "1".repeat(16), "2".repeat(64));
        let token = format!("update-{digest}-{id}-{hash}");
        assert!(token.len() <= 128);
        assert_eq!(RollOutId::of_token(&token), Some(RollOutId(id)));
        for other in
            [format!("update-{digest}-{hash}"), format!("create-{hash}"), "Console-UpdateStack-1".into()]
        {
            assert_eq!(RollOutId::of_token(&other), None, "{other}");
        }
    }

    #[test]
    fn failures_are_counted_for_each_roll_out_alone() {
        let (one, other) = (RollOutId("1".repeat(16)), RollOutId("2".repeat(16)));
        let at = jiff::Timestamp::UNIX_EPOCH;
        let reports = [
            one.failure("branch-a"),
            one.failure("branch-b"),
            one.email("branch-a"),
            other.failure("branch-c"),
            one.stop(),
        ];
        let reports: Reports = reports.into_iter().map(|key| (key, at)).collect();
        assert_eq!(one.failed_stacks(&reports).into_iter().collect::<Vec<_>>(), ["branch-a", "branch-b"]);
    }
}
