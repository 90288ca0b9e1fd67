//! The path filters of a repository's CI, as patterns of pointsman: `on.push.paths` of GitHub Actions, and `rules:changes`
//! of GitLab CI.
//!
//! Texts are read, and nothing runs. A part of a filter that pointsman's patterns cannot express exactly is made wider, so that
//! a pipeline starts rather than not, and a note says so. The files are untrusted: names and notes hold their text as it is.

mod github;
mod gitlab;
mod patterns;
mod yaml;

pub use github::{WORKFLOWS, github};
pub use gitlab::{GITLAB_FILE, gitlab};

/// What the CI files of a repository say about changed files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CiFilters {
    /// The filters, in the order of the files.
    pub filters: Vec<CiFilter>,
    /// What became no filter, and why.
    pub gaps: Vec<CiGap>,
}

/// One filter: the branches and files that start a workflow, or some jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CiFilter {
    /// The CI system.
    pub system: CiSystem,
    /// The workflow's file without its ending, or the names of the jobs.
    pub names: Vec<String>,
    /// The file, from the top of the repository.
    pub file: String,
    /// The line of its first pattern.
    pub line: usize,
    /// The key that it was read from, as in `on.push.paths`.
    pub key: &'static str,
    /// Patterns of branches; every branch if empty.
    pub branches: Vec<String>,
    /// Patterns of tags; no tag if empty.
    pub tags: Vec<String>,
    /// Patterns of files. The list is not empty.
    pub paths: Vec<String>,
    /// What could not be translated exactly, one sentence each.
    pub notes: Vec<String>,
}

/// A CI system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CiSystem {
    /// GitHub Actions.
    GitHub,
    /// GitLab CI.
    GitLab,
}

/// A part of the CI files that became no filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CiGap {
    /// The file, from the top of the repository.
    pub file: String,
    /// Why.
    pub why: String,
}

impl CiGap {
    fn new(file: &str, why: impl Into<String>) -> Self {
        Self { file: file.to_owned(), why: why.into() }
    }
}
