//! What is done about a stack: one call to CloudFormation each, with its token and its tags.

use jiff::Timestamp;
use shared::token::client_token;

use crate::facts::Facts;
use crate::identity::{COMMIT, DIGEST, Tag};
use crate::question::Question;
use crate::rules::{Wanted, is_ours};
use crate::stack::Stack;

/// How much of a digest an update's token shows.
const SHOWN_DIGEST: usize = 16;

/// One call to CloudFormation, with nothing left to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// CreateStack.
    Create(Making),
    /// UpdateStack; the name is the stack's id.
    Update(Making),
    /// DeleteStack.
    Delete {
        /// The stack's id.
        stack: String,
        /// The client request token.
        token: String,
    },
    /// UpdateTerminationProtection.
    Protect {
        /// The stack's id.
        stack: String,
        /// On or off.
        on: bool,
    },
}

/// What a stack is made or updated with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Making {
    /// Its name, or its id.
    pub stack: String,
    /// What it is made of.
    pub wanted: Wanted,
    /// All of its tags.
    pub tags: Vec<Tag>,
    /// Whether it gets termination protection; only asked when it is made.
    pub protected: bool,
    /// The client request token.
    pub token: String,
}

/// What a stack is made with.
pub(crate) fn create_with(question: &Question<'_>, wanted: Wanted, commit: &str) -> Making {
    let name = question.subject.stack_name(question.prefix);
    Making {
        tags: tags(question, &[], &wanted, commit),
        protected: question.rules.protect(question.subject),
        token: format!("create-{}", client_token([name.as_str(), question.event])),
        stack: name,
        wanted,
    }
}

/// Whether a token is that of an update to what is wanted.
pub(crate) fn is_update_to(token: &str, wanted: &Wanted) -> bool {
    token.starts_with(&update_token_of(wanted))
}

/// An update's token begins with what it updates to, so that a later look at the stack's events knows it again.
fn update_token_of(wanted: &Wanted) -> String {
    format!("update-{}-", &wanted.digest[..SHOWN_DIGEST])
}

/// What a stack is updated with.
pub(crate) fn update_with(
    question: &Question<'_>,
    facts: &Facts,
    stack: &Stack,
    wanted: Wanted,
    commit: &str,
) -> Making {
    let [id, changed, _] = stack.moment();
    // A rollback that a person continued may leave the time of the update as it was.
    let last = facts.last_event.as_ref().and_then(|event| event.time);
    let last = last.map(|time| time.to_string()).unwrap_or_default();
    let token = client_token([id.as_str(), &changed, &last]);
    Making {
        stack: stack.id.clone(),
        tags: tags(question, &stack.tags, &wanted, commit),
        protected: false,
        token: format!("{}{token}", update_token_of(&wanted)),
        wanted,
    }
}

/// Our tags, then the rule's, then those that somebody else put there: an update replaces all of them.
fn tags(question: &Question<'_>, there: &[Tag], wanted: &Wanted, commit: &str) -> Vec<Tag> {
    let mut tags = question.subject.tags(question.prefix);
    // A tag's value is never empty.
    tags.extend((!commit.is_empty()).then(|| (COMMIT.to_owned(), commit.to_owned())));
    tags.push((DIGEST.to_owned(), wanted.digest.clone()));
    tags.extend(wanted.tags.iter().cloned());
    let others = there.iter().filter(|(key, _)| !is_ours(key) && !key.starts_with("aws:"));
    let others: Vec<Tag> = others
        .filter(|(key, _)| !tags.iter().any(|(known, _)| known.eq_ignore_ascii_case(key)))
        .cloned()
        .collect();
    tags.extend(others);
    tags
}

/// `before` is when it was tried before: a token that was used has no effect a second time.
pub(crate) fn delete(stack: &Stack, before: Option<Timestamp>) -> Step {
    let [id, changed, deleted] = stack.moment();
    let before = before.map(|before| before.to_string()).unwrap_or_default();
    let token = client_token([id.as_str(), &changed, &deleted, &before]);
    Step::Delete { stack: stack.id.clone(), token: format!("delete-{token}") }
}
