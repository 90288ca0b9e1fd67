//! The events of this function: a branch was pushed, a pull request was created, a stack's status changed, reconcile is due.

use std::fmt;

use aws_sdk_cloudformation::types::StackStatus;
use serde_json::Value;
use shared::arn::Arn;
use shared::event::{MalformedEvent, kind, required};
use shared::push::{self, Parsed as ParsedPush, Push, Reference};
use shared::text::printable;

use crate::identity::BranchId;
use crate::stack::stack_name;

/// An event that this function handles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A branch was created, moved or deleted.
    Branch(BranchId, Push),
    /// A stack reached a status.
    Stack(StackChange),
    /// A pull request of a branch was created: its id.
    PullRequest(BranchId, String),
    /// Every branch and every stack is to be evaluated.
    Reconcile {
        /// The digest of the deletions that an operator confirms.
        confirm: Option<String>,
    },
}

/// A change of a stack's status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackChange {
    /// The stack's id.
    pub stack: Arn,
    /// The status that the stack reached.
    pub status: StackStatus,
    /// CloudFormation's status reason; often empty.
    pub reason: String,
    /// The event's time, as the event has it.
    pub time: String,
    /// The token of the operation that ended; not every event has it.
    pub token: Option<String>,
}

/// The result of reading an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// An event to handle.
    Ours(Event),
    /// Not an event of this function; why.
    NotOurs(NoBranchEvent),
}

/// Why an event concerns no branch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoBranchEvent {
    /// The event is not a push.
    #[error("{0}")]
    NoPush(push::NotOurs),
    /// A pull request changed otherwise than by its creation.
    #[error("{0} of a pull request needs no comment")]
    PullRequest(String),
    /// The push moved a tag.
    #[error("`{0}` is a tag, not a branch")]
    Tag(String),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Branch(_, push) => push.fmt(f),
            Self::Stack(change) => write!(f, "{} {}", stack_name(&change.stack), change.status.as_str()),
            Self::PullRequest(branch, id) => write!(f, "{branch} pull request {id} created"),
            Self::Reconcile { confirm: None } => f.write_str("reconcile"),
            Self::Reconcile { confirm: Some(digest) } => {
                write!(f, "reconcile, confirming {}", printable(digest))
            }
        }
    }
}

/// Reads an event.
///
/// # Errors
/// When the event claims to be one of this function's, and a required field is missing or wrong.
pub fn parse(event: &Value) -> Result<Parsed, MalformedEvent> {
    if !event.is_object() {
        return Err(MalformedEvent::NotAnObject(kind(event)));
    }
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    match (text("source"), text("detail-type")) {
        ("pointsman", "reconcile") => Ok(Parsed::Ours(Event::Reconcile { confirm: confirm(event)? })),
        ("aws.cloudformation", "CloudFormation Stack Status Change") => {
            Ok(Parsed::Ours(Event::Stack(change(event)?)))
        }
        ("aws.codecommit", "CodeCommit Pull Request State Change") => pull_request(event),
        _ => Ok(match push::parse(event)? {
            ParsedPush::NotOurs(why) => Parsed::NotOurs(NoBranchEvent::NoPush(why)),
            ParsedPush::Ours(push) => match &push.reference {
                Reference::Tag(tag) => Parsed::NotOurs(NoBranchEvent::Tag(tag.clone())),
                Reference::Branch(name) => {
                    let branch = BranchId { repository: push.repository.clone(), name: name.clone() };
                    Parsed::Ours(Event::Branch(branch, push))
                }
            },
        }),
    }
}

/// "pullRequestCreated event", Monitoring CodeCommit events in Amazon EventBridge, AWS CodeCommit User Guide.
fn pull_request(event: &Value) -> Result<Parsed, MalformedEvent> {
    let what = required(event, "/detail/event", "detail.event")?;
    if what != "pullRequestCreated" {
        return Ok(Parsed::NotOurs(NoBranchEvent::PullRequest(what)));
    }
    let repository = required(event, "/detail/repositoryNames/0", "detail.repositoryNames[0]")?;
    let source = required(event, "/detail/sourceReference", "detail.sourceReference")?;
    let id = required(event, "/detail/pullRequestId", "detail.pullRequestId")?;
    Ok(match source.strip_prefix("refs/heads/") {
        Some(name) => Parsed::Ours(Event::PullRequest(BranchId { repository, name: name.to_owned() }, id)),
        None => Parsed::NotOurs(NoBranchEvent::Tag(source)),
    })
}

