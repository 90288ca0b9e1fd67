//! ListObjectVersions.

use serde_json::{Value, json};

use super::{BucketRecord, ObjectVersionRecord, bucket_name};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::{ACCOUNT, Context};

/// The parameters that select a page.
struct VersionsAsked {
    prefix: String,
    key_marker: String,
    version_marker: Option<String>,
    most: usize,
    /// Whether keys are percent-encoded.
    encodes: bool,
}

/// By key, and the newest version of a key first.
pub(super) fn list_object_versions(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let name = bucket_name(context, &mut input)?;
    let asked = asked(context, &mut input)?;
    input.finish()?;
    let buckets = context.world.s3.lock();
    let bucket = buckets.get(&name).expect("it was there, and no bucket is removed");
    let versions = after(bucket, &asked)?;
    let page = &versions[..versions.len().min(asked.most)];
    let key = |key: &str| if asked.encodes { encoded(key) } else { key.to_owned() };
    let of = |is_marker: bool| -> Value {
        let some = page.iter().filter(|version| version.bytes.is_none() == is_marker);
        some.map(|version| shown(bucket, version, key(&version.key))).collect()
    };
    let mut output = json!({
        "Name": name,
        "Prefix": key(&asked.prefix),
        "KeyMarker": key(&asked.key_marker),
        "VersionIdMarker": asked.version_marker.unwrap_or_default(),
        "MaxKeys": asked.most,
        "IsTruncated": page.len() < versions.len(),
        "Versions": of(false),
        "DeleteMarkers": of(true),
    });
    if asked.encodes {
        output["EncodingType"] = json!("url");
    }
    if let Some(last) = page.last().filter(|_| page.len() < versions.len()) {
        output["NextKeyMarker"] = json!(key(&last.key));
        output["NextVersionIdMarker"] = json!(last.id);
    }
    Ok(output)
}

fn asked(context: &Context<'_>, input: &mut Members) -> Result<VersionsAsked, ErrorAnswer> {
    let invalid = |message: &str| Err(ErrorAnswer::new("InvalidArgument", message));
    let most = match input.integer("MaxKeys")? {
        None => 1000,
        Some(asked) => match usize::try_from(asked) {
            Ok(asked) => asked.min(1000),
            Err(_) => return invalid("Argument maxKeys must be an integer between 0 and 2147483647"),
        },
    };
    let encodes = match input.string("EncodingType")?.as_deref() {
        None => false,
        Some("url") => true,
        Some(_) => return invalid("Invalid Encoding Method specified in Request"),
    };
    let key_marker = input.string("KeyMarker")?.unwrap_or_default();
    let version_marker = input.string("VersionIdMarker")?;
    if version_marker.is_some() && key_marker.is_empty() {
        return invalid("A version-id marker cannot be specified without a key marker.");
    }
    Ok(VersionsAsked {
        prefix: input.string("Prefix")?.unwrap_or_default(),
        key_marker,
        version_marker,
        most: most.min(context.world.s3.page_size),
        encodes,
    })
}

/// The versions after the markers, in the order of the list.
fn after<'b>(
    bucket: &'b BucketRecord,
    asked: &VersionsAsked,
) -> Result<Vec<&'b ObjectVersionRecord>, ErrorAnswer> {
    let mut all: Vec<_> =
        bucket.versions.iter().rev().filter(|version| version.key.starts_with(&asked.prefix)).collect();
    // A stable sort: the newest version of a key stays the first.
    all.sort_by(|one, other| one.key.cmp(&other.key));
    let Some(id) = &asked.version_marker else {
        return Ok(all.into_iter().filter(|version| version.key > asked.key_marker).collect());
    };
    let marker = all.iter().position(|version| version.key == asked.key_marker && version.id == *id);
    match marker {
        Some(place) => Ok(all.split_off(place + 1)),
        None => Err(ErrorAnswer::new("InvalidArgument", "Invalid version id specified")),
    }
}

fn shown(bucket: &BucketRecord, version: &ObjectVersionRecord, key: String) -> Value {
    let is_latest = bucket.latest(&version.key).is_some_and(|latest| latest.id == version.id);
    let mut shown = json!({
        "Key": key,
        "VersionId": version.id,
        "IsLatest": is_latest,
        "LastModified": version.modified.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string(),
        "Owner": {"ID": format!("{ACCOUNT:0>64}")},
    });
    if let Some(bytes) = &version.bytes {
        shown["ETag"] = json!(version.etag());
        shown["Size"] = json!(bytes.len());
        shown["StorageClass"] = json!("STANDARD");
    }
    shown
}

fn encoded(key: &str) -> String {
    form_urlencoded::byte_serialize(key.as_bytes()).collect()
}
