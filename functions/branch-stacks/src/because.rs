//! Why a stack is made, updated, deleted or left alone: every reason, and the one place where its sentence is written.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use shared::config::Place;
use shared::decision::{Evidence, Explain};
use shared::push::short;

use crate::facts::Unread;
use crate::stack::{Foreign, NotOursBecause};

/// Why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a reason that nobody reads explains nothing"]
pub enum Because {
    // The event as a whole.
    /// It is about no branch and no stack of ours.
    NotOurs(String),
    /// The stack whose status changed is not ours.
    NotOurStack(Foreign),
    /// The stack whose status changed is not known to CloudFormation any more.
    StackForgotten,
    /// Reconcile found nothing at all.
    NothingThere,

    // Made, updated, deleted.
    /// The branch is there and has no stack.
    NoStackYet { commit: String },
    /// What the stack is made of differs from what the rules want.
    Changed,
    /// A rule protects the branch, and the stack has no termination protection.
    NotProtectedYet,
    /// A creation failed, and the head or what it was made of has changed since.
    CreationRetried { commit: Option<(String, String)> },
    /// A deletion failed a while ago.
    DeletionRetried { since: Timestamp },
    /// The branch is not to have a stack.
    Unwanted { why: Unwanted, stack: bool },

    // Nothing to do.
    /// The stack is as the rules want it.
    UpToDate,
    /// Its branch is protected.
    Protected { why: Unwanted },
    /// CloudFormation is deleting it.
    BeingDeleted,
    /// Another delivery made a stack of that name meanwhile.
    MadeMeanwhile,

    // Holds.
    /// CloudFormation is at work on the stack.
    Working { status: String },
    /// The stack is being deleted, and the branch is there again.
    DeletedFirst,
    /// A creation failed, and nothing has changed since.
    CreationFailed { status: String },
    /// A creation failed, and what is left of it has termination protection.
    FailedAndProtected { status: String },
    /// Somebody deleted a part of the stack of a protected branch.
    HalfDeleted,
    /// An update failed, and nothing has changed since.
    UpdateFailed,
    /// It stopped in the middle of an update or an import.
    UpdateStuck { status: String },
    /// A deletion failed lately.
    DeletionFailed { next: Timestamp },
    /// Somebody's change set waits for its review.
    InReview,
    /// A stack of that name is somebody else's.
    ForeignStack(Foreign),
    /// The stack has termination protection that no rule asks for.
    TerminationProtected { why: Unwanted },
    /// The rule has as many stacks as it may.
    TooManyStacks { most: u32 },
    /// There is no rule at all.
    NoRules,
    /// A status that this function does not know.
    UnknownStatus { status: String },
    /// The token of this event made a stack before, which is gone.
    TokenUsed,
    /// Its status changed before the call.
    ChangedMeanwhile { error: String },
    /// Reconcile's time is over.
    NoTimeLeft,
    /// Reconcile's time ended while it was looked at.
    CutOff,
    /// AWS wants fewer calls.
    Throttled,
    /// Enough stacks are being updated.
    RollOutPaced { most: usize },
    /// Enough stacks are being made.
    CreationPaced { most: usize },
    /// The same was refused for other branches of the rule.
    RefusedForOthers { times: usize, error: String },

    // Failures.
    /// The branch could not be read.
    BranchUnreadable { why: Unread },
    /// The stack could not be read.
    StackUnreadable { why: Unread },
    /// The repositories, the branches or the stacks could not be listed.
    ListingFailed { what: &'static str, why: Unread },
    /// Listing took all the time there was.
    NoTimeToList,
    /// The template makes what the rule does not allow.
    InsufficientCapabilities { error: String },
    /// The account has as many stacks as it may.
    AccountFull,
    /// A call failed.
    CallFailed { call: &'static str, error: String, throttled: bool },
    /// A mail could not be sent.
    MailFailed { error: String },
}

/// Why a branch is not to have a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unwanted {
    /// It is gone.
    BranchGone,
    /// No rule covers it.
    NotCovered { excluded_by: Option<(String, Place)> },
    /// There was no sign of life for too long.
    Idle { since: Timestamp, ttl: SignedDuration },
}

impl Unwanted {
    fn code(&self) -> &'static str {
        match self {
            Self::BranchGone => "branch-gone",
            Self::NotCovered { .. } => "not-covered",
            Self::Idle { .. } => "idle",
        }
    }
}

impl Because {
    /// Whether AWS said that there were too many calls.
    pub fn is_throttling(&self) -> bool {
        match self {
            Self::CallFailed { throttled, .. } => *throttled,
            Self::BranchUnreadable { why }
            | Self::StackUnreadable { why }
            | Self::ListingFailed { why, .. } => why.throttled,
            _ => false,
        }
    }
}

