//! GetFile.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use git_reader::TreeEntry;
use serde_json::{Value, json};

use super::{Hosted, names, repository};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

/// In bytes: the model's limit for `fileContent`, 6 MB.
const SIZE_LIMIT: u64 = 6 * 1024 * 1024;

pub(super) fn get_file(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let (_, hosted) = repository(context, &mut input)?;
    let specifier = input.string("commitSpecifier")?;
    let path = input.string("filePath")?.filter(|path| !path.is_empty());
    input.finish()?;
    let path = path.ok_or_else(|| ErrorAnswer::new("PathRequiredException", "A file path is required"))?;
    let path = names::file_path(&path)
        .ok_or_else(|| ErrorAnswer::new("InvalidPathException", format!("The path {path} is not valid")))?;
    let commit = commit(hosted, specifier)?;
    let (entry, mode) = file(hosted, &commit, path)?;
    let content = hosted.git.blob(&entry.id)?;
    Ok(json!({
        "commitId": commit,
        "blobId": entry.id,
        "filePath": path,
        "fileMode": mode,
        "fileSize": content.len(),
        "fileContent": BASE64.encode(content),
    }))
}

fn commit(hosted: &Hosted, specifier: Option<String>) -> Result<String, ErrorAnswer> {
    if let Some(specifier) = specifier.filter(|specifier| !specifier.is_empty()) {
        return names::commit(hosted, &specifier);
    }
    names::head(hosted)?.ok_or_else(|| {
        let message = "No commit was specified, and the repository has no default branch";
        ErrorAnswer::new("CommitDoesNotExistException", message)
    })
}

/// An existing file within the size limit, and CodeCommit's name of its mode. Folders and submodules are not files.
fn file(hosted: &Hosted, commit: &str, path: &str) -> Result<(TreeEntry, &'static str), ErrorAnswer> {
    let missing =
        || ErrorAnswer::new("FileDoesNotExistException", format!("{path} does not exist in {commit}"));
    let entry = hosted.git.entry(commit, path)?.ok_or_else(missing)?;
    let mode = match &*entry.mode {
        "100755" => "EXECUTABLE",
        "120000" => "SYMLINK",
        _ if entry.kind == "blob" => "NORMAL",
        _ => return Err(missing()),
    };
    if entry.size.is_some_and(|size| size > SIZE_LIMIT) {
        let message = format!("{path} is larger than {SIZE_LIMIT} bytes");
        return Err(ErrorAnswer::new("FileTooLargeException", message));
    }
    Ok((entry, mode))
}
