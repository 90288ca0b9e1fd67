//! Comments on pull requests: GetCommentsForPullRequest, PostCommentForPullRequest and UpdateComment.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::branches::bad_token;
use super::pull_requests::{PullRequestRecord, find, page_size, pull_request_id};
use super::{Hosted, names, repository};
use crate::clock::epoch_seconds;
use crate::error_answer::ErrorAnswer;
use crate::ids;
use crate::members::Members;
use crate::paging;
use crate::service::Context;

/// "Comments are limited to 10,240 characters" (CommentContentSizeLimitExceededException, CodeCommit API Reference).
const LONGEST: usize = 10_240;

/// "The default is 100 comments. You can return up to 500 comments with a single request."
const PAGE: usize = 100;
const LARGEST_PAGE: usize = 500;

/// A general comment on the difference between two commits of a pull request.
#[derive(Debug, Clone)]
pub(crate) struct PostedComment {
    pub(crate) id: String,
    /// Empty for a deleted comment.
    pub(crate) content: String,
    /// As it was posted: a repeated request has the same content.
    pub(crate) posted: String,
    pub(crate) author: String,
    pub(crate) before: String,
    pub(crate) after: String,
    pub(crate) created: Timestamp,
    pub(crate) changed: Timestamp,
    pub(crate) deleted: bool,
    pub(crate) token: Option<String>,
}

/// All comments of a request. Selecting a repository and two commits is not served.
pub(super) fn get_comments(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let id = pull_request_id(&mut input)?;
    let most = input.integer("maxResults")?;
    let token = input.string("nextToken")?;
    input.finish()?;
    let size = page_size(most, PAGE.min(context.world.codecommit.list_page_size), LARGEST_PAGE)?;
    let all = context.world.codecommit.pull_requests.lock();
    let found = &all[find(&all, &id)?];
    let request = ["GetCommentsForPullRequest", &id];
    let page = paging::page(&found.comments, size, token.as_deref(), &request).map_err(|_| bad_token())?;
    let of_same_commits =
        page.items.chunk_by(|one, next| (&one.before, &one.after) == (&next.before, &next.after));
    let data: Vec<Value> = of_same_commits.map(|comments| compared(found, comments)).collect();
    let mut output = json!({"commentsForPullRequestData": data});
    if let Some(next) = page.next {
        output["nextToken"] = json!(next);
    }
    Ok(output)
}

fn compared(one: &PullRequestRecord, comments: &[PostedComment]) -> Value {
    let first = &comments[0];
    json!({
        "pullRequestId": one.id,
        "repositoryName": one.repository,
        "beforeCommitId": first.before,
        "afterCommitId": first.after,
        "comments": comments.iter().map(shown).collect::<Vec<Value>>(),
    })
}

/// A general comment; `location` is not served.
pub(super) fn post_comment(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let id = pull_request_id(&mut input)?;
    let (name, hosted) = repository(context, &mut input)?;
    let before = commit(hosted, input.string("beforeCommitId")?)?;
    let after = commit(hosted, input.string("afterCommitId")?)?;
    let content = content(&mut input)?;
    let token = input.string("clientRequestToken")?;
    input.finish()?;
    if before == after {
        let message = "The before commit ID and the after commit ID are the same";
        return Err(ErrorAnswer::new("BeforeCommitIdAndAfterCommitIdAreSameException", message));
    }
    let mut all = context.world.codecommit.pull_requests.lock();
    let known = used(&all, token.as_deref());
    let found = find(&all, &id)?;
    if all[found].repository != name {
        let message = format!("The pull request {id} is not associated with {name}");
        return Err(ErrorAnswer::new("RepositoryNotAssociatedWithPullRequestException", message));
    }
    let comment = match known {
        Some((request, earlier)) => {
            let commits = (&earlier.before, &earlier.after) == (&before, &after);
            if request != found || !commits || earlier.posted != content {
                let message = "The token has been used in a previous request with other parameters";
                return Err(ErrorAnswer::new("IdempotencyParameterMismatchException", message));
            }
            earlier
        }
        None => {
            let count = all[found].comments.len().to_string();
            let comment = PostedComment {
                id: ids::uuid(&["comment", &id, &count]),
                content: content.clone(),
                posted: content,
                author: context.world.account.caller.clone(),
                before: before.clone(),
                after: after.clone(),
                created: context.now,
                changed: context.now,
                deleted: false,
                token,
            };
            all[found].comments.push(comment.clone());
            comment
        }
    };
    Ok(json!({
        "repositoryName": name,
        "pullRequestId": id,
        "beforeCommitId": before,
        "afterCommitId": after,
        "comment": shown(&comment),
    }))
}

