//! CodeCommit, served from git repositories: the operations and the repositories they work on.
//!
//! Shapes and errors follow the service's API reference; limits follow "Quotas in AWS CodeCommit" of its user guide.
//! KMS keys are not modelled: their errors come through faults only.

mod blob_differences;
mod branches;
mod comments;
mod commits;
mod differences;
mod files;
mod merges;
mod names;
mod pull_requests;
mod push;
mod repositories;

use std::collections::BTreeMap;

pub(crate) use comments::PostedComment;
use differences::Cache;
use git_reader::{GitError, Repository};
pub(crate) use pull_requests::PullRequestRecord;
use pull_requests::PullRequests;
pub use push::PushError;

use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::{Context, Service};

pub(crate) const SERVICE: Service = Service {
    name: "codecommit",
    api: "CodeCommit_20150413",
    operations: &[
        ("GetBlobDifferences", blob_differences::get_blob_differences),
        ("GetBranch", branches::get_branch),
        ("GetCommentsForPullRequest", comments::get_comments),
        ("GetCommit", commits::get_commit),
        ("GetDifferences", differences::get_differences),
        ("GetFile", files::get_file),
        ("GetMergeOptions", merges::get_merge_options),
        ("GetPullRequest", pull_requests::get_pull_request),
        ("GetRepository", branches::get_repository),
        ("ListBranches", branches::list_branches),
        ("ListPullRequests", pull_requests::list_pull_requests),
        ("ListRepositories", repositories::list_repositories),
        ("PostCommentForPullRequest", comments::post_comment),
        ("UpdateComment", comments::update_comment),
    ],
};

/// Every repository of the account.
#[derive(Debug)]
pub(crate) struct CodeCommit {
    repositories: BTreeMap<String, Hosted>,
    /// The page size of GetDifferences without MaxResults; AWS documents no default.
    pub(crate) page_size: usize,
    /// Of ListBranches and ListRepositories; AWS documents no numbers.
    pub(crate) list_page_size: usize,
    pub(crate) pull_requests: PullRequests,
    cache: Cache,
}

/// One repository.
#[derive(Debug)]
pub(crate) struct Hosted {
    pub(crate) git: Repository,
    pub(crate) default_branch: Option<String>,
    /// The labels and ids of the commits that the world built, in their order. Empty for a clone.
    pub(crate) commits: Vec<(String, String)>,
}

impl Hosted {
    /// The commit at the tip of a branch. A clone's local default branch is often older than the server's.
    pub(crate) fn branch_head(&self, name: &str) -> Result<Option<String>, GitError> {
        match self.default_branch.as_deref() == Some(name) {
            true => self.git.newest_head(name),
            false => self.git.branch_head(name),
        }
    }
}

impl Default for CodeCommit {
    fn default() -> CodeCommit {
        CodeCommit {
            repositories: BTreeMap::new(),
            page_size: 100,
            list_page_size: 100,
            pull_requests: PullRequests::default(),
            cache: Cache::default(),
        }
    }
}

impl CodeCommit {
    /// Hosts a repository, in place of one that has the name already.
    pub(crate) fn host(&mut self, name: &str, hosted: Hosted) {
        self.repositories.insert(name.to_owned(), hosted);
    }

    /// Every repository's name, in its order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.repositories.keys().cloned().collect()
    }

    pub(crate) fn repository(&self, name: &str) -> Option<&Hosted> {
        self.repositories.get(name)
    }
}

/// Takes `repositoryName` and finds the repository.
fn repository<'a>(context: &Context<'a>, input: &mut Members) -> Result<(String, &'a Hosted), ErrorAnswer> {
    let name = input.string("repositoryName")?.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| {
        ErrorAnswer::new("RepositoryNameRequiredException", "A repository name is required")
    })?;
    if !names::is_repository_name(&name) {
        let message = format!("The repository name {name} is not valid");
        return Err(ErrorAnswer::new("InvalidRepositoryNameException", message));
    }
    match context.world.codecommit.repository(&name) {
        Some(hosted) => Ok((name, hosted)),
        None => Err(ErrorAnswer::new("RepositoryDoesNotExistException", format!("{name} does not exist"))),
    }
}

/// Whether `name` can be the name of a repository.
pub(crate) fn is_repository_name(name: &str) -> bool {
    names::is_repository_name(name)
}
