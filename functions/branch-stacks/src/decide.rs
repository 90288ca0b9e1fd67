//! The decision about one branch: facts and rules in; verdict, reason and effects out. Pure.
//!
//! A branch should have a stack exactly if a rule covers it and it is protected, pinned or in use. While CloudFormation
//! runs an operation on a stack, nothing is done to it: the stack is re-evaluated when that operation completes.

use aws_sdk_cloudformation::types::StackStatus;
use jiff::{SignedDuration, Timestamp};
use shared::config::Place;
use shared::decision::{Reason, Verdict};
use shared::report::Report;

use crate::because::{Because, Unwanted};
use crate::brake::{DeletionPolicy, Judgement};
use crate::effect::{Effect, create as created, delete, is_update_to, update};
use crate::facts::{BranchTip, Facts, FoundStack, HistoryUnreadable};
use crate::identity::BranchId;
use crate::idle::idle;
use crate::keep::KeepTag;
use crate::passing::RETRY_AFTER;
use crate::remark::Remark;
use crate::roll_out::{ENOUGH_FAILURES, RollOutId};
use crate::rules::{Deployment, StackRule, StackSpec};
use crate::run::BranchInput;
use crate::stack::{BranchStack, StackPhase};

/// The time between two attempts to delete a stack. What blocks a deletion is seldom fixed in less, and each attempt that
/// fails sends an email.
pub const BETWEEN_DELETIONS: SignedDuration = SignedDuration::from_hours(24);

/// An operation that lasts for longer is reported. CloudFormation waits for a resource for at most 12 hours: that is the
/// longest timeout of a wait condition and of a creation policy (AWS::CloudFormation::WaitCondition, AWS CloudFormation Template
/// Reference).
pub const LONGEST_OPERATION: SignedDuration = SignedDuration::from_hours(12);

/// A decision about one branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackDecision {
    /// What happens to the stack.
    pub verdict: Verdict,
    /// Why.
    pub because: Because,
    /// The rule that covers the branch, if any.
    pub rule: Option<Place>,
    /// The effects, in this order; each only after the previous one succeeded.
    pub effects: Vec<Effect>,
    /// Observations that decided nothing.
    pub remarks: Vec<Remark>,
    /// Whether the rules require a stack for the branch; not if that is unknown.
    pub wants_stack: bool,
}

impl StackDecision {
    /// The decision to leave the stack of a branch, which the rules may not require.
    pub fn hold(because: Because, rule: Option<Place>) -> Self {
        let (effects, remarks) = (Vec::new(), Vec::new());
        Self { verdict: Verdict::Hold, because, rule, effects, remarks, wants_stack: false }
    }

    /// The reason as a decision shows it.
    pub fn reason(&self, branch: &BranchId) -> Reason {
        let mut reason = Reason::new(self.verdict, branch.to_string(), &self.because);
        let rule = || self.rule.as_ref().map(Place::to_string);
        reason.because.config = reason.because.config.or_else(rule);
        reason
    }

    /// The report about the branch, without actions.
    pub fn report(&self, branch: &BranchId) -> Report {
        let mut report = Report { reasons: vec![self.reason(branch)], ..Report::default() };
        for remark in &self.remarks {
            report.note(&remark.subject(), remark);
        }
        report
    }
}

/// Whether the branch should have a stack.
enum Desired<'a> {
    Stack { rule: &'a StackRule, commit: &'a str },
    NoStack(Unwanted),
    Unknown(Because),
}

/// Decides about one branch.
pub fn decide(input: &BranchInput<'_>, facts: &Facts) -> StackDecision {
    let rule = input.rules.covering(input.branch).map(|rule| rule.place.clone());
    let desired = desired(input, facts);
    let wants_stack = matches!(desired, Desired::Stack { .. });
    let (verdict, because, effects) = match &facts.history {
        Ok(_) => answered(input, facts, desired),
        Err(unreadable) => fail(unreadable.because()),
    };
    let (verdict, because, effects) = unless_a_rule_is_broken(input, (verdict, because, effects));
    let remarks = age_remark(input, facts).into_iter().chain(keep_remark(input, facts)).collect();
    StackDecision { verdict, because, rule, effects, remarks, wants_stack }
}