/// The comment that an earlier request with this token made, and the place of its pull request.
fn used(all: &[PullRequestRecord], token: Option<&str>) -> Option<(usize, PostedComment)> {
    let token = token?;
    let mut comments = all
        .iter()
        .enumerate()
        .flat_map(|(place, one)| one.comments.iter().map(move |comment| (place, comment)));
    let known = comments.find(|(_, comment)| comment.token.as_deref() == Some(token));
    known.map(|(place, comment)| (place, comment.clone()))
}

pub(super) fn update_comment(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let id = input.string("commentId")?.filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| ErrorAnswer::new("CommentIdRequiredException", "A comment ID is required"))?;
    let content = content(&mut input)?;
    input.finish()?;
    let mut all = context.world.codecommit.pull_requests.lock();
    let found = all.iter_mut().flat_map(|one| &mut one.comments).find(|comment| comment.id == id);
    let refused = |code: &str, message: &str| ErrorAnswer::new(code, format!("{message}: {id}"));
    let comment =
        found.ok_or_else(|| refused("CommentDoesNotExistException", "No comment exists with that ID"))?;
    if comment.deleted {
        return Err(refused("CommentDeletedException", "This comment has already been deleted"));
    }
    if comment.author != context.world.account.caller {
        let message = "You cannot modify or delete this comment. Only its author can";
        return Err(refused("CommentNotCreatedByCallerException", message));
    }
    comment.content = content;
    comment.changed = context.now;
    Ok(json!({"comment": shown(comment)}))
}

fn content(input: &mut Members) -> Result<String, ErrorAnswer> {
    let content = input.string("content")?.filter(|content| !content.is_empty());
    let required = || ErrorAnswer::new("CommentContentRequiredException", "The comment is empty");
    let content = content.ok_or_else(required)?;
    match content.chars().count() {
        0..=LONGEST => Ok(content),
        _ => {
            let message = format!("The comment is too large. Comments are limited to {LONGEST} characters");
            Err(ErrorAnswer::new("CommentContentSizeLimitExceededException", message))
        }
    }
}

/// A whole id of an existing commit: no branch and no tag.
fn commit(hosted: &Hosted, id: Option<String>) -> Result<String, ErrorAnswer> {
    match id.filter(|id| !id.is_empty()) {
        Some(id) if !names::is_id(&id) => {
            Err(ErrorAnswer::new("InvalidCommitIdException", format!("{id} is not a valid commit ID")))
        }
        None => Err(ErrorAnswer::new("CommitIdRequiredException", "A commit ID was not specified")),
        Some(id) => names::commit(hosted, &id),
    }
}

fn shown(comment: &PostedComment) -> Value {
    let mut shown = json!({
        "commentId": comment.id,
        "content": comment.content,
        "creationDate": epoch_seconds(comment.created),
        "lastModifiedDate": epoch_seconds(comment.changed),
        "authorArn": comment.author,
        "deleted": comment.deleted,
        "callerReactions": [],
        "reactionCounts": {},
    });
    if let Some(token) = &comment.token {
        shown["clientRequestToken"] = json!(token);
    }
    shown
}
