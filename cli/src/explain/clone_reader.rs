//! The reader of `explain`: a clone, asked through the git command.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use anyhow::{Result, ensure};
use git_reader::{Blob, DefaultBranch, GitError, HunkLine, LineOptions, Repository};
use pipeline_trigger::reader::{
    BlobPair, DeclaredPipeline, ExecutionPage, LinePage, Lookup, PathPage, Reader, RepositoryFile,
};
use pipeline_trigger::window::judge::CommitAbout;
use shared::call_error::CallError;

/// The largest file that CodeCommit returns, in bytes ("Quotas in AWS CodeCommit", AWS CodeCommit User Guide).
const LARGEST_FILE: u64 = 6 * 1024 * 1024;

/// Reads a clone. The clone has no pipelines, and its branches are not CodeCommit's: those answers are
/// [`Lookup::NotAsked`].
pub(super) struct CloneReader<'a> {
    repository: &'a Repository,
    /// The first failure of git, of which a decision would be no answer to the operator.
    failure: RefCell<Option<GitError>>,
    /// The default branch, once a rule needed it.
    default_branch: RefCell<Option<Option<DefaultBranch>>>,
    /// The changed files, by the commit that they were compared with.
    changed: RefCell<BTreeMap<Option<String>, Rc<Vec<ChangedPath>>>>,
}

/// A changed file.
#[derive(Debug)]
pub(super) struct ChangedPath {
    pub(super) path: String,
    /// Whether the entry is a submodule on either side.
    pub(super) is_submodule: bool,
    /// Both versions, if only the content changed.
    pub(super) blobs: Option<BlobPair>,
}

impl ChangedPath {
    /// The file that `--path` names. A push changes files, so a folder is refused.
    pub(super) fn named(repository: &Repository, commit: &str, path: &str) -> Result<Self> {
        let entry = if path.is_empty() { None } else { repository.entry(commit, path)? };
        let is_submodule = entry.as_ref().is_some_and(|entry| entry.kind == "commit");
        // A folder without a committed file is one in the working tree only.
        let is_new = || repository.work_tree().is_some_and(|top| top.join(path).is_dir());
        let is_folder = entry.map_or_else(is_new, |entry| entry.kind == "tree");
        let shown = if path.is_empty() { "the top of the clone" } else { path };
        ensure!(!is_folder, "{shown} is a folder, and a push changes files; name a file in it with --path");
        Ok(Self { path: path.to_owned(), is_submodule, blobs: None })
    }
}

impl<'a> CloneReader<'a> {
    pub(super) fn new(repository: &'a Repository) -> Self {
        Self {
            repository,
            failure: RefCell::default(),
            default_branch: RefCell::default(),
            changed: RefCell::default(),
        }
    }

    pub(super) fn repository(&self) -> &'a Repository {
        self.repository
    }

    /// The default branch that a new branch was compared with; `None` if no rule needed it.
    pub(super) fn compared_default(&self) -> Option<Option<DefaultBranch>> {
        self.default_branch.borrow().clone()
    }

    /// The changed files of two commits.
    pub(super) fn changed(
        &self,
        before: Option<&str>,
        after: &str,
    ) -> Result<Rc<Vec<ChangedPath>>, GitError> {
        let key = before.map(str::to_owned);
        if let Some(known) = self.changed.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let differences = self.repository.differences(before, after)?;
        let changed = differences.iter().map(|difference| ChangedPath {
            path: difference.path().to_owned(),
            is_submodule: [&difference.before, &difference.after]
                .into_iter()
                .flatten()
                .any(|blob| blob.mode == "160000"),
            blobs: pair(difference.before.as_ref(), difference.after.as_ref()),
        });
        let changed = Rc::new(changed.collect::<Vec<_>>());
        self.changed.borrow_mut().insert(key, Rc::clone(&changed));
        Ok(changed)
    }

    /// The lines that differ between two versions of a file, of a size that CodeCommit compares.
    pub(super) fn changed_lines(
        &self,
        blobs: &BlobPair,
        ignore_whitespace: bool,
    ) -> Result<Option<LinePage>, GitError> {
        for blob in [&blobs.before, &blobs.after] {
            if self.repository.blob_size(blob)?.is_some_and(|size| size > LARGEST_FILE) {
                return Ok(None);
            }
        }
        let options = LineOptions { context: 0, ignore_whitespace };
        let difference = self.repository.line_difference(&blobs.before, &blobs.after, options)?;
        let lines = difference.hunks.into_iter().flat_map(|hunk| hunk.lines);
        let lines = lines.filter_map(|line| match line {
            HunkLine::Added(text) | HunkLine::Deleted(text) => Some(text),
            HunkLine::Unchanged(_) => None,
        });
        Ok(Some(LinePage { is_binary: difference.is_binary, lines: lines.collect(), next: None }))
    }

    /// Fails if git failed to answer a question.
    pub(super) fn check(&self) -> Result<(), GitError> {
        self.failure.take().map_or(Ok(()), Err)
    }

    /// The answer; a failure is kept for [`Self::check`].
    fn keep<T>(&self, answer: Result<T, GitError>) -> Result<T, CallError> {
        answer.map_err(|error| {
            let unread = CallError::without_answer("git", error.to_string());
            self.failure.borrow_mut().get_or_insert(error);
            unread
        })
    }
}

