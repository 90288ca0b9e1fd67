//! What a push is compared with, as far as the rule and the event say it: the same for a deployed function, which
//! then asks AWS, and for `pointsman explain`, which asks a clone.

use crate::event::{Change, Push};
use crate::facts::Files;
use crate::rules::{Baseline, NewBranch, PipelineRule};

/// What one rule compares a push with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// Nothing: the rule does not look at files, or the push is a tag, which has no commit before it that means
    /// anything.
    NotNeeded,
    /// The commit the branch was at before the push.
    Before(String),
    /// The commit where the new branch left the default branch.
    MergeBase,
    /// No commit at all: every file of the tree counts as changed.
    WholeTree,
    /// The commit that the pipeline ran last.
    LastRun,
    /// It cannot be known; why.
    Unknown(String),
}

/// What `rule` compares `push` with.
pub fn comparison(rule: &PipelineRule, push: &Push) -> Comparison {
    if !rule.looks_at_files() || push.reference.branch().is_none() {
        return Comparison::NotNeeded;
    }
    if rule.baseline != Baseline::Push {
        return Comparison::LastRun;
    }
    match &push.change {
        Change::Updated { old: Some(old), .. } => Comparison::Before(old.clone()),
        Change::Updated { old: None, .. } => Comparison::Unknown("the event has no oldCommitId".to_owned()),
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

/// What a merge base means for the branch whose head is `commit`: something to list files against, or that the
/// branch adds nothing. Branches that have no commit in common cannot be compared.
///
/// # Errors
/// What is known of the files without listing any.
pub fn from_merge_base(merge_base: Option<String>, commit: &str) -> Against {
    match merge_base {
        Some(base) if base == commit => Err(Files::NoCommit { base }),
        Some(base) if !base.is_empty() => Ok(Base::Commit(base)),
        _ => Err(Files::Unknown("it has no commit in common with the default branch".to_owned())),
    }
}

/// The commit a pipeline ran last, if it ran; or why that is not known.
pub type History = Result<Option<String>, String>;

/// What the changed files are listed against, or what is known of them without listing any.
pub type Against = Result<Base, Files>;

/// What a comparison comes to, once the pipeline's history and the merge base are known, where it needs them.
///
/// # Errors
/// What is known of the files without listing any.
pub fn against(comparison: Comparison, history: Option<&History>, merge_base: &Against) -> Against {
    match comparison {
        Comparison::NotNeeded => Err(Files::NotAsked),
        Comparison::Before(old) => Ok(Base::Commit(old)),
        Comparison::WholeTree => Ok(Base::Nothing),
        Comparison::MergeBase => merge_base.clone(),
        Comparison::Unknown(why) => Err(Files::Unknown(why)),
        Comparison::LastRun => match history {
            Some(Ok(Some(commit))) => Ok(Base::Commit(commit.clone())),
            Some(Err(why)) => Err(Files::Unknown(why.clone())),
            Some(Ok(None)) | None => Err(Files::NeverRan),
        },
    }
}
