//! Why a stack is created, updated, deleted or left unchanged: every reason, and the only place where its sentence is written.

use std::fmt;

use aws_sdk_cloudformation::types::StackStatus;
use jiff::{SignedDuration, Timestamp};
use shared::call_error::CallError;
use shared::config::Place;
use shared::decision::{Evidence, Explain};
use shared::push::short;
use shared::table_error::TableError;
use shared::text::{count, printable, verb};

use crate::event::NoBranchEvent;
use crate::stack::ForeignStack;

/// Why.
#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
#[must_use = "an unread reason explains nothing"]
pub enum Because {
    // The event as a whole.
    /// The event concerns no branch and no stack of this deployment.
    NotOurs(NoBranchEvent),
    /// The stack whose status changed is foreign.
    NotOurStack(ForeignStack),
    /// CloudFormation no longer knows the stack whose status changed.
    StackForgotten,
    /// The rule of the branch asks for no comment on its pull requests.
    NoCommentAsked,
    /// Reconcile found neither a covered branch nor a stack.
    NothingThere,

    // Created, updated, deleted.
    /// The branch exists and has no stack.
    NoStackYet { commit: String },
    /// The stack differs from what the rules want.
    Changed,
    /// A rule protects the branch, and the stack has no termination protection.
    NotProtectedYet,
    /// A creation failed, and the head or the specification has changed since.
    CreationRetried { commit: Option<(String, String)> },
    /// A creation failed for a reason that can pass, long enough ago.
    CreationRepeated { since: Timestamp },
    /// A deletion failed long enough ago.
    DeletionRetried { since: Timestamp },
    /// The branch should not have a stack. The code is that of `why`.
    #[strum(serialize = "branch-gone")]
    Unwanted { why: Unwanted, stack: bool },

    // Nothing to do.
    /// The stack is up to date.
    UpToDate,
    /// A rule protects the branch.
    Protected { why: Unwanted },
    /// CloudFormation is deleting the stack.
    BeingDeleted,
    /// A stack of that name was created since it was read.
    MadeMeanwhile,

    // Holds.
    /// An operation on the stack is in progress.
    Working { status: StackStatus },
    /// An operation on the stack has been in progress for longer than CloudFormation waits for any resource.
    NeverEnds { status: StackStatus, since: Timestamp },
    /// The stack is being deleted, and the branch exists again.
    DeletedFirst,
    /// A creation failed, and nothing has changed since.
    CreationFailed { status: StackStatus },
    /// A creation failed recently, for a reason that can pass.
    CreationWaits { status: StackStatus, next: Timestamp },
    /// A creation failed, and the failed stack has termination protection.
    FailedAndProtected { status: StackStatus },
    /// A deletion of a protected branch's stack failed.
    HalfDeleted,
    /// An update failed, and nothing has changed since.
    UpdateFailed,
    /// An update or an import stopped halfway.
    UpdateStuck { status: StackStatus },
    /// A deletion failed recently.
    DeletionFailed { next: Timestamp },
    /// The stack exists only as a change set.
    InReview,
    /// The stack of that name is foreign.
    ForeignStack(ForeignStack),
    /// The stack has termination protection that no rule asks for.
    TerminationProtected { why: Unwanted },
    /// The rule has as many stacks as its limit.
    TooManyStacks { most: u32 },
    /// The file has no rule at all.
    NoRules,
    /// A rule that may be about the branch cannot be read.
    RuleBroken { rule: Place },
    /// The configuration would delete more stacks than the limit.
    TooManyDeletions { why: Unwanted, count: usize, recent: usize, most: usize, digest: String },
    /// Only reconcile deletes the stack of an existing branch: it counts all of them.
    AwaitsReconcile { why: Unwanted },
    /// The branch is idle, and the day after the warning has not passed.
    IdleWarned { why: Unwanted, after: Timestamp },
    /// It is unknown how many stacks would be deleted.
    DeletionsUncounted { why: Unwanted },
    /// The confirmed list is not the list of this run.
    ConfirmationDiffers { given: String, actual: Option<String> },
    /// The status is unknown to this version.
    UnknownStatus { status: StackStatus },
    /// The token of this event created a stack before, which was deleted.
    TokenUsed,
    /// The stack's status changed before the call.
    ChangedMeanwhile { error: CallError },
    /// Reconcile has no time left.
    NoTimeLeft,
    /// Reconcile's time ended during the calls for this branch.
    CutOff,
    /// AWS throttles the function's calls.
    Throttled,
    /// The roll-out failed for enough stacks.
    RollOutStopped { failures: usize },
    /// The branch is protected, and no other stack has got the roll-out.
    ProtectedLast,
    /// Enough stacks are being updated.
    RollOutPaced { most: usize },
    /// Enough stacks are being created.
    CreationPaced { most: usize },
    /// The same call failed for other branches of the rule.
    RefusedForOthers { times: usize, because: Box<Because> },