/// The answer, unless a rule that cannot be read may want another one.
fn unless_a_rule_is_broken(input: &BranchInput<'_>, answered: Answered) -> Answered {
    let BranchInput { branch, rules, .. } = *input;
    let broken = match (&answered.0, &answered.1) {
        (Verdict::Create, _) => rules.blocking_creation(branch),
        (Verdict::Update, _) => rules.blocking_update(branch),
        (Verdict::Delete, _) => rules.blocking_deletion(branch),
        // Such a deletion is only decided later, and a branch without a rule may have a broken one.
        (Verdict::Hold, Because::AwaitsReconcile { .. }) => rules.blocking_deletion(branch),
        (Verdict::Skip, Because::Unwanted { why: Unwanted::NotCovered { .. }, stack: false }) => {
            rules.blocking_creation(branch)
        }
        _ => None,
    };
    let held = broken.map(|broken| hold(Because::RuleBroken { rule: broken.place.clone() }));
    held.unwrap_or(answered)
}

fn answered(input: &BranchInput<'_>, facts: &Facts, desired: Desired<'_>) -> Answered {
    match (&facts.stack, desired) {
        (FoundStack::Unreadable(error), _) => fail(Because::StackUnreadable { error: error.clone() }),
        (_, Desired::Unknown(because)) => fail(because),
        (FoundStack::Foreign(foreign), Desired::Stack { .. }) => hold(Because::ForeignStack(foreign.clone())),
        (FoundStack::Foreign(foreign), Desired::NoStack(_)) => skip(Because::ForeignStack(foreign.clone())),
        (FoundStack::None, Desired::Stack { rule, commit }) => create(input, facts, rule, commit),
        (FoundStack::None, Desired::NoStack(why)) => skip(Because::Unwanted { why, stack: false }),
        (FoundStack::Ours(stack), Desired::Stack { rule, commit }) => keep(input, facts, stack, rule, commit),
        (FoundStack::Ours(stack), Desired::NoStack(why)) => {
            braked(input, stack, remove(input, facts, stack, why))
        }
    }
}

/// The remark about the date of the head's commit, if the date was needed.
fn age_remark(input: &BranchInput<'_>, facts: &Facts) -> Option<Remark> {
    let BranchTip::At(tip) = &facts.head else { return None };
    let branch = || input.branch.clone();
    match tip.committed.as_ref()? {
        Err(error) => Some(Remark::AgeUnknown { branch: branch(), error: error.clone() }),
        Ok(committed) if *committed > input.now => {
            Some(Remark::CommittedInTheFuture { branch: branch(), committed: *committed })
        }
        Ok(_) => None,
    }
}

/// The remark about the tag that keeps the stack of a branch which would be idle without it.
fn keep_remark(input: &BranchInput<'_>, facts: &Facts) -> Option<Remark> {
    let FoundStack::Ours(stack) = &facts.stack else { return None };
    let tag = KeepTag::of(&stack.tags);
    let kept = tag.keeps(input.now) && idle(input, facts).is_some();
    kept.then(|| Remark::KeptByTag { branch: input.branch.clone(), tag })
}

/// The answer after the brake: the deletion of an existing branch's stack is carried out only where it was counted.
fn braked(input: &BranchInput<'_>, stack: &BranchStack, answered: Answered) -> Answered {
    let Because::Unwanted { why: why @ (Unwanted::NotCovered { .. } | Unwanted::Idle { .. }), .. } =
        &answered.1
    else {
        return answered;
    };
    let waits = || hold(Because::AwaitsReconcile { why: why.clone() });
    match input.deletions {
        DeletionPolicy::Count => answered,
        DeletionPolicy::Wait => waits(),
        DeletionPolicy::Judged(judgements) => match judgements.of(&stack.id, why) {
            Some(Judgement::Delete { .. }) => answered,
            Some(Judgement::Hold(because)) => hold(because.clone()),
            None => waits(),
        },
    }
}

