//! Puts an object into a bucket or deletes it, and puts the event on the bus.

use hyper::body::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{BucketRecord, BucketVersioning, NULL_VERSION, ObjectVersionRecord, S3};
use crate::bus::{Bus, BusEvent};
use crate::ids;
use crate::service::ACCOUNT;

/// The reason for which an object could not be put.
#[derive(Debug, thiserror::Error)]
pub enum PutObjectError {
    #[error("there is no bucket `{bucket}`")]
    NoBucket { bucket: String },
    #[error("bucket {bucket} has a version `{id}` of `{key}` already")]
    VersionExists { bucket: String, key: String, id: String },
}

/// What is put.
#[derive(Debug, Clone)]
pub(crate) struct NewObject {
    pub(crate) key: String,
    /// `None` for a deletion.
    pub(crate) bytes: Option<Bytes>,
    /// Default: derived from bucket, key and place. Without effect if the bucket is not versioned.
    pub(crate) version: Option<String>,
}

impl S3 {
    /// Puts an object, and returns the id of its version.
    pub(crate) fn put(&self, bucket: &str, new: NewObject, at: Timestamp) -> Result<String, PutObjectError> {
        let mut buckets = self.lock();
        let bucket =
            buckets.get_mut(bucket).ok_or_else(|| PutObjectError::NoBucket { bucket: bucket.to_owned() })?;
        let id = version_id(bucket, &new)?;
        let is_replaced =
            |version: &ObjectVersionRecord| version.key == new.key && version.id == NULL_VERSION;
        if id == NULL_VERSION {
            bucket.versions.retain(|version| !is_replaced(version));
        }
        // Without versioning, a deletion leaves nothing.
        if new.bytes.is_some() || bucket.versioning != BucketVersioning::Off {
            let (key, bytes) = (new.key, new.bytes);
            bucket.versions.push(ObjectVersionRecord { key, id: id.clone(), bytes, modified: at });
        }
        Ok(id)
    }

    /// Puts an object, and puts the event of it on the bus if the bucket sends events.
    pub(crate) fn put_with_event(
        &self,
        bus: &Bus,
        (region, at): (&str, Timestamp),
        bucket: &str,
        new: NewObject,
    ) -> Result<String, PutObjectError> {
        let (key, is_deleted) = (new.key.clone(), new.bytes.is_none());
        let id = self.put(bucket, new, at)?;
        let buckets = self.lock();
        let Some(of) = buckets.get(bucket).filter(|bucket| bucket.sends_events) else { return Ok(id) };
        let detail_type = if is_deleted { "Object Deleted" } else { "Object Created" };
        let resource = format!("arn:aws:s3:::{bucket}");
        let detail = detail(of, &key, &id);
        let region = of.region.as_deref().unwrap_or(region);
        bus.put(BusEvent { source: "aws.s3", detail_type, region, at, resource: &resource, detail });
        Ok(id)
    }
}

fn version_id(bucket: &BucketRecord, new: &NewObject) -> Result<String, PutObjectError> {
    if bucket.versioning != BucketVersioning::Enabled {
        return Ok(NULL_VERSION.to_owned());
    }
    let count = bucket.versions.len().to_string();
    let derived = || ids::digest(&["object version", &bucket.name, &new.key, &count])[..32].to_owned();
    let id = new.version.clone().unwrap_or_else(derived);
    match bucket.versions.iter().any(|version| version.key == new.key && version.id == id) {
        true => Err(PutObjectError::VersionExists { bucket: bucket.name.clone(), key: new.key.clone(), id }),
        false => Ok(id),
    }
}

/// "EventBridge event message structure", Amazon S3 User Guide. The key is not encoded there.
fn detail(bucket: &BucketRecord, key: &str, id: &str) -> Value {
    let version = bucket.versions.iter().rev().find(|version| version.key == key && version.id == id);
    let sequencer = format!("{:018X}", bucket.versions.len());
    let mut object = json!({"key": key});
    if let Some(version) = version
        && let Some(bytes) = &version.bytes
    {
        object["size"] = json!(bytes.len());
        object["etag"] = json!(version.etag().trim_matches('"'));
    }
    if bucket.versioning == BucketVersioning::Enabled {
        object["version-id"] = json!(id);
    }
    object["sequencer"] = json!(sequencer);
    let is_deletion = version.is_none_or(|version| version.bytes.is_none());
    let mut detail = json!({
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": object,
        "request-id": ids::uuid(&["request", &bucket.name, key, id])[..16].to_uppercase(),
        "requester": ACCOUNT,
        "source-ip-address": "192.0.2.1",
        "reason": if is_deletion { "DeleteObject" } else { "PutObject" },
    });
    if is_deletion {
        let kind = match bucket.versioning {
            BucketVersioning::Off => "Permanently Deleted",
            _ => "Delete Marker Created",
        };
        detail["deletion-type"] = json!(kind);
    }
    detail
}
