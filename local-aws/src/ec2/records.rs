//! Owns the images and snapshots that exist, each of one owner in one region.

use jiff::Timestamp;

use super::{EventualValue, PermissionGrantee};

/// The grantees of an image or a snapshot besides its owner, in the order in which they were added.
pub(crate) type Permissions = EventualValue<Vec<PermissionGrantee>>;

#[derive(Debug, Clone)]
pub(crate) struct ImageRecord {
    pub(crate) id: String,
    pub(crate) region: String,
    pub(crate) name: String,
    pub(crate) owner: String,
    /// `amazon`, `aws-marketplace`, `aws-backup-vault`.
    pub(crate) owner_alias: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) deprecated: Option<Timestamp>,
    pub(crate) state: String,
    pub(crate) architecture: String,
    pub(crate) description: Option<String>,
    pub(crate) imds_support: Option<String>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) shared_with: Permissions,
    /// The ids of its snapshots; the first is the root volume's.
    pub(crate) snapshots: Vec<String>,
    /// The images it was made from, the nearest first.
    pub(crate) made_from: Vec<AncestorRecord>,
    /// The use of it in accounts, as a usage report shows it.
    pub(crate) usage: Vec<UsageRecord>,
    /// The reason for which a usage report on it fails.
    pub(crate) usage_error: Option<String>,
}

/// An image in the ancestry of another one.
#[derive(Debug, Clone)]
pub(crate) struct AncestorRecord {
    pub(crate) id: String,
    pub(crate) region: String,
    pub(crate) owner_alias: Option<String>,
    pub(crate) created: Timestamp,
}

/// The number of resources of one type that use an image in one account.
#[derive(Debug, Clone)]
pub(crate) struct UsageRecord {
    pub(crate) account: String,
    pub(crate) resource_type: String,
    pub(crate) count: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct SnapshotRecord {
    pub(crate) id: String,
    pub(crate) region: String,
    pub(crate) owner: String,
    pub(crate) volume: String,
    /// In GiB.
    pub(crate) size: i64,
    pub(crate) description: String,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) started: Timestamp,
    /// As DescribeSnapshots names it (`SnapshotState`).
    pub(crate) state: String,
    pub(crate) encrypted: bool,
    /// The ARN of the KMS key of an encrypted snapshot.
    pub(crate) kms_key: Option<String>,
    pub(crate) shared_with: Permissions,
}