type Answered = (Verdict, Because, Vec<Effect>);

fn skip(because: Because) -> Answered {
    (Verdict::Skip, because, Vec::new())
}

fn hold(because: Because) -> Answered {
    (Verdict::Hold, because, Vec::new())
}

fn fail(because: Because) -> Answered {
    (Verdict::Fail, because, Vec::new())
}

fn desired<'a>(input: &BranchInput<'a>, facts: &'a Facts) -> Desired<'a> {
    let BranchInput { branch, rules, now, .. } = *input;
    let Some(rule) = rules.covering(branch) else {
        let excluded_by =
            rules.excluding(branch).map(|pattern| (pattern.text.clone(), pattern.place.clone()));
        return Desired::NoStack(match facts.head {
            BranchTip::Gone => Unwanted::BranchGone,
            _ => Unwanted::NotCovered { excluded_by },
        });
    };
    let (commit, committed) = match &facts.head {
        BranchTip::Unreadable(error) => {
            return Desired::Unknown(Because::BranchUnreadable { error: error.clone() });
        }
        BranchTip::Gone => return Desired::NoStack(Unwanted::BranchGone),
        BranchTip::Listed | BranchTip::Unread => ("", None),
        BranchTip::At(tip) => (tip.commit.as_str(), tip.committed.as_ref()),
    };
    let kept = match &facts.stack {
        FoundStack::Ours(stack) => KeepTag::of(&stack.tags).keeps(now),
        _ => false,
    };
    match (idle(input, facts).filter(|_| !kept), committed) {
        // Without the date, no stack is deleted as idle, and none is created.
        (Some(_), Some(Err(error))) if facts.stack == FoundStack::None => {
            Desired::Unknown(Because::BranchUnreadable { error: error.clone() })
        }
        (Some(idle), Some(Ok(_))) => Desired::NoStack(idle),
        _ => Desired::Stack { rule, commit },
    }
}

fn create(input: &BranchInput<'_>, facts: &Facts, rule: &StackRule, commit: &str) -> Answered {
    if let (Some(most), Some(existing)) = (rule.max_stacks, facts.stacks_of_rule)
        && existing >= most as usize
    {
        return hold(Because::TooManyStacks { most });
    }
    if let Some(because) = stopped(facts) {
        return hold(because);
    }
    let effect = created(input, rule.spec(input.branch, commit), commit);
    (Verdict::Create, Because::NoStackYet { commit: commit.to_owned() }, vec![effect])
}

/// The answer for an existing stack whose branch should have one.
fn keep(
    input: &BranchInput<'_>,
    facts: &Facts,
    stack: &BranchStack,
    rule: &StackRule,
    commit: &str,
) -> Answered {
    let status = || stack.status.clone();
    let spec = rule.spec(input.branch, commit);
    let changed = spec.digest != stack.digest();
    match stack.phase() {
        StackPhase::Working | StackPhase::Deleting if let Some(since) = never_ends(input, facts, stack) => {
            hold(Because::NeverEnds { status: status(), since })
        }
        StackPhase::Working => hold(Because::Working { status: status() }),
        StackPhase::Deleting | StackPhase::Gone => hold(Because::DeletedFirst),
        StackPhase::InReview => hold(Because::InReview),
        StackPhase::Unknown => hold(Because::UnknownStatus { status: status() }),
        StackPhase::UpdateStuck => hold(Because::UpdateStuck { status: status() }),
        StackPhase::DeletionFailed if input.rules.protect(input.branch) => hold(Because::HalfDeleted),
        StackPhase::DeletionFailed => delete_again(input, facts, stack),
        StackPhase::CreationFailed => create_again(input, facts, stack, changed, commit),
        StackPhase::Settled | StackPhase::UpdateUndone => {
            let failed = stack.phase() == StackPhase::UpdateUndone && changed && failed_before(facts, &spec);
            let unprotected = input.rules.protect(input.branch) && !stack.protected;
            let protect = unprotected.then(|| Effect::Protect { stack: stack.id.clone(), enabled: true });
            let mut effects: Vec<Effect> = protect.into_iter().collect();
            match (changed, failed, unprotected) {
                (true, false, _) => match held_back(facts) {
                    None => {
                        let roll_out = roll_out_of(input, stack);
                        effects.push(update(input, facts, stack, spec, commit, roll_out.as_ref()));
                        (Verdict::Update, Because::Changed, effects)
                    }
                    Some(because) if effects.is_empty() => hold(because),
                    Some(_) => (Verdict::Update, Because::NotProtectedYet, effects),
                },
                (_, _, true) => (Verdict::Update, Because::NotProtectedYet, effects),
                (true, true, false) => hold(Because::UpdateFailed),
                (false, _, false) => skip(Because::UpToDate),
            }
        }
    }
}

