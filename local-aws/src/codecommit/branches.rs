//! GetRepository, GetBranch and ListBranches.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{names, repository};
use crate::clock::epoch_seconds;
use crate::error_answer::ErrorAnswer;
use crate::ids;
use crate::members::Members;
use crate::paging;
use crate::service::{ACCOUNT, Context};

/// The creation time of every repository: 2026-01-01T00:00:00Z.
const CREATED: i64 = 1_767_225_600;

pub(super) fn get_repository(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let (name, hosted) = repository(context, &mut input)?;
    input.finish()?;
    let region = context.region;
    let created = epoch_seconds(Timestamp::constant(CREATED, 0));
    let mut metadata = json!({
        "accountId": ACCOUNT,
        "repositoryId": ids::uuid(&["repository", &name]),
        "repositoryName": name,
        "lastModifiedDate": created,
        "creationDate": created,
        "cloneUrlHttp": format!("https://git-codecommit.{region}.amazonaws.com/v1/repos/{name}"),
        "cloneUrlSsh": format!("ssh://git-codecommit.{region}.amazonaws.com/v1/repos/{name}"),
        "Arn": format!("arn:aws:codecommit:{region}:{ACCOUNT}:{name}"),
    });
    if let Some(branch) = &hosted.default_branch {
        metadata["defaultBranch"] = json!(branch);
    }
    Ok(json!({"repositoryMetadata": metadata}))
}

pub(super) fn get_branch(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let (_, hosted) = repository(context, &mut input)?;
    let name = input.string("branchName")?.filter(|name| !name.is_empty());
    input.finish()?;
    let name =
        name.ok_or_else(|| ErrorAnswer::new("BranchNameRequiredException", "A branch name is required"))?;
    if !names::is_branch_name(&name) {
        return Err(ErrorAnswer::new(
            "InvalidBranchNameException",
            format!("The branch name {name} is not valid"),
        ));
    }
    match hosted.branch_head(&name)? {
        Some(id) => Ok(json!({"branch": {"branchName": name, "commitId": id}})),
        None => Err(ErrorAnswer::new("BranchDoesNotExistException", format!("{name} does not exist"))),
    }
}

pub(super) fn list_branches(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let (name, hosted) = repository(context, &mut input)?;
    let token = input.string("nextToken")?;
    input.finish()?;
    let branches = hosted.git.branches()?;
    let page = paging::page(
        &branches,
        context.world.codecommit.list_page_size,
        token.as_deref(),
        &["ListBranches", &name],
    );
    let page = page.map_err(|_| bad_token())?;
    let mut output = json!({"branches": page.items});
    if let Some(next) = page.next {
        output["nextToken"] = json!(next);
    }
    Ok(output)
}

pub(super) fn bad_token() -> ErrorAnswer {
    ErrorAnswer::new("InvalidContinuationTokenException", "The specified continuation token is not valid")
}
