//! Owns the errors of this crate: git could not be started, failed, or gave an answer that cannot be read.

use std::path::PathBuf;

/// The reason for which git gave no answer. A missing commit, branch or file is the answer `None`, and no error.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// git could not be started, or its output could not be read.
    #[error("failed to run `git {operation}` in {repository}")]
    Run {
        /// git's subcommand.
        operation: String,
        /// The repository's git folder.
        repository: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// git exited with an error.
    #[error("`git {operation}` failed in {repository}: {stderr}")]
    Failed {
        /// git's subcommand.
        operation: String,
        /// The repository's git folder.
        repository: PathBuf,
        /// What git printed to stderr.
        stderr: String,
    },
    /// git's output does not have the documented format.
    #[error("the output of `git {operation}` in {repository} could not be read: {answer}")]
    Unexpected {
        /// git's subcommand.
        operation: String,
        /// The repository's git folder.
        repository: PathBuf,
        /// The start of the output, or a description of the problem.
        answer: String,
    },
    /// The folder is not a git repository.
    #[error("{path} is not a git repository: {stderr}")]
    NotARepository {
        /// The folder.
        path: PathBuf,
        /// A description of the problem.
        stderr: String,
    },
    /// The folder is inside the working tree of a clone. Content of a working tree is not opened as a repository.
    #[error(
        "{path} is {what} inside the clone {clone}; give the top of a clone, the folder that contains .git"
    )]
    NotTheTop {
        /// The folder.
        path: PathBuf,
        /// What the folder is.
        what: &'static str,
        /// The clone that contains the folder.
        clone: PathBuf,
    },
    /// The repository cannot be read: a format that this crate does not know, or a failure to prepare the reading.
    #[error("{path} cannot be read: {why}")]
    Unreadable {
        /// The repository's git folder.
        path: PathBuf,
        /// A description of the problem.
        why: String,
    },
    /// A bare repository has no working tree.
    #[error("{path} is a bare repository, which has no working tree")]
    NoWorkTree {
        /// The repository's git folder.
        path: PathBuf,
    },
}
