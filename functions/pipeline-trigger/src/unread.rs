//! Why a fact is unknown, as values, and the one place where their sentences are written.

use std::fmt;

use shared::call_error::CallError;
use shared::glob::SetError;

use crate::event::short;
use crate::gather::{MOST_COMPARED_FILES, MOST_LINE_PAGES};
use crate::rules::ignore::LARGEST_FILE;

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The call failed.
    #[error("{0}")]
    Call(#[from] CallError),
    /// The invocation had no time left for it.
    #[error("the function's time ran out")]
    NoTime,
    /// An earlier call of the invocation was throttled, so this one was not made.
    #[error("AWS throttled an earlier call, so this one was not made")]
    AfterThrottling,
    /// So many of the newest executions were read, and more are not.
    #[error("pointsman reads only the newest {0} executions")]
    TooManyExecutions(usize),
}

/// Why the changed files are unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilesUnknown {
    /// The event does not say which commit the branch was at.
    NoOldCommit,
    /// The default branch could not be read.
    DefaultBranch(CallError),
    /// The common ancestor with the default branch could not be read.
    MergeBase {
        /// The default branch.
        default: String,
        /// Why.
        error: CallError,
    },
    /// The branch shares no history with the default branch.
    NoCommonCommit,
    /// The pipeline's executions could not be read.
    Executions {
        /// The pipeline.
        pipeline: String,
        /// Why.
        error: ReadError,
    },
    /// The patterns of the rules do not fit into one matcher.
    TooManyPatterns(SetError),
    /// The listing took too long.
    TooManyFiles,
    /// The repository lacks the pushed commit or the one before.
    CommitGone {
        /// The commit before, if the files are compared with one.
        before: Option<String>,
    },
    /// The listing failed.
    Differences(CallError),
    /// The listing does not advance.
    SamePage,
    /// The lines of a changed file could not be compared.
    Lines {
        /// The file.
        file: String,
        /// Why.
        why: LinesUnread,
    },
}

/// Why the lines of a changed file could not be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinesUnread {
    /// The lines of as many files as a push may compare were compared before.
    TooManyFiles,
    /// More lines differ than are read.
    TooManyLines,
    /// The invocation had no time left.
    NoTime,
    /// The call failed.
    Call(CallError),
}

/// Why the ignore file of a repository is not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IgnoreFileProblem {
    /// It is a symbolic link.
    IsLink,
    /// It has so many bytes.
    TooLarge(usize),
    /// CodeCommit does not return a file of this size.
    TooLargeForCodeCommit,
    /// It is not UTF-8.
    NotText,
    /// The call failed.
    Unreadable(CallError),
}

impl fmt::Display for FilesUnknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoOldCommit => f.write_str("the event has no oldCommitId"),
            Self::DefaultBranch(error) => write!(f, "the default branch could not be read ({error})"),
            Self::MergeBase { default, error } => {
                write!(f, "the merge base with `{default}` could not be read ({error})")
            }
            Self::NoCommonCommit => f.write_str("the branch has no commit in common with the default branch"),
            Self::Executions { pipeline, error } => {
                write!(f, "the executions of `{pipeline}` could not be read ({error})")
            }
            Self::TooManyPatterns(error) => write!(f, "the rules have too many path patterns ({error})"),
            Self::TooManyFiles => {
                f.write_str("the function's time ran out before it had read every changed file")
            }
            Self::CommitGone { before: Some(before) } => {
                write!(
                    f,
                    "CodeCommit does not return the pushed commit or the old commit {}: at least one of them no longer exists",
                    short(before)
                )
            }
            Self::CommitGone { before: None } => {
                f.write_str("CodeCommit does not return the pushed commit: it no longer exists")
            }
            Self::Differences(error) => write!(f, "GetDifferences failed ({error})"),
            Self::SamePage => f.write_str("CodeCommit returned the same page of changed files twice"),
            Self::Lines { file, why } => write!(f, "the lines of `{file}` could not be compared: {why}"),
        }
    }
}

impl fmt::Display for LinesUnread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyFiles => {
                write!(f, "pointsman compares the lines of at most {MOST_COMPARED_FILES} files of a push")
            }
            Self::TooManyLines => {
                write!(
                    f,
                    "pointsman reads at most {} runs of changed lines of a file",
                    MOST_LINE_PAGES * 1_000
                )
            }
            Self::NoTime => f.write_str("the function's time ran out"),
            Self::Call(error) => write!(f, "GetBlobDifferences failed ({error})"),
        }
    }
}

impl fmt::Display for IgnoreFileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IsLink => {
                f.write_str("it is a symbolic link, and git does not follow links for its ignore files")
            }
            Self::TooLarge(bytes) => {
                write!(f, "it has {bytes} bytes, and pointsman reads at most {LARGEST_FILE}")
            }
            Self::TooLargeForCodeCommit => f.write_str("it is larger than 6 MB"),
            Self::NotText => f.write_str("it is not UTF-8 text"),
            Self::Unreadable(error) => write!(f, "it could not be read ({error})"),
        }
    }
}
