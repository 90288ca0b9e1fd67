//! Owns what the services share: the account, the context of an operation, and the description of a service.

use jiff::Timestamp;
use serde_json::Value;

use crate::account::CallIdentity;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::world::AwsWorld;

/// The world's account: one that AWS's documentation uses. Every resource without an owner is its.
pub const ACCOUNT: &str = "111122223333";

/// The input of every operation besides its request.
pub(crate) struct Context<'a> {
    pub(crate) world: &'a AwsWorld,
    /// The caller's region; only names (ARNs, URLs) depend on it.
    pub(crate) region: &'a str,
    /// The account and the identity that make the call.
    pub(crate) caller: CallIdentity,
    pub(crate) now: Timestamp,
}

impl Context<'_> {
    /// The caller's account.
    pub(crate) fn account(&self) -> &str {
        &self.caller.account
    }
}

/// An operation: its name, and the function that performs it.
pub(crate) type Operation = (&'static str, fn(&Context<'_>, Members) -> Result<Value, ErrorAnswer>);

/// A service that is served.
pub(crate) struct Service {
    /// The name that requests are signed for.
    pub(crate) name: &'static str,
    /// The prefix of the operation in `X-Amz-Target`, or the `Version` of a Query service.
    pub(crate) api: &'static str,
    pub(crate) operations: &'static [Operation],
}
