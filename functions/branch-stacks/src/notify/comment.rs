//! The comment on a pull request: the state of the branch's stack, its outputs, or why the branch has no stack. Pure.

use shared::decision::Verdict;
use shared::text::noun;

use super::escape::{code, value};
use super::is_ready;
use crate::because::Because;
use crate::identity::BranchId;
use crate::missing::{BranchOutcome, StackPresence};
use crate::stack::{BranchStack, StackPhase};

/// "Comments are limited to 10,240 characters" (PostCommentForPullRequest, CodeCommit API Reference), with room for the last line.
const LONGEST: usize = 10_240;

/// The last line of the comment, by which it is found again: only this deployment's stack of the branch has the name.
pub fn marker(stack_name: &str) -> String {
    format!("The function `branch-stacks` keeps this comment up to date for the stack {}.", code(stack_name))
}

/// Whether a comment is the one about a stack.
pub fn has_marker(content: &str, stack_name: &str) -> bool {
    content.lines().next_back().is_some_and(|line| line == marker(stack_name))
}

/// The content of the comment; nothing if the run did not find out the state.
pub fn content(outcome: &BranchOutcome, prefix: &str) -> Option<String> {
    let BranchOutcome { branch, decision, stack } = outcome;
    let headline = headline(outcome, prefix)?;
    let ready = stack.as_ref().filter(|stack| is_ready(stack, decision));
    let mut lines = vec![format!("**{headline}**"), String::new()];
    // The status before a call says nothing about what follows.
    let shown = stack.as_ref().filter(|_| matches!(decision.verdict, Verdict::Skip | Verdict::Hold));
    lines.extend(facts(branch, shown, &branch.stack_name(prefix)));
    let last = ["".to_owned(), marker(&branch.stack_name(prefix))];
    let room = LONGEST - last.iter().map(|line| line.chars().count() + 1).sum::<usize>();
    let room = room.saturating_sub(length(&lines));
    lines.extend(ready.into_iter().flat_map(|stack| outputs(stack, room)));
    lines.extend(last);
    Some(lines.join("\n"))
}

/// The characters of lines, each with its line break.
fn length(lines: &[String]) -> usize {
    lines.iter().map(|line| line.chars().count() + 1).sum()
}

/// The state in a sentence.
fn headline(outcome: &BranchOutcome, prefix: &str) -> Option<String> {
    let BranchOutcome { decision, stack, .. } = outcome;
    if let StackPresence::Missing(missing) = outcome.presence(prefix) {
        return Some(format!("This branch has no stack that works: {}.", reason(missing.because)));
    }
    let status = stack.as_ref().map(|stack| (stack, stack.phase()));
    Some(match (&decision.because, status) {
        (_, Some((stack, _))) if is_ready(stack, decision) => "The stack of this branch is ready.".to_owned(),
        (Because::NoStackYet { .. } | Because::MadeMeanwhile, _) => {
            "The stack of this branch is being created.".to_owned()
        }
        (Because::Changed, _) => "The stack of this branch is being updated.".to_owned(),
        (
            Because::CreationRetried { .. }
            | Because::CreationRepeated { .. }
            | Because::DeletionRetried { .. }
            | Because::DeletedFirst,
            _,
        ) => "The stack of this branch is being deleted, and is then created again.".to_owned(),
        (Because::Unwanted { why, stack: true }, _) => {
            format!("The stack of this branch is being deleted: {}.", code(&why.to_string()))
        }
        (Because::Unwanted { why, stack: false }, _) => {
            format!("This branch has no stack: {}.", code(&why.to_string()))
        }
        (Because::BeingDeleted, _) => "The stack of this branch is being deleted.".to_owned(),
        (Because::UpToDate | Because::UpdateFailed, Some((_, StackPhase::UpdateUndone))) => {
            "The last update of the stack failed. The stack works in its previous state.".to_owned()
        }
        (Because::Working { status }, _) => format!("The stack of this branch is {}.", code(status.as_str())),
        (Because::Protected { .. }, Some(_)) => {
            "The stack of this branch stays: a rule protects it.".to_owned()
        }
        _ => return None,
    })
}

/// The reason as a comment shows it. The error of a refused call may name roles and accounts, so only the email has it.
fn reason(because: &Because) -> String {
    match because {
        Because::CallFailed { error } | Because::InsufficientCapabilities { error } => {
            let error = error.code.as_deref().unwrap_or("no answer");
            format!(
                "CloudFormation refuses its creation ({}); the email to the operators has the details",
                code(error)
            )
        }
        other => code(&other.to_string()),
    }
}

fn facts(branch: &BranchId, stack: Option<&BranchStack>, stack_name: &str) -> Vec<String> {
    let mut facts = vec![("Branch", code(&branch.name)), ("Stack", code(stack_name))];
    if let Some(stack) = stack {
        facts.push(("Status", code(stack.status.as_str())));
        if !stack.commit().is_empty() {
            facts.push(("Created or last updated at commit", code(stack.commit())));
        }
    }
    facts.into_iter().map(|(name, value)| format!("- {name}: {value}")).collect()
}

/// The outputs that fit into `room` characters, and how many do not.
fn outputs(stack: &BranchStack, room: usize) -> Vec<String> {
    if stack.outputs.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new(), "Outputs".to_owned(), String::new()];
    let all: Vec<String> =
        stack.outputs.iter().map(|(key, text)| format!("- {}: {}", code(key), value(text))).collect();
    let more = |left: usize| format!("- and {left} more {}", noun(left, "output"));
    let reserved = more(all.len()).chars().count() + 1;
    for (nth, line) in all.iter().enumerate() {
        if length(&lines) + line.chars().count() + 1 + reserved > room {
            lines.push(more(all.len() - nth));
            break;
        }
        lines.push(line.clone());
    }
    lines
}
