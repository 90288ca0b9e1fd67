//! Moves a branch of a repository that the world built, and puts the event on the bus.

use git_reader::{GitError, is_full_id, is_ref_name};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{CodeCommit, Hosted};
use crate::bus::{Bus, BusEvent};
use crate::git_writer::{self, LONGEST_PART, can_be_written};
use crate::ids;
use crate::service::ACCOUNT;

/// The reason for which a branch could not be pushed.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    #[error("this world built no repository `{repository}`")]
    NotBuilt { repository: String },
    #[error("git does not accept the branch name `{branch}`")]
    Name { branch: String },
    #[error("`{branch}` has a part of more than {most} bytes, which git cannot write as a file here")]
    Length { branch: String, most: usize },
    #[error("repository {repository} has no commit `{commit}`")]
    NoCommit { repository: String, commit: String },
    #[error("failed to push {branch} to {repository}")]
    Git { repository: String, branch: String, source: Box<GitError> },
}

impl CodeCommit {
    /// `commit` is a label or a whole id; `None` deletes the branch.
    pub(crate) fn push(
        &self,
        bus: &Bus,
        at: Timestamp,
        region: &str,
        (repository, branch): (&str, &str),
        commit: Option<&str>,
    ) -> Result<(), PushError> {
        let failed = |source: GitError| PushError::Git {
            repository: repository.to_owned(),
            branch: branch.to_owned(),
            source: source.into(),
        };
        let hosted = self.repository(repository).filter(|hosted| !hosted.commits.is_empty());
        let hosted = hosted.ok_or_else(|| PushError::NotBuilt { repository: repository.to_owned() })?;
        if !is_ref_name(branch) {
            return Err(PushError::Name { branch: branch.to_owned() });
        }
        if !can_be_written(branch) {
            return Err(PushError::Length { branch: branch.to_owned(), most: LONGEST_PART });
        }
        let new = commit.map(|commit| id(hosted, repository, commit)).transpose()?;
        let old = hosted.git.branch_head(branch).map_err(failed)?;
        if old == new {
            return Ok(());
        }
        git_writer::point_branch(&hosted.git, branch, new.as_deref()).map_err(failed)?;
        let detail = detail(repository, branch, old, new);
        let resource = format!("arn:aws:codecommit:{region}:{ACCOUNT}:{repository}");
        let (source, detail_type) = ("aws.codecommit", "CodeCommit Repository State Change");
        bus.put(BusEvent { source, detail_type, region, at, resource: &resource, detail });
        Ok(())
    }
}

/// "Monitoring CodeCommit events in Amazon EventBridge", CodeCommit User Guide: a created branch has no old commit, a
/// deleted branch no new one.
fn detail(repository: &str, branch: &str, old: Option<String>, new: Option<String>) -> Value {
    let event = match (&old, &new) {
        (None, _) => "referenceCreated",
        (_, None) => "referenceDeleted",
        _ => "referenceUpdated",
    };
    let mut detail = json!({
        "callerUserArn": format!("arn:aws:iam::{ACCOUNT}:user/developer"),
        "event": event,
        "referenceFullName": format!("refs/heads/{branch}"),
        "referenceName": branch,
        "referenceType": "branch",
        "repositoryId": ids::uuid(&["repository", repository]),
        "repositoryName": repository,
    });
    for (name, commit) in [("oldCommitId", old), ("commitId", new)] {
        if let Some(commit) = commit {
            detail[name] = json!(commit);
        }
    }
    detail
}

fn id(hosted: &Hosted, repository: &str, commit: &str) -> Result<String, PushError> {
    let labelled = hosted.commits.iter().find(|(label, _)| label == commit).map(|(_, id)| id.clone());
    let whole = || is_full_id(commit).then(|| commit.to_owned());
    let none = || PushError::NoCommit { repository: repository.to_owned(), commit: commit.to_owned() };
    let id = labelled.or_else(whole).ok_or_else(none)?;
    match hosted.git.resolve(&id) {
        Ok(Some(id)) => Ok(id),
        _ => Err(none()),
    }
}