    // Failures.
    /// The branch could not be read.
    BranchUnreadable { error: CallError },
    /// The stack could not be read.
    StackUnreadable { error: CallError },
    /// The repositories, the branches or the stacks could not be listed.
    ListingFailed { what: Listed, error: CallError },
    /// Listing took all the time of the run.
    NoTimeToList,
    /// The template needs a capability that the rule lacks.
    InsufficientCapabilities { error: CallError },
    /// The account has as many stacks as its quota allows.
    AccountFull,
    /// A call failed.
    CallFailed { error: CallError },
    /// An email could not be sent.
    #[strum(serialize = "mail-failed")]
    EmailFailed { error: CallError },
    /// An event could not be put on the event bus.
    EventFailed { error: CallError },
    /// The pull requests of a branch, or their comments, could not be read.
    PullRequestsUnreadable { error: CallError },
    /// A comment on a pull request could not be posted or updated.
    CommentFailed { error: CallError },
    /// The table of reports could not be read or written.
    ReportsUnavailable { error: TableError },
}

/// Why a branch should not have a stack.
#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Unwanted {
    /// The branch does not exist.
    BranchGone,
    /// No rule covers the branch.
    NotCovered { excluded_by: Option<(String, Place)> },
    /// The branch was inactive for longer than the rule's ttl.
    Idle {
        /// The last sign of life.
        since: Timestamp,
        /// The rule's ttl.
        ttl: SignedDuration,
        /// When the branch became idle: at the end of the ttl or, if that is later, of the day that the stack's tag names.
        due: Timestamp,
    },
}

/// What reconcile lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// The stacks of the account and region.
    Stacks,
    /// The repositories.
    Repositories,
    /// The branches of a repository.
    Branches,
}

impl Because {
    /// Whether AWS throttled the call that failed.
    pub fn is_throttling(&self) -> bool {
        match self {
            Self::CallFailed { error }
            | Self::BranchUnreadable { error }
            | Self::StackUnreadable { error }
            | Self::ListingFailed { error, .. } => error.is_throttling(),
            _ => false,
        }
    }
}

impl Explain for Because {
    fn code(&self) -> &'static str {
        match self {
            Self::Unwanted { why, .. } => why.into(),
            other => other.into(),
        }
    }

    fn evidence(&self) -> Evidence {
        let (Self::Unwanted { why, .. }
        | Self::Protected { why }
        | Self::TerminationProtected { why }
        | Self::TooManyDeletions { why, .. }
        | Self::AwaitsReconcile { why }
        | Self::IdleWarned { why, .. }
        | Self::DeletionsUncounted { why }) = self
        else {
            return Evidence::default();
        };
        match why {
            Unwanted::NotCovered { excluded_by: Some((pattern, place)) } => {
                Evidence { file: None, pattern: Some(pattern.clone()), config: Some(place.to_string()) }
            }
            _ => Evidence::default(),
        }
    }
}

