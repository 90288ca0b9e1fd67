//! Owns how git is run: its environment, its exit codes and its output.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};

use crate::GitError;

/// A git command that its surroundings cannot change: no `GIT_*` variable, no configuration of the user or the machine.
///
/// Every git process of this crate is built here. A caller that writes to a repository of its own can build its commands here,
/// too.
///
/// ```
/// let version = git_reader::isolated_command().arg("--version").output().unwrap();
/// assert!(version.stdout.starts_with(b"git version"));
/// ```
pub fn isolated_command() -> Command {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"GIT_") {
            command.env_remove(name);
        }
    }
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
    // A clone of another owner is read too: no question of this crate runs a hook or a configured program.
    command
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*");
    command.env("GIT_OPTIONAL_LOCKS", "0").env("GIT_NO_LAZY_FETCH", "1").env("GIT_TERMINAL_PROMPT", "0");
    command.env("GIT_NO_REPLACE_OBJECTS", "1").env("GIT_GRAFT_FILE", "/dev/null");
    command.env("GIT_LITERAL_PATHSPECS", "1");
    command.stdin(Stdio::null());
    command
}

/// Starts git in `directory`. Every question of this crate goes through this function.
///
/// Without `git_folder`, git searches for the repository that contains the directory.
fn start(
    directory: &Path,
    git_folder: Option<&Path>,
    arguments: &[&str],
    stdin: Stdio,
) -> Result<Child, GitError> {
    let mut command = isolated_command();
    command.current_dir(directory).args(arguments);
    if let Some(folder) = git_folder {
        command.env("GIT_DIR", folder);
    }
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().map_err(|source| failed_to_run(arguments[0], directory, source))
}

/// The git folder that commands run on.
#[derive(Debug, Clone)]
pub(crate) struct GitFolder {
    path: PathBuf,
}

impl GitFolder {
    /// Finds the git folder as git does: `path` itself, its `.git`, or that of a folder above.
    pub(crate) fn discover(path: &Path) -> Result<GitFolder, GitError> {
        let not_a_repository = |stderr: &str| GitError::NotARepository {
            path: path.to_owned(),
            stderr: stderr.trim().to_owned(),
        };
        if !path.is_dir() {
            return Err(not_a_repository("there is no such folder"));
        }
        let child = start(path, None, &["rev-parse", "--absolute-git-dir"], Stdio::null())?;
        let output = child.wait_with_output().map_err(|source| failed_to_run("rev-parse", path, source))?;
        if !output.status.success() {
            return Err(not_a_repository(&String::from_utf8_lossy(&output.stderr)));
        }
        Ok(GitFolder { path: PathBuf::from(os_string(trim_newline(output.stdout))) })
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

    /// Not in the clone's work tree: git could mistake a file there (attributes, a `HEAD` file) for an argument.
    fn start(&self, arguments: &[&str], stdin: Stdio) -> Result<Child, GitError> {
        start(&self.path, Some(&self.path), arguments, stdin)
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
        if !status.success() {
            return Err(git.failed(&self.operation, stderr));
        }
        answer.map_err(|error| git.unexpected(&self.operation, error.to_string().as_bytes()))
    }
}

fn failed_to_run(operation: &str, repository: &Path, source: std::io::Error) -> GitError {
    GitError::Run { operation: operation.to_owned(), repository: repository.to_owned(), source }
}

fn trim_newline(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    bytes
}

#[cfg(unix)]
fn os_string(bytes: Vec<u8>) -> std::ffi::OsString {
    use std::os::unix::ffi::OsStrExt;
    OsStr::from_bytes(&bytes).to_owned()
}

#[cfg(not(unix))]
fn os_string(bytes: Vec<u8>) -> std::ffi::OsString {
    OsStr::new(&*String::from_utf8_lossy(&bytes)).to_owned()
}
