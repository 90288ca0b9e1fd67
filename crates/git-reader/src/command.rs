//! Owns how git is run: its processes, its exit codes and its output.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;

use crate::closed_folder::ClosedFolder;
use crate::{GitError, isolated_command};

/// The author of the commit of a working tree.
const IDENTITY: [(&str, &str); 6] = [
    ("GIT_AUTHOR_NAME", "the working tree"),
    ("GIT_AUTHOR_EMAIL", ""),
    ("GIT_AUTHOR_DATE", "1767225600 +0000"),
    ("GIT_COMMITTER_NAME", "the working tree"),
    ("GIT_COMMITTER_EMAIL", ""),
    ("GIT_COMMITTER_DATE", "1767225600 +0000"),
];

/// A repository's git folder, and the closed folder through which git reads it.
#[derive(Debug, Clone)]
pub(crate) struct GitFolder {
    path: PathBuf,
    closed: Arc<ClosedFolder>,
}

impl GitFolder {
    pub(crate) fn new(path: PathBuf, closed: ClosedFolder) -> GitFolder {
        GitFolder { path, closed: Arc::new(closed) }
    }

    pub(crate) fn closed(&self) -> &ClosedFolder {
        &self.closed
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs git and reads its whole output.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<GitOutput, GitError> {
        self.run_with_input(arguments, b"")
    }

    /// The same, with `input` as git's stdin. The input must fit into a pipe's buffer.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Result<GitOutput, GitError> {
        let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
        let mut child = self.start(arguments, stdin)?;
        let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(input));
        let output = written.and_then(|()| child.wait_with_output());
        let output = output.map_err(|source| failed_to_run(arguments[0], &self.path, source))?;
        Ok(GitOutput { operation: arguments[0].to_owned(), output })
    }

    /// Starts git, to read its output while git writes it.
    pub(crate) fn stream(&self, arguments: &[&str]) -> Result<RunningGit, GitError> {
        let child = self.start(arguments, Stdio::null())?;
        Ok(RunningGit { operation: arguments[0].to_owned(), child })
    }

    /// Runs git in the working tree `top`, on the index of the closed folder.
    pub(crate) fn run_in_work_tree(
        &self,
        top: &Path,
        arguments: &[&str],
        input: Vec<u8>,
    ) -> Result<GitOutput, GitError> {
        let mut command = self.command(arguments);
        command.current_dir(top).env("GIT_WORK_TREE", top).env("GIT_INDEX_FILE", self.closed.index());
        // check-ignore refuses to run with it.
        command.envs(IDENTITY).env_remove("GIT_LITERAL_PATHSPECS");
        let failed = |source| failed_to_run(arguments[0], &self.path, source);
        let mut child = command.stdin(Stdio::piped()).spawn().map_err(failed)?;
        let mut stdin = child.stdin.take().expect("stdin is piped");
        // Written at the same time as git's output is read. A git that fails closes the pipe, and reports why on stderr.
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().map_err(failed)?;
        let _ = writer.join();
        Ok(GitOutput { operation: arguments[0].to_owned(), output })
    }

    fn start(&self, arguments: &[&str], stdin: Stdio) -> Result<Child, GitError> {
        let child = self.command(arguments).stdin(stdin).spawn();
        child.map_err(|source| failed_to_run(arguments[0], &self.path, source))
    }

    /// git in the closed folder, not in the clone: git could mistake a file there (attributes, a `HEAD` file) for an argument.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = isolated_command(&self.closed.git());
        command.args(arguments).envs(self.closed.objects());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn failed(&self, operation: &str, stderr: &[u8]) -> GitError {
        let stderr = String::from_utf8_lossy(stderr).trim().to_owned();
        GitError::Failed { operation: operation.to_owned(), repository: self.path.clone(), stderr }
    }

    pub(crate) fn unexpected(&self, operation: &str, answer: &[u8]) -> GitError {
        let answer = String::from_utf8_lossy(answer).chars().take(200).collect();
        GitError::Unexpected { operation: operation.to_owned(), repository: self.path.clone(), answer }
    }
}

/// git's exit code and output.
#[derive(Debug)]
pub(crate) struct GitOutput {
    operation: String,
    output: Output,
}

impl GitOutput {
    pub(crate) fn bytes(self, git: &GitFolder) -> Result<Vec<u8>, GitError> {
        if self.output.status.success() {
            return Ok(self.output.stdout);
        }
        Err(git.failed(&self.operation, &self.output.stderr))
    }

    /// The same for a command whose exit code 1 reports that nothing was found.
    pub(crate) fn bytes_of_found_or_none(self, git: &GitFolder) -> Result<Vec<u8>, GitError> {
        match self.output.status.code() {
            Some(1) => Ok(self.output.stdout),
            _ => self.bytes(git),
        }
    }

    pub(crate) fn text(self, git: &GitFolder) -> Result<String, GitError> {
        Ok(String::from_utf8_lossy(&self.bytes(git)?).into_owned())
    }

    /// With exit code 1 these commands report "there is none"; any other code but 0 is a failure.
    pub(crate) fn line_or_none(self, git: &GitFolder) -> Result<Option<String>, GitError> {
        if self.output.status.code() == Some(1) {
            return Ok(None);
        }
        Ok(self.text(git)?.lines().next().map(str::to_owned))
    }
}

/// A git process that is still writing.
pub(crate) struct RunningGit {
    operation: String,
    child: Child,
}

impl RunningGit {
    /// Reads the whole output with `read`, then checks git's exit code.
    pub(crate) fn finish<T>(
        mut self,
        git: &GitFolder,
        read: impl FnOnce(ChildStdout) -> std::io::Result<T>,
    ) -> Result<T, GitError> {
        let stdout = self.child.stdout.take().expect("stdout is piped");
        let mut stderr = self.child.stderr.take().expect("stderr is piped");
        // Read at the same time as stdout: git stops when one pipe is full and this side waits for the other.
        let stderr = std::thread::spawn(move || {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).map(|_| text)
        });
        let answer = read(stdout);
        let status = self.child.wait();
        let stderr = stderr.join().expect("reading stderr does not panic").unwrap_or_default();
        self.checked(git, answer, status, &stderr)
    }

    fn checked<T>(
        self,
        git: &GitFolder,
        answer: std::io::Result<T>,
        status: std::io::Result<ExitStatus>,
        stderr: &[u8],
    ) -> Result<T, GitError> {
        let status = status.map_err(|source| failed_to_run(&self.operation, &git.path, source))?;
        // A reader that stops early ends git by a signal.
        let ended_by_reader = answer.is_err() && status.code().is_none();
        if !status.success() && !ended_by_reader {
            return Err(git.failed(&self.operation, stderr));
        }
        answer.map_err(|error| git.unexpected(&self.operation, error.to_string().as_bytes()))
    }
}

fn failed_to_run(operation: &str, repository: &Path, source: std::io::Error) -> GitError {
    GitError::Run { operation: operation.to_owned(), repository: repository.to_owned(), source }
}
