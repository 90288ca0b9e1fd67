//! Observations that decided nothing: every remark, and the only place where its sentence is written.

use std::fmt;

use jiff::Timestamp;
use shared::call_error::CallError;
use shared::decision::Explain;
use shared::text::{count, printable};

use crate::email::FailureDetail;
use crate::event::StackChange;
use crate::identity::BranchId;
use crate::keep::KeepTag;
use crate::left_behind::ResourceLeft;
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
    /// The failure is in the email that the roll-out stopped.
    InStopEmail { stack: String },
    /// The email waits for the other updates of the roll-out.
    EmailWaits { stack: String },
    /// An update or its rollback left resources behind; the first of them.
    LeftBehind { stack: String, first: ResourceLeft, count: usize },
    /// The stack is ready, and was reported so.
    StackReady { branch: BranchId },
    /// A pull request has no commit of its own, so a comment has no difference to be posted on.
    NothingToCommentOn { branch: BranchId, pull_request: String },
    /// The comment on a pull request was deleted, so it is not posted again.
    CommentDeleted { branch: BranchId, pull_request: String },
    /// The repository has more open pull requests than are read.
    TooManyPullRequests { branch: BranchId, most: usize },
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
            | Self::StackReady { branch }
            | Self::NothingToCommentOn { branch, .. }
            | Self::CommentDeleted { branch, .. }
            | Self::KeptByTag { branch, .. }
            | Self::TooManyPullRequests { branch, .. } => branch.to_string(),
            Self::StackFailed { change, .. } => stack_name(&change.stack).to_owned(),
            Self::InStopEmail { stack }
            | Self::EmailWaits { stack }
            | Self::LeftBehind { stack, .. }
            | Self::NoTopic { stack } => stack.clone(),
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
            Self::InStopEmail { .. } => {
                f.write_str("the roll-out has stopped, and one email reports it for all of its stacks")
            }
            Self::EmailWaits { .. } => f.write_str(
                "the email about this failure waits for the other updates of the roll-out, or for the next reconcile run",
            ),
            Self::LeftBehind { first, count: 1, .. } => write!(f, "CloudFormation could not delete {first}"),
            Self::LeftBehind { first, count: all, .. } => {
                write!(f, "CloudFormation could not delete {first}, and {} more", count(all - 1, "resource"))
            }
            Self::StackReady { .. } => f.write_str("the stack is ready"),
            Self::NothingToCommentOn { pull_request, .. } => write!(
                f,
                "pull request {pull_request} has no difference between its branches, so CodeCommit takes no comment"
            ),
            Self::CommentDeleted { pull_request, .. } => {
                write!(f, "the comment on pull request {pull_request} was deleted, and is not posted again")
            }
            Self::TooManyPullRequests { most, .. } => write!(
                f,
                "the repository has more than {most} open pull requests: only the first {most} that CodeCommit lists were read"
            ),
            Self::KeptByTag { tag, .. } => write!(f, "{tag}; without it the branch would be idle"),
            Self::NoTopic { .. } => f.write_str("no email was sent: POINTSMAN_TOPIC_ARN names no topic"),
        }
    }
}
