//! The brake on deletions that the configuration causes: which stacks of existing branches one run may delete. Pure.
//!
//! A stack whose branch exists is deleted because no rule covers the branch, or because the branch is idle. One wrong line in the
//! rules can do both to many stacks, so the brake counts these deletions over a day. Above the limit it releases none of them.
//! An operator releases the exact list by its digest. A branch that became idle by the passing of time is not counted.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use shared::arn::Arn;
use shared::token::client_token;

use crate::because::{Because, Unwanted};
use crate::identity::BranchId;
use crate::reports::{ReportKey, Reports};
use crate::stack::{BranchStack, stack_name};

/// The most stacks that the default lets a run delete.
const DEFAULT_MOST: usize = 3;

/// The time over which deletions are counted.
const COUNTED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// How long a confirmation holds for the stacks of its list: longer than the warning about an idle branch, and so that an
/// interrupted run is continued.
const CONFIRMED_FOR: SignedDuration = SignedDuration::from_hours(72);

/// The time between the warning about an idle branch and the deletion of its stack.
pub const WARNING: SignedDuration = SignedDuration::from_hours(24);

/// A branch that is found idle later than this after its `ttl` ended did not become idle by itself: the rule changed, or the
/// function did not run.
const FOUND_LATE: SignedDuration = SignedDuration::from_hours(24);

/// Characters of the digest that an operator copies.
const DIGEST: usize = 16;

const DELETED: &str = "deleted";
const CONFIRMED: &str = "confirmed";
const IDLE_WARNING: &str = "idle-warning";
const TOO_MANY: &str = "too-many-deletions";

/// How a decision treats the deletion of a stack whose branch exists.
#[derive(Debug, Clone, Copy)]
pub enum DeletionPolicy<'a> {
    /// The deletion waits for reconcile, which knows all of them: a single event is handled.
    Wait,
    /// The deletion is decided, to count it.
    Count,
    /// The brake has decided.
    Judged(&'a Judgements),
}

/// A stack that would be deleted although its branch may exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletionCandidate {
    /// The branch.
    pub branch: BranchId,
    /// The stack.
    pub stack: BranchStack,
    /// Why the branch should not have a stack.
    pub why: Unwanted,
}

impl DeletionCandidate {
    /// The name of the stack.
    pub fn stack_name(&self) -> &str {
        stack_name(&self.stack.id)
    }

    /// The stack and the reason, as the digest covers them.
    fn entry(&self) -> String {
        let code: &'static str = (&self.why).into();
        format!("{} {code}", self.stack.id)
    }

    /// The time since which the branch is idle.
    fn due(&self) -> Option<Timestamp> {
        match self.why {
            Unwanted::Idle { due, .. } => Some(due),
            _ => None,
        }
    }

    /// The report that warns of the deletion. Each period of idleness has its own: activity ends the period.
    pub fn warning_key(&self) -> Option<ReportKey> {
        self.due().map(|due| ReportKey::of_stack(self.stack_name(), &format!("{IDLE_WARNING} {due}")))
    }

    /// The record that an operator confirmed the deletion.
    pub fn confirmation_key(&self) -> ReportKey {
        let entry = client_token([self.entry().as_str()]);
        ReportKey::of_stack(self.stack_name(), &format!("{CONFIRMED} {}", &entry[..DIGEST]))
    }

    /// The record of the deletion.
    pub fn deletion_key(&self) -> ReportKey {
        let uuid = self.stack.id.resource.rsplit('/').next().unwrap_or_default();
        ReportKey::of_stack(self.stack_name(), &format!("{DELETED} {uuid}"))
    }
}

/// What the brake decided about one stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// The stack may be deleted.
    Delete {
        /// Whether the deletion counts against the limit of the day.
        counted: bool,
    },
    /// The stack is left, for this reason.
    Hold(Because),
}

/// The decisions of the brake, by stack.
#[derive(Debug, Clone, Default)]
pub struct Judgements(BTreeMap<String, (DeletionCandidate, Judgement)>);

impl Judgements {
    fn new(judged: Vec<(&DeletionCandidate, Judgement)>) -> Self {
        let by_stack = |(one, judgement): (&DeletionCandidate, Judgement)| {
            (one.stack.id.to_string(), (one.clone(), judgement))
        };
        Self(judged.into_iter().map(by_stack).collect())
    }

    /// The same judgement for every candidate.
    pub fn all(candidates: Vec<DeletionCandidate>, judge: impl Fn(&DeletionCandidate) -> Judgement) -> Self {
        let judged = candidates.into_iter().map(|candidate| {
            let judgement = judge(&candidate);
            (candidate.stack.id.to_string(), (candidate, judgement))
        });
        Self(judged.collect())
    }

