//! Reports that a stack is ready, if its rule asks for it: an email, an event on the event bus, a comment on a pull request.

pub mod comment;
mod escape;
mod post;
pub mod ready;

pub use post::comment_on_pull_requests;
pub use ready::report_ready;

use crate::because::Because;
use crate::decide::StackDecision;
use crate::stack::{BranchStack, StackPhase};

/// The source of this function's events. No rule of the template matches it, and `parse` handles no event of it but reconcile.
pub const SOURCE: &str = "pointsman";

/// The detail type of the event about a ready stack.
pub const STACK_READY: &str = "Branch Stack Ready";

/// Whether the stack is ready: its last operation succeeded, and the decision asks for no other state of its resources.
pub fn is_ready(stack: &BranchStack, decision: &StackDecision) -> bool {
    let up_to_date = matches!(decision.because, Because::UpToDate | Because::NotProtectedYet);
    stack.phase() == StackPhase::Settled && up_to_date && decision.wants_stack
}