/// The digest that an operator confirms; nothing in the event of the schedule.
fn confirm(event: &Value) -> Result<Option<String>, MalformedEvent> {
    const CONFIRM: &str = "confirm";
    match event.get(CONFIRM) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(digest)) => Ok(Some(digest.trim().to_owned())),
        Some(other) => {
            Err(MalformedEvent::NotA { field: CONFIRM, value: other.to_string(), expected: "a digest" })
        }
    }
}

fn change(event: &Value) -> Result<StackChange, MalformedEvent> {
    const STACK: &str = "detail.stack-id";
    let optional =
        |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let stack = required(event, "/detail/stack-id", STACK)?;
    let not_an_arn = |_| MalformedEvent::NotA { field: STACK, value: stack.clone(), expected: "an ARN" };
    let status = required(event, "/detail/status-details/status", "detail.status-details.status")?;
    Ok(StackChange {
        stack: stack.parse().map_err(not_an_arn)?,
        status: StackStatus::from(status.as_str()),
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
    fn reconcile_may_confirm_a_list_and_nothing_but_a_text_is_one() {
        let event =
            |confirm: Value| json!({"source": "pointsman", "detail-type": "reconcile", "confirm": confirm});
        let ours = |confirm: Option<&str>| {
            Ok(Parsed::Ours(Event::Reconcile { confirm: confirm.map(str::to_owned) }))
        };
        assert_eq!(parse(&event(json!("0a1b "))), ours(Some("0a1b")));
        assert_eq!(parse(&event(Value::Null)), ours(None));
        let says = parse(&event(json!(true))).unwrap_err().to_string();
        assert_eq!(says, "confirm is `true` in the event, not a digest");
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
    fn a_stack_id_that_is_not_an_arn_is_malformed() {
        let mut event = status_change();
        *event.pointer_mut("/detail/stack-id").unwrap() = json!("branch-a");
        let says = "detail.stack-id is `branch-a` in the event, not an ARN";
        assert_eq!(parse(&event).unwrap_err().to_string(), says);
    }

    #[test]
    fn a_created_pull_request_names_its_branch_and_no_other_change_is_ours() {
        let event = |what: &str, source: &str| {
            json!({"source": "aws.codecommit", "detail-type": "CodeCommit Pull Request State Change", "detail":
                {"event": what, "repositoryNames": ["r"], "sourceReference": source, "pullRequestId": "7"}})
        };
        let branch = BranchId { repository: "r".into(), name: "a/b".into() };
        let created = event("pullRequestCreated", "refs/heads/a/b");
        assert_eq!(parse(&created), Ok(Parsed::Ours(Event::PullRequest(branch, "7".into()))));
        for other in [
            event("pullRequestStatusChanged", "refs/heads/a"),
            event("pullRequestCreated", "refs/tags/a"),
            json!({"source": "aws.codecommit", "detail-type": "CodeCommit Comment on Pull Request", "detail": {}}),
        ] {
            assert!(matches!(parse(&other), Ok(Parsed::NotOurs(_))), "{other}");
        }
        let mut without_branch = created;
        without_branch["detail"]["sourceReference"] = Value::Null;
        assert_eq!(parse(&without_branch), Err(MalformedEvent::Missing("detail.sourceReference")));
    }

    /// A rule of another application may deliver every event of the bus.
    #[test]
    fn an_event_of_this_function_is_not_handled_by_it() {
        let event = json!({"source": crate::notify::SOURCE, "detail-type": crate::notify::STACK_READY, "detail":
            {"repository": "r", "branch": "a"}});
        assert!(matches!(parse(&event), Ok(Parsed::NotOurs(_))));
    }

    #[test]
    fn a_tag_is_not_a_branch() {
        let commit = "92e953e268345c77dd93cec860f7f91f3fd13b44";
        let event = json!({"source": "aws.codecommit", "detail-type": "CodeCommit Repository State Change", "detail":
            {"event": "referenceCreated", "repositoryName": "r", "commitId": commit, "referenceFullName": "refs/tags/v1"}});
        assert_eq!(parse(&event), Ok(Parsed::NotOurs(NoBranchEvent::Tag("v1".into()))));
    }
}
