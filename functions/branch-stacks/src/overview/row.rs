//! One row of the overview: a branch, its stack, and the decision.

use jiff::Timestamp;
use serde::Serialize;
use shared::decision::{Explain as _, Verdict};

use super::Judged;
use crate::facts::{BranchTip, FoundStack};
use crate::idle::{idle_at, is_never_idle};
use crate::run::Run;
use crate::stack::{BranchStack, stack_name};

/// A branch of the overview.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BranchRow {
    /// The repository.
    pub repository: String,
    /// The branch.
    pub branch: String,
    /// Whether the branch exists; nothing if that could not be read.
    pub exists: Option<bool>,
    /// The commit of its head, if it was read.
    pub commit: Option<String>,
    /// The stack.
    pub stack: Option<StackState>,
    /// The place of the branch's rule.
    pub rule: Option<String>,
    /// When the branch is idle, if nothing happens before; nothing for a branch that is never idle.
    pub idle_at: Option<Timestamp>,
    /// Whether the branch is never idle: its rule has no ttl, or a rule or a tag keeps it.
    pub never_idle: bool,
    /// What the function would do.
    pub verdict: Verdict,
    /// The code of the reason.
    pub code: String,
    /// The reason.
    pub why: String,
}

/// The stack of a branch.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StackState {
    /// Its name.
    pub name: String,
    /// Its id; nothing for a foreign stack.
    pub id: Option<String>,
    /// Its status; nothing for a foreign stack.
    pub status: Option<String>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// When it was last updated.
    pub updated: Option<Timestamp>,
}

impl BranchRow {
    pub(super) fn new(run: &Run<'_>, judged: &Judged) -> Self {
        let Judged { branch, exists, facts, decision } = judged;
        let commit = match &facts.head {
            BranchTip::At(tip) => Some(tip.commit.clone()),
            _ => None,
        };
        let stack = match &facts.stack {
            FoundStack::Ours(stack) => Some(StackState::of(stack)),
            FoundStack::Foreign(foreign) => Some(StackState {
                name: foreign.name.clone(),
                id: None,
                status: None,
                created: None,
                updated: None,
            }),
            FoundStack::None | FoundStack::Unreadable(_) => None,
        };
        Self {
            repository: branch.repository.clone(),
            branch: branch.name.clone(),
            exists: match facts.head {
                BranchTip::Gone => Some(false),
                _ => *exists,
            },
            commit,
            stack,
            rule: decision.rule.as_ref().map(ToString::to_string),
            idle_at: idle_at(&run.input(branch), facts),
            never_idle: is_never_idle(&run.input(branch), facts),
            verdict: decision.verdict,
            code: decision.because.code().to_owned(),
            why: decision.because.to_string(),
        }
    }
}

impl StackState {
    fn of(stack: &BranchStack) -> Self {
        Self {
            name: stack_name(&stack.id).to_owned(),
            id: Some(stack.id.to_string()),
            status: Some(stack.status.as_str().to_owned()),
            created: stack.created,
            updated: stack.updated,
        }
    }
}