fn pair(before: Option<&Blob>, after: Option<&Blob>) -> Option<BlobPair> {
    let (before, after) = (before?, after?);
    BlobPair::of((&before.id, &before.mode), (&after.id, &after.mode))
}

/// CodeCommit's answer for a file that is too large.
fn too_large(path: &str) -> CallError {
    let mut error = CallError::without_answer("git", format!("{path} is larger than {LARGEST_FILE} bytes"));
    error.code = Some("FileTooLargeException".to_owned());
    error
}

impl Reader for CloneReader<'_> {
    async fn branch_head(&self, _: &str) -> Result<Lookup<String>, CallError> {
        Ok(Lookup::NotAsked)
    }

    async fn default_branch(&self) -> Result<Option<String>, CallError> {
        let default = self.keep(self.repository.default_branch())?;
        let name = default.as_ref().map(|branch| branch.name.clone());
        *self.default_branch.borrow_mut() = Some(default);
        Ok(name)
    }

    async fn merge_base(&self, commit: &str, branch: &str) -> Result<Option<String>, CallError> {
        // The head of the default branch is the server's, as far as the clone knows it.
        let known = self.compared_default().flatten().filter(|default| default.name == branch);
        let head = match known {
            Some(default) => Some(default.head),
            None => self.keep(self.repository.branch_head(branch))?,
        };
        head.map_or(Ok(None), |head| self.keep(self.repository.merge_base(commit, &head)))
    }

    async fn differences(
        &self,
        before: Option<&str>,
        after: &str,
        _: Option<String>,
    ) -> Result<PathPage, CallError> {
        let changed = self.keep(self.changed(before, after))?;
        let paths = changed.iter().map(|changed| changed.path.clone()).collect();
        let modified = changed.iter().filter_map(|file| Some((file.path.clone(), file.blobs.clone()?)));
        Ok(PathPage { paths, modified: modified.collect(), next: None })
    }

    async fn lines(
        &self,
        blobs: &BlobPair,
        ignore_whitespace: bool,
        _: Option<String>,
    ) -> Result<LinePage, CallError> {
        let page = self.keep(self.changed_lines(blobs, ignore_whitespace))?;
        page.ok_or_else(|| too_large(&blobs.after))
    }

    async fn file(&self, commit: &str, path: &str) -> Result<Option<RepositoryFile>, CallError> {
        let entry = self.keep(self.repository.entry(commit, path))?;
        if entry.and_then(|entry| entry.size).is_some_and(|size| size > LARGEST_FILE) {
            return Err(too_large(path));
        }
        let file = self.keep(self.repository.file(commit, path))?;
        Ok(file.map(|file| RepositoryFile { is_link: file.is_link(), content: file.content }))
    }

    async fn pipeline(&self, _: &str) -> Result<Lookup<DeclaredPipeline>, CallError> {
        Ok(Lookup::NotAsked)
    }

    async fn executions(&self, _: &str, _: Option<String>) -> Result<Lookup<ExecutionPage>, CallError> {
        Ok(Lookup::NotAsked)
    }

    async fn commit_about(&self, commit: &str) -> Result<Lookup<CommitAbout>, CallError> {
        let commit = self.keep(self.repository.commit(commit))?;
        Ok(commit.map_or(Lookup::Missing, |commit| {
            Lookup::Found(CommitAbout { author: commit.author.email, message: commit.message })
        }))
    }
}
