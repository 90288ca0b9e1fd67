//! The facts that a decision is made from. Plain values: a test builds them by hand.

use std::collections::{BTreeMap, BTreeSet};

use shared::config::Place;

use crate::because::Deciding;
use crate::compare::Base;
use crate::remark::Remark;
use crate::unread::{FilesUnknown, ReadError};

/// Everything that [`crate::decide`] needs to know of the world.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// What changed, for each rule of the repository in the rules' order.
    pub files: Vec<Files>,
    /// What the files were listed against, by the index of the rule whose files were listed.
    pub compared_with: BTreeMap<usize, Base>,
    /// The groups that the changed files touch, by the index of the rule whose variables ask. A rule whose changed files are
    /// not known completely is missing.
    pub groups: BTreeMap<usize, Vec<String>>,
    /// The branch's head.
    pub head: BranchHead,
    /// The pipelines that could start, by the index of the rule that would start them.
    pub pipelines: BTreeMap<usize, PipelineFacts>,
    /// Observations that the operator should know.
    pub remarks: Vec<Remark>,
}

/// What is known of the changed files, for one rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Files {
    /// The changed files do not matter to the rule.
    #[default]
    NotAsked,
    /// The changed files are unknown, for this reason.
    Unknown(FilesUnknown),
    /// The pipeline has never run, so there is no commit to compare with.
    NeverRan,
    /// The branch adds no commit to the default branch, which has this one.
    NoCommit {
        /// The branch's head.
        base: String,
    },
    /// So many files were read, with this result.
    Read {
        /// How many; fewer than changed when reading stopped early because no rule needed more.
        files: usize,
        /// Why it broke off after these, if it did.
        broke_off: Option<Box<FilesUnknown>>,
        /// What they mean for the rule.
        verdict: FileVerdict,
    },
}

/// What the changed files mean for one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileVerdict {
    /// A changed file starts the pipeline.
    Starts {
        /// The first that does.
        file: String,
        /// The pattern it matches; `None` where no pattern had to match.
        pattern: Option<Deciding>,
        /// How the rule comes to the file.
        through: Through,
    },
    /// Files of the rule changed, and all are ignored.
    Ignored {
        /// How many.
        files: usize,
        /// The first of them.
        file: String,
        /// The line that ignores it.
        line: Deciding,
    },
    /// The rule is a default rule, and other rules claim every file.
    Claimed {
        /// How many.
        files: usize,
        /// The first of them.
        file: String,
        /// What claims it.
        claim: FileClaim,
    },
    /// No file is one of the rule's.
    NoMatch {
        /// The first that a `!` pattern excludes, and that pattern.
        excluded: Option<(String, Deciding)>,
    },
}

/// How a rule comes to a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Through {
    /// By its own paths, or because it has none.
    #[default]
    Own,
    /// By a group: its name, and the names of the groups that lead to it, the one that the rule uses last.
    Groups(Vec<String>),
    /// As a default rule: no other rule claims the file.
    Unclaimed,
}

/// The rule that a file belongs to, so that it is none of the default rule's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileClaim {
    /// Where the rule stands.
    pub rule: Place,
    /// The pattern that claims the file; `None` where no pattern excludes it.
    pub pattern: Option<Deciding>,
}

/// The head of the pushed branch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum BranchHead {
    /// It was not read: a tag was pushed, no rule builds the head, or the reader is a clone.
    #[default]
    NotAsked,
    /// The commit it is at.
    At(String),
    /// The branch does not exist.
    Gone,
    /// It could not be read.
    Unknown,
}

/// A pipeline that could start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PipelineFacts {
    /// CodePipeline does not have it.
    Missing,
    /// It could not be read; why.
    Unreadable(ReadError),
    /// CodePipeline has it.
    Found {
        /// The source actions that a commit is pinned for; empty where none is known.
        source_actions: Vec<String>,
        /// An execution of the commit that would be built, started since the push.
        already_started: Option<String>,
        /// The variables it takes.
        takes: Takes,
    },
}

/// The variables that a pipeline takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Takes {
    /// Not read: each variable is assumed to be declared.
    #[default]
    Unknown,
    /// The variables that the pipeline declares.
    Declared(BTreeSet<String>),
    /// None: it is of type V1.
    TypeV1,
}