impl Explain for Because {
    fn code(&self) -> &'static str {
        match self {
            Self::NotOurs(_) => "not-ours",
            Self::NotOurStack(_) => "not-our-stack",
            Self::StackForgotten => "stack-forgotten",
            Self::NothingThere => "nothing-there",
            Self::NoStackYet { .. } => "no-stack-yet",
            Self::Changed => "changed",
            Self::NotProtectedYet => "not-protected-yet",
            Self::CreationRetried { .. } => "creation-retried",
            Self::DeletionRetried { .. } => "deletion-retried",
            Self::Unwanted { why, .. } => why.code(),
            Self::UpToDate => "up-to-date",
            Self::Protected { .. } => "protected",
            Self::BeingDeleted => "being-deleted",
            Self::MadeMeanwhile => "made-meanwhile",
            Self::Working { .. } => "working",
            Self::DeletedFirst => "deleted-first",
            Self::CreationFailed { .. } => "creation-failed",
            Self::FailedAndProtected { .. } => "failed-and-protected",
            Self::HalfDeleted => "half-deleted",
            Self::UpdateFailed => "update-failed",
            Self::UpdateStuck { .. } => "update-stuck",
            Self::DeletionFailed { .. } => "deletion-failed",
            Self::InReview => "in-review",
            Self::ForeignStack(_) => "foreign-stack",
            Self::TerminationProtected { .. } => "termination-protected",
            Self::TooManyStacks { .. } => "too-many-stacks",
            Self::NoRules => "no-rules",
            Self::UnknownStatus { .. } => "unknown-status",
            Self::TokenUsed => "token-used",
            Self::ChangedMeanwhile { .. } => "changed-meanwhile",
            Self::NoTimeLeft => "no-time-left",
            Self::CutOff => "cut-off",
            Self::Throttled => "throttled",
            Self::RollOutPaced { .. } => "roll-out-paced",
            Self::CreationPaced { .. } => "creation-paced",
            Self::RefusedForOthers { .. } => "refused-for-others",
            Self::BranchUnreadable { .. } => "branch-unreadable",
            Self::StackUnreadable { .. } => "stack-unreadable",
            Self::ListingFailed { .. } => "listing-failed",
            Self::NoTimeToList => "no-time-to-list",
            Self::InsufficientCapabilities { .. } => "insufficient-capabilities",
            Self::AccountFull => "account-full",
            Self::CallFailed { .. } => "call-failed",
            Self::MailFailed { .. } => "mail-failed",
        }
    }

    fn evidence(&self) -> Evidence {
        let (Self::Unwanted { why, .. } | Self::Protected { why } | Self::TerminationProtected { why }) =
            self
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
            Self::BranchGone => f.write_str("the branch is gone"),
            Self::NotCovered { excluded_by: Some((pattern, _)) } => {
                write!(f, "`{pattern}` excludes the branch")
            }
            Self::NotCovered { excluded_by: None } => {
                f.write_str("no [[branch-stack]] rule covers the branch")
            }
            Self::Idle { since, ttl } => {
                write!(
                    f,
                    "the branch is idle: nothing new since {since}, and its rule's ttl is {}",
                    Days(*ttl)
                )
            }
        }
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const AGAIN: &str = "its end is an event, which decides again";
        match self {
            Self::NotOurs(why) => f.write_str(why),
            Self::NotOurStack(foreign) => write!(f, "this stack is not one of a branch: {}", Whose(foreign)),
            Self::StackForgotten => f.write_str("CloudFormation knows no such stack any more"),
            Self::NothingThere => f.write_str("no branch that a rule covers, and no stack of ours"),
            Self::NoStackYet { commit } => write!(f, "the branch is at {} and has no stack", short(commit)),
            Self::Changed => f.write_str("the template, a parameter, a tag, the role or a capability changed"),
            Self::NotProtectedYet => f.write_str("the branch is protected, and its stack can be deleted"),
            Self::CreationRetried { commit: Some((old, new)) } => write!(
                f,
                "creating it failed at {}, and the branch is at {} now: what is left is deleted, then it is made anew",
                short(old),
                short(new)
            ),
            Self::CreationRetried { commit: None } => f.write_str(
                "creating it failed, and what it is made of has changed since: what is left is deleted, then it is made anew",
            ),
            Self::DeletionRetried { since } => write!(f, "deleting it failed; the last try was at {since}"),
            Self::Unwanted { why, stack: true } => why.fmt(f),
            Self::Unwanted { why, stack: false } => write!(f, "{why}, and there is no stack"),
            Self::UpToDate => f.write_str("the stack is as the rules want it"),
            Self::Protected { why } => write!(f, "{why}, but it is protected: its stack is never deleted"),
            Self::BeingDeleted => f.write_str("the stack is being deleted already"),
            Self::MadeMeanwhile => f.write_str("a stack of this name was made meanwhile, by another event or somebody else"),
            Self::Working { status } => write!(f, "the stack is {status}; {AGAIN}"),
            Self::DeletedFirst => write!(f, "the stack is being deleted, and the branch is there; {AGAIN}"),
            Self::CreationFailed { status } => write!(
                f,
                "creating the stack failed ({status}), and neither branch nor template nor parameters changed since"
            ),
            Self::FailedAndProtected { status } => write!(
                f,
                "creating the stack failed ({status}), and it has termination protection: a person has to delete what is left"
            ),
            Self::HalfDeleted => f.write_str(
                "the branch is protected, and somebody's deletion of its stack failed half-way: a person has to end it",
            ),
            Self::UpdateFailed => f.write_str(
                "this update was tried and taken back, and neither template nor parameters changed since",
            ),
            Self::UpdateStuck { status } if status == "UPDATE_ROLLBACK_FAILED" => {
                write!(f, "the stack is {status}: a person has to continue the rollback (ContinueUpdateRollback)")
            }
            Self::UpdateStuck { status } => {
                write!(f, "the stack is {status}: a person has to bring it back to what it was")
            }
            Self::DeletionFailed { next } => {
                write!(f, "deleting the stack failed; it is tried again after {next}, or by hand")
            }
            Self::InReview => f.write_str("somebody's change set is all there is of the stack, and waits for its review"),
            Self::ForeignStack(foreign) => {
                write!(f, "a stack named {} exists and is not touched: {}", foreign.name, Whose(foreign))
            }
            Self::TerminationProtected { why } => {
                write!(f, "{why}, but the stack has termination protection; a person has to switch it off")
            }
            Self::TooManyStacks { most } => write!(f, "its rule has max-stacks = {most}, and as many stacks"),
            Self::NoRules => f.write_str(
                "the rules have no [[branch-stack]] table, which is taken for a mistake: nothing is deleted",
            ),
            Self::UnknownStatus { status } => write!(f, "the stack's status is {status}, which is not known here"),
            Self::TokenUsed => f.write_str(
                "this event made a stack before, which is gone; the next event or reconcile decides again",
            ),
            Self::ChangedMeanwhile { error } => write!(f, "the stack's status changed before the call ({error})"),
            Self::NoTimeLeft => f.write_str("the time of this run is over; the next one goes on"),
            Self::CutOff => f.write_str(
                "the time of this run ended in the middle of it; the next one sees what was done, and goes on",
            ),
            Self::Throttled => f.write_str("AWS wants fewer calls; the next run goes on"),
            Self::RollOutPaced { most } => {
                write!(f, "{most} stacks are being updated, which is enough at a time; the next run goes on")
            }
            Self::CreationPaced { most } => {
                write!(f, "{most} stacks are being made, which is enough at a time; the next run goes on")
            }
            Self::RefusedForOthers { times, error } => write!(
                f,
                "the same was refused for {times} other branches of this rule ({error}); the next run tries again"
            ),
            Self::BranchUnreadable { why } => write!(f, "the branch could not be read ({why})"),
            Self::StackUnreadable { why } => write!(f, "the stack could not be read ({why})"),
            Self::ListingFailed { what, why } => write!(f, "{what} could not be listed ({why})"),
            Self::NoTimeToList => f.write_str("listing all branches and stacks took all the time of this run"),
            Self::InsufficientCapabilities { error } => {
                write!(f, "the template makes what the rule's `capabilities` do not allow ({error})")
            }
            Self::AccountFull => f.write_str("the account has as many stacks as its quota allows; ask AWS for more, or delete some"),
            Self::CallFailed { call, error, .. } => write!(f, "{call} failed ({error})"),
            Self::MailFailed { error } => write!(f, "the mail could not be sent ({error})"),
        }
    }
}

/// A duration in days, where it is whole days.
struct Days(SignedDuration);

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.as_secs() % 86_400, self.0.as_secs() / 86_400) {
            (0, 1) => f.write_str("1 day"),
            (0, days) => write!(f, "{days} days"),
            _ => write!(f, "{:#}", self.0),
        }
    }
}

/// How it is seen that a stack is not ours.
struct Whose<'a>(&'a Foreign);

impl fmt::Display for Whose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0.why {
            NotOursBecause::Tags => "it lacks the tags that this deployment puts on its stacks",
            NotOursBecause::Owner => "its tags are those of another deployment",
            NotOursBecause::Nested => "it is a nested stack",
            NotOursBecause::Name => "its tags are those of a branch whose stack has another name",
        })
    }
}
