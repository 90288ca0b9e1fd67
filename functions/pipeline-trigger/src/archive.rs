//! What changed in a zip archive between two versions of an object: names, CRCs and sizes of its directory, read by ranges.

mod bytes;
mod difference;
mod directory;
mod unread;

use std::time::Instant;

use tokio::time::timeout_at;

use crate::object::CreatedObject;
use bytes::{ArchiveVersion, earlier_version};
use difference::changed;
use directory::read;

pub use directory::ArchivedFile;
pub use unread::{ArchiveUnknown, ArchiveUnread};

/// The files of an archive that changed since the version before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArchiveChanges {
    /// The names, sorted.
    pub files: Vec<String>,
    /// The version that was compared with; none if there is no earlier one, and every file counts.
    pub compared_with: Option<String>,
}

/// Compares the directories of an object's version and of the version before.
///
/// # Errors
/// Why the changes are unknown.
pub async fn changes(
    s3: &aws_sdk_s3::Client,
    object: &CreatedObject,
    until: Instant,
) -> Result<ArchiveChanges, ArchiveUnknown> {
    let compared = timeout_at(until.into(), compared(s3, object)).await;
    compared.unwrap_or(Err(ArchiveUnknown::NoTime))
}

async fn compared(s3: &aws_sdk_s3::Client, object: &CreatedObject) -> Result<ArchiveChanges, ArchiveUnknown> {
    let version = object.version.as_deref().ok_or(ArchiveUnknown::NoVersion)?;
    let of = |version| ArchiveVersion { s3, bucket: &object.bucket, key: &object.key, version };
    // Of several held versions, what changed since the first of them counts.
    let since = object.held_since.as_deref().unwrap_or(version);
    let earlier = earlier_version(s3, object, since).await.map_err(ArchiveUnknown::Versions)?;
    let after = read(&of(version)).await.map_err(ArchiveUnknown::Archive)?;
    let before = match &earlier {
        None => Vec::new(),
        Some(earlier) => read(&of(earlier))
            .await
            .map_err(|why| ArchiveUnknown::Earlier { version: earlier.clone(), why })?,
    };
    Ok(ArchiveChanges { files: changed(before, after), compared_with: earlier })
}
