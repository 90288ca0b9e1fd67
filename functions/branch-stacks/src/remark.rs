//! Observations that decided nothing: every remark, and the only place where its sentence is written.

use std::fmt;

use jiff::Timestamp;
use shared::call_error::CallError;
use shared::decision::Explain;
use shared::text::printable;

use crate::email::FailureDetail;
use crate::event::StackChange;
use crate::identity::BranchId;
use crate::keep::KeepTag;
use crate::stack::stack_name;

/// An observation for the operator.
#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Remark {
    /// The date of the head's commit could not be read.
    AgeUnknown { branch: BranchId, error: CallError },
    /// The date of the head's commit is in the future; the commit counts as made now.
    CommittedInTheFuture { branch: BranchId, committed: Timestamp },
    /// A creation, update or deletion failed; `first` is its first failure.
    StackFailed { change: Box<StackChange>, first: Option<FailureDetail> },
    /// A tag keeps the stack of a branch that would be idle, or has a value that cannot be read.
    KeptByTag { branch: BranchId, tag: KeepTag },
    /// An email was due, and no topic is set.
    NoTopic { stack: String },
}

impl Remark {
    /// The branch or the stack that the remark is about.
    pub fn subject(&self) -> String {
        match self {
            Self::AgeUnknown { branch, .. }
            | Self::CommittedInTheFuture { branch, .. }
            | Self::KeptByTag { branch, .. } => branch.to_string(),
            Self::StackFailed { change, .. } => stack_name(&change.stack).to_owned(),
            Self::NoTopic { stack } => stack.clone(),
        }
    }
}

impl Explain for Remark {
    fn code(&self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AgeUnknown { error, .. } => write!(
                f,
                "the date of the branch's head commit could not be read ({error}): no stack is deleted as idle, and only a push creates one"
            ),
            Self::CommittedInTheFuture { committed, .. } => write!(
                f,
                "the date of the branch's head commit, {committed}, is in the future; the branch counts as active now"
            ),
            Self::StackFailed { change, first } => {
                f.write_str(change.status.as_str())?;
                if !change.reason.is_empty() {
                    write!(f, ": {}", printable(&change.reason))?;
                }
                first.as_ref().map_or(Ok(()), |first| write!(f, "; {first}"))
            }
            Self::KeptByTag { tag, .. } => write!(f, "{tag}; without it the branch would be idle"),
            Self::NoTopic { .. } => f.write_str("no email was sent: POINTSMAN_TOPIC_ARN names no topic"),
        }
    }
}
