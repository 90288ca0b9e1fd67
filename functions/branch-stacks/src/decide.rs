//! The decision about one branch: the facts and the rules in; a reason and what is to be done out. Pure.
//!
//! A stack is wanted exactly for each branch that a rule covers and that is protected, pinned or in use. Nothing is
//! done to a stack that CloudFormation is at work on: the end of that is an event, and decides again.

use jiff::{SignedDuration, Timestamp};
use shared::config::Place;
use shared::decision::Verdict;

use crate::because::{Because, Unwanted};
use crate::facts::{Facts, Found, Head};
use crate::question::Question;
use crate::rules::{StackRule, Wanted};
use crate::stack::{Phase, Stack};
use crate::step::{create_with, delete, is_update_to, update_with};

pub use crate::step::{Making, Step};

/// How long after a deletion failed it is tried again. What keeps a stack from being deleted is seldom gone in less,
/// and each try that fails is a mail.
pub const BETWEEN_DELETIONS: SignedDuration = SignedDuration::from_hours(24);

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What.
    pub verdict: Verdict,
    /// Why.
    pub because: Because,
    /// The rule, if there is one.
    pub rule: Option<Place>,
    /// What is to be done, in this order, the next only after the one before.
    pub steps: Vec<Step>,
}

/// Whether the branch is to have a stack.
enum Want<'a> {
    Yes { rule: &'a StackRule, commit: &'a str },
    No(Unwanted),
    Unknown(Because),
}

/// Decides about one branch.
pub fn decide(question: &Question<'_>, facts: &Facts) -> Decided {
    let rule = question.rules.covering(question.subject).map(|rule| rule.place.clone());
    let (verdict, because, steps) = match (&facts.stack, want(question, facts)) {
        (Found::Unreadable(why), _) => fail(Because::StackUnreadable { why: why.clone() }),
        (_, Want::Unknown(because)) => fail(because),
        (Found::Foreign(foreign), Want::Yes { .. }) => hold(Because::ForeignStack(foreign.clone())),
        (Found::Foreign(foreign), Want::No(_)) => skip(Because::ForeignStack(foreign.clone())),
        (Found::None, Want::Yes { rule, commit }) => create(question, facts, rule, commit),
        (Found::None, Want::No(why)) => skip(Because::Unwanted { why, stack: false }),
        (Found::Ours(stack), Want::Yes { rule, commit }) => keep(question, facts, stack, rule, commit),
        (Found::Ours(stack), Want::No(why)) => remove(question, facts, stack, why),
    };
    Decided { verdict, because, rule, steps }
}

type Answer = (Verdict, Because, Vec<Step>);

fn skip(because: Because) -> Answer {
    (Verdict::Skip, because, Vec::new())
}

fn hold(because: Because) -> Answer {
    (Verdict::Hold, because, Vec::new())
}

fn fail(because: Because) -> Answer {
    (Verdict::Fail, because, Vec::new())
}

fn want<'a>(question: &Question<'a>, facts: &'a Facts) -> Want<'a> {
    let Question { subject, rules, now, .. } = *question;
    let Some(rule) = rules.covering(subject) else {
        let excluded_by =
            rules.excluding(subject).map(|pattern| (pattern.text.clone(), pattern.place.clone()));
        return Want::No(Unwanted::NotCovered { excluded_by });
    };
    let (commit, committed) = match &facts.head {
        Head::Unreadable(why) => return Want::Unknown(Because::BranchUnreadable { why: why.clone() }),
        Head::Gone => return Want::No(Unwanted::BranchGone),
        Head::Listed => ("", None),
        Head::At(tip) => (tip.commit.as_str(), tip.committed.as_ref()),
    };
    let (Some(ttl), Some(committed)) = (rule.ttl, committed) else { return Want::Yes { rule, commit } };
    if rules.keep(rule, subject) {
        return Want::Yes { rule, commit };
    }
    let since = last_sign_of_life(question, facts, committed.as_ref().ok().copied());
    let is_idle = now.duration_since(since) > ttl;
    match committed {
        // A stack is not taken away for what is not known, and none is made.
        Err(why) if is_idle && facts.stack == Found::None => {
            Want::Unknown(Because::BranchUnreadable { why: why.clone() })
        }
        Ok(_) if is_idle => Want::No(Unwanted::Idle { since, ttl }),
        _ => Want::Yes { rule, commit },
    }
}

/// The last of: the head was committed, the stack was made, the event says that somebody was there. A time after now
/// counts as now: clocks differ, and nothing is taken away for that. Whoever may push may keep a stack anyway.
fn last_sign_of_life(question: &Question<'_>, facts: &Facts, committed: Option<Timestamp>) -> Timestamp {
    let made = match &facts.stack {
        Found::Ours(stack) => stack.created.or(Some(question.now)),
        _ => None,
    };
    let signs = [committed, made, question.alive].into_iter().flatten();
    signs.max().unwrap_or(Timestamp::UNIX_EPOCH).min(question.now)
}

fn create(question: &Question<'_>, facts: &Facts, rule: &StackRule, commit: &str) -> Answer {
    if let (Some(most), Some(there)) = (rule.max_stacks, facts.stacks_of_rule)
        && there >= most as usize
    {
        return hold(Because::TooManyStacks { most });
    }
    let wanted = rule.wanted(question.subject, commit);
    let making = create_with(question, wanted, commit);
    (Verdict::Create, Because::NoStackYet { commit: commit.to_owned() }, vec![Step::Create(making)])
}

