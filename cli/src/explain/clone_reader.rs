//! The reader of `explain`: a clone, asked through the git command.

use std::cell::RefCell;

use git_reader::{Difference, GitError, Repository};
use pipeline_trigger::reader::{DeclaredPipeline, ExecutionPage, Lookup, PathPage, Reader, RepositoryFile};
use shared::call_error::CallError;

/// Reads a clone. The clone has no pipelines, and its branches are not CodeCommit's: those answers are
/// [`Lookup::NotAsked`].
pub(super) struct CloneReader<'a> {
    repository: &'a Repository,
    /// The first failure of git, of which a decision would be no answer to the operator.
    failure: RefCell<Option<GitError>>,
}

impl<'a> CloneReader<'a> {
    pub(super) fn new(repository: &'a Repository) -> Self {
        Self { repository, failure: RefCell::new(None) }
    }

    /// Fails if git failed to answer a question.
    pub(super) fn finish(self) -> Result<(), GitError> {
        self.failure.into_inner().map_or(Ok(()), Err)
    }

    /// The answer; a failure is kept for [`Self::finish`].
    fn keep<T>(&self, answer: Result<T, GitError>) -> Result<T, CallError> {
        answer.map_err(|error| {
            let unread = CallError::without_answer("git", error.to_string());
            self.failure.borrow_mut().get_or_insert(error);
            unread
        })
    }
}

impl Reader for CloneReader<'_> {
    async fn branch_head(&self, _: &str) -> Result<Lookup<String>, CallError> {
        Ok(Lookup::NotAsked)
    }

    async fn default_branch(&self) -> Result<Option<String>, CallError> {
        self.keep(self.repository.default_branch())
    }

    async fn merge_base(&self, commit: &str, branch: &str) -> Result<Option<String>, CallError> {
        let head = self.keep(self.repository.branch_head(branch))?;
        head.map_or(Ok(None), |head| self.keep(self.repository.merge_base(commit, &head)))
    }

    async fn differences(
        &self,
        before: Option<&str>,
        after: &str,
        _: Option<String>,
    ) -> Result<PathPage, CallError> {
        let differences = self.keep(self.repository.differences(before, after))?;
        let paths = differences.iter().map(Difference::path).map(str::to_owned).collect();
        Ok(PathPage { paths, next: None })
    }

    async fn file(&self, commit: &str, path: &str) -> Result<Option<RepositoryFile>, CallError> {
        let file = self.keep(self.repository.file(commit, path))?;
        Ok(file.map(|file| RepositoryFile { is_link: file.is_link(), content: file.content }))
    }

    async fn pipeline(&self, _: &str) -> Result<Lookup<DeclaredPipeline>, CallError> {
        Ok(Lookup::NotAsked)
    }

    async fn executions(&self, _: &str, _: Option<String>) -> Result<Lookup<ExecutionPage>, CallError> {
        Ok(Lookup::NotAsked)
    }
}
