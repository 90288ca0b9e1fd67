//! Reads ranges of an object's version from S3, and finds the version before it.

use std::cmp::Reverse;

use aws_sdk_s3::Client;
use shared::call_error::CallError;

use super::unread::ArchiveUnread;
use crate::object::CreatedObject;

const GET: &str = "s3:GetObjectVersion";
const LIST: &str = "s3:ListBucketVersions";

/// Gives ranges of an archive.
pub(super) trait ArchiveBytes {
    /// The bytes of a range, as far as the archive has them.
    async fn range(&self, range: ArchiveRange) -> Result<ArchivePart, ArchiveUnread>;
}

/// A range of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArchiveRange {
    /// So many bytes at the end.
    Last(u64),
    /// So many bytes from an offset on.
    From { offset: u64, length: u64 },
}

/// Some bytes of an archive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ArchivePart {
    pub(super) offset: u64,
    pub(super) bytes: Vec<u8>,
    /// The size of the whole archive.
    pub(super) size: u64,
}

/// One version of an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct ArchiveVersion<'a> {
    pub(super) s3: &'a Client,
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    pub(super) version: &'a str,
}

impl ArchiveBytes for ArchiveVersion<'_> {
    async fn range(&self, range: ArchiveRange) -> Result<ArchivePart, ArchiveUnread> {
        let (header, most) = match range {
            ArchiveRange::Last(length) => (format!("bytes=-{length}"), length),
            ArchiveRange::From { offset, length } => {
                (format!("bytes={offset}-{}", offset.saturating_add(length).saturating_sub(1)), length)
            }
        };
        let call = self.s3.get_object().bucket(self.bucket).key(self.key).version_id(self.version);
        let output = match call.range(header).send().await.map_err(|error| CallError::new(GET, error)) {
            Ok(output) => output,
            // Only an object without bytes has no last byte.
            Err(error) if error.has_code("InvalidRange") && matches!(range, ArchiveRange::Last(_)) => {
                return Err(ArchiveUnread::Empty);
            }
            Err(error) => return Err(ArchiveUnread::Call(error)),
        };
        let (offset, size) = output.content_range().and_then(place).ok_or(ArchiveUnread::OtherRange)?;
        // A server that ignores the range would send the whole object.
        if output
            .content_length()
            .is_none_or(|length| u64::try_from(length).map_or(true, |length| length > most))
        {
            return Err(ArchiveUnread::OtherRange);
        }
        let body = output.body.collect().await;
        let body = body.map_err(|error| {
            ArchiveUnread::Call(CallError::without_answer(GET, shared::text::chain(&error)))
        })?;
        Ok(ArchivePart { offset, bytes: body.to_vec(), size })
    }
}

/// The first byte and the whole size of `bytes 2-4/10`.
fn place(content_range: &str) -> Option<(u64, u64)> {
    let (range, size) = content_range.strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split_once('-')?.0.parse().ok()?, size.parse().ok()?))
}

/// The version of the object before this one; none if there is no earlier one, or if the object was deleted before.
pub(super) async fn earlier_version(
    s3: &Client,
    object: &CreatedObject,
    version: &str,
) -> Result<Option<String>, CallError> {
    let call = s3.list_object_versions().bucket(&object.bucket).prefix(&object.key);
    // Two: documents do not say clearly whether the list begins with the marker or after it.
    let call = call.key_marker(&object.key).version_id_marker(version).max_keys(2);
    let page = call.send().await.map_err(|error| CallError::new(LIST, error))?;
    let seconds = |time: Option<&aws_sdk_s3::primitives::DateTime>| time.map_or(0, |time| time.secs());
    let versions = page.versions().iter().filter(|one| one.key() == Some(&object.key));
    let versions = versions.filter_map(|one| Some((seconds(one.last_modified()), one.version_id()?, false)));
    let markers = page.delete_markers().iter().filter(|one| one.key() == Some(&object.key));
    let markers = markers.filter_map(|one| Some((seconds(one.last_modified()), one.version_id()?, true)));
    // At the same second, the delete marker counts: then every file does.
    let newest = versions.chain(markers).filter(|(_, id, _)| *id != version);
    let newest = newest.min_by_key(|(modified, _, is_marker)| (Reverse(*modified), Reverse(*is_marker)));
    Ok(newest.filter(|(_, _, is_marker)| !is_marker).map(|(_, id, _)| id.to_owned()))
}
