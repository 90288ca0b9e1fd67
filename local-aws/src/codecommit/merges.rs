//! GetMergeOptions.

use std::collections::HashMap;

use git_reader::{Blob, GitError};
use serde_json::{Value, json};

use super::{Hosted, names, repository};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

/// Only the default level of conflict detail (`FILE_LEVEL`) and strategy (`NONE`) are served.
pub(super) fn get_merge_options(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let (_, hosted) = repository(context, &mut input)?;
    let source = input.string("sourceCommitSpecifier")?;
    let destination = input.string("destinationCommitSpecifier")?;
    defaults_only(&mut input)?;
    input.finish()?;
    let source = names::required_commit(hosted, source)?;
    let destination = names::required_commit(hosted, destination)?;
    let base = base(hosted, &source, &destination)?;
    Ok(json!({
        "mergeOptions": options(hosted, &base, &source, &destination)?,
        "sourceCommitId": source,
        "destinationCommitId": destination,
        "baseCommitId": base,
    }))
}

fn defaults_only(input: &mut Members) -> Result<(), ErrorAnswer> {
    let level = input.string("conflictDetailLevel")?;
    match level.as_deref() {
        None | Some("FILE_LEVEL") => {}
        Some("LINE_LEVEL") => return Err(ErrorAnswer::not_served("conflictDetailLevel LINE_LEVEL")),
        Some(other) => return Err(invalid("InvalidConflictDetailLevelException", other)),
    }
    let strategy = input.string("conflictResolutionStrategy")?;
    match strategy.as_deref() {
        None | Some("NONE") => Ok(()),
        Some(known @ ("ACCEPT_SOURCE" | "ACCEPT_DESTINATION" | "AUTOMERGE")) => {
            Err(ErrorAnswer::not_served(format_args!("conflictResolutionStrategy {known}")))
        }
        Some(other) => Err(invalid("InvalidConflictResolutionStrategyException", other)),
    }
}

fn invalid(code: &str, value: &str) -> ErrorAnswer {
    ErrorAnswer::new(code, format!("{value} is not valid"))
}

/// AWS does not document the answer for commits that share no history, and `baseCommitId` is required in it. This
/// error is the only documented one that applies.
fn base(hosted: &Hosted, source: &str, destination: &str) -> Result<String, ErrorAnswer> {
    let message = "The commits are too far apart, or share no history";
    hosted
        .git
        .merge_base(source, destination)?
        .ok_or_else(|| ErrorAnswer::new("TipsDivergenceExceededException", message))
}

/// At file level two sides are in conflict when the same file differs in both, and not in the same way.
fn options(
    hosted: &Hosted,
    base: &str,
    source: &str,
    destination: &str,
) -> Result<Vec<&'static str>, GitError> {
    if base == destination {
        return Ok(vec!["FAST_FORWARD_MERGE", "SQUASH_MERGE", "THREE_WAY_MERGE"]);
    }
    let ours: HashMap<String, Option<Blob>> = changes(hosted, base, destination)?.collect();
    let conflict = changes(hosted, base, source)?
        .any(|(path, theirs)| ours.get(&path).is_some_and(|ours| *ours != theirs));
    Ok(if conflict { vec![] } else { vec!["SQUASH_MERGE", "THREE_WAY_MERGE"] })
}

fn changes(
    hosted: &Hosted,
    base: &str,
    tip: &str,
) -> Result<impl Iterator<Item = (String, Option<Blob>)> + use<>, GitError> {
    let differences = hosted.git.differences(Some(base), tip)?;
    Ok(differences.into_iter().map(|difference| (difference.path().to_owned(), difference.after)))
}
