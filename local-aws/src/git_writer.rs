//! Owns the writing of the git repositories that a world builds. A clone is never written to.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use git_reader::{GitError, Repository, isolated_command};

/// The longest part between two `/` of a ref that git can write as a file: 255 bytes, of which `.lock` takes five.
pub(crate) const LONGEST_PART: usize = 250;

/// Whether every part of a ref's name is short enough to be written as a file.
pub(crate) fn can_be_written(name: &str) -> bool {
    name.split('/').all(|part| part.len() <= LONGEST_PART)
}

/// Creates an empty bare repository.
pub(crate) fn create(folder: &Path) -> std::io::Result<Output> {
    std::fs::create_dir_all(folder)?;
    let mut init = isolated_command(folder);
    init.args(["init", "--quiet", "--bare", "--template=", "--object-format=sha1", "--initial-branch=main"]);
    feed(&mut init, b"")
}

/// Runs `git fast-import` in a repository.
pub(crate) fn import(folder: &Path, stream: &[u8]) -> std::io::Result<Output> {
    let mut import = isolated_command(folder);
    import.args(["fast-import", "--quiet"]);
    feed(&mut import, stream)
}

/// Creates, moves or deletes (`None`) a branch.
pub(crate) fn point_branch(
    repository: &Repository,
    name: &str,
    commit: Option<&str>,
) -> Result<(), GitError> {
    let operation = || "update-ref".to_owned();
    let folder = repository.folder();
    let reference = format!("refs/heads/{name}");
    let mut update = isolated_command(folder);
    update.arg("update-ref");
    match commit {
        Some(commit) => update.args([&reference, commit]),
        None => update.args(["-d", &reference]),
    };
    let failed_to_run =
        |source| GitError::Run { operation: operation(), repository: folder.to_owned(), source };
    let output = update.output().map_err(failed_to_run)?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(GitError::Failed { operation: operation(), repository: folder.to_owned(), stderr })
}

/// Writes and reads at the same time: git may answer before it has read the whole input.
fn feed(command: &mut Command, input: &[u8]) -> std::io::Result<Output> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().expect("stdin is piped");
    std::thread::scope(|scope| {
        // A git that fails closes the pipe, and reports the reason on stderr.
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output()
    })
}
