//! S3: GetObject (with ranges, versions and conditions), HeadObject and ListObjectVersions, and the buckets.
//!
//! Names of members and errors follow the Amazon S3 API Reference. Objects are put by the world's file, by its timeline
//! and by [`crate::LocalAws::put_object`], not by a call.

mod get;
mod put;
mod range;
mod versions;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use hyper::body::Bytes;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::{ACCOUNT, Context, Service};

pub(crate) use put::NewObject;
pub use put::PutObjectError;

pub(crate) const SERVICE: Service = Service {
    name: "s3",
    // Requests do not name one.
    api: "",
    operations: &[
        ("GetObject", get::get_object),
        ("HeadObject", get::head_object),
        ("ListObjectVersions", versions::list_object_versions),
    ],
};

/// The id of the version of an object that was put without versioning.
pub(crate) const NULL_VERSION: &str = "null";

/// Every bucket, by name.
#[derive(Debug)]
pub(crate) struct S3 {
    /// Versions in a page, if the caller requests no smaller one.
    pub(crate) page_size: usize,
    buckets: Mutex<BTreeMap<String, BucketRecord>>,
}

impl Default for S3 {
    fn default() -> S3 {
        S3 { page_size: 1000, buckets: Mutex::default() }
    }
}

/// One bucket.
#[derive(Debug)]
pub(crate) struct BucketRecord {
    pub(crate) name: String,
    /// `None`: it answers in every region.
    pub(crate) region: Option<String>,
    pub(crate) versioning: BucketVersioning,
    /// Whether its events reach EventBridge.
    pub(crate) sends_events: bool,
    /// In the order in which they were put.
    pub(crate) versions: Vec<ObjectVersionRecord>,
}

/// The versioning of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BucketVersioning {
    Off,
    Enabled,
    Suspended,
}

/// One version of an object, or a delete marker.
#[derive(Debug, Clone)]
pub(crate) struct ObjectVersionRecord {
    pub(crate) key: String,
    pub(crate) id: String,
    /// `None` for a delete marker.
    pub(crate) bytes: Option<Bytes>,
    pub(crate) modified: Timestamp,
}

impl ObjectVersionRecord {
    /// In quotes, as on the wire. AWS uses the MD5 of an object that was put in one part.
    pub(crate) fn etag(&self) -> String {
        let digest = Sha256::digest(self.bytes.as_deref().unwrap_or_default());
        let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("\"{hex}\"")
    }
}

impl BucketRecord {
    /// The newest version of a key.
    fn latest(&self, key: &str) -> Option<&ObjectVersionRecord> {
        self.versions.iter().rev().find(|version| version.key == key)
    }
}

impl S3 {
    /// Adds a bucket, and returns whether its name was free.
    pub(crate) fn add(&self, bucket: BucketRecord) -> bool {
        let mut buckets = self.lock();
        let is_free = !buckets.contains_key(&bucket.name);
        if is_free {
            buckets.insert(bucket.name.clone(), bucket);
        }
        is_free
    }

    pub(crate) fn has(&self, bucket: &str) -> bool {
        self.lock().contains_key(bucket)
    }

    /// The ids of the versions of a key, oldest first.
    pub(crate) fn version_ids(&self, bucket: &str, key: &str) -> Vec<String> {
        let buckets = self.lock();
        let versions = buckets.get(bucket).into_iter().flat_map(|bucket| &bucket.versions);
        versions.filter(|version| version.key == key).map(|version| version.id.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, BucketRecord>> {
        self.buckets.lock().expect("no holder of this lock panics")
    }
}

/// Takes the bucket's name, and checks what S3 checks before the operation itself.
fn bucket_name(context: &Context<'_>, input: &mut Members) -> Result<String, ErrorAnswer> {
    let name = input.string("Bucket")?.unwrap_or_default();
    let owner = input.string("ExpectedBucketOwner")?;
    let buckets = context.world.s3.lock();
    let Some(bucket) = buckets.get(&name) else {
        let refusal = ErrorAnswer::new("NoSuchBucket", "The specified bucket does not exist");
        return Err(refusal.with("BucketName", name.into()));
    };
    if owner.is_some_and(|owner| owner != ACCOUNT) {
        return Err(ErrorAnswer::new("AccessDenied", "Access Denied"));
    }
    match bucket.region.as_deref() {
        Some(region) if region != context.region => {
            let message = "The bucket you are attempting to access must be addressed using the specified endpoint. \
                           Please send all future requests to this endpoint.";
            Err(ErrorAnswer::new("PermanentRedirect", message).with("x-amz-bucket-region", region.into()))
        }
        _ => Ok(name),
    }
}
