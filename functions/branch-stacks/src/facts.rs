//! What is known about one branch and its stack when it is decided about.

use std::fmt;

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use jiff::Timestamp;
use shared::aws::told;

use crate::aws::is_throttling;
use crate::remark::Remark;
use crate::stack::{Foreign, Stack};

/// All that was read.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The branch.
    pub head: Head,
    /// The stack of its name.
    pub stack: Found,
    /// The last thing that happened to the stack, where it matters.
    pub last_event: Option<Event>,
    /// How many stacks the branch's rule has, where it matters.
    pub stacks_of_rule: Option<usize>,
    /// What a person should know besides.
    pub remarks: Vec<Remark>,
}

/// A branch, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// It is there.
    At(Tip),
    /// It was in the list of all branches; its commit was not asked for.
    Listed,
    /// There is no such branch, or no such repository.
    Gone,
    /// It could not be read.
    Unreadable(Unread),
}

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// What AWS says.
    pub error: String,
    /// Whether there were too many calls.
    pub throttled: bool,
}

impl Unread {
    /// From the error of a call.
    pub fn of<E, R>(error: &SdkError<E, R>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
        R: fmt::Debug + 'static,
    {
        Self { error: told(error), throttled: is_throttling(error) }
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}

/// A branch's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tip {
    /// The commit's id.
    pub commit: String,
    /// When it was committed, or why that is not known; only asked where it matters.
    pub committed: Option<Result<Timestamp, Unread>>,
}

/// The stack that has the branch's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// There is none.
    None,
    /// Ours.
    Ours(Stack),
    /// Somebody else's.
    Foreign(Foreign),
    /// It could not be read.
    Unreadable(Unread),
}

/// Something that happened to a stack or to a resource of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The resource's logical id; the stack's name for the stack itself.
    pub resource: String,
    /// Its type.
    pub kind: String,
    /// The status it reached.
    pub status: String,
    /// What CloudFormation says about it.
    pub reason: String,
    /// Whether it is about the stack itself.
    pub of_stack: bool,
    /// The token of the operation it belongs to.
    pub token: Option<String>,
    /// When.
    pub time: Option<Timestamp>,
}

/// What CloudFormation says of the event that begins an operation.
pub const USER: &str = "User Initiated";
