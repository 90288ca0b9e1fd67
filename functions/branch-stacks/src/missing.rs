//! Branches without a stack that works although the rules require one: which they are, and what is remembered about each.

use std::collections::{BTreeMap, BTreeSet};

use shared::call_error::CallError;
use shared::decision::{Explain as _, Verdict};

use crate::because::Because;
use crate::decide::StackDecision;
use crate::identity::BranchId;
use crate::reports::{ReportKey, Reports};
use crate::stack::BranchStack;

const CREATE: &str = "cloudformation:CreateStack";

/// The codes of the reports of this module: only these are forgotten here.
const CODES: [&str; 14] = [
    "roll-out-stopped",
    "too-many-stacks",
    "foreign-stack",
    "account-full",
    "insufficient-capabilities",
    "call-failed",
    "never-ends",
    "in-review",
    "unknown-status",
    "creation-failed",
    "failed-and-protected",
    "half-deleted",
    "update-stuck",
    "deletion-failed",
];

/// Error codes of a service that may answer otherwise a moment later.
const PASSING: [&str; 5] = [
    "InternalFailure",
    "InternalError",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "RequestExpired",
];

/// The result for one branch of a run.
#[derive(Debug, Clone)]
pub struct BranchOutcome {
    /// The branch.
    pub branch: BranchId,
    /// The decision, after its effects.
    pub decision: StackDecision,
    /// The stack of the branch before the effects, if it has one.
    pub stack: Option<BranchStack>,
}

/// A branch that has no stack that works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingStack<'a> {
    /// The result for the branch.
    pub branch: &'a BranchId,
    /// The decision.
    pub decision: &'a StackDecision,
    /// The reason itself, where another branch's reason stands for it.
    pub because: &'a Because,
    /// The stack, if there is one.
    pub stack: Option<&'a BranchStack>,
    /// What is remembered.
    pub key: ReportKey,
}

/// Whether a branch has no stack that works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StackPresence<'a> {
    /// It has none, although the rules require one.
    Missing(Box<MissingStack<'a>>),
    /// It has one, will have one, or must not have one.
    Settled,
    /// The run did not find out.
    Unknown,
}

impl BranchOutcome {
    /// Whether the branch has no stack that works. `prefix` is that of stack names.
    pub fn presence(&self, prefix: &str) -> StackPresence<'_> {
        let because = root_cause(&self.decision.because);
        if is_unknown(&self.decision) {
            return StackPresence::Unknown;
        }
        let Some(what) = self.what(because).filter(|_| self.decision.wants_stack) else {
            return StackPresence::Settled;
        };
        StackPresence::Missing(Box::new(MissingStack {
            branch: &self.branch,
            decision: &self.decision,
            because,
            stack: self.stack.as_ref(),
            key: ReportKey::of_stack(&self.branch.stack_name(prefix), &what),
        }))
    }

    /// What is reported: the reason's code; for a refused call also the error's code, and for a stack that failed its moment,
    /// so that each is a reason of its own.
    fn what(&self, because: &Because) -> Option<String> {
        let code = because.code();
        match because {
            Because::TooManyStacks { .. }
            | Because::AccountFull
            | Because::InReview
            | Because::UnknownStatus { .. } => Some(code.to_owned()),
            Because::ForeignStack(_) => (self.decision.verdict == Verdict::Hold).then(|| code.to_owned()),
            Because::InsufficientCapabilities { error } | Because::CallFailed { error } => {
                refused_creation(error).map(|error| format!("{code} {error}"))
            }
            Because::RollOutStopped { .. } => self.stack.is_none().then(|| code.to_owned()),
            // One attempt is one reason, whether or not this run could read why it failed.
            Because::CreationFailed { .. } | Because::CreationWaits { .. } => {
                Some(format!("creation-failed {}", self.stack.as_ref()?.moment_hash()))
            }
            Because::NeverEnds { .. }
            | Because::FailedAndProtected { .. }
            | Because::HalfDeleted
            | Because::UpdateStuck { .. }
            | Because::DeletionFailed { .. } => {
                Some(format!("{code} {}", self.stack.as_ref()?.moment_hash()))
            }
            _ => None,
        }
    }
}

/// The reason of another branch, where it stands for this branch's own.
fn root_cause(because: &Because) -> &Because {
    match because {
        Because::RefusedForOthers { because, .. } => because,
        other => other,
    }
}

/// The error code of a creation that CloudFormation refused. A call that was throttled, or had no answer, may succeed later.
fn refused_creation(error: &CallError) -> Option<&str> {
    let code = error.code.as_deref().filter(|_| error.operation == CREATE)?;
    (!error.is_throttling() && !PASSING.contains(&code)).then_some(code)
}

/// Whether the run ended before it could evaluate the branch, or could not read what it needs.
fn is_unknown(decision: &StackDecision) -> bool {
    match &decision.because {
        Because::NoTimeLeft
        | Because::CutOff
        | Because::Throttled
        | Because::RollOutPaced { .. }
        | Because::CreationPaced { .. }
        | Because::TokenUsed
        | Because::ChangedMeanwhile { .. }
        | Because::BranchUnreadable { .. }
        | Because::StackUnreadable { .. }
        | Because::ReportsUnavailable { .. } => true,
        // A branch that may be idle was not read; whether the rules require its stack is unknown.
        Because::TooManyStacks { .. } | Because::AccountFull => !decision.wants_stack,
        Because::RefusedForOthers { because, .. } => !decision.wants_stack || is_passing(because),
        because @ Because::CallFailed { .. } => is_passing(because),
        _ => false,
    }
}

/// Whether the failed call says nothing about the creation of the stack: it was another call, or may succeed later.
fn is_passing(because: &Because) -> bool {
    match because {
        Because::CallFailed { error } | Because::InsufficientCapabilities { error } => {
            refused_creation(error).is_none()
        }
        _ => false,
    }
}

/// The reports whose reason is over: of branches that were evaluated, and of branches that are known to be gone. `names` are the
/// names of the stacks of all covered branches; none where a list is incomplete.
pub fn over<'r>(
    known: &'r Reports,
    outcomes: &[BranchOutcome],
    prefix: &str,
    names: Option<&BTreeSet<String>>,
) -> Vec<&'r ReportKey> {
    let presences: BTreeMap<String, StackPresence<'_>> =
        outcomes.iter().map(|one| (one.branch.stack_name(prefix), one.presence(prefix))).collect();
    let is_over = |key: &&ReportKey| match presences.get(key.about()) {
        Some(StackPresence::Missing(missing)) => missing.key != **key,
        Some(StackPresence::Settled) => true,
        Some(StackPresence::Unknown) => false,
        None => names.is_some_and(|names| !names.contains(key.about())),
    };
    let is_ours = |key: &&ReportKey| {
        let code = key.what().split(' ').next().unwrap_or_default();
        CODES.contains(&code)
    };
    known.keys().filter(is_ours).filter(is_over).collect()
}
