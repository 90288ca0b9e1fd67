//! The email about a failed stack: what failed and why, what happens next, what an operator can do. Pure.

mod advice;
pub(crate) mod layout;
pub(crate) mod left_behind;
pub(crate) mod missing;
pub mod roll_out;

use std::collections::BTreeSet;
use std::fmt;

use aws_sdk_cloudformation::types::StackStatus;
use shared::call_error::CallError;
use shared::decision::Verdict;
use shared::email::Message;
use shared::text::{list_at_most, printable, shortened};

use self::advice::advice;
use self::layout::{HISTORY, commands, fields, items};
use crate::decide::StackDecision;
use crate::effect::Effect;
use crate::event::StackChange;
use crate::facts::{FailedValidation, OperationEvent, USER};
use crate::identity::BranchId;
use crate::left_behind::left_behind;
use crate::remark::Remark;
use crate::stack::stack_name;

/// The most resources that are listed, and the most characters of one resource's status reason.
const MOST_RESOURCES: usize = 10;
const LONGEST_REASON: usize = 1_000;

/// The beginning of CloudFormation's status reason for a resource that stopped because another one failed.
const CANCELLED: [&str; 2] = ["Resource creation cancelled", "Resource update cancelled"];

/// The command that shows the failed validations of an operation.
const VALIDATIONS: (&str, &str) = ("To list the results of the validations", "describe-events");

/// A failed operation on a branch's stack.
#[derive(Debug, Clone)]
pub struct StackFailure<'a> {
    /// The branch.
    pub branch: &'a BranchId,
    /// The status change that reports the failure.
    pub change: &'a StackChange,
    /// What the stack's events and validations say about it.
    pub causes: &'a FailureCauses,
    /// Whether the stack has termination protection.
    pub protected: bool,
    /// Further stacks of the same roll-out that failed and were not emailed.
    pub others: &'a [String],
}

/// What was read about the causes of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureCauses {
    /// The events of the operation, newest first, or why they could not be read.
    pub events: Result<Vec<OperationEvent>, CallError>,
    /// The validations that failed before the deployment, or why they could not be read.
    pub validations: Result<Vec<FailedValidation>, CallError>,
}

/// A detail of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureDetail {
    /// A resource that failed, or the stack itself.
    Resource(OperationEvent),
    /// A validation that failed before the deployment.
    Validation(FailedValidation),
    /// This many further resources failed.
    More(usize),
    /// The events could not be read.
    EventsUnreadable(CallError),
    /// The failed validations could not be read.
    ValidationsUnreadable(CallError),
}

/// The remarks and the email about a failure. `next` is the decision about the branch after it.
pub fn decide_email(
    failure: &StackFailure<'_>,
    next: &StackDecision,
    topic: Option<&str>,
) -> (Vec<Remark>, Option<Effect>) {
    let details = details(failure.causes);
    let first = details.first().cloned();
    let mut remarks = vec![Remark::StackFailed { change: Box::new(failure.change.clone()), first }];
    let Some(topic) = topic else {
        remarks.push(Remark::NoTopic { stack: stack_name(&failure.change.stack).to_owned() });
        return (remarks, None);
    };
    let message = Message::plain(&headline(failure), &text(failure, &details, next));
    (remarks, Some(Effect::Publish { topic: topic.to_owned(), message }))
}

/// The repository and the branch come last: they may be long, and the end of a subject is cut.
fn headline(failure: &StackFailure<'_>) -> String {
    format!("Stack not {}: {}", participle(&failure.change.status), failure.branch)
}

/// The operation that failed, as a participle.
fn participle(status: &StackStatus) -> &'static str {
    match status.as_str() {
        "DELETE_FAILED" => "deleted",
        status if status.starts_with("UPDATE") => "updated",
        _ => "created",
    }
}

/// The failed validations, then the resources that failed. Without either, the reasons of the stack itself.
fn details(causes: &FailureCauses) -> Vec<FailureDetail> {
    let newest_first = match &causes.events {
        Ok(events) => events,
        Err(error) => return vec![FailureDetail::EventsUnreadable(error.clone())],
    };
    let (mut found, unreadable) = match &causes.validations {
        Ok(failed) => (failed.iter().cloned().map(FailureDetail::Validation).collect(), None),
        Err(error) => (Vec::new(), Some(FailureDetail::ValidationsUnreadable(error.clone()))),
    };
    found.extend(failed_resources(newest_first));
    if found.is_empty() {
        found = reasons_of_stack(newest_first);
    }
    let more = found.len().saturating_sub(MOST_RESOURCES);
    found.truncate(MOST_RESOURCES);
    found.into_iter().chain((more > 0).then_some(FailureDetail::More(more))).chain(unreadable).collect()
}

