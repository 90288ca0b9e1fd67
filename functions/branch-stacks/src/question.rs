//! What is asked about a branch: the branch, the rules, and what the event says.

use jiff::Timestamp;

use crate::identity::Subject;
use crate::rules::Rules;

/// What is decided about.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The branch.
    pub subject: &'a Subject,
    /// The rules.
    pub rules: &'a Rules,
    /// The prefix of stack names, and the owner.
    pub prefix: &'a str,
    /// Now.
    pub now: Timestamp,
    /// When the event says that somebody was at the branch: it was pushed, or had a stack made that is gone.
    pub alive: Option<Timestamp>,
    /// What makes this event another than the next, for the token of a creation.
    pub event: &'a str,
}
