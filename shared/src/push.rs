//! A push in a CodeCommit event: the event is malformed, not a push (with the reason), or a push.
//!
//! "Monitoring CodeCommit events in Amazon EventBridge", AWS CodeCommit User Guide. Every field that AWS may leave
//! out is optional here; the error about a missing required field names the field.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use crate::event::{MalformedEvent, kind, optional, required};

/// A push: one branch or tag that was created, moved or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The repository's name.
    pub repository: String,
    /// The branch or tag.
    pub reference: Reference,
    /// The change.
    pub change: Change,
    /// The event's time, as the event has it; part of every token.
    pub time: String,
}

impl Push {
    /// The event's time, if it can be parsed.
    pub fn moment(&self) -> Option<Timestamp> {
        self.time.parse().ok()
    }

    /// The reference's commit after the push.
    pub fn commit(&self) -> Option<&str> {
        match &self.change {
            Change::Created { new } | Change::Updated { new, .. } => Some(new),
            Change::Deleted => None,
        }
    }
}

impl fmt::Display for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.repository, self.reference.full_name())?;
        match &self.change {
            Change::Created { new } => write!(f, "created at {}", short(new)),
            Change::Updated { old: Some(old), new } => write!(f, "{}..{}", short(old), short(new)),
            Change::Updated { old: None, new } => write!(f, "moved to {}", short(new)),
            Change::Deleted => f.write_str("deleted"),
        }
    }
}

/// The short form of a commit id.
pub fn short(commit: &str) -> String {
    commit.chars().take(7).collect()
}

/// A branch or a tag, by its short name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// `refs/heads/...`
    Branch(String),
    /// `refs/tags/...`
    Tag(String),
}

impl Reference {
    /// The short name.
    pub fn name(&self) -> &str {
        match self {
            Self::Branch(name) | Self::Tag(name) => name,
        }
    }

    /// The branch's name, if it is one.
    pub fn branch(&self) -> Option<&str> {
        match self {
            Self::Branch(name) => Some(name),
            Self::Tag(_) => None,
        }
    }

    /// With `refs/heads/` or `refs/tags/` before it.
    pub fn full_name(&self) -> String {
        match self {
            Self::Branch(name) => format!("refs/heads/{name}"),
            Self::Tag(name) => format!("refs/tags/{name}"),
        }
    }
}

/// The change of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The reference is new.
    Created {
        /// The new commit.
        new: String,
    },
    /// The reference moved from another commit.
    Updated {
        /// The previous commit, if the event has it.
        old: Option<String>,
        /// The new commit.
        new: String,
    },
    /// The reference was deleted.
    Deleted,
}

/// The result of reading an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// A push.
    Ours(Push),
    /// Not a push; why.
    NotOurs(NotOurs),
}

/// Why an event is not a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotOurs {
    /// Another kind of event: its source and detail type.
    OtherEvent(String),
    /// The event of a CodeCommit repository trigger, which has another form.
    RepositoryTrigger,
    /// A change in a repository that moves no branch and no tag.
    NoReference(String),
}

impl fmt::Display for NotOurs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherEvent(what) => write!(f, "{what} is not a CodeCommit push"),
            Self::RepositoryTrigger => f.write_str(
                "this is the event of a CodeCommit repository trigger; pointsman handles only events from EventBridge",
            ),
            Self::NoReference(what) => write!(f, "{what} moves no branch and no tag"),
        }
    }
}

/// Reads an event.
///
/// # Errors
/// When the event claims to be a push and a required field is missing or wrong.
pub fn parse(event: &Value) -> Result<Parsed, MalformedEvent> {
    if !event.is_object() {
        return Err(MalformedEvent::NotAnObject(kind(event)));
    }
    if let Some(why) = other(event) {
        return Ok(Parsed::NotOurs(why));
    }
    let Some(change) = change(event)? else {
        let what = required(event, "/detail/event", "detail.event")?;
        return Ok(Parsed::NotOurs(NotOurs::NoReference(format!("`{what}`"))));
    };
    Ok(Parsed::Ours(Push {
        repository: required(event, "/detail/repositoryName", "detail.repositoryName")?,
        reference: reference(event)?,
        change,
        time: optional(event, "/time", "time")?.unwrap_or_default(),
    }))
}

fn other(event: &Value) -> Option<NotOurs> {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    if text("/Records/0/eventSource") == Some("aws:codecommit") {
        return Some(NotOurs::RepositoryTrigger);
    }
    let (source, detail_type) = (text("/source"), text("/detail-type"));
    if (source, detail_type) == (Some("aws.codecommit"), Some("CodeCommit Repository State Change")) {
        return None;
    }
    let named = |value: Option<&str>, what: &str| {
        value.map_or(format!("an event without {what}"), |v| format!("`{v}`"))
    };
    Some(NotOurs::OtherEvent(match detail_type {
        Some(_) => format!("{} from {}", named(detail_type, "a detail-type"), named(source, "a source")),
        None => named(None, "a detail-type"),
    }))
}

