//! A stack as CloudFormation describes it, and what its status lets us do.

use aws_sdk_cloudformation::types::{Stack as Described, StackStatus};
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use crate::identity::{COMMIT, DIGEST, OWNER, Subject, Tag};

/// One stack of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// The ARN, which stays the stack's own when another one gets its name.
    pub id: String,
    /// As it was when it was read.
    pub status: StackStatus,
    /// All tags, other people's too.
    pub tags: Vec<Tag>,
    /// When it was made, if that is said.
    pub created: Option<Timestamp>,
    /// When it was updated last, if ever.
    pub updated: Option<Timestamp>,
    /// When its deletion was asked for last, if ever.
    pub deleted: Option<Timestamp>,
    /// Whether it has termination protection.
    pub protected: bool,
}

impl Stack {
    fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|(found, _)| found == key).map(|(_, value)| value.as_str())
    }

    /// What it was made of.
    pub fn digest(&self) -> &str {
        self.tag(DIGEST).unwrap_or_default()
    }

    /// The commit it was made or updated at.
    pub fn commit(&self) -> &str {
        self.tag(COMMIT).unwrap_or_default()
    }

    /// One that was asked for a moment ago, of which no more is known.
    pub fn begun() -> Self {
        Self {
            id: String::new(),
            status: StackStatus::CreateInProgress,
            tags: Vec::new(),
            created: None,
            updated: None,
            deleted: None,
            protected: false,
        }
    }

    /// What its status lets us do.
    pub fn phase(&self) -> Phase {
        Phase::of(&self.status)
    }

    /// What tells this moment of its life from every other, for tokens.
    pub fn moment(&self) -> [String; 3] {
        let told = |time: Option<Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
        [self.id.clone(), told(self.updated.or(self.created)), told(self.deleted)]
    }
}

/// A described stack: ours, with what it is for, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owned {
    /// Ours, for this branch.
    Ours(Subject, Stack),
    /// Not ours.
    Foreign(Foreign),
}

/// A stack that is not ours to touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// Its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How that is seen.
    pub why: NotOursBecause,
}

/// How a stack is seen not to be ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotOursBecause {
    /// It lacks our tags.
    Tags,
    /// Its tags name another owner.
    Owner,
    /// A stack made it: nested stacks get the tags of the one they are in.
    Nested,
    /// Its tags are for a branch whose stack has another name.
    Name,
}

/// Tells a described stack of `prefix` from everybody else's.
pub fn owned(described: &Described, prefix: &str) -> Owned {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let (id, name) = (text(described.stack_id()), text(described.stack_name()));
    let tags: Vec<Tag> = described.tags().iter().map(|tag| (text(tag.key()), text(tag.value()))).collect();
    let subject = Subject::of_tags(&tags, prefix);
    let why = match &subject {
        _ if described.parent_id().is_some() || described.root_id().is_some() => NotOursBecause::Nested,
        None if tags.iter().any(|(key, owner)| key == OWNER && owner != prefix) => NotOursBecause::Owner,
        None => NotOursBecause::Tags,
        Some(subject) if subject.stack_name(prefix) != name => NotOursBecause::Name,
        Some(subject) => {
            let stack = Stack {
                id,
                status: described.stack_status().cloned().unwrap_or_else(|| StackStatus::from("")),
                tags,
                created: described.creation_time().and_then(time),
                updated: described.last_updated_time().and_then(time),
                deleted: described.deletion_time().and_then(time),
                protected: described.enable_termination_protection().unwrap_or_default(),
            };
            return Owned::Ours(subject.clone(), stack);
        }
    };
    Owned::Foreign(Foreign { id, name, why })
}

fn time(time: &DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), time.subsec_nanos().try_into().ok()?).ok()
}

/// What a status lets us do ("Stack status codes", AWS CloudFormation User Guide).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// CloudFormation is at work; the end of it is an event.
    Working,
    /// It is being deleted.
    Deleting,
    /// It is whole.
    Settled,
    /// It is whole, as it was before an update that failed.
    UpdateUndone,
    /// It was never whole: nothing or little of it is left.
    CreationFailed,
    /// It stopped in the middle of an update or an import.
    UpdateStuck,
    /// Some of it could not be deleted.
    DeletionFailed,
    /// Somebody's change set is all there is of it.
    InReview,
    /// It is gone.
    Gone,
    /// A status that this function does not know.
    Unknown,
}

impl Phase {
    /// Whether it is how something ends that failed.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::UpdateUndone | Self::CreationFailed | Self::UpdateStuck | Self::DeletionFailed)
    }

    /// Whether the stack can be used and updated.
    pub fn is_whole(self) -> bool {
        matches!(self, Self::Settled | Self::UpdateUndone)
    }

    /// Of a status.
    pub fn of(status: &StackStatus) -> Self {
        match status {
            StackStatus::CreateComplete
            | StackStatus::UpdateComplete
            | StackStatus::ImportComplete
            | StackStatus::ImportRollbackComplete => Self::Settled,
            StackStatus::UpdateRollbackComplete => Self::UpdateUndone,
            StackStatus::CreateFailed | StackStatus::RollbackComplete | StackStatus::RollbackFailed => {
                Self::CreationFailed
            }
            StackStatus::UpdateFailed
            | StackStatus::UpdateRollbackFailed
            | StackStatus::ImportRollbackFailed => Self::UpdateStuck,
            StackStatus::DeleteFailed => Self::DeletionFailed,
            StackStatus::DeleteInProgress => Self::Deleting,
            StackStatus::DeleteComplete => Self::Gone,
            StackStatus::ReviewInProgress => Self::InReview,
            other if other.as_str().ends_with("_IN_PROGRESS") => Self::Working,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_that_the_sdk_knows_has_a_phase() {
        for status in StackStatus::values() {
            assert_ne!(Phase::of(&StackStatus::from(*status)), Phase::Unknown, "{status}");
        }
        assert_eq!(Phase::of(&StackStatus::from("FROZEN")), Phase::Unknown);
        assert_eq!(Phase::of(&StackStatus::from("THAW_IN_PROGRESS")), Phase::Working);
    }
}