/// The roll-out that an update of the stack belongs to.
pub(crate) fn roll_out_of(input: &BranchInput<'_>, stack: &BranchStack) -> Option<RollOutId> {
    RollOutId::of_update(input.rules.covering(input.branch)?, input.branch, stack)
}

/// Why the roll-out does not go on with this stack.
fn held_back(facts: &Facts) -> Option<Because> {
    let others_first = facts.history.as_ref().is_ok_and(|history| history.others_first);
    stopped(facts).or_else(|| others_first.then_some(Because::ProtectedLast))
}

fn stopped(facts: &Facts) -> Option<Because> {
    let failures = facts.history.as_ref().map_or(0, |history| history.roll_out_failures);
    (failures >= ENOUGH_FAILURES).then_some(Because::RollOutStopped { failures })
}

/// The time of the last event of a stack whose operation has lasted for longer than CloudFormation waits for any resource.
fn never_ends(input: &BranchInput<'_>, facts: &Facts, stack: &BranchStack) -> Option<Timestamp> {
    let last = facts.last_event.as_ref().and_then(|event| event.time);
    last.filter(|last| may_never_end(input, stack) && input.now.duration_since(*last) > LONGEST_OPERATION)
}

/// Whether the stack's times allow that its operation never ends; the last event then proves it. DescribeStacks has no time
/// for every operation.
pub fn may_never_end(input: &BranchInput<'_>, stack: &BranchStack) -> bool {
    matches!(stack.phase(), StackPhase::Working | StackPhase::Deleting)
        && stack.operation_began().is_some_and(|began| input.now.duration_since(began) > LONGEST_OPERATION)
}

/// Whether the last operation on the stack was the same update.
fn failed_before(facts: &Facts, spec: &StackSpec) -> bool {
    facts
        .last_event
        .as_ref()
        .and_then(|event| event.token.as_ref())
        .is_some_and(|token| is_update_to(token, spec))
}

/// A failed creation is retried after a change: the failed stack's tags record what was tried. Without one, it is retried once,
/// if its reason can pass.
fn create_again(
    input: &BranchInput<'_>,
    facts: &Facts,
    stack: &BranchStack,
    changed: bool,
    commit: &str,
) -> Answered {
    let moved = stack.commit() != commit;
    let protected = input.rules.protect(input.branch);
    let commits = (!changed).then(|| (stack.commit().to_owned(), commit.to_owned()));
    let because = match (changed || moved, second_attempt_after(facts, stack)) {
        (true, _) => Because::CreationRetried { commit: commits },
        (false, Some((since, next))) if input.now >= next => Because::CreationRepeated { since },
        (false, Some((_, next))) => {
            return hold(Because::CreationWaits { status: stack.status.clone(), next });
        }
        (false, None) => return hold(Because::CreationFailed { status: stack.status.clone() }),
    };
    // Where the rule asked for the termination protection, an empty stack is deleted all the same; no other stack is.
    let empty = stack.status == StackStatus::RollbackComplete;
    if stack.protected && !(protected && empty) {
        return hold(Because::FailedAndProtected { status: stack.status.clone() });
    }
    let mut effects = Vec::new();
    if stack.protected {
        effects.push(Effect::Protect { stack: stack.id.clone(), enabled: false });
    }
    effects.push(delete(stack, None, Deployment::Standard));
    (Verdict::Delete, because, effects)
}