impl fmt::Display for Unwanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BranchGone => f.write_str("the branch does not exist"),
            Self::NotCovered { excluded_by: Some((pattern, _)) } => {
                write!(f, "`{pattern}` excludes the branch")
            }
            Self::NotCovered { excluded_by: None } => {
                f.write_str("no [[branch-stack]] rule covers the branch")
            }
            Self::Idle { since, ttl, .. } => {
                write!(
                    f,
                    "the branch is idle: its last activity was at {since}, and its rule's ttl is {}",
                    in_days(*ttl)
                )
            }
        }
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stacks => "the stacks",
            Self::Repositories => "the repositories",
            Self::Branches => "the branches",
        })
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOurs(why) => why.fmt(f),
            Self::NotOurStack(foreign) => {
                write!(f, "the stack is not one of this deployment's branch stacks: {}", foreign.because)
            }
            Self::StackForgotten => f.write_str("CloudFormation no longer knows this stack"),
            Self::NoCommentAsked => {
                f.write_str("no rule that covers the branch has `pull-request` in its `notify`")
            }
            Self::NothingThere => {
                f.write_str("no existing branch is covered by a rule, and this deployment has no stack")
            }
            Self::NoStackYet { commit } => {
                write!(f, "the branch is at commit {} and has no stack", short(commit))
            }
            Self::Changed => {
                f.write_str("the template, a parameter, a tag, the role or a capability changed")
            }
            Self::NotProtectedYet => f.write_str(
                "a rule protects the branch, but its stack does not have termination protection yet",
            ),
            Self::CreationRetried { commit: Some((old, new)) } => write!(
                f,
                "creating the stack failed at commit {}, and the branch is now at {}: the failed stack is deleted, then created again",
                short(old),
                short(new)
            ),
            Self::CreationRetried { commit: None } => f.write_str(
                "creating the stack failed, and its template or rule has changed since: the failed stack is deleted, then created again",
            ),
            Self::CreationRepeated { since } => write!(
                f,
                "creating the stack failed at {since} for a reason that can pass: the failed stack is deleted, then created once more"
            ),
            Self::DeletionRetried { since } => {
                write!(f, "the deletion of the stack failed at {since}, and is retried now")
            }
            Self::Unwanted { why, stack: true } => why.fmt(f),
            Self::Unwanted { why, stack: false } => write!(f, "{why}, and there is no stack"),
            Self::UpToDate => f.write_str("the stack is up to date"),
            Self::Protected { why } => {
                write!(f, "{why}, but a rule protects the branch: its stack is never deleted")
            }
            Self::BeingDeleted => f.write_str("the stack is already being deleted"),
            Self::MadeMeanwhile => f.write_str(
                "a stack of this name was created in the meantime, by another invocation or another principal",
            ),
            Self::Working { status } => {
                write!(f, "the stack is {status}; the stack is re-evaluated when that operation completes")
            }
            Self::NeverEnds { status, since } => write!(
                f,
                "the stack has been {status} since {since}, for longer than CloudFormation waits for any resource: an operator has to end the operation"
            ),
            Self::DeletedFirst => f.write_str(
                "the stack is being deleted, and the branch exists; the stack is re-evaluated when that operation completes",
            ),
            Self::CreationFailed { status } => write!(
                f,
                "creating the stack failed ({status}), and neither the branch nor the template nor the rule has changed since"
            ),
            Self::CreationWaits { status, next } => write!(
                f,
                "creating the stack failed ({status}) for a reason that can pass; the creation is tried once more after {next}"
            ),
            Self::FailedAndProtected { status } => write!(
                f,
                "creating the stack failed ({status}), and the stack has termination protection: an operator has to delete it"
            ),
            Self::HalfDeleted => f.write_str(
                "a rule protects the branch, but a deletion that an operator started has failed: an operator has to complete it",
            ),
            Self::UpdateFailed => f.write_str(
                "this update failed and was rolled back, and neither the template nor the rule has changed since",
            ),
            Self::UpdateStuck { status: status @ StackStatus::UpdateRollbackFailed } => {
                write!(f, "the stack is {status}: an operator has to continue the rollback (ContinueUpdateRollback)")
            }
            Self::UpdateStuck { status } => {
                write!(f, "the stack is {status}: an operator has to restore its previous state")
            }
            Self::DeletionFailed { next } => write!(
                f,
                "deleting the stack failed; the deletion is retried after {next}, unless an operator deletes the stack earlier"
            ),
            Self::InReview => f.write_str("the stack exists only as a change set, which waits for its review"),
            Self::ForeignStack(ForeignStack { name, because }) => {
                write!(f, "a stack named {name} exists and is left unchanged: {because}")
            }
            Self::TerminationProtected { why } => write!(
                f,
                "{why}, but the stack has termination protection; an operator has to disable it"
            ),
            Self::TooManyStacks { most } => {
                write!(f, "the rule has reached its limit: max-stacks = {most}")
            }
            Self::NoRules => f.write_str(
                "the rules file has no [[branch-stack]] table, which is treated as a mistake: no stack is deleted",
            ),
            Self::RuleBroken { rule } => write!(
                f,
                "the rule {rule} cannot be read and may be about this branch: nothing is changed until the rule is fixed"
            ),
            Self::TooManyDeletions { why, count: number, recent, most, digest } => {
                write!(f, "{why}; the rules would delete {}", count(*number, "stack"))?;
                if *recent > 0 {
                    write!(f, " after {} within a day", count(*recent, "stack"))?;
                }
                write!(f, ", and at most {most} may be deleted within a day: none is deleted until the list {digest} is confirmed")
            }
            Self::AwaitsReconcile { why } => {
                write!(f, "{why}; reconcile deletes the stack, unless it would delete too many")
            }
            Self::IdleWarned { why, after } => {
                write!(f, "{why}; the stack is deleted after {after}, a day after the warning")
            }
            Self::DeletionsUncounted { why } => write!(
                f,
                "{why}; the stack stays, because this run could not find out how many stacks the rules would delete"
            ),
            Self::ConfirmationDiffers { given, actual: Some(actual) } => write!(
                f,
                "the confirmed list {} is not the list of stacks to delete, which is {actual}: none of them is deleted",
                printable(given)
            ),
            Self::ConfirmationDiffers { given, actual: None } => write!(
                f,
                "the list {} was confirmed, and no deletion waits for a confirmation",
                printable(given)
            ),
            Self::UnknownStatus { status } => {
                write!(f, "the stack's status is {status}, which this version does not know")
            }
            Self::TokenUsed => f.write_str(
                "this event already created a stack, which was deleted; the next event or reconcile run re-evaluates the branch",
            ),
            Self::ChangedMeanwhile { error } => {
                write!(f, "the stack's status changed before the call ({error})")
            }
            Self::NoTimeLeft => f.write_str("this run has no time left; the next run continues"),
            Self::CutOff => f.write_str(
                "this run's time ended during the calls for this branch; the next run continues from their result",
            ),
            Self::Throttled => f.write_str("AWS throttles this function's calls; the next run continues"),
            Self::RollOutStopped { failures } => write!(
                f,
                "the same template and rule failed for {}, so the roll-out has stopped; a change of the template or the rule begins another",
                count(*failures, "other stack")
            ),
            Self::ProtectedLast => f.write_str(
                "a rule protects the branch: its stack is updated after the same update has succeeded for another branch",
            ),
            Self::RollOutPaced { most } => write!(
                f,
                "{} {} being updated, the most at a time; the next run continues",
                count(*most, "stack"),
                verb(*most, "is", "are")
            ),
            Self::CreationPaced { most } => write!(
                f,
                "{} {} being created, the most at a time; the next run continues",
                count(*most, "stack"),
                verb(*most, "is", "are")
            ),
            Self::RefusedForOthers { times, because } => write!(
                f,
                "the same call failed for {} of this rule ({because}); the next run retries it",
                count(*times, "other branch")
            ),
            Self::BranchUnreadable { error } => write!(f, "the branch could not be read ({error})"),
            Self::StackUnreadable { error } => write!(f, "the stack could not be read ({error})"),
            Self::ListingFailed { what, error } => write!(f, "{what} could not be listed ({error})"),
            Self::NoTimeToList => {
                f.write_str("listing all branches and stacks took all the time of this run")
            }
            Self::InsufficientCapabilities { error } => {
                write!(f, "the template needs a capability that the rule's `capabilities` do not list ({error})")
            }
            Self::AccountFull => f.write_str(
                "the account has as many stacks as its quota allows; request a higher quota, or delete stacks",
            ),
            Self::CallFailed { error } => write!(f, "{} failed ({error})", error.operation),
            Self::EventFailed { error } => write!(f, "the event could not be put on the event bus ({error})"),
            Self::PullRequestsUnreadable { error } => {
                write!(f, "the pull requests of the branch could not be read: {} failed ({error})", error.operation)
            }
            Self::CommentFailed { error } => {
                write!(f, "the comment on a pull request could not be posted or updated ({error})")
            }
            Self::EmailFailed { error } => write!(f, "the email could not be sent ({error})"),
            Self::ReportsUnavailable { error } => {
                write!(f, "the table of reports could not be read or written ({error}); the next run tries it again")
            }
        }
    }
}

/// A duration in days, if it is whole days.
fn in_days(duration: SignedDuration) -> String {
    match (duration.as_secs() % 86_400, usize::try_from(duration.as_secs() / 86_400)) {
        (0, Ok(days)) => count(days, "day"),
        _ => format!("{duration:#}"),
    }
}