fn change(event: &Value) -> Result<Option<Change>, MalformedEvent> {
    let kind = required(event, "/detail/event", "detail.event")?;
    let new = || {
        commit(event, "/detail/commitId", "detail.commitId")?
            .ok_or(MalformedEvent::Missing("detail.commitId"))
    };
    Ok(Some(match kind.as_str() {
        "referenceCreated" => Change::Created { new: new()? },
        "referenceUpdated" => {
            Change::Updated { old: commit(event, "/detail/oldCommitId", "detail.oldCommitId")?, new: new()? }
        }
        "referenceDeleted" => Change::Deleted,
        _ => return Ok(None),
    }))
}

/// The reference by its full name; without one, by its short name and its type.
fn reference(event: &Value) -> Result<Reference, MalformedEvent> {
    const FULL: &str = "detail.referenceFullName";
    if let Some(full) = optional(event, "/detail/referenceFullName", FULL)? {
        let branch = full.strip_prefix("refs/heads/").map(|name| Reference::Branch(name.to_owned()));
        let tag = || full.strip_prefix("refs/tags/").map(|name| Reference::Tag(name.to_owned()));
        let found = branch.or_else(tag).filter(|found| !found.name().is_empty());
        return found.ok_or(MalformedEvent::NotA {
            field: FULL,
            value: full,
            expected: "refs/heads/... or refs/tags/...",
        });
    }
    let name =
        optional(event, "/detail/referenceName", "detail.referenceName")?.filter(|name| !name.is_empty());
    let name = name.ok_or(MalformedEvent::Missing(FULL))?;
    match required(event, "/detail/referenceType", "detail.referenceType")?.as_str() {
        "branch" => Ok(Reference::Branch(name)),
        "tag" => Ok(Reference::Tag(name)),
        other => {
            let (field, value) = ("detail.referenceType", other.to_owned());
            Err(MalformedEvent::NotA { field, value, expected: "branch or tag" })
        }
    }
}

fn commit(event: &Value, pointer: &str, field: &'static str) -> Result<Option<String>, MalformedEvent> {
    let Some(id) = optional(event, pointer, field)? else { return Ok(None) };
    let hexadecimal = id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hexadecimal && matches!(id.len(), 40 | 64) {
        return Ok(Some(id));
    }
    Err(MalformedEvent::NotA { field, value: id, expected: "a commit id" })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const COMMIT: &str = "92e953e268345c77dd93cec860f7f91f3fd13b44";

    fn event(detail: Value) -> Value {
        json!({"source": "aws.codecommit", "detail-type": "CodeCommit Repository State Change",
            "time": "2026-03-02T10:00:00Z", "detail": detail})
    }

    fn pushed() -> Value {
        event(json!({"event": "referenceUpdated", "repositoryName": "storefront", "commitId": COMMIT,
            "oldCommitId": COMMIT, "referenceFullName": "refs/heads/feature/main"}))
    }

    #[test]
    fn a_branch_keeps_the_slashes_of_its_name() {
        let Ok(Parsed::Ours(push)) = parse(&pushed()) else { panic!("not ours") };
        assert_eq!(push.reference, Reference::Branch("feature/main".into()));
    }

    #[test]
    fn without_the_full_name_the_short_one_and_the_type_do() {
        let mut event = pushed();
        let detail = event["detail"].as_object_mut().unwrap();
        detail.remove("referenceFullName");
        assert_eq!(parse(&event), Err(MalformedEvent::Missing("detail.referenceFullName")));
        event["detail"]["referenceName"] = json!("v1");
        event["detail"]["referenceType"] = json!("tag");
        let Ok(Parsed::Ours(push)) = parse(&event) else { panic!("not ours") };
        assert_eq!(push.reference, Reference::Tag("v1".into()));
    }

    #[test]
    fn a_missing_or_wrong_field_is_named() {
        for (field, value, says) in [
            ("repositoryName", json!(null), "detail.repositoryName is missing from the event"),
            ("repositoryName", json!(7), "detail.repositoryName is a number in the event, not a string"),
            ("event", json!(null), "detail.event is missing from the event"),
            ("commitId", json!(null), "detail.commitId is missing from the event"),
            (
                "commitId",
                json!("HEAD; rm -rf /"),
                "detail.commitId is `HEAD; rm -rf /` in the event, not a commit id",
            ),
            (
                "referenceFullName",
                json!("refs/heads/"),
                "detail.referenceFullName is `refs/heads/` in the event, not refs/heads/... or refs/tags/...",
            ),
        ] {
            let mut event = pushed();
            event["detail"][field] = value;
            assert_eq!(parse(&event).unwrap_err().to_string(), says);
        }
        assert_eq!(parse(&json!([])).unwrap_err().to_string(), "the event is an array, not a JSON object");
    }

    #[test]
    fn what_is_not_a_push_says_what_it_is() {
        for (event, says) in [
            (json!({}), "an event without a detail-type is not a CodeCommit push"),
            (json!({"source": "aws.ec2", "detail-type": "X"}), "`X` from `aws.ec2` is not a CodeCommit push"),
            (
                event(json!({"event": "unreferencedMergeCommitCreated"})),
                "`unreferencedMergeCommitCreated` moves no branch and no tag",
            ),
            (
                json!({"Records": [{"eventSource": "aws:codecommit"}]}),
                "this is the event of a CodeCommit repository trigger; pointsman handles only events from EventBridge",
            ),
        ] {
            let Ok(Parsed::NotOurs(why)) = parse(&event) else { panic!("ours: {event}") };
            assert_eq!(why.to_string(), says);
        }
    }
}