/// Whether a resource stopped because another one failed.
pub(crate) fn is_cancelled(reason: &str) -> bool {
    CANCELLED.iter().any(|words| reason.starts_with(words))
}

/// The first failures, oldest first: each resource once, without those that another resource's failure stopped.
fn failed_resources(newest_first: &[OperationEvent]) -> Vec<FailureDetail> {
    let mut seen = BTreeSet::new();
    let failed = newest_first
        .iter()
        .rev()
        .filter(|event| event.status.ends_with("_FAILED") && !event.of_stack && !is_cancelled(&event.reason));
    let once = failed.filter(|event| seen.insert(event.resource.clone()));
    once.cloned().map(FailureDetail::Resource).collect()
}

/// A failure before the first resource, such as a missing export, is reported for the stack alone.
fn reasons_of_stack(newest_first: &[OperationEvent]) -> Vec<FailureDetail> {
    let of_stack = newest_first.iter().rev().filter(|event| event.of_stack && !event.reason.is_empty());
    of_stack.filter(|event| event.reason != USER).cloned().map(FailureDetail::Resource).collect()
}

impl fmt::Display for FailureDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resource(OperationEvent { resource, kind, status, reason, .. }) => {
                let reason = if reason.is_empty() { "CloudFormation gives no reason" } else { reason };
                let reason = shortened(&printable(reason), LONGEST_REASON);
                write!(f, "{} ({kind}), {status}: {reason}", printable(resource))
            }
            Self::Validation(FailedValidation { resource, kind, name, reason, path }) => {
                let reason = shortened(&printable(reason), LONGEST_REASON);
                write!(f, "{} ({kind}), validation {}: {reason}", printable(resource), printable(name))?;
                if path.is_empty() { Ok(()) } else { write!(f, " (at {})", printable(path)) }
            }
            Self::More(number) => write!(f, "and {number} more"),
            Self::EventsUnreadable(error) => write!(f, "the stack's events could not be read: {error}"),
            Self::ValidationsUnreadable(error) => write!(
                f,
                "a validation before the deployment may have failed, and its results could not be read: {error}"
            ),
        }
    }
}

fn text(failure: &StackFailure<'_>, details: &[FailureDetail], next: &StackDecision) -> String {
    let StackFailure { change, protected, .. } = failure;
    let advice = advice(next, &change.status, *protected);
    let mut paragraphs = vec![
        format!("The stack of a branch could not be {}.", participle(&change.status)),
        facts(failure, next),
        "What failed".to_owned(),
        items(details, "the stack's events name no resource"),
    ];
    if !failure.others.is_empty() {
        let others = list_at_most(failure.others, MOST_RESOURCES);
        paragraphs.push(format!("The same template and rule also failed for {others}."));
    }
    paragraphs.extend([
        "What happens next".to_owned(),
        format!("{}: {}.", outcome(next.verdict), printable(&next.because.to_string())),
        "What you can do".to_owned(),
        items(&advice.sentences, "nothing"),
    ]);
    let left = failure.causes.events.as_deref().map(left_behind).unwrap_or_default();
    if change.status == StackStatus::UpdateRollbackComplete && !left.is_empty() {
        paragraphs.extend([
            "Resources that CloudFormation could not delete, and that belong to no stack any more".to_owned(),
            left_behind::list(&left),
        ]);
    }
    let validated = |detail: &FailureDetail| {
        matches!(detail, FailureDetail::Validation(_) | FailureDetail::ValidationsUnreadable(_))
    };
    let validations = details.iter().any(validated).then_some(VALIDATIONS);
    let useful = [HISTORY].into_iter().chain(validations).chain(advice.commands);
    paragraphs.extend(commands(&change.stack, useful));
    paragraphs.join("\n\n") + "\n"
}

/// The fields that identify the stack and the failure, one a line.
fn facts(failure: &StackFailure<'_>, next: &StackDecision) -> String {
    let StackFailure { branch, change, .. } = failure;
    let rule = next.reason(branch).because.config.unwrap_or_default();
    fields(&[
        ("Repository", branch.repository.as_str()),
        ("Branch", &branch.name),
        ("Stack", stack_name(&change.stack)),
        ("Status", change.status.as_str()),
        ("Reason", &change.reason),
        ("Time", &change.time),
        ("Rule", &rule),
    ])
}

/// The beginning of the sentence about the decision after the failure.
fn outcome(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Skip | Verdict::Hold => "The function does nothing",
        Verdict::Delete => "The function deletes the stack",
        Verdict::Update => "The function updates the stack",
        Verdict::Create => "The function creates the stack again",
        _ => "The next action failed",
    }
}
