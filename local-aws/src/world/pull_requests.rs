//! `[[repository.pull-request]]`: the existing pull requests, with their comments.

use jiff::Timestamp;

use super::file::WorldFile;
use super::raw::{RawComment, RawPullRequest};
use super::{AwsWorld, WorldError};
use crate::codecommit::{PostedComment, PullRequestRecord};
use crate::ids;
use crate::service::ACCOUNT;

/// Adds a pull request of a repository that the world built. Its id is its place in the file, from 1.
pub(super) fn add(
    world: &AwsWorld,
    file: &WorldFile<'_>,
    repository: &str,
    raw: RawPullRequest,
) -> Result<(), WorldError> {
    let hosted = world.codecommit.repository(repository).expect("the repository was built before");
    let source = raw.source.get_ref().clone();
    let destination = raw.destination.as_ref().map(|named| named.get_ref().clone());
    let no_default =
        || file.invalid(&raw.source, "without a default branch, a pull request has a `destination`");
    let destination = destination.or_else(|| hosted.default_branch.clone()).ok_or_else(no_default)?;
    let head = |branch: &str| hosted.git.branch_head(branch).ok().flatten();
    let labelled =
        |label: &str| hosted.commits.iter().find(|(known, _)| known == label).map(|(_, id)| id.clone());
    let source_commit = match &raw.commit {
        Some(label) => labelled(label.get_ref()),
        None => head(&source),
    };
    let no_branch = || file.invalid(&raw.source, "a pull request has existing branches, or a known `commit`");
    let source_commit = source_commit.ok_or_else(no_branch)?;
    let destination_commit = head(&destination).ok_or_else(no_branch)?;
    let status = raw.status.as_ref().map(|at| file.one_of(at, "status", &["OPEN", "CLOSED"])).transpose()?;
    let now = world.now.unwrap_or_else(Timestamp::now);
    let mut all = world.codecommit.pull_requests.lock();
    let id = (all.len() + 1).to_string();
    let commits = (destination_commit.as_str(), source_commit.as_str());
    let comments = raw.comment.into_iter().enumerate();
    let comments = comments.map(|(nth, raw)| comment(world, now, (&id, nth), commits, raw)).collect();
    all.push(PullRequestRecord {
        id,
        repository: repository.to_owned(),
        title: raw.title.unwrap_or_else(|| source.clone()),
        source,
        destination,
        source_commit,
        destination_commit,
        author: raw.author.unwrap_or_else(|| format!("arn:aws:iam::{ACCOUNT}:user/developer")),
        open: status != Some("CLOSED"),
        created: now,
        comments,
    });
    Ok(())
}

fn comment(
    world: &AwsWorld,
    now: Timestamp,
    (request, nth): (&str, usize),
    (before, after): (&str, &str),
    raw: RawComment,
) -> PostedComment {
    let created = raw.created.unwrap_or(now);
    PostedComment {
        id: ids::uuid(&["comment", request, &nth.to_string()]),
        content: if raw.deleted { String::new() } else { raw.content.clone() },
        posted: raw.content,
        author: raw.author.unwrap_or_else(|| world.account.caller.clone()),
        before: before.to_owned(),
        after: after.to_owned(),
        created,
        changed: created,
        deleted: raw.deleted,
        token: raw.token,
    }
}
