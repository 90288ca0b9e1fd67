//! What a push is compared with, as far as the rule and the event say it. Pure.

use crate::event::{Change, Push};
use crate::facts::Files;
use crate::rules::{Baseline, NewBranch, PipelineRule};
use crate::unread::FilesUnknown;

/// What one rule compares a push with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// Nothing: the rule has no file patterns, or the push is a tag, which has no previous commit of its own.
    NotNeeded,
    /// The commit the branch was at before the push.
    Before(String),
    /// The commit where the new branch left the default branch.
    MergeBase,
    /// No commit at all: every file of the tree counts as changed.
    WholeTree,
    /// The commit of the pipeline's newest execution.
    LastRun,
    /// The event does not say which commit the branch was at.
    NoOldCommit,
}

/// What `rule` compares `push` with.
pub fn comparison(rule: &PipelineRule, push: &Push) -> Comparison {
    if !rule.has_file_patterns() || push.reference.branch().is_none() {
        return Comparison::NotNeeded;
    }
    if rule.baseline != Baseline::Push {
        return Comparison::LastRun;
    }
    match &push.change {
        Change::Updated { old: Some(old), .. } => Comparison::Before(old.clone()),
        Change::Updated { old: None, .. } => Comparison::NoOldCommit,
        Change::Created { .. } if rule.new_branch == NewBranch::MergeBase => Comparison::MergeBase,
        Change::Created { .. } => Comparison::WholeTree,
        Change::Deleted => Comparison::NotNeeded,
    }
}

/// What the changed files are listed against.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Base {
    /// Nothing: every file of the tree.
    Nothing,
    /// Another commit.
    Commit(String),
}

impl Base {
    /// The commit, if there is one.
    pub fn commit(&self) -> Option<&str> {
        match self {
            Self::Nothing => None,
            Self::Commit(commit) => Some(commit),
        }
    }
}

/// What a merge base means for the branch whose head is `commit`: something to list files against, or that the
/// branch adds nothing. Branches that have no commit in common cannot be compared.
///
/// # Errors
/// What is known of the files without listing any.
pub fn from_merge_base(merge_base: Option<String>, commit: &str) -> Against {
    match merge_base {
        Some(base) if base == commit => Err(Files::NoCommit { base }),
        Some(base) => Ok(Base::Commit(base)),
        None => Err(Files::Unknown(FilesUnknown::NoCommonCommit)),
    }
}

/// The newest execution of a pipeline that a rule compares with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LastRun {
    /// It built this commit.
    Commit(String),
    /// There is none.
    Never,
    /// A clone cannot know it: the commit before the push stands in for it.
    NotAsked,
    /// It could not be read.
    Unknown(FilesUnknown),
}

/// What the changed files are listed against, or what is known of them without listing any.
pub type Against = Result<Base, Files>;

/// What a comparison comes to, once the last run and the merge base are known, where it needs them.
///
/// # Errors
/// What is known of the files without listing any.
pub fn against(push: &Push, comparison: Comparison, last: Option<&LastRun>, merge_base: &Against) -> Against {
    match comparison {
        Comparison::NotNeeded => Err(Files::NotAsked),
        Comparison::Before(old) => Ok(Base::Commit(old)),
        Comparison::WholeTree => Ok(Base::Nothing),
        Comparison::MergeBase => merge_base.clone(),
        Comparison::NoOldCommit => Err(Files::Unknown(FilesUnknown::NoOldCommit)),
        Comparison::LastRun => match (last, &push.change) {
            (Some(LastRun::Commit(commit)), _)
            | (Some(LastRun::NotAsked), Change::Updated { old: Some(commit), .. }) => {
                Ok(Base::Commit(commit.clone()))
            }
            (Some(LastRun::Unknown(why)), _) => Err(Files::Unknown(why.clone())),
            (Some(LastRun::Never | LastRun::NotAsked) | None, _) => Err(Files::NeverRan),
        },
    }
}
