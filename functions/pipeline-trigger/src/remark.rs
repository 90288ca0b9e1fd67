//! Observations that decided nothing but that the operator should know, and the one place where their sentences are written.

use std::fmt;

use shared::call_error::CallError;
use shared::decision::Explain;
use shared::text::{list, noun};

use crate::because::Deciding;
use crate::compare::Base;
use crate::event::short;
use crate::facts::Files;
use crate::unread::{IgnoreFileProblem, LinesUnread, ReadError};
use crate::variables::Dropped;
use crate::window::calendar::Closed;
use crate::window::hold::HeldKind;
use crate::window::judge::WindowException;

/// An observation that decided nothing.
#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Remark {
    /// `explain` cannot know the pipeline's executions, and takes the commit before the push.
    AssumedRun { pipeline: String },
    /// The variables that the pipeline declares were not read.
    AssumedDeclared { pipeline: String },
    /// What a new branch is compared with.
    #[strum(serialize = "compared-with-merge-base")]
    ComparedWith { branch: String, base: String, default: String },
    /// `explain` knows the default branch only as a local branch, which may be older than the server's.
    DefaultBranchLocal { branch: String, default: String },
    /// `explain` takes the usual name for the default branch, because the clone does not record the remote's.
    DefaultBranchAssumed { branch: String, default: String, remote: String },
    /// `explain` finds no default branch to compare a new branch with.
    DefaultBranchUnknown { branch: String },
    /// A pattern would match, written otherwise. Only `explain` compares.
    NearMiss { pipeline: String, pattern: Deciding, miss: NearMiss },
    /// `explain` read files that are not committed.
    WorkTree { reference: String, commit: String },
    /// A later push moved the branch.
    Overtaken { branch: String, head: String },
    /// The branch's head could not be read.
    HeadUnknown { branch: String, error: ReadError },
    /// The repository's ignore file is not applied.
    IgnoreFileUnread { file: String, problem: IgnoreFileProblem },
    /// The changed lines of a file were not compared, so the file counts as changed.
    LinesUnread { file: String, why: LinesUnread },
    /// The pipeline's executions are unknown, among them one of the commit.
    ExecutionsUnknown { pipeline: String, error: ReadError },
    /// The pipeline is of type V1, which takes no commit from its caller.
    CannotPin { pipeline: String },
    /// No source action of the pipeline reads this repository, so no commit is pinned.
    NoSourceAction { pipeline: String },
    /// CodePipeline polls the repository.
    StillPolls { pipeline: String, action: String },
    /// Reconcile found a head that no execution has.
    Reconciled { pipeline: String, branch: String, commit: String, base: Option<String> },
    /// No ECR source action of the pipeline reads the image's repository, so no digest is pinned.
    NoImageAction { pipeline: String },
    /// No S3 source action of the pipeline reads the object's bucket, so no version is pinned.
    NoObjectAction { pipeline: String },
    /// The pipeline is of type V1, which takes no digest and no version from its caller.
    CannotPinRevision { pipeline: String },
    /// CodePipeline polls the bucket.
    StillPollsBucket { pipeline: String, action: String },
    /// The event has no version of the object, so none is pinned.
    VersionUnknown { pipeline: String },
    /// The source action reads another key, and a start cannot name one.
    OtherKey { pipeline: String, action: String, key: String },
    /// The object has no earlier version, so every file of the archive counts as changed.
    NoEarlierVersion { object: String },
    /// Variables of the rule that the pipeline is started without.
    VariablesDropped { pipeline: String, variables: Vec<String>, why: Dropped },
    /// The window is closed, and an exception starts the pipeline.
    WindowException { pipeline: String, window: String, closed: Closed, why: WindowException },
    /// The author and the message of the commit could not be read, so no exception by them applies.
    ExceptionUnread { pipeline: String, error: CallError },
    /// The schedule of an earlier push has this push, too.
    HoldMoved { pipeline: String, kind: HeldKind },
    /// The schedule has this push already.
    AlreadyHeld { pipeline: String, kind: HeldKind },
    /// The schedule of an earlier push is deleted, because a later commit starts.
    HoldDeleted { pipeline: String, kind: HeldKind },
    /// `explain` reads no schedule: an earlier push may be held.
    HoldAssumed { pipeline: String },
    /// `explain` covers pushes, and the file has so many rules of images and objects.
    PushesOnly { repository: String, rules: usize },
}

