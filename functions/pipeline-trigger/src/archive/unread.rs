//! Why an archive cannot be compared, as values, and the one place where their sentences are written.

use shared::call_error::CallError;

use super::directory::{LARGEST_DIRECTORY, MOST_FILES};

/// Why the changed files of an archive are unknown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveUnknown {
    /// The event names no version, so that there is no version before it.
    #[error("the event has no version of the object, because the bucket is not versioned")]
    NoVersion,
    /// The version before could not be found.
    #[error("the object's versions could not be listed ({0})")]
    Versions(CallError),
    /// The new archive cannot be read.
    #[error("the archive cannot be read: {0}")]
    Archive(ArchiveUnread),
    /// The archive of the version before cannot be read.
    #[error("the archive of the earlier version {version} cannot be read: {why}")]
    Earlier {
        /// The version.
        version: String,
        /// Why.
        why: ArchiveUnread,
    },
    /// The invocation had no time left.
    #[error("the function's time ran out")]
    NoTime,
}

/// Why the directory of an archive cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveUnread {
    /// The call failed.
    #[error("GetObject failed ({0})")]
    Call(CallError),
    /// The object has no bytes.
    #[error("the object is empty")]
    Empty,
    /// S3 did not return the requested range.
    #[error("S3 returned other bytes than the requested range")]
    OtherRange,
    /// It is no zip archive, or a damaged one.
    #[error("it is no whole zip archive ({0})")]
    Malformed(String),
    /// The directory goes on after the end of the object.
    #[error("the directory ends in the middle of an entry")]
    Truncated,
    /// The directory is too large.
    #[error("the directory has more than {LARGEST_DIRECTORY} bytes")]
    TooLarge,
    /// The archive has too many files.
    #[error("the archive has more than {MOST_FILES} files")]
    TooManyFiles,
    /// The name of a file is marked as UTF-8, and could not be read as such.
    #[error("the name of the file `{0}` is not in the encoding that the archive declares for it")]
    NameUnread(String),
    /// An encrypted file has no CRC, as WinZip's AE-2 writes it.
    #[error("the file `{0}` is encrypted and has no CRC")]
    NoCrc(String),
}