    /// The judgement about the deletion of a stack for this reason.
    pub fn of(&self, stack: &Arn, why: &Unwanted) -> Option<&Judgement> {
        let (candidate, judgement) = self.0.get(&stack.to_string())?;
        (candidate.why == *why).then_some(judgement)
    }

    /// Why the stack of a branch is left.
    pub fn hold(&self, branch: &BranchId) -> Option<&Because> {
        self.0.values().find_map(|(one, judgement)| match judgement {
            Judgement::Hold(because) if one.branch == *branch => Some(because),
            _ => None,
        })
    }

    /// The candidate of a branch whose deletion is released and counted.
    pub fn counted(&self, branch: &BranchId) -> Option<&DeletionCandidate> {
        let counted = Judgement::Delete { counted: true };
        let found = self.0.values().find(|(one, judgement)| one.branch == *branch && *judgement == counted);
        found.map(|(candidate, _)| candidate)
    }
}

/// The deletions that the brake holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldDeletions {
    /// The digest of the list.
    pub digest: String,
    /// The stacks, by branch.
    pub candidates: Vec<DeletionCandidate>,
    /// The number of stacks that were deleted for such reasons within a day.
    pub recent: usize,
    /// The most deletions within a day.
    pub most: usize,
}

impl HeldDeletions {
    /// Why the stack of a candidate is left.
    fn because(&self, one: &DeletionCandidate) -> Because {
        Because::TooManyDeletions {
            why: one.why.clone(),
            count: self.candidates.len(),
            recent: self.recent,
            most: self.most,
            digest: self.digest.clone(),
        }
    }

    /// The report about this list.
    pub fn key(&self) -> ReportKey {
        ReportKey::of_deployment(&format!("{TOO_MANY} {}", self.digest))
    }
}

/// The result of the brake.
#[derive(Debug, Clone, Default)]
pub struct Braked {
    /// What may be deleted.
    pub judgements: Judgements,
    /// The list that is held, if the limit is exceeded.
    pub held: Option<HeldDeletions>,
    /// The idle stacks of which a warning is due.
    pub to_warn: Vec<DeletionCandidate>,
    /// The stacks whose deletion this run confirms, and the digest of their list.
    pub confirmed: Option<(String, Vec<DeletionCandidate>)>,
    /// That the confirmation is for another list.
    pub refused: Option<Because>,
    /// Reports whose cause no longer exists.
    pub stale: Vec<ReportKey>,
}

/// The most deletions within a day: the rules' `most-deletions` or, without it, 3 and at most a tenth of the stacks. One is
/// always possible.
pub fn limit(most: Option<u32>, stacks: usize) -> usize {
    match most {
        Some(most) => most as usize,
        None => (stacks / 10).clamp(1, DEFAULT_MOST),
    }
}

/// The digest of a list, independent of its order.
pub fn digest(candidates: &[DeletionCandidate]) -> String {
    let entries: BTreeSet<String> = candidates.iter().map(DeletionCandidate::entry).collect();
    client_token(entries.iter().map(String::as_str))[..DIGEST].to_owned()
}

/// Decides about every candidate of a run. `undecided` are the names of further stacks that may be candidates, `most` is the limit,
/// `confirm` the digest that the event confirms.
pub fn brake(
    candidates: Vec<DeletionCandidate>,
    undecided: &BTreeSet<String>,
    reports: &Reports,
    most: usize,
    confirm: Option<&str>,
    now: Timestamp,
) -> Braked {
    let past = Past { reports, now };
    let mut stale = stale(reports, &candidates, undecided);
    let (free, counted): (Vec<_>, Vec<_>) = candidates
        .into_iter()
        .partition(|one| past.came_by_itself(one) || past.is_confirmed(&one.confirmation_key()));
    let digest = digest(&counted);
    let recent = past.recent();
    let is_confirmed = !counted.is_empty() && confirm == Some(digest.as_str());
    let refused = confirm
        .filter(|given| !is_confirmed && !past.is_confirmed(&confirmation_of(given)))
        .map(|given| differs(given, &counted, &digest));
    let is_over = !is_confirmed && !counted.is_empty() && counted.len() + recent > most;
    let held =
        is_over.then(|| HeldDeletions { digest: digest.clone(), candidates: counted.clone(), recent, most });
    if let Some(held) = &held {
        stale.retain(|key| *key != held.key());
    }
    let stopped = |one: &DeletionCandidate| {
        let over = held.as_ref().map(|held| held.because(one));
        refused.clone().or(over).map(Judgement::Hold)
    };
    let of_free = free.iter().map(|one| (one, past.after_warning(one, false)));
    let of_counted = counted
        .iter()
        .map(|one| (one, stopped(one).unwrap_or_else(|| past.after_warning(one, !is_confirmed))));
    let judged: Vec<(&DeletionCandidate, Judgement)> = of_free.chain(of_counted).collect();
    let to_warn = judged.iter().filter(|(one, judgement)| past.needs_warning(one, judgement));
    Braked {
        to_warn: to_warn.map(|(one, _)| (*one).clone()).collect(),
        judgements: Judgements::new(judged),
        confirmed: is_confirmed.then(|| (digest, counted.clone())),
        held,
        refused,
        stale,
    }
}

