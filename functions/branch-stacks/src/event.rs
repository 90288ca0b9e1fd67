//! What an event is to this function: a branch that was pushed, a stack whose status changed, the time to reconcile.

use std::fmt;

use serde_json::Value;
use shared::event::{MalformedEvent, kind, required};
use shared::push::{self, Parsed as ParsedPush, Push, Reference};

use crate::identity::Subject;

/// An event that this function acts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A branch was created, moved or deleted.
    Branch(Subject, Push),
    /// A stack reached a status.
    Stack(StackChange),
    /// Look at everything.
    Reconcile,
}

/// A change of a stack's status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackChange {
    /// The stack's ARN.
    pub stack: String,
    /// The status it reached.
    pub status: String,
    /// What CloudFormation says about it; often empty.
    pub reason: String,
    /// When, as the event says it.
    pub time: String,
    /// The token of the operation that ended so; not every event has it.
    pub token: Option<String>,
}

/// What an event is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// One to act on.
    Ours(Event),
    /// Nothing for this function; why.
    NotOurs(String),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Branch(_, push) => push.fmt(f),
            Self::Stack(change) => write!(f, "{} {}", stack_name(&change.stack), change.status),
            Self::Reconcile => f.write_str("reconcile"),
        }
    }
}

/// The stack's name in its ARN; all of it, if it is none.
pub fn stack_name(arn: &str) -> &str {
    arn.split('/').nth(1).unwrap_or(arn)
}

/// Reads an event.
///
/// # Errors
/// When it says what it is and a field that every such event has is missing or wrong.
pub fn parse(event: &Value) -> Result<Parsed, MalformedEvent> {
    if !event.is_object() {
        return Err(MalformedEvent::NotAnObject(kind(event)));
    }
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    match (text("source"), text("detail-type")) {
        ("pointsman", "reconcile") => Ok(Parsed::Ours(Event::Reconcile)),
        ("aws.cloudformation", "CloudFormation Stack Status Change") => {
            Ok(Parsed::Ours(Event::Stack(change(event)?)))
        }
        _ => Ok(match push::parse(event)? {
            ParsedPush::NotOurs(why) => Parsed::NotOurs(why.to_string()),
            ParsedPush::Ours(push) => match &push.reference {
                Reference::Tag(tag) => Parsed::NotOurs(format!("the tag `{tag}` is no branch")),
                Reference::Branch(branch) => {
                    let (repository, branch) = (push.repository.clone(), branch.clone());
                    Parsed::Ours(Event::Branch(Subject { repository, branch }, push))
                }
            },
        }),
    }
}

fn change(event: &Value) -> Result<StackChange, MalformedEvent> {
    let optional =
        |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(StackChange {
        stack: required(event, "/detail/stack-id", "detail.stack-id")?,
        status: required(event, "/detail/status-details/status", "detail.status-details.status")?,
        reason: optional("/detail/status-details/status-reason"),
        time: optional("/time"),
        token: Some(optional("/detail/client-request-token")).filter(|token| !token.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The event of "Stack Status Change event detail", AWS CloudFormation User Guide, in shape.
    fn status_change() -> Value {
        json!({"source": "aws.cloudformation", "detail-type": "CloudFormation Stack Status Change",
            "time": "2026-03-02T10:00:00Z", "detail": {
                "stack-id": "arn:aws:cloudformation:eu-west-1:111122223333:stack/branch-a/6a7e8feb",
                "status-details": {"status": "CREATE_COMPLETE", "status-reason": ""}}})
    }

    #[test]
    fn a_status_change_names_its_stack() {
        let Ok(Parsed::Ours(event)) = parse(&status_change()) else { panic!("not ours") };
        assert_eq!(event.to_string(), "branch-a CREATE_COMPLETE");
    }

    #[test]
    fn a_missing_field_is_named() {
        for (pointer, field) in [
            ("/detail/stack-id", "detail.stack-id"),
            ("/detail/status-details/status", "detail.status-details.status"),
        ] {
            let mut event = status_change();
            *event.pointer_mut(pointer).unwrap() = Value::Null;
            assert_eq!(parse(&event), Err(MalformedEvent::Missing(field)));
        }
    }

    #[test]
    fn a_tag_is_no_branch() {
        let commit = "92e953e268345c77dd93cec860f7f91f3fd13b44";
        let event = json!({"source": "aws.codecommit", "detail-type": "CodeCommit Repository State Change", "detail":
            {"event": "referenceCreated", "repositoryName": "r", "commitId": commit, "referenceFullName": "refs/tags/v1"}});
        assert_eq!(parse(&event), Ok(Parsed::NotOurs("the tag `v1` is no branch".into())));
    }
}
