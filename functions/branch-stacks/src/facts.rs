//! The facts about one branch and its stack that a decision is based on.

use jiff::Timestamp;
use shared::call_error::CallError;
use shared::table_error::TableError;

use crate::stack::{BranchStack, ForeignStack};

/// Everything that was read.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The branch.
    pub head: BranchTip,
    /// The stack of its name.
    pub stack: FoundStack,
    /// The last event of the stack itself, if the decision needs it.
    pub last_event: Option<OperationEvent>,
    /// The number of stacks of the branch's rule, if the decision needs it.
    pub stacks_of_rule: Option<usize>,
    /// What earlier runs and other stacks show, if the decision needs it.
    pub history: Result<History, HistoryUnreadable>,
}

impl Facts {
    /// The facts of a branch and its stack, without what only some decisions need.
    pub fn of(head: BranchTip, stack: FoundStack) -> Self {
        Self { head, stack, last_event: None, stacks_of_rule: None, history: Ok(History::default()) }
    }
}

/// What earlier runs and other stacks show about the next operation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct History {
    /// The number of other stacks for which the roll-out failed.
    pub roll_out_failures: usize,
    /// Whether stacks of other branches get the roll-out first, because a rule protects this branch.
    pub others_first: bool,
    /// The failed creation.
    pub attempt: Option<FailedAttempt>,
}

/// A creation that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedAttempt {
    /// Whether its reason can pass.
    pub can_pass: bool,
    /// Whether it was the second attempt.
    pub is_second: bool,
}

/// Why the history could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryUnreadable {
    /// The stacks or a stack's events.
    Stack(CallError),
    /// The table of reports.
    Reports(TableError),
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
    /// The id of the operation, which CloudFormation gives since 2025.
    pub operation: Option<String>,
    /// The event's time.
    pub time: Option<Timestamp>,
}

/// A validation or a hook that failed before CloudFormation provisioned anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedValidation {
    /// The resource's logical id.
    pub resource: String,
    /// The resource's type.
    pub kind: String,
    /// The name of the validation, or the type of the hook.
    pub name: String,
    /// CloudFormation's status reason.
    pub reason: String,
    /// The path in the template; empty if there is none.
    pub path: String,
}

/// CloudFormation's status reason of the event that begins an operation.
pub const USER: &str = "User Initiated";
