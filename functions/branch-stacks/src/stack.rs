//! A stack as CloudFormation describes it, and the operations that its status allows.

use aws_sdk_cloudformation::types::{Stack as Described, StackStatus};
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use shared::arn::Arn;

use shared::token::client_token;

use crate::identity::{BranchId, COMMIT, DIGEST, NamedValue, OWNER};

/// Characters of a moment's hash: enough for the moments of one stack.
const MOMENT_HASH: usize = 16;

/// A stack of this deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchStack {
    /// The stack's id, which stays its own when another stack gets its name.
    pub id: Arn,
    /// The status when the stack was read.
    pub status: StackStatus,
    /// All tags, including those of others.
    pub tags: Vec<NamedValue>,
    /// When the stack was created, if CloudFormation says so.
    pub created: Option<Timestamp>,
    /// When the stack was last updated, if ever.
    pub updated: Option<Timestamp>,
    /// When the stack's deletion was last requested, if ever.
    pub deleted: Option<Timestamp>,
    /// Whether the stack has termination protection.
    pub protected: bool,
    /// The outputs, by key. CloudFormation does not hide secrets in them.
    pub outputs: Vec<NamedValue>,
    /// What an operator repeats in an update with the previous template.
    pub previous: Box<PreviousInput>,
}

/// The part of a stack's input that an update with the previous template repeats.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PreviousInput {
    /// The names of the stack's parameters.
    pub parameters: Vec<String>,
    /// The capabilities that the stack was created or updated with.
    pub capabilities: Vec<String>,
}

impl BranchStack {
    fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|(found, _)| found == key).map(|(_, value)| value.as_str())
    }

    /// The digest of the specification that the stack was created or updated with.
    pub fn digest(&self) -> &str {
        self.tag(DIGEST).unwrap_or_default()
    }

    /// The commit that the stack was created or updated at.
    pub fn commit(&self) -> &str {
        self.tag(COMMIT).unwrap_or_default()
    }

    /// The stack's name.
    pub fn name(&self) -> &str {
        stack_name(&self.id)
    }

    /// The operations that the stack's status allows.
    pub fn phase(&self) -> StackPhase {
        StackPhase::of(&self.status)
    }

    /// When the operation that is in progress began, or the last one.
    pub fn operation_began(&self) -> Option<Timestamp> {
        [self.created, self.updated, self.deleted].into_iter().flatten().max()
    }

    /// A short hash of [`BranchStack::moment`], for what is reported once for each state of the stack.
    pub fn moment_hash(&self) -> String {
        let mut hash = client_token(self.moment().iter().map(String::as_str));
        hash.truncate(MOMENT_HASH);
        hash
    }

    /// The values that differ between any two states of the stack, for tokens: id, last change, last deletion.
    pub fn moment(&self) -> [String; 3] {
        let text = |time: Option<Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
        [self.id.to_string(), text(self.updated.or(self.created)), text(self.deleted)]
    }
}

/// The stack's name in its id, `stack/NAME/UUID`; the whole resource of another ARN.
pub fn stack_name(id: &Arn) -> &str {
    id.resource_of("stack").and_then(|rest| rest.split('/').next()).unwrap_or(&id.resource)
}

/// Whether a described stack belongs to this deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// The stack of this branch.
    Ours(BranchId, Box<BranchStack>),
    /// Not a stack of this deployment.
    Foreign(ForeignStack),
}

/// A stack that this deployment must not touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignStack {
    /// The stack's name.
    pub name: String,
    /// Why the stack is not one of this deployment.
    pub because: ForeignBecause,
}

/// Why a stack is not one of this deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForeignBecause {
    /// The stack lacks our tags.
    #[error("it lacks the tags that this deployment puts on its stacks")]
    Tags,
    /// The stack's tags name another owner.
    #[error("its tags name another deployment as the owner")]
    Owner,
    /// Another stack created it: nested stacks get the tags of their parent.
    #[error("it is a nested stack")]
    Nested,
    /// The stack's tags name a branch whose stack has another name.
    #[error("its tags name a branch whose stack has another name")]
    Name,
    /// CloudFormation gave no ARN as the stack's id.
    #[error("its id is not an ARN")]
    Id,
}