/// What was reported, confirmed and deleted before.
struct Past<'a> {
    reports: &'a Reports,
    now: Timestamp,
}

impl Past<'_> {
    /// When the deletion was announced.
    fn warned(&self, one: &DeletionCandidate) -> Option<Timestamp> {
        one.warning_key().and_then(|key| self.reports.get(&key)).copied()
    }

    /// Whether the branch became idle by the passing of time.
    fn came_by_itself(&self, one: &DeletionCandidate) -> bool {
        let found = self.warned(one).unwrap_or(self.now);
        one.due().is_some_and(|due| found.duration_since(due) <= FOUND_LATE)
    }

    fn is_confirmed(&self, key: &ReportKey) -> bool {
        self.reports.get(key).is_some_and(|at| self.now.duration_since(*at) < CONFIRMED_FOR)
    }

    /// The number of stacks that were deleted within a day and counted.
    fn recent(&self) -> usize {
        let deleted = self.reports.iter().filter(|(key, _)| is_kind(key, DELETED));
        deleted.filter(|(_, at)| self.now.duration_since(**at) < COUNTED_FOR).count()
    }

    /// The judgement about a stack that the brake releases: an idle branch has a day after its warning.
    fn after_warning(&self, one: &DeletionCandidate, counted: bool) -> Judgement {
        let warned = self.warned(one);
        let after = warned.unwrap_or(self.now).saturating_add(WARNING).unwrap_or(Timestamp::MAX);
        match one.due() {
            Some(_) if warned.is_none() || self.now < after => {
                Judgement::Hold(Because::IdleWarned { why: one.why.clone(), after })
            }
            _ => Judgement::Delete { counted },
        }
    }

    fn needs_warning(&self, one: &DeletionCandidate, judgement: &Judgement) -> bool {
        matches!(judgement, Judgement::Hold(Because::IdleWarned { .. })) && self.warned(one).is_none()
    }
}

fn differs(given: &str, counted: &[DeletionCandidate], digest: &str) -> Because {
    let actual = (!counted.is_empty()).then(|| digest.to_owned());
    Because::ConfirmationDiffers { given: given.to_owned(), actual }
}

/// The record that an operator confirmed a list.
pub fn confirmation_of(digest: &str) -> ReportKey {
    ReportKey::of_deployment(&format!("{CONFIRMED} {digest}"))
}

/// The warnings, confirmations and lists whose cause no longer exists. The next one is then the first again. A stack that could not
/// be decided about keeps its own, so that a failed read neither repeats an email nor begins another day.
fn stale(
    reports: &Reports,
    candidates: &[DeletionCandidate],
    undecided: &BTreeSet<String>,
) -> Vec<ReportKey> {
    let warnings = candidates.iter().filter_map(DeletionCandidate::warning_key);
    let current: BTreeSet<ReportKey> =
        warnings.chain(candidates.iter().map(DeletionCandidate::confirmation_key)).collect();
    let passed = |key: &&ReportKey| match key.what().split(' ').next() {
        Some(TOO_MANY) => undecided.is_empty(),
        Some(IDLE_WARNING) => !current.contains(*key) && !undecided.contains(key.about()),
        Some(CONFIRMED) => {
            !key.is_of_deployment() && !current.contains(*key) && !undecided.contains(key.about())
        }
        _ => false,
    };
    reports.keys().filter(passed).cloned().collect()
}

fn is_kind(key: &ReportKey, kind: &str) -> bool {
    key.what().split(' ').next() == Some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_three_stacks_and_a_tenth_of_all_are_the_limit_and_one_is_always_possible() {
        let cases = [(0, 1), (1, 1), (3, 1), (4, 1), (19, 1), (20, 2), (29, 2), (30, 3), (31, 3), (400, 3)];
        for (stacks, most) in cases {
            assert_eq!(limit(None, stacks), most, "{stacks} stacks");
        }
        assert_eq!(limit(Some(0), 400), 0);
        assert_eq!(limit(Some(50), 1), 50);
    }
}
