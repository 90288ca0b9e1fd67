//! The facts about one branch and its stack that a decision is based on.

use jiff::Timestamp;
use shared::call_error::CallError;

use crate::stack::{BranchStack, ForeignStack};

/// Everything that was read.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The branch.
    pub head: BranchTip,
    /// The stack of its name.
    pub stack: FoundStack,
    /// The last event of the stack itself, where the decision needs it.
    pub last_event: Option<OperationEvent>,
    /// The number of stacks of the branch's rule, where the decision needs it.
    pub stacks_of_rule: Option<usize>,
}

/// A branch, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BranchTip {
    /// The branch exists.
    At(Tip),
    /// The branch was in the list of all branches; its commit was not read.
    Listed,
    /// The branch was not read: no rule covers it, and it has no stack.
    Unread,
    /// The branch or its repository does not exist.
    Gone,
    /// The branch could not be read.
    Unreadable(CallError),
}

/// A branch's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tip {
    /// The commit's id.
    pub commit: String,
    /// The commit's date, or why it could not be read; only read where a branch can be idle.
    pub committed: Option<Result<Timestamp, CallError>>,
}

/// The stack that has the branch's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundStack {
    /// There is none.
    None,
    /// One of this deployment.
    Ours(BranchStack),
    /// One that this deployment must not touch.
    Foreign(ForeignStack),
    /// The stack could not be read.
    Unreadable(CallError),
}

/// An event of a stack or of a resource in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationEvent {
    /// The resource's logical id; the stack's name for the stack itself.
    pub resource: String,
    /// The resource's physical id; a replaced resource has another one than its replacement.
    pub physical: String,
    /// The resource's type.
    pub kind: String,
    /// The status that the resource reached.
    pub status: String,
    /// CloudFormation's status reason.
    pub reason: String,
    /// Whether the event is about the stack itself.
    pub of_stack: bool,
    /// The token of the operation that the event belongs to.
    pub token: Option<String>,
    /// The event's time.
    pub time: Option<Timestamp>,
}

/// CloudFormation's status reason of the event that begins an operation.
pub const USER: &str = "User Initiated";
