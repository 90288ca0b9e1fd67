//! The mail about a stack that failed: what failed and why, what comes next, what a person can do.

mod advice;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use shared::decision::{Reason, Verdict};
use shared::text::{printable, shortened, subject as subject_line};

use self::advice::advice;
use crate::event::{StackChange, stack_name};
use crate::facts::{Event, USER};
use crate::identity::Subject;

/// The most resources that are listed, and the most characters of what is said about one.
const MOST_RESOURCES: usize = 10;
const LONGEST_REASON: usize = 1_000;

/// What CloudFormation says of a resource that was only stopped because another one failed.
const CANCELLED: [&str; 2] = ["Resource creation cancelled", "Resource update cancelled"];

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub body: String,
    /// What failed, in a sentence.
    pub what: String,
}

/// The mail about `change`, as the stack's `events` explain it. `next` is what was decided about the branch after it, and
/// `protected` says whether the stack had termination protection.
pub fn mail(
    subject: &Subject,
    change: &StackChange,
    events: &Result<Vec<Event>, String>,
    next: &Reason,
    protected: bool,
) -> Mail {
    let attempt = Attempt::of(&change.status);
    let resources = match events {
        Ok(events) => failed_resources(events),
        Err(error) => vec![format!("The stack's events could not be read: {error}")],
    };
    let (mail_subject, what) = (headline(subject, &attempt), sentence(change, &resources));
    let body = body(subject, change, &attempt, &resources, next, protected);
    Mail { subject: mail_subject, body, what }
}

/// What was attempted.
enum Attempt {
    Creation,
    Update,
    Deletion,
}

impl Attempt {
    fn of(status: &str) -> Self {
        match status {
            "DELETE_FAILED" => Self::Deletion,
            status if status.starts_with("UPDATE") => Self::Update,
            _ => Self::Creation,
        }
    }

    fn verb(&self) -> &'static str {
        match self {
            Self::Creation => "created",
            Self::Update => "updated",
            Self::Deletion => "deleted",
        }
    }
}

/// The repository and the branch come last: they may be long, and are the part that is cut.
fn headline(subject: &Subject, attempt: &Attempt) -> String {
    subject_line(&format!("Stack not {}: {subject}", attempt.verb()))
}

/// What failed first, oldest first: each resource once, and not those that another one's failure stopped.
fn failed_resources(newest_first: &[Event]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let failed = newest_first.iter().rev().filter(|event| {
        let cancelled = CANCELLED.iter().any(|words| event.reason.starts_with(words));
        event.status.ends_with("_FAILED") && !event.of_stack && !cancelled
    });
    let once: Vec<&Event> = failed.filter(|event| seen.insert(event.resource.clone())).collect();
    let mut told: Vec<String> = once.iter().take(MOST_RESOURCES).map(|event| resource(event)).collect();
    if told.is_empty() {
        // What fails before any resource is begun, such as an export that is missing, is said of the stack alone.
        let said = newest_first.iter().rev().filter(|event| event.of_stack && !event.reason.is_empty());
        told = said.filter(|event| event.reason != USER).map(resource).collect();
    }
    if once.len() > MOST_RESOURCES {
        told.push(format!("and {} more", once.len() - MOST_RESOURCES));
    }
    told
}

fn resource(event: &Event) -> String {
    let reason = if event.reason.is_empty() { "no reason is given" } else { &event.reason };
    let reason = shortened(&printable(reason), LONGEST_REASON);
    format!("{} ({}), {}: {reason}", event.resource, event.kind, event.status)
}

fn sentence(change: &StackChange, resources: &[String]) -> String {
    let reason = if change.reason.is_empty() { String::new() } else { format!(": {}", change.reason) };
    let first = resources.first().map(|first| format!("; {first}")).unwrap_or_default();
    printable(&format!("{}{reason}{first}", change.status))
}

fn body(
    subject: &Subject,
    change: &StackChange,
    attempt: &Attempt,
    resources: &[String],
    next: &Reason,
    protected: bool,
) -> String {
    let Subject { repository, branch } = subject;
    let (verb, stack) = (attempt.verb(), &change.stack);
    let mut out = String::new();
    let _ = writeln!(out, "The stack of a branch could not be {verb}.\n");
    let fields = [
        ("Repository", repository.as_str()),
        ("Branch", branch),
        ("Stack", stack_name(stack)),
        ("Status", &change.status),
        ("Reason", &change.reason),
        ("When", &change.time),
        ("Rule", next.because.config.as_deref().unwrap_or_default()),
    ];
    for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(out, "{name:<11}{}", printable(value));
    }
    let _ = writeln!(out, "\nWhat failed\n");
    for resource in resources {
        let _ = writeln!(out, "- {resource}");
    }
    if resources.is_empty() {
        let _ = writeln!(out, "- no resource is named in the stack's events");
    }
    let _ = writeln!(out, "\nWhat comes next\n");
    let decided = match next.verdict {
        Verdict::Skip | Verdict::Hold => "Nothing is done",
        Verdict::Delete => "It is deleted",
        Verdict::Update => "It is updated",
        Verdict::Create => "It is made again",
        _ => "That could not be decided",
    };
    let _ = writeln!(out, "{decided}: {}.", printable(&next.because.sentence));
    let _ = writeln!(out, "\nWhat you can do\n");
    let advice = advice(next, &change.status, protected);
    for sentence in advice.sentences {
        let _ = writeln!(out, "- {sentence}");
    }
    let region = stack.split(':').nth(3).unwrap_or_default();
    let at = if region.is_empty() { String::new() } else { format!(" --region {region}") };
    let history = ("All that happened", "describe-stack-events");
    for (what_for, command) in [history].into_iter().chain(advice.commands) {
        let _ = writeln!(out, "\n{what_for}\n\naws cloudformation {command}{at} --stack-name {stack}");
    }
    out
}