/// When the failed creation began, and when the second attempt is due; nothing if there is none.
fn second_attempt_after(facts: &Facts, stack: &BranchStack) -> Option<(Timestamp, Timestamp)> {
    let attempt =
        facts.history.as_ref().ok()?.attempt.filter(|attempt| attempt.can_pass && !attempt.is_second);
    let since = attempt.and(stack.created)?;
    Some((since, since.saturating_add(RETRY_AFTER).unwrap_or(Timestamp::MAX)))
}

impl HistoryUnreadable {
    fn because(&self) -> Because {
        match self {
            Self::Stack(error) => Because::StackUnreadable { error: error.clone() },
            Self::Reports(error) => Because::ReportsUnavailable { error: error.clone() },
        }
    }
}

/// DescribeStacks may omit when a deletion failed; the stack's last event has the time. Without either, the deletion counts
/// as just failed: its failure is itself an event, and must not cause the next attempt at once.
fn delete_again(input: &BranchInput<'_>, facts: &Facts, stack: &BranchStack) -> Answered {
    let last = facts.last_event.as_ref().and_then(|event| event.time);
    let since = stack.deleted.max(last).unwrap_or(input.now);
    let next = since.saturating_add(BETWEEN_DELETIONS).unwrap_or(Timestamp::MAX);
    match input.now < next {
        true => hold(Because::DeletionFailed { next }),
        false => (
            Verdict::Delete,
            Because::DeletionRetried { since },
            vec![delete(stack, Some(since), Deployment::Standard)],
        ),
    }
}

/// The answer for an existing stack whose branch should not have one.
fn remove(input: &BranchInput<'_>, facts: &Facts, stack: &BranchStack, why: Unwanted) -> Answered {
    if input.rules.stacks.is_empty() {
        return hold(Because::NoRules);
    }
    let protected = input.rules.protect(input.branch);
    // Where the stack is created again after its deletion, the deletion is not express: the names would still be in use.
    let deployment = input.rules.covering(input.branch).map(|rule| rule.deployment).unwrap_or_default();
    match stack.phase() {
        _ if protected => skip(Because::Protected { why }),
        StackPhase::Working => hold(Because::Working { status: stack.status.clone() }),
        StackPhase::Deleting | StackPhase::Gone => skip(Because::BeingDeleted),
        StackPhase::Unknown => hold(Because::UnknownStatus { status: stack.status.clone() }),
        _ if stack.protected => hold(Because::TerminationProtected { why }),
        StackPhase::DeletionFailed => delete_again(input, facts, stack),
        StackPhase::Settled
        | StackPhase::UpdateUndone
        | StackPhase::CreationFailed
        | StackPhase::UpdateStuck
        | StackPhase::InReview => {
            (Verdict::Delete, Because::Unwanted { why, stack: true }, vec![delete(stack, None, deployment)])
        }
    }
}

/// Whether the decision needs the stack's last event.
pub fn needs_last_event(input: &BranchInput<'_>, facts: &Facts) -> bool {
    let FoundStack::Ours(stack) = &facts.stack else { return false };
    match (stack.phase(), desired(input, facts)) {
        (StackPhase::UpdateUndone, Desired::Stack { rule, commit }) => {
            rule.spec(input.branch, commit).digest != stack.digest()
        }
        (StackPhase::DeletionFailed, _) => true,
        (_, Desired::Stack { .. }) => may_never_end(input, stack),
        _ => false,
    }
}

/// Whether the decision needs the number of stacks of the rule.
pub fn needs_count(input: &BranchInput<'_>, facts: &Facts) -> bool {
    let limited = matches!(desired(input, facts), Desired::Stack { rule, .. } if rule.max_stacks.is_some());
    limited && facts.stack == FoundStack::None
}