/// What becomes of a stack whose branch is to have one.
fn keep(question: &Question<'_>, facts: &Facts, stack: &Stack, rule: &StackRule, commit: &str) -> Answer {
    let status = || stack.status.as_str().to_owned();
    let wanted = rule.wanted(question.subject, commit);
    let changed = wanted.digest != stack.digest();
    match stack.phase() {
        Phase::Working => hold(Because::Working { status: status() }),
        Phase::Deleting | Phase::Gone => hold(Because::DeletedFirst),
        Phase::InReview => hold(Because::InReview),
        Phase::Unknown => hold(Because::UnknownStatus { status: status() }),
        Phase::UpdateStuck => hold(Because::UpdateStuck { status: status() }),
        Phase::DeletionFailed if question.rules.protect(question.subject) => hold(Because::HalfDeleted),
        Phase::DeletionFailed => delete_again(question, facts, stack),
        Phase::CreationFailed => create_again(question, stack, changed, commit),
        Phase::Settled | Phase::UpdateUndone => {
            let failed = stack.phase() == Phase::UpdateUndone && changed && failed_before(facts, &wanted);
            let unprotected = question.rules.protect(question.subject) && !stack.protected;
            let protect = unprotected.then(|| Step::Protect { stack: stack.id.clone(), on: true });
            let mut steps: Vec<Step> = protect.into_iter().collect();
            match (changed, failed, unprotected) {
                (true, false, _) => {
                    steps.push(Step::Update(update_with(question, facts, stack, wanted, commit)));
                    (Verdict::Update, Because::Changed, steps)
                }
                (_, _, true) => (Verdict::Update, Because::NotProtectedYet, steps),
                (true, true, false) => hold(Because::UpdateFailed),
                (false, _, false) => skip(Because::UpToDate),
            }
        }
    }
}

/// Whether the last operation of the stack was the same update.
fn failed_before(facts: &Facts, wanted: &Wanted) -> bool {
    facts
        .last_event
        .as_ref()
        .and_then(|event| event.token.as_ref())
        .is_some_and(|token| is_update_to(token, wanted))
}

/// A creation that failed is tried again only when something changed: the stack that it left is what remembers.
fn create_again(question: &Question<'_>, stack: &Stack, changed: bool, commit: &str) -> Answer {
    let moved = stack.commit() != commit;
    let protected = question.rules.protect(question.subject);
    if !(changed || moved) {
        return hold(Because::CreationFailed { status: stack.status.as_str().to_owned() });
    }
    // With termination protection that the rule asks for, a stack with nothing in it is taken away; no other is.
    let empty = stack.status.as_str() == "ROLLBACK_COMPLETE";
    if stack.protected && !(protected && empty) {
        return hold(Because::FailedAndProtected { status: stack.status.as_str().to_owned() });
    }
    let commit = (!changed).then(|| (stack.commit().to_owned(), commit.to_owned()));
    let mut steps = Vec::new();
    if stack.protected {
        steps.push(Step::Protect { stack: stack.id.clone(), on: false });
    }
    steps.push(delete(stack, None));
    (Verdict::Delete, Because::CreationRetried { commit }, steps)
}

/// DescribeStacks need not say when a deletion failed; the stack's last event does. Where neither does, it is as if it
/// were now: a deletion that fails anew is an event, and must not be tried again at once.
fn delete_again(question: &Question<'_>, facts: &Facts, stack: &Stack) -> Answer {
    let last = facts.last_event.as_ref().and_then(|event| event.time);
    let since = stack.deleted.max(last).unwrap_or(question.now);
    let next = since.saturating_add(BETWEEN_DELETIONS).unwrap_or(Timestamp::MAX);
    match question.now < next {
        true => hold(Because::DeletionFailed { next }),
        false => (Verdict::Delete, Because::DeletionRetried { since }, vec![delete(stack, Some(since))]),
    }
}

/// What becomes of a stack whose branch is not to have one.
fn remove(question: &Question<'_>, facts: &Facts, stack: &Stack, why: Unwanted) -> Answer {
    if question.rules.stacks.is_empty() {
        return hold(Because::NoRules);
    }
    let protected = question.rules.protect(question.subject);
    match stack.phase() {
        _ if protected => skip(Because::Protected { why }),
        Phase::Working => hold(Because::Working { status: stack.status.as_str().to_owned() }),
        Phase::Deleting | Phase::Gone => skip(Because::BeingDeleted),
        Phase::Unknown => hold(Because::UnknownStatus { status: stack.status.as_str().to_owned() }),
        _ if stack.protected => hold(Because::TerminationProtected { why }),
        Phase::DeletionFailed => delete_again(question, facts, stack),
        Phase::Settled
        | Phase::UpdateUndone
        | Phase::CreationFailed
        | Phase::UpdateStuck
        | Phase::InReview => {
            (Verdict::Delete, Because::Unwanted { why, stack: true }, vec![delete(stack, None)])
        }
    }
}

/// Whether the decision needs to know what happened to the stack last.
pub fn asks_for_last_event(question: &Question<'_>, facts: &Facts) -> bool {
    let Found::Ours(stack) = &facts.stack else { return false };
    match (stack.phase(), want(question, facts)) {
        (Phase::UpdateUndone, Want::Yes { rule, commit }) => {
            rule.wanted(question.subject, commit).digest != stack.digest()
        }
        (Phase::DeletionFailed, _) => true,
        _ => false,
    }
}

/// Whether the decision needs to know how many stacks the rule has.
pub fn asks_for_count(question: &Question<'_>, facts: &Facts) -> bool {
    let limited = matches!(want(question, facts), Want::Yes { rule, .. } if rule.max_stacks.is_some());
    limited && facts.stack == Found::None
}
