//! Runs git: its environment, its exit codes, its output.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};

use super::GitError;

/// A git command that nothing around it can change: no `GIT_*` variable, no user's or machine's configuration.
pub(crate) fn plain() -> Command {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"GIT_") {
            command.env_remove(name);
        }
    }
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
    // A clone that belongs to someone else is read all the same: no hook and no configured program runs here.
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

/// The git folder that commands run on.
#[derive(Debug, Clone)]
pub(super) struct Git {
    folder: PathBuf,
}

impl Git {
    /// Finds the git folder as git does: `path` itself, its `.git`, or that of a folder above.
    pub(super) fn discover(path: &Path) -> Result<Git, GitError> {
        let not_a_repository = |stderr: &str| GitError::NotARepository {
            path: path.to_owned(),
            stderr: stderr.trim().to_owned(),
        };
        if !path.is_dir() {
            return Err(not_a_repository("there is no such folder"));
        }
        let output = plain().current_dir(path).args(["rev-parse", "--absolute-git-dir"]).output();
        let output = output.map_err(|source| failed_to_run("rev-parse", path, source))?;
        if !output.status.success() {
            return Err(not_a_repository(&String::from_utf8_lossy(&output.stderr)));
        }
        Ok(Git { folder: PathBuf::from(os_string(trim_newline(output.stdout))) })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs git and takes its whole output.
    pub(super) fn ask(&self, arguments: &[&str]) -> Result<Asked, GitError> {
        let operation = arguments[0];
        let output = self.command(arguments).output();
        let output = output.map_err(|source| failed_to_run(operation, &self.folder, source))?;
        Ok(Asked { operation: operation.to_owned(), output })
    }

    /// Starts git, to read its output as it comes.
    pub(super) fn stream(&self, arguments: &[&str]) -> Result<Streaming, GitError> {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().map_err(|source| failed_to_run(arguments[0], &self.folder, source))?;
        Ok(Streaming { operation: arguments[0].to_owned(), child })
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = plain();
        // Not the clone's own folder: what is there (attributes, a `HEAD` file) must not be mistaken for arguments.
        command.env("GIT_DIR", &self.folder).current_dir(&self.folder).args(arguments);
        command
    }

    pub(super) fn failed(&self, operation: &str, stderr: &[u8]) -> GitError {
        let stderr = String::from_utf8_lossy(stderr).trim().to_owned();
        GitError::Failed { operation: operation.to_owned(), repository: self.folder.clone(), stderr }
    }

    pub(super) fn unexpected(&self, operation: &str, answer: &[u8]) -> GitError {
        let answer = String::from_utf8_lossy(answer).chars().take(200).collect();
        GitError::Unexpected { operation: operation.to_owned(), repository: self.folder.clone(), answer }
    }
}

/// What git answered, exit code included.
pub(super) struct Asked {
    operation: String,
    output: Output,
}

impl Asked {
    pub(super) fn bytes(self, git: &Git) -> Result<Vec<u8>, GitError> {
        if self.output.status.success() {
            return Ok(self.output.stdout);
        }
        Err(git.failed(&self.operation, &self.output.stderr))
    }

    pub(super) fn text(self, git: &Git) -> Result<String, GitError> {
        Ok(String::from_utf8_lossy(&self.bytes(git)?).into_owned())
    }

    /// Exit code 1 is how these commands say "there is none"; anything else that is not 0 went wrong.
    pub(super) fn line_or_none(self, git: &Git) -> Result<Option<String>, GitError> {
        if self.output.status.code() == Some(1) {
            return Ok(None);
        }
        Ok(self.text(git)?.lines().next().map(str::to_owned))
    }
}

/// A git that is still writing.
pub(super) struct Streaming {
    operation: String,
    child: Child,
}

impl Streaming {
    /// Reads all output with `read`, then says whether git was content.
    pub(super) fn finish<T>(
        mut self,
        git: &Git,
        read: impl FnOnce(ChildStdout) -> std::io::Result<T>,
    ) -> Result<T, GitError> {
        let stdout = self.child.stdout.take().expect("stdout is piped");
        let mut stderr = self.child.stderr.take().expect("stderr is piped");
        // Drained beside stdout: a git that fills one pipe while we wait on the other would never end.
        let complaints = std::thread::spawn(move || {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).map(|_| text)
        });
        let answer = read(stdout);
        let status = self.child.wait();
        let stderr = complaints.join().expect("reading git's complaints does not panic").unwrap_or_default();
        self.judge(git, answer, status, &stderr)
    }

    fn judge<T>(
        self,
        git: &Git,
        answer: std::io::Result<T>,
        status: std::io::Result<ExitStatus>,
        stderr: &[u8],
    ) -> Result<T, GitError> {
        let status = status.map_err(|source| failed_to_run(&self.operation, &git.folder, source))?;
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