/// Why a pattern does not match, although it nearly does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NearMiss {
    /// The pattern matches a folder above the file, and folders do not change.
    Folder { file: String },
    /// The pattern matches the name in another case.
    Case { name: String },
    /// The pattern matches files in a submodule. The repository has only the submodule's entry.
    Submodule { path: String },
}

impl fmt::Display for NearMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder { file } => write!(
                f,
                "matches a folder of `{file}`, and patterns are matched against files; add `/**` for the files below it"
            ),
            Self::Case { name } => {
                write!(f, "matches `{name}` only in another case; names are case-sensitive")
            }
            Self::Submodule { path } => write!(
                f,
                "matches no file, because `{path}` is a submodule; a push changes only its entry, so write `{path}`"
            ),
        }
    }
}

impl Remark {
    /// That a new branch is compared with another commit, if it is.
    pub fn compared(branch: &str, against: &Result<Base, Files>, default: String) -> Option<Self> {
        let Ok(Base::Commit(base)) = against else { return None };
        Some(Self::ComparedWith { branch: branch.to_owned(), base: base.clone(), default })
    }

    /// The subject of the remark.
    pub fn subject(&self) -> &str {
        match self {
            Self::ComparedWith { branch, .. }
            | Self::Overtaken { branch, .. }
            | Self::DefaultBranchLocal { branch, .. }
            | Self::DefaultBranchAssumed { branch, .. }
            | Self::DefaultBranchUnknown { branch }
            | Self::HeadUnknown { branch, .. } => branch,
            Self::WorkTree { reference, .. } => reference,
            Self::IgnoreFileUnread { file, .. } | Self::LinesUnread { file, .. } => file,
            Self::AssumedRun { pipeline }
            | Self::ExecutionsUnknown { pipeline, .. }
            | Self::CannotPin { pipeline }
            | Self::Reconciled { pipeline, .. }
            | Self::NoSourceAction { pipeline }
            | Self::AssumedDeclared { pipeline }
            | Self::VariablesDropped { pipeline, .. }
            | Self::NearMiss { pipeline, .. }
            | Self::NoImageAction { pipeline }
            | Self::NoObjectAction { pipeline }
            | Self::CannotPinRevision { pipeline }
            | Self::StillPollsBucket { pipeline, .. }
            | Self::VersionUnknown { pipeline }
            | Self::OtherKey { pipeline, .. }
            | Self::WindowException { pipeline, .. }
            | Self::ExceptionUnread { pipeline, .. }
            | Self::HoldMoved { pipeline, .. }
            | Self::AlreadyHeld { pipeline, .. }
            | Self::HoldDeleted { pipeline, .. }
            | Self::HoldAssumed { pipeline }
            | Self::StillPolls { pipeline, .. } => pipeline,
            Self::NoEarlierVersion { object } => object,
            Self::PushesOnly { repository, .. } => repository,
        }
    }
}

