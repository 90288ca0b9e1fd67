//! GetCommit.

use git_reader::Person;
use serde_json::{Value, json};

use super::{names, repository};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

pub(super) fn get_commit(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let (_, hosted) = repository(context, &mut input)?;
    let id = input.string("commitId")?.filter(|id| !id.is_empty());
    input.finish()?;
    let id = id.ok_or_else(|| ErrorAnswer::new("CommitIdRequiredException", "A commit ID is required"))?;
    if !names::is_id(&id) {
        return Err(ErrorAnswer::new("InvalidCommitIdException", format!("{id} is not a full commit ID")));
    }
    let commit = hosted.git.commit(&id)?;
    let commit = commit
        .ok_or_else(|| ErrorAnswer::new("CommitIdDoesNotExistException", format!("{id} does not exist")))?;
    Ok(json!({"commit": {
        "commitId": commit.id,
        "treeId": commit.tree,
        "parents": commit.parents,
        "message": commit.message,
        "author": person(&commit.author),
        "committer": person(&commit.committer),
        "additionalData": "",
    }}))
}

fn person(person: &Person) -> Value {
    json!({"name": person.name, "email": person.email, "date": person.date})
}
