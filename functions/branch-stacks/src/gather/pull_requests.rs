//! Reads the pull requests of a branch, and the comments of one.

use aws_sdk_codecommit::types::{PullRequestStatusEnum, PullRequestTarget};
use shared::call_error::CallError;

use crate::aws::Clients;
use crate::identity::BranchId;

const LIST: &str = "codecommit:ListPullRequests";
const GET: &str = "codecommit:GetPullRequest";
const COMMENTS: &str = "codecommit:GetCommentsForPullRequest";

/// The most open pull requests of a repository that are read: each is a call of its own.
const MOST_REQUESTS: usize = 100;

/// The most pages of comments that are read, of 100 comments each.
const MOST_PAGES: usize = 20;

/// A pull request of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchPullRequest {
    /// Its id.
    pub id: String,
    /// Whether it is open.
    pub open: bool,
    /// The commit of its destination.
    pub before: String,
    /// The commit of its source, the branch.
    pub after: String,
}

/// The open pull requests of a branch.
#[derive(Debug, Clone, Default)]
pub struct PullRequestListing {
    /// Those that were read.
    pub requests: Vec<BranchPullRequest>,
    /// The number of pull requests that were read, if the repository has more.
    pub most: Option<usize>,
}

/// A comment of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestComment {
    /// Its id.
    pub id: String,
    /// Its text; empty for a deleted one.
    pub content: String,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// The open pull requests whose source is the branch. CodeCommit lists those of a repository, so each is read.
///
/// # Errors
/// When a page or a pull request could not be read.
pub async fn pull_requests_of(branch: &BranchId, aws: &Clients) -> Result<PullRequestListing, CallError> {
    let call = aws.codecommit.list_pull_requests().repository_name(&branch.repository);
    let mut pages = call.pull_request_status(PullRequestStatusEnum::Open).into_paginator().send();
    let mut ids = Vec::new();
    while ids.len() <= MOST_REQUESTS {
        match pages.next().await {
            None => break,
            Some(Ok(page)) => ids.extend(page.pull_request_ids),
            // The repository was deleted, and its pull requests with it.
            Some(Err(error))
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_repository_does_not_exist_exception()) =>
            {
                return Ok(PullRequestListing::default());
            }
            Some(Err(error)) => return Err(CallError::new(LIST, error)),
        }
    }
    let most = (ids.len() > MOST_REQUESTS).then_some(MOST_REQUESTS);
    let mut requests = Vec::new();
    for id in ids.iter().take(MOST_REQUESTS) {
        requests.extend(pull_request_of(branch, id, aws).await?.filter(|request| request.open));
    }
    Ok(PullRequestListing { requests, most })
}

/// The pull request of that id, if it exists and its source is the branch.
///
/// # Errors
/// When the pull request could not be read.
pub async fn pull_request_of(
    branch: &BranchId,
    id: &str,
    aws: &Clients,
) -> Result<Option<BranchPullRequest>, CallError> {
    let found = match aws.codecommit.get_pull_request().pull_request_id(id).send().await {
        Ok(output) => output.pull_request,
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_pull_request_does_not_exist_exception()) =>
        {
            None
        }
        Err(error) => return Err(CallError::new(GET, error)),
    };
    let source = format!("refs/heads/{}", branch.name);
    let is_of_branch = |target: &PullRequestTarget| {
        target.repository_name() == Some(&branch.repository) && target.source_reference() == Some(&source)
    };
    Ok(found.and_then(|request| {
        let open = request.pull_request_status() == Some(&PullRequestStatusEnum::Open);
        let target = request.pull_request_targets.into_iter().flatten().find(is_of_branch)?;
        Some(BranchPullRequest {
            id: id.to_owned(),
            open,
            before: target.destination_commit.unwrap_or_default(),
            after: target.source_commit.unwrap_or_default(),
        })
    }))
}

/// The comments of a pull request, oldest first as far as CodeCommit lists them so.
///
/// # Errors
/// When a page could not be read.
pub async fn comments_of(pull_request: &str, aws: &Clients) -> Result<Vec<PullRequestComment>, CallError> {
    let call = aws.codecommit.get_comments_for_pull_request().pull_request_id(pull_request);
    let mut pages = call.into_paginator().send();
    let mut comments = Vec::new();
    for _ in 0..MOST_PAGES {
        let Some(page) = pages.next().await else { break };
        let page = page.map_err(|error| CallError::new(COMMENTS, error))?;
        let of_page = page.comments_for_pull_request_data.into_iter().flatten();
        comments.extend(of_page.flat_map(|data| data.comments.into_iter().flatten()).map(|comment| {
            PullRequestComment {
                id: comment.comment_id.unwrap_or_default(),
                content: comment.content.unwrap_or_default(),
                deleted: comment.deleted,
            }
        }));
    }
    Ok(comments)
}
