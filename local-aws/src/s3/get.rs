//! GetObject and HeadObject.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::range::ByteRange;
use super::{BucketRecord, BucketVersioning, ObjectVersionRecord, bucket_name};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

pub(super) fn get_object(context: &Context<'_>, input: Members) -> Result<Value, ErrorAnswer> {
    let (mut output, bytes) = object(context, input)?;
    output["Body"] = BASE64.encode(bytes).into();
    Ok(output)
}

pub(super) fn head_object(context: &Context<'_>, input: Members) -> Result<Value, ErrorAnswer> {
    object(context, input).map(|(output, _)| output)
}

/// The metadata of an object, and the requested bytes.
fn object(context: &Context<'_>, mut input: Members) -> Result<(Value, Vec<u8>), ErrorAnswer> {
    let bucket = bucket_name(context, &mut input)?;
    let key = input.string("Key")?.unwrap_or_default();
    let id = input.string("VersionId")?;
    let range = input.string("Range")?;
    let (matching, none_matching) = (input.string("IfMatch")?, input.string("IfNoneMatch")?);
    input.finish()?;
    let buckets = context.world.s3.lock();
    let bucket = buckets.get(&bucket).expect("it was there, and no bucket is removed");
    let version = version(bucket, &key, id.as_deref())?;
    conditions(&version.etag(), matching.as_deref(), none_matching.as_deref())?;
    let all = version.bytes.as_deref().unwrap_or_default();
    let range = range.as_deref().map(|text| ByteRange::read(text, all.len())).transpose()?.flatten();
    let bytes = range.map_or(all, |range| &all[range.first..range.end]);
    let mut output = json!({
        "AcceptRanges": "bytes",
        "ContentLength": bytes.len(),
        "ContentType": "binary/octet-stream",
        "ETag": version.etag(),
        "LastModified": version.modified.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
    });
    if bucket.versioning != BucketVersioning::Off {
        output["VersionId"] = json!(version.id);
    }
    if let Some(range) = range {
        output["ContentRange"] = json!(format!("bytes {}-{}/{}", range.first, range.end - 1, all.len()));
    }
    Ok((output, bytes.to_vec()))
}

/// The version of that id, or the latest one. A delete marker is no object: it cannot be read by its id, and it hides the
/// versions before it.
fn version<'b>(
    bucket: &'b BucketRecord,
    key: &str,
    id: Option<&str>,
) -> Result<&'b ObjectVersionRecord, ErrorAnswer> {
    let Some(id) = id else {
        let missing =
            || ErrorAnswer::new("NoSuchKey", "The specified key does not exist.").with("Key", key.into());
        let latest = bucket.latest(key).ok_or_else(missing)?;
        return match latest.bytes {
            Some(_) => Ok(latest),
            None => Err(missing().with("x-amz-delete-marker", "true".into())),
        };
    };
    let found = bucket.versions.iter().find(|version| version.key == key && version.id == id);
    let found = found.ok_or_else(|| {
        let message = "The specified version does not exist.";
        ErrorAnswer::new("NoSuchVersion", message).with("Key", key.into()).with("VersionId", id.into())
    })?;
    if found.bytes.is_none() {
        let message = "The specified method is not allowed against this resource.";
        return Err(ErrorAnswer::new("MethodNotAllowed", message).with("x-amz-delete-marker", "true".into()));
    }
    Ok(found)
}

fn conditions(etag: &str, matching: Option<&str>, none_matching: Option<&str>) -> Result<(), ErrorAnswer> {
    // Clients send an ETag with and without its quotes.
    let is = |given: &str| {
        given == "*" || given.split(',').any(|one| one.trim().trim_matches('"') == etag.trim_matches('"'))
    };
    if matching.is_some_and(|given| !is(given)) {
        let message = "At least one of the pre-conditions you specified did not hold";
        return Err(ErrorAnswer::new("PreconditionFailed", message).with("Condition", "If-Match".into()));
    }
    match none_matching.is_some_and(is) {
        true => Err(ErrorAnswer::new("NotModified", "Not Modified").with("etag", etag.into())),
        false => Ok(()),
    }
}
