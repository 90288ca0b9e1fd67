//! When a branch is idle: its last sign of life, the rule's ttl, and the tag of its stack. Pure.

use jiff::{SignedDuration, Timestamp};

use crate::because::Unwanted;
use crate::facts::{BranchTip, Facts, FoundStack, Tip};
use crate::keep::KeepTag;
use crate::run::BranchInput;

/// When the branch is idle, if nothing happens before; nothing for a branch that is never idle, or whose date is unknown.
pub fn idle_at(input: &BranchInput<'_>, facts: &Facts) -> Option<Timestamp> {
    let stack = match &facts.stack {
        FoundStack::Ours(stack) => KeepTag::of(&stack.tags),
        _ => KeepTag::None,
    };
    match (stack, &facts.head) {
        (KeepTag::Always | KeepTag::Invalid(_), _) => None,
        (_, BranchTip::At(Tip { committed: Some(Err(_)), .. })) => None,
        _ => period(input, facts).map(|(_, _, due)| due),
    }
}

/// Whether the branch is never idle: the rule has no ttl, or a rule or the tag of the stack keeps it.
pub fn is_never_idle(input: &BranchInput<'_>, facts: &Facts) -> bool {
    let tag = match &facts.stack {
        FoundStack::Ours(stack) => KeepTag::of(&stack.tags),
        _ => KeepTag::None,
    };
    let covering = input.rules.covering(input.branch);
    covering.is_some_and(|rule| {
        input.rules.keep(rule, input.branch) || matches!(tag, KeepTag::Always | KeepTag::Invalid(_))
    })
}

/// That the branch is idle, whatever the tag of its stack says; nothing if its commit was not needed.
pub fn idle(input: &BranchInput<'_>, facts: &Facts) -> Option<Unwanted> {
    let (since, ttl, due) = period(input, facts)?;
    (input.now.duration_since(since) > ttl).then_some(Unwanted::Idle { since, ttl, due })
}

/// The last sign of life, the ttl, and the end of both the ttl and the day that the stack's tag names.
fn period(input: &BranchInput<'_>, facts: &Facts) -> Option<(Timestamp, SignedDuration, Timestamp)> {
    let BranchTip::At(Tip { committed: Some(committed), .. }) = &facts.head else { return None };
    let rule = input.rules.covering(input.branch).filter(|rule| !input.rules.keep(rule, input.branch))?;
    let ttl = rule.ttl?;
    let since = last_activity(input, facts, committed.as_ref().ok().copied());
    let ended = since.saturating_add(ttl).unwrap_or(Timestamp::MAX);
    let kept_until = match &facts.stack {
        FoundStack::Ours(stack) => KeepTag::of(&stack.tags).end(),
        _ => None,
    };
    Some((since, ttl, kept_until.map_or(ended, |end| end.max(ended))))
}

/// The latest of: the head's commit, the stack's creation, the activity that the event shows. A time in the future counts as
/// now: clocks differ, and no stack is deleted for that. A principal with push access can keep a stack in any case.
fn last_activity(input: &BranchInput<'_>, facts: &Facts, committed: Option<Timestamp>) -> Timestamp {
    let created = match &facts.stack {
        FoundStack::Ours(stack) => stack.created.or(Some(input.now)),
        _ => None,
    };
    let times = [committed, created, input.active_at].into_iter().flatten();
    times.max().unwrap_or(Timestamp::UNIX_EPOCH).min(input.now)
}
