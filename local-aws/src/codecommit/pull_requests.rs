//! Pull requests: ListPullRequests and GetPullRequest.

use std::sync::{Mutex, MutexGuard};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::branches::bad_token;
use super::comments::PostedComment;
use super::{Hosted, repository};
use crate::clock::epoch_seconds;
use crate::error_answer::ErrorAnswer;
use crate::ids;
use crate::members::Members;
use crate::paging;
use crate::service::Context;

/// A pull request of one source branch and one destination branch, as all of CodeCommit's are.
#[derive(Debug, Clone)]
pub(crate) struct PullRequestRecord {
    pub(crate) id: String,
    pub(crate) repository: String,
    pub(crate) title: String,
    /// Branches, without `refs/heads/`.
    pub(crate) source: String,
    pub(crate) destination: String,
    /// The tips of both branches when the request was created.
    pub(crate) source_commit: String,
    pub(crate) destination_commit: String,
    pub(crate) author: String,
    pub(crate) open: bool,
    pub(crate) created: Timestamp,
    /// Oldest first.
    pub(crate) comments: Vec<PostedComment>,
}

/// The pull requests of the account, oldest first.
#[derive(Debug, Default)]
pub(crate) struct PullRequests(Mutex<Vec<PullRequestRecord>>);

impl PullRequests {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Vec<PullRequestRecord>> {
        self.0.lock().expect("no holder of this lock panics")
    }
}

/// The newest first. AWS documents no order.
pub(super) fn list_pull_requests(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let (name, _) = repository(context, &mut input)?;
    let status = input.string("pullRequestStatus")?;
    let author = input.string("authorArn")?;
    let most = input.integer("maxResults")?;
    let token = input.string("nextToken")?;
    input.finish()?;
    let open = match status.as_deref() {
        None => None,
        Some("OPEN") => Some(true),
        Some("CLOSED") => Some(false),
        Some(other) => {
            let message = format!("{other} is not a valid status");
            return Err(ErrorAnswer::new("InvalidPullRequestStatusException", message));
        }
    };
    let size = page_size(most, context.world.codecommit.list_page_size, usize::MAX)?;
    let all = context.world.codecommit.pull_requests.lock();
    let here = all.iter().rev().filter(|one| one.repository == name);
    let here = here.filter(|one| open.is_none_or(|open| one.open == open));
    let ids: Vec<&str> = here
        .filter(|one| author.as_ref().is_none_or(|author| one.author == *author))
        .map(|one| one.id.as_str())
        .collect();
    let request = ["ListPullRequests", &name, status.as_deref().unwrap_or_default()];
    let page = paging::page(&ids, size, token.as_deref(), &request).map_err(|_| bad_token())?;
    let mut output = json!({"pullRequestIds": page.items});
    if let Some(next) = page.next {
        output["nextToken"] = json!(next);
    }
    Ok(output)
}

/// The size of a page that the caller requests, up to the operation's limit.
pub(super) fn page_size(most: Option<i64>, default: usize, limit: usize) -> Result<usize, ErrorAnswer> {
    match most.map(usize::try_from) {
        None => Ok(default),
        Some(Ok(most)) if (1..=limit).contains(&most) => Ok(most.min(default.max(limit))),
        Some(_) => Err(ErrorAnswer::new("InvalidMaxResultsException", "maxResults is not valid")),
    }
}

pub(super) fn get_pull_request(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let id = pull_request_id(&mut input)?;
    input.finish()?;
    let all = context.world.codecommit.pull_requests.lock();
    let found = &all[find(&all, &id)?];
    let hosted = context.world.codecommit.repository(&found.repository);
    Ok(json!({"pullRequest": shown(found, hosted, context.now)?}))
}

/// Takes `pullRequestId`: a number, as text.
pub(super) fn pull_request_id(input: &mut Members) -> Result<String, ErrorAnswer> {
    let id = input.string("pullRequestId")?.filter(|id| !id.is_empty());
    let required = || ErrorAnswer::new("PullRequestIdRequiredException", "A pull request ID is required");
    let id = id.ok_or_else(required)?;
    match id.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(id),
        false => {
            let message = format!("{id} is not a valid pull request ID");
            Err(ErrorAnswer::new("InvalidPullRequestIdException", message))
        }
    }
}

pub(super) fn find(all: &[PullRequestRecord], id: &str) -> Result<usize, ErrorAnswer> {
    let missing = || {
        let message = format!("The pull request {id} does not exist");
        ErrorAnswer::new("PullRequestDoesNotExistException", message)
    };
    all.iter().position(|one| one.id == id).ok_or_else(missing)
}

/// The commit of an open request is the tip of its branch.
fn shown(one: &PullRequestRecord, hosted: Option<&Hosted>, now: Timestamp) -> Result<Value, ErrorAnswer> {
    let head = |branch: &str, recorded: &str| -> Result<String, ErrorAnswer> {
        let head = match hosted.filter(|_| one.open) {
            Some(hosted) => hosted.git.branch_head(branch)?,
            None => None,
        };
        Ok(head.unwrap_or_else(|| recorded.to_owned()))
    };
    Ok(json!({
        "pullRequestId": one.id,
        "title": one.title,
        "creationDate": epoch_seconds(one.created),
        "lastActivityDate": epoch_seconds(now),
        "pullRequestStatus": if one.open { "OPEN" } else { "CLOSED" },
        "authorArn": one.author,
        "pullRequestTargets": [{
            "repositoryName": one.repository,
            "sourceReference": format!("refs/heads/{}", one.source),
            "destinationReference": format!("refs/heads/{}", one.destination),
            "sourceCommit": head(&one.source, &one.source_commit)?,
            "destinationCommit": head(&one.destination, &one.destination_commit)?,
            "mergeMetadata": {"isMerged": false},
        }],
        "revisionId": ids::digest(&["revision", &one.id]),
        "approvalRules": [],
    }))
}
