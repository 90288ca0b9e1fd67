//! EC2: images and their launch permissions, their snapshots, and block public access for AMIs.
//!
//! Shapes follow the service's model. Codes and messages follow "Error codes for the Amazon EC2 API", and answers of
//! AWS that were observed. Only the resources of the caller's region exist for a request.

mod attributes;
mod block;
mod describe;
mod filters;
mod grantee;
mod modify;
mod request;
mod snapshots;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use jiff::Timestamp;

pub(crate) use grantee::{PermissionGrantee, is_account};
pub(crate) use request::{is_image_id, is_snapshot_id};

use crate::error_answer::ErrorAnswer;
use crate::service::{ACCOUNT, Service};

pub(crate) const SERVICE: Service = Service {
    name: "ec2",
    api: "2016-11-15",
    operations: &[
        ("DescribeImageAttribute", attributes::describe_image_attribute),
        ("DescribeImages", describe::describe_images),
        ("DescribeSnapshotAttribute", snapshots::describe_snapshot_attribute),
        ("DisableImageBlockPublicAccess", block::disable),
        ("EnableImageBlockPublicAccess", block::enable),
        ("GetImageBlockPublicAccessState", block::state),
        ("ModifyImageAttribute", modify::modify_image_attribute),
        ("ModifySnapshotAttribute", snapshots::modify_snapshot_attribute),
        ("ResetImageAttribute", attributes::reset_image_attribute),
    ],
};

/// As DescribeImages names them (`ImageState`).
pub(crate) const STATES: &[&str] =
    &["available", "deregistered", "disabled", "error", "failed", "invalid", "pending", "transient"];

#[derive(Debug)]
pub(crate) struct Ec2 {
    state: Mutex<Ec2State>,
    /// The page size of DescribeImages, and its maximum.
    pub(crate) page_size: usize,
    /// Block public access for AMIs in every region, until a call changes it in one.
    pub(crate) blocked: bool,
}

#[derive(Debug, Default)]
struct Ec2State {
    images: Vec<ImageRecord>,
    snapshots: Vec<SnapshotRecord>,
    /// The regions in which block public access was changed.
    blocked: BTreeMap<String, bool>,
}

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
    /// The grantees that may launch the image besides its owner.
    pub(crate) shared_with: Vec<PermissionGrantee>,
    pub(crate) snapshot: String,
}

#[derive(Debug, Clone)]
pub(crate) struct SnapshotRecord {
    pub(crate) id: String,
    pub(crate) region: String,
    pub(crate) owner: String,
    pub(crate) encrypted: bool,
    /// The grantees that may create volumes from the snapshot besides its owner.
    pub(crate) shared_with: Vec<PermissionGrantee>,
}

impl Default for Ec2 {
    fn default() -> Ec2 {
        Ec2 { state: Mutex::default(), page_size: 1000, blocked: false }
    }
}

impl Ec2 {
    /// Adds a snapshot, and returns whether it is new.
    pub(crate) fn add_snapshot(&self, snapshot: SnapshotRecord) -> bool {
        let snapshots = &mut self.lock().snapshots;
        let is_new =
            snapshots.iter().all(|other| (&other.id, &other.region) != (&snapshot.id, &snapshot.region));
        snapshots.extend(is_new.then_some(snapshot));
        is_new
    }

    /// Adds an image, and returns whether it is new.
    pub(crate) fn add_image(&self, image: ImageRecord) -> bool {
        let images = &mut self.lock().images;
        let is_new = images.iter().all(|other| (&other.id, &other.region) != (&image.id, &image.region));
        images.extend(is_new.then_some(image));
        is_new
    }

    pub(crate) fn images(&self) -> Vec<ImageRecord> {
        self.lock().images.clone()
    }

    pub(crate) fn is_blocked(&self, region: &str) -> bool {
        self.lock().blocked.get(region).copied().unwrap_or(self.blocked)
    }

    fn lock(&self) -> MutexGuard<'_, Ec2State> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

impl Ec2State {
    /// The image, for any owner.
    fn image(&mut self, region: &str, id: &str) -> Option<&mut ImageRecord> {
        self.images.iter_mut().find(|image| image.region == region && image.id == id)
    }

    /// The image, if the caller owns it: only the owner may read its attributes.
    fn own_image(&mut self, region: &str, id: &str) -> Result<&mut ImageRecord, ErrorAnswer> {
        let image = self.image(region, id).ok_or_else(|| request::no_such_images(&[id]))?;
        match image.owner == ACCOUNT {
            true => Ok(image),
            false => Err(ErrorAnswer::new("AuthFailure", format!("Not authorized for image:{id}"))),
        }
    }

    fn own_snapshot(&mut self, region: &str, id: &str) -> Result<&mut SnapshotRecord, ErrorAnswer> {
        let found = self.snapshots.iter_mut().find(|snapshot| snapshot.region == region && snapshot.id == id);
        let missing =
            || ErrorAnswer::new("InvalidSnapshot.NotFound", format!("The snapshot '{id}' does not exist."));
        found.filter(|snapshot| snapshot.owner == ACCOUNT).ok_or_else(missing)
    }

    fn is_encrypted(&self, image: &ImageRecord) -> bool {
        let of =
            |snapshot: &&SnapshotRecord| (&snapshot.id, &snapshot.region) == (&image.snapshot, &image.region);
        self.snapshots.iter().find(of).is_some_and(|snapshot| snapshot.encrypted)
    }
}