impl Explain for Remark {
    fn code(&self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AssumedRun { .. } => f.write_str(
                "a clone has no executions of the pipeline; the commit before the push stands in for the last one",
            ),
            Self::AssumedDeclared { .. } => f.write_str(
                "the pipeline was not read; it is assumed to declare every variable of the rule",
            ),
            Self::ComparedWith { base, default, .. } => {
                write!(
                    f,
                    "the branch is new; its files are compared with {}, where it left `{default}`",
                    short(base)
                )
            }
            Self::DefaultBranchLocal { default, .. } => write!(
                f,
                "the clone has no remote-tracking branch of the default branch `{default}`, so the local branch counts; it may be older than the server's"
            ),
            Self::DefaultBranchAssumed { default, remote, .. } => write!(
                f,
                "the clone does not record the default branch of `{remote}`, so `{default}` is assumed; `git remote set-head {remote} --auto` records it"
            ),
            Self::DefaultBranchUnknown { .. } => f.write_str(
                "the clone shows no default branch, so every file of the new branch counts as changed",
            ),
            Self::NearMiss { pattern, miss, .. } => write!(f, "`{}` ({}) {miss}", pattern.text, pattern.place),
            Self::WorkTree { commit, .. } => write!(
                f,
                "the commit {} stands for the working tree, which is not committed; no filter was applied to its files",
                short(commit)
            ),
            Self::LinesUnread { why, .. } => {
                write!(f, "the changed lines were not compared, so the file counts as changed: {why}")
            }
            Self::Overtaken { head, .. } => {
                let head = short(head);
                write!(f, "a later push moved the branch to {head}; pipelines that build the head build {head}")
            }
            Self::HeadUnknown { error, .. } => {
                write!(f, "the branch's head could not be read ({error}), so the pushed commit is built")
            }
            Self::IgnoreFileUnread { problem, .. } => write!(f, "the ignore file is not applied: {problem}"),
            Self::ExecutionsUnknown { error, .. } => {
                write!(
                    f,
                    "the pipeline's executions could not be read ({error}), so it may run twice for one commit"
                )
            }
            Self::CannotPin { .. } => f.write_str(
                "a pipeline of type V1 takes no commit, so it builds the branch head that it finds itself",
            ),
            Self::NoSourceAction { .. } => f.write_str(
                "no CodeCommit source action of the pipeline reads this repository, so no commit is pinned",
            ),
            Self::StillPolls { action, .. } => write!(
                f,
                "the action `{action}` still polls the repository and starts the pipeline for every push; set PollForSourceChanges to false"
            ),
            Self::Reconciled { branch, commit, base, .. } => {
                write!(f, "no execution has {}, the head of `{branch}`", short(commit))?;
                match base {
                    Some(base) => write!(f, "; its files are compared with {}, the newest commit of the branch that an execution has", short(base)),
                    None => f.write_str(", nor another commit of the branch, so the branch counts as new"),
                }
            }
            Self::NoImageAction { .. } => {
                f.write_str("no ECR source action of the pipeline reads this repository, so no digest is pinned")
            }
            Self::NoObjectAction { .. } => {
                f.write_str("no S3 source action of the pipeline reads this bucket, so no version is pinned")
            }
            Self::CannotPinRevision { .. } => {
                f.write_str("a pipeline of type V1 takes no digest and no version, so it reads the newest itself")
            }
            Self::StillPollsBucket { action, .. } => write!(
                f,
                "the action `{action}` still polls the bucket and starts the pipeline for every object; set PollForSourceChanges to false"
            ),
            Self::VersionUnknown { .. } => f.write_str(
                "the event has no version of the object, so the pipeline reads the newest; enable the versioning of the bucket",
            ),
            Self::OtherKey { action, key, .. } => write!(
                f,
                "the action `{action}` reads the key `{key}`, so nothing is pinned; with AllowOverrideForS3ObjectKey, pointsman names the created object"
            ),
            Self::NoEarlierVersion { .. } => {
                f.write_str("the object has no earlier version, so every file of the archive counts as changed")
            }
            Self::VariablesDropped { variables, why, .. } => {
                let names: Vec<String> = variables.iter().map(|name| format!("`{name}`")).collect();
                let noun = noun(variables.len(), "variable");
                write!(f, "the pipeline starts without the rule's {noun} {}: {why}", list(names))
            }
            Self::WindowException { window, closed, why, .. } => {
                write!(f, "the window `{window}` is closed ({closed}), and {why}, so the pipeline starts")
            }
            Self::ExceptionUnread { error, .. } => write!(
                f,
                "the commit's author and message could not be read ({error}), so no exception of the window applies"
            ),
            Self::HoldMoved { kind, .. } => {
                write!(f, "another {} is held, too: the schedule has {}", kind.noun(), kind.newest())
            }
            Self::AlreadyHeld { kind, .. } => write!(f, "the schedule has this {} already", kind.noun()),
            Self::HoldDeleted { kind, .. } => write!(
                f,
                "the schedule of an earlier {} is deleted, because the pipeline starts with a later one",
                kind.noun()
            ),
            Self::PushesOnly { rules, .. } => write!(
                f,
                "explain covers pushes to CodeCommit only; {rules} {} with `image` or `bucket` {} not asked",
                noun(*rules, "rule"),
                if *rules == 1 { "is" } else { "are" }
            ),
            Self::HoldAssumed { .. } => f.write_str(
                "EventBridge Scheduler was not read; if an earlier push is held, the files of both pushes count",
            ),
        }
    }
}
