//! Owns the errors of reading a folder.

use std::io;
use std::path::PathBuf;

/// Why a folder could not be listed.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// The system refused it.
    #[error("{} cannot be listed", path.display())]
    List {
        /// The folder or file.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// There are too many files.
    #[error("{} has more than {most} files and folders", path.display())]
    TooManyFiles {
        /// The folder.
        path: PathBuf,
        /// The limit.
        most: usize,
    },
}
