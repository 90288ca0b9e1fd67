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
    /// The folder is not in a git repository.
    #[error("{path} is not a git repository: {stderr}")]
    NotARepository {
        /// The folder.
        path: PathBuf,
        /// What git printed to stderr, or a description of the problem.
        stderr: String,
    },
}
