//! Reads branches: one branch's head, when it was committed, and the lists of all.

use jiff::Timestamp;

use crate::aws::Clients;
use crate::facts::{Head, Tip, Unread};
use crate::identity::Subject;

/// The branch, as it is now.
pub(super) async fn head(subject: &Subject, aws: &Clients) -> Head {
    let call = aws.codecommit.get_branch().repository_name(&subject.repository).branch_name(&subject.branch);
    match call.send().await {
        Ok(output) => match output.branch.and_then(|branch| branch.commit_id) {
            Some(commit) => Head::At(Tip { commit, committed: None }),
            None => {
                let error = "the answer has no commit".to_owned();
                Head::Unreadable(Unread { error, throttled: false })
            }
        },
        Err(error) => match error.as_service_error() {
            Some(service)
                if service.is_branch_does_not_exist_exception()
                    || service.is_repository_does_not_exist_exception() =>
            {
                Head::Gone
            }
            _ => Head::Unreadable(Unread::of(&error)),
        },
    }
}

/// When a commit was committed. The date is seconds since 1970 and an offset, as git writes it.
pub(super) async fn committed(subject: &Subject, commit: &str, aws: &Clients) -> Result<Timestamp, Unread> {
    let call = aws.codecommit.get_commit().repository_name(&subject.repository).commit_id(commit);
    let output = call.send().await.map_err(|error| Unread::of(&error))?;
    let date = output.commit.and_then(|commit| commit.committer?.date).unwrap_or_default();
    let seconds = date.split_whitespace().next().and_then(|seconds| seconds.parse().ok());
    let committed = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    committed.ok_or_else(|| Unread { error: format!("its date is `{date}`"), throttled: false })
}

/// The names of all repositories, all pages.
///
/// # Errors
/// When a page could not be read.
pub async fn repositories(aws: &Clients) -> Result<Vec<String>, Unread> {
    let mut pages = aws.codecommit.list_repositories().into_paginator().send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| Unread::of(&error))?;
        names.extend(page.repositories.into_iter().flatten().filter_map(|pair| pair.repository_name));
    }
    Ok(names)
}

/// The names of a repository's branches, all pages.
///
/// # Errors
/// When a page could not be read.
pub async fn branches(repository: &str, aws: &Clients) -> Result<Vec<String>, Unread> {
    let mut pages = aws.codecommit.list_branches().repository_name(repository).into_paginator().send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => names.extend(page.branches.into_iter().flatten()),
            // Deleted since it was listed: then it has no branches.
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_repository_does_not_exist_exception()) =>
            {
                return Ok(Vec::new());
            }
            Err(error) => return Err(Unread::of(&error)),
        }
    }
    Ok(names)
}