/// Sorts a described stack: a stack of the deployment with this prefix, or a foreign one.
pub fn classified(described: &Described, prefix: &str) -> Ownership {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let name = text(described.stack_name());
    let tags: Vec<NamedValue> =
        described.tags().iter().map(|tag| (text(tag.key()), text(tag.value()))).collect();
    let id = text(described.stack_id()).parse::<Arn>();
    let because = match (BranchId::of_tags(&tags, prefix), id) {
        _ if described.parent_id().is_some() || described.root_id().is_some() => ForeignBecause::Nested,
        (None, _) if tags.iter().any(|(key, owner)| key == OWNER && owner != prefix) => ForeignBecause::Owner,
        (None, _) => ForeignBecause::Tags,
        (Some(branch), _) if branch.stack_name(prefix) != name => ForeignBecause::Name,
        (Some(_), Err(_)) => ForeignBecause::Id,
        (Some(branch), Ok(id)) => return Ownership::Ours(branch, Box::new(converted(described, id, tags))),
    };
    Ownership::Foreign(ForeignStack { name, because })
}

fn converted(described: &Described, id: Arn, tags: Vec<NamedValue>) -> BranchStack {
    BranchStack {
        id,
        status: described.stack_status().cloned().unwrap_or_else(|| StackStatus::from("")),
        tags,
        created: described.creation_time().and_then(time),
        updated: described.last_updated_time().and_then(time),
        deleted: described.deletion_time().and_then(time),
        protected: described.enable_termination_protection().unwrap_or_default(),
        outputs: described
            .outputs()
            .iter()
            .filter_map(|one| Some((one.output_key()?.to_owned(), one.output_value()?.to_owned())))
            .collect(),
        previous: Box::new(previous(described)),
    }
}

fn previous(described: &Described) -> PreviousInput {
    let names = described.parameters().iter().filter_map(|one| Some(one.parameter_key()?.to_owned()));
    let capabilities = described.capabilities().iter().map(|one| one.as_str().to_owned());
    PreviousInput { parameters: names.collect(), capabilities: capabilities.collect() }
}

fn time(time: &DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), time.subsec_nanos().try_into().ok()?).ok()
}

/// The operations that a status allows ("Stack status codes", AWS CloudFormation User Guide).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackPhase {
    /// An operation is in progress; EventBridge gets an event when it completes.
    Working,
    /// The stack is being deleted.
    Deleting,
    /// The last operation succeeded.
    Settled,
    /// An update failed and was rolled back: the stack works in its previous state.
    UpdateUndone,
    /// The creation failed: few or none of the resources exist.
    CreationFailed,
    /// An update or an import stopped halfway.
    UpdateStuck,
    /// Some of the resources could not be deleted.
    DeletionFailed,
    /// The stack exists only as a change set of another principal.
    InReview,
    /// The stack was deleted.
    Gone,
    /// A status that this version does not know.
    Unknown,
}

impl StackPhase {
    /// Whether an operation failed.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::UpdateUndone | Self::CreationFailed | Self::UpdateStuck | Self::DeletionFailed)
    }

    /// Whether the stack works and can be updated.
    pub fn is_whole(self) -> bool {
        matches!(self, Self::Settled | Self::UpdateUndone)
    }

    /// The phase of a status.
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
            assert_ne!(StackPhase::of(&StackStatus::from(*status)), StackPhase::Unknown, "{status}");
        }
        assert_eq!(StackPhase::of(&StackStatus::from("FROZEN")), StackPhase::Unknown);
        assert_eq!(StackPhase::of(&StackStatus::from("THAW_IN_PROGRESS")), StackPhase::Working);
    }
}
