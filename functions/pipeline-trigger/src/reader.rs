//! The questions that the function asks about a push, one method a fact, and the values that answer them.

mod account;

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, ready};

use shared::call_error::CallError;

pub use account::AccountReader;

use crate::window::judge::CommitAbout;

/// Answers the questions of [`crate::gather`]: a deployed function asks AWS, `pointsman explain` asks a clone.
pub trait Reader {
    /// The commit at the head of a branch.
    fn branch_head(&self, branch: &str) -> impl Future<Output = Result<Lookup<String>, CallError>>;

    /// The default branch; none where the repository has none.
    fn default_branch(&self) -> impl Future<Output = Result<Option<String>, CallError>>;

    /// The best common ancestor of a commit and the head of a branch; none where they share no history.
    fn merge_base(
        &self,
        commit: &str,
        branch: &str,
    ) -> impl Future<Output = Result<Option<String>, CallError>>;

    /// A page of the paths that differ between two commits. Without `before`, every path of `after`.
    fn differences(
        &self,
        before: Option<&str>,
        after: &str,
        token: Option<String>,
    ) -> impl Future<Output = Result<PathPage, CallError>>;

    /// A page of the lines that differ between two versions of a file.
    fn lines(
        &self,
        blobs: &BlobPair,
        ignore_whitespace: bool,
        token: Option<String>,
    ) -> impl Future<Output = Result<LinePage, CallError>>;

    /// A file at a commit; none where the commit has no such file.
    fn file(
        &self,
        commit: &str,
        path: &str,
    ) -> impl Future<Output = Result<Option<RepositoryFile>, CallError>>;

    /// A pipeline as it is declared.
    fn pipeline(&self, name: &str) -> impl Future<Output = Result<Lookup<DeclaredPipeline>, CallError>>;

    /// A page of a pipeline's executions, newest first.
    fn executions(
        &self,
        pipeline: &str,
        token: Option<String>,
    ) -> impl Future<Output = Result<Lookup<ExecutionPage>, CallError>>;

    /// The author and the message of a commit. A source without commits has none.
    fn commit_about(&self, _commit: &str) -> impl Future<Output = Result<Lookup<CommitAbout>, CallError>> {
        ready(Ok(Lookup::NotAsked))
    }
}

/// An answer about something that may not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<T> {
    /// It exists.
    Found(T),
    /// It does not exist.
    Missing,
    /// The reader cannot know, and asked nothing.
    NotAsked,
}

/// Some of the paths that changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathPage {
    /// The paths, in the order of the listing.
    pub paths: Vec<String>,
    /// Both versions of each file that only its content changed, by its path. A file that was added, deleted or
    /// renamed, whose mode changed, a link and a submodule are not among them.
    pub modified: BTreeMap<String, BlobPair>,
    /// The token of the next page, if there is one.
    pub next: Option<String>,
}

/// Two versions of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobPair {
    /// The id of the old content.
    pub before: String,
    /// The id of the new content.
    pub after: String,
}

impl BlobPair {
    /// The versions, if both are files of one mode: neither links nor submodules.
    pub fn of(before: (&str, &str), after: (&str, &str)) -> Option<Self> {
        let ((before, old_mode), (after, new_mode)) = (before, after);
        let is_file = ["100644", "100755"].contains(&new_mode);
        (is_file && old_mode == new_mode && before != after)
            .then(|| Self { before: before.to_owned(), after: after.to_owned() })
    }
}

/// Some of the lines that differ between two versions of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinePage {
    /// Whether a version is binary, and has no lines.
    pub is_binary: bool,
    /// The lines that one version has and the other has not.
    pub lines: Vec<String>,
    /// The token of the next page, if there is one.
    pub next: Option<String>,
}

/// A file of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryFile {
    /// Its bytes; of a symbolic link, the link's target.
    pub content: Vec<u8>,
    /// Whether it is a symbolic link.
    pub is_link: bool,
}

/// What a decision needs of a pipeline's declaration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeclaredPipeline {
    /// Its name.
    pub name: String,
    /// Whether it is of type V2. Only these take a commit and variables.
    pub is_v2: bool,
    /// The names of its variables.
    pub variables: BTreeSet<String>,
    /// The CodeCommit source actions that read the pushed repository.
    pub source_actions: Vec<SourceAction>,
}

/// A CodeCommit source action that reads the pushed repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceAction {
    /// Its name.
    pub name: String,
    /// The branch that it reads.
    pub branch: String,
    /// Whether CodePipeline polls the repository for it.
    pub polls: bool,
}

/// Some executions of a pipeline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExecutionPage {
    /// The executions, newest first.
    pub executions: Vec<PastExecution>,
    /// The token of the next page, if there is one.
    pub next: Option<String>,
}

/// An execution of a pipeline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PastExecution {
    /// Its id.
    pub id: Option<String>,
    /// When it started, in seconds since 1970.
    pub started: Option<i64>,
    /// Whether it succeeded.
    pub succeeded: bool,
    /// The commit of each source action.
    pub revisions: Vec<SourceRevision>,
}

/// What a source action gave to an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRevision {
    /// The source action.
    pub action: String,
    /// The commit.
    pub commit: Option<String>,
}
