//! `[[bucket]]`: the buckets of S3 and the versions of their objects.

use hyper::body::Bytes;
use jiff::Timestamp;
use toml::Spanned;

use super::content::Content;
use super::file::WorldFile;
use super::raw::{RawBucket, RawObject, RawS3};
use super::{AwsWorld, WorldError, zip};
use crate::s3::{BucketRecord, BucketVersioning, NewObject};

pub(super) fn settings(world: &mut AwsWorld, raw: RawS3) {
    if let Some(size) = raw.page_size {
        world.s3.page_size = size.into();
    }
}

pub(super) fn add(world: &AwsWorld, file: &WorldFile<'_>, raw: RawBucket) -> Result<(), WorldError> {
    let name = raw.name.get_ref();
    if !is_bucket_name(name) {
        let message = format!("`{name}` cannot be a bucket's name: 3 to 63 of a-z, 0-9, `.` and `-`");
        return Err(file.invalid(&raw.name, message));
    }
    let versioning = match &raw.versioning {
        None => BucketVersioning::Enabled,
        Some(word) => match file.one_of(word, "versioning", &["enabled", "suspended", "off"])? {
            "off" => BucketVersioning::Off,
            "suspended" => BucketVersioning::Suspended,
            _ => BucketVersioning::Enabled,
        },
    };
    let sends_events = raw.events.unwrap_or(true);
    let bucket = BucketRecord {
        name: name.clone(),
        region: raw.region,
        versioning,
        sends_events,
        versions: Vec::new(),
    };
    if !world.s3.add(bucket) {
        return Err(file.invalid(&raw.name, format!("bucket `{name}` is listed twice")));
    }
    for object in raw.object {
        if object.get_ref().bucket.is_some() {
            return Err(file.invalid(&object, "an object of a [[bucket]] has no `bucket`"));
        }
        let at = object.get_ref().modified.or(world.now).unwrap_or_else(Timestamp::now);
        let new = new_object(file, &object)?;
        world.s3.put(name, new, at).map_err(|error| file.invalid(&object, error.to_string()))?;
    }
    Ok(())
}

/// "General purpose bucket naming rules", Amazon S3 User Guide, without the reserved prefixes and suffixes.
fn is_bucket_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    (3..=63).contains(&name.len())
        && name.chars().all(allowed)
        && ends(name.chars().next())
        && ends(name.chars().last())
        && !name.contains("..")
}

/// What an entry of the world's file puts.
pub(super) fn new_object(file: &WorldFile<'_>, at: &Spanned<RawObject>) -> Result<NewObject, WorldError> {
    let raw = at.get_ref();
    if raw.key.is_empty() || raw.key.len() > 1024 {
        return Err(file.invalid(at, "an object's `key` has 1 to 1024 bytes"));
    }
    let bytes = match (&raw.content, &raw.file, &raw.zip, raw.deleted) {
        (Some(content), None, None, false) => Some(bytes(content)),
        (None, Some(name), None, false) => Some(
            file.bytes_beside(name)
                .map_err(|_| file.invalid(at, format!("cannot read {name} beside this file")))?,
        ),
        (None, None, Some(files), false) => {
            let files: Vec<_> = files.iter().map(|(name, content)| (&**name, bytes(content))).collect();
            Some(zip::archive(&files))
        }
        (None, None, None, true) => None,
        _ => {
            return Err(
                file.invalid(at, "an object has exactly one of content, file, zip and `deleted = true`")
            );
        }
    };
    let (key, version) = (raw.key.clone(), raw.version.clone());
    Ok(NewObject { key, bytes: bytes.map(Bytes::from), version })
}

fn bytes(content: &Content) -> Vec<u8> {
    match content {
        Content::Blob { bytes, .. } => bytes.clone(),
        Content::Submodule { commit } => commit.clone().into_bytes(),
    }
}
