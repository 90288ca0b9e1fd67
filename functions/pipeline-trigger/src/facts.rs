//! What is read before anything is decided. Plain values: a test builds them by hand.

use std::collections::{BTreeMap, BTreeSet};

use crate::because::Deciding;
use crate::remark::Remark;

/// Everything that [`crate::decide`] needs to know of the world.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// What changed, for each rule of the repository in the rules' order.
    pub files: Vec<Files>,
    /// The branch's head.
    pub head: Head,
    /// The pipelines that could start, by the index of the rule that would start them.
    pub pipelines: BTreeMap<usize, Pipeline>,
    /// What was seen on the way that a person should know.
    pub remarks: Vec<Remark>,
}

/// What is known of the changed files, for one rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Files {
    /// They do not matter to it.
    #[default]
    NotAsked,
    /// They cannot be known; why.
    Unknown(String),
    /// The pipeline has never run, so that there is nothing to compare with.
    NeverRan,
    /// The branch adds no commit to the default branch, which has this one.
    NoCommit {
        /// The branch's head.
        base: String,
    },
    /// So many files were read, with this result.
    Read {
        /// How many; fewer than changed when reading stopped because everything was settled and nobody asked.
        files: usize,
        /// Why it broke off after these, if it did.
        broke_off: Option<String>,
        /// What they mean for the rule.
        verdict: FileVerdict,
    },
}

/// What the changed files mean for one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileVerdict {
    /// One of them starts it.
    Starts {
        /// The first that does.
        file: String,
        /// The pattern it matches; `None` where no pattern had to match.
        pattern: Option<Deciding>,
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
    /// No file is one of the rule's.
    NoMatch {
        /// The first that a `!` pattern took, and that pattern.
        excluded: Option<(String, Deciding)>,
    },
}

/// The head of the pushed branch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Head {
    /// It was not asked for: a tag, or no rule builds the head.
    #[default]
    NotAsked,
    /// The commit it is at.
    At(String),
    /// There is no such branch.
    Gone,
    /// It could not be read.
    Unknown,
}

/// A pipeline that could start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pipeline {
    /// CodePipeline does not have it.
    Missing,
    /// What it is could not be read; why.
    Unreadable(String),
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
    /// Nobody asked, or a clone, which does not know: each is taken to be declared.
    #[default]
    Unknown,
    /// Those that it declares.
    Declared(BTreeSet<String>),
    /// None: it is of type V1.
    TypeV1,
}
