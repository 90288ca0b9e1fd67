//! Reads branches: one branch's head, its commit's date, and the lists of all branches and repositories.

use jiff::Timestamp;
use shared::call_error::CallError;

use crate::aws::Clients;
use crate::facts::{BranchTip, Tip};
use crate::identity::BranchId;

const GET_BRANCH: &str = "codecommit:GetBranch";
const GET_COMMIT: &str = "codecommit:GetCommit";

/// The branch, as it is now.
pub(super) async fn head(branch: &BranchId, aws: &Clients) -> BranchTip {
    let call = aws.codecommit.get_branch().repository_name(&branch.repository).branch_name(&branch.name);
    match call.send().await {
        Ok(output) => match output.branch.and_then(|branch| branch.commit_id) {
            Some(commit) => BranchTip::At(Tip { commit, committed: None }),
            None => BranchTip::Unreadable(CallError::without_answer(GET_BRANCH, "the answer has no commit")),
        },
        Err(error) => match error.as_service_error() {
            Some(service)
                if service.is_branch_does_not_exist_exception()
                    || service.is_repository_does_not_exist_exception() =>
            {
                BranchTip::Gone
            }
            _ => BranchTip::Unreadable(CallError::new(GET_BRANCH, error)),
        },
    }
}

/// The date of a commit. CodeCommit gives it as git writes it: seconds since 1970 and an offset.
pub(super) async fn committed(
    branch: &BranchId,
    commit: &str,
    aws: &Clients,
) -> Result<Timestamp, CallError> {
    let call = aws.codecommit.get_commit().repository_name(&branch.repository).commit_id(commit);
    let output = call.send().await.map_err(|error| CallError::new(GET_COMMIT, error))?;
    let date = output.commit.and_then(|commit| commit.committer?.date).unwrap_or_default();
    let seconds = date.split_whitespace().next().and_then(|seconds| seconds.parse().ok());
    let committed = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    committed.ok_or_else(|| CallError::without_answer(GET_COMMIT, format!("its date is `{date}`")))
}

/// The names of all repositories, all pages.
///
/// # Errors
/// When a page could not be read.
pub async fn repositories(aws: &Clients) -> Result<Vec<String>, CallError> {
    let mut pages = aws.codecommit.list_repositories().into_paginator().send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallError::new("codecommit:ListRepositories", error))?;
        names.extend(page.repositories.into_iter().flatten().filter_map(|pair| pair.repository_name));
    }
    Ok(names)
}

/// The names of a repository's branches, all pages.
///
/// # Errors
/// When a page could not be read.
pub async fn branches(repository: &str, aws: &Clients) -> Result<Vec<String>, CallError> {
    let mut pages = aws.codecommit.list_branches().repository_name(repository).into_paginator().send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => names.extend(page.branches.into_iter().flatten()),
            // The repository was deleted after it was listed, so it has no branches.
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_repository_does_not_exist_exception()) =>
            {
                return Ok(Vec::new());
            }
            Err(error) => return Err(CallError::new("codecommit:ListBranches", error)),
        }
    }
    Ok(names)
}
