//! EC2: images and their launch permissions, their snapshots, block public access, usage reports and ancestry; Elastic IP
//! addresses and instances.
//!
//! Shapes follow the service's model. Codes and messages follow "Error codes for the Amazon EC2 API", and answers of
//! AWS that were observed. Only the resources of the caller's region exist for a request.

mod addresses;
mod ancestry;
mod attributes;
mod block;
mod change;
mod describe;
mod describe_snapshots;
mod eventual;
mod filters;
mod grantee;
mod instances;
mod modify;
mod records;
mod request;
mod shown_image;
mod snapshots;
mod usage;
mod usage_entries;
mod usage_request;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use jiff::{SignedDuration, Timestamp};

pub(crate) use addresses::AddressRecord;
pub use block::BlockedKind;
pub(crate) use block::{BLOCK_NEW, BlockStates, UNBLOCKED};
pub use change::ImageChange;
pub(crate) use change::{ChangedResource, GranteeChange};
pub(crate) use eventual::EventualValue;
pub(crate) use grantee::{PermissionGrantee, is_account};
pub(crate) use instances::{InstanceRecord, is_instance_id};
pub(crate) use records::{AncestorRecord, ImageRecord, Permissions, SnapshotRecord, UsageRecord};
pub(crate) use request::{is_image_id, is_snapshot_id};
pub(crate) use usage_request::RESOURCE_TYPES;

use crate::error_answer::ErrorAnswer;
use crate::service::{Context, Service};
use usage::UsageReportRecord;

pub(crate) const SERVICE: Service = Service {
    name: "ec2",
    api: "2016-11-15",
    operations: &[
        ("AssociateAddress", addresses::associate_address),
        ("CreateImageUsageReport", usage::create_image_usage_report),
        ("DeleteImageUsageReport", usage::delete_image_usage_report),
        ("DescribeAddresses", addresses::describe_addresses),
        ("DescribeImageAttribute", attributes::describe_image_attribute),
        ("DescribeImageUsageReportEntries", usage_entries::describe_image_usage_report_entries),
        ("DescribeImageUsageReports", usage::describe_image_usage_reports),
        ("DescribeImages", describe::describe_images),
        ("DescribeInstances", instances::describe_instances),
        ("DescribeSnapshotAttribute", snapshots::describe_snapshot_attribute),
        ("DescribeSnapshots", describe_snapshots::describe_snapshots),
        ("DisableImageBlockPublicAccess", block::disable_for_images),
        ("DisableSnapshotBlockPublicAccess", block::disable_for_snapshots),
        ("DisassociateAddress", addresses::disassociate_address),
        ("EnableImageBlockPublicAccess", block::enable_for_images),
        ("EnableSnapshotBlockPublicAccess", block::enable_for_snapshots),
        ("GetImageAncestry", ancestry::get_image_ancestry),
        ("GetImageBlockPublicAccessState", block::image_state),
        ("GetSnapshotBlockPublicAccessState", block::snapshot_state),
        ("ModifyImageAttribute", modify::modify_image_attribute),
        ("ModifySnapshotAttribute", snapshots::modify_snapshot_attribute),
        ("ResetImageAttribute", attributes::reset_image_attribute),
        ("ResetSnapshotAttribute", snapshots::reset_snapshot_attribute),
    ],
};

/// As DescribeImages names them (`ImageState`).
pub(crate) const STATES: &[&str] =
    &["available", "deregistered", "disabled", "error", "failed", "invalid", "pending", "transient"];

/// As DescribeSnapshots names them (`SnapshotState`).
pub(crate) const SNAPSHOT_STATES: &[&str] = &["completed", "error", "pending", "recoverable", "recovering"];

/// As DescribeInstances names them (`InstanceStateName`).
pub(crate) const INSTANCE_STATES: [&str; 6] =
    ["pending", "running", "shutting-down", "stopped", "stopping", "terminated"];

#[derive(Debug)]
pub(crate) struct Ec2 {
    state: Mutex<Ec2State>,
    /// The page size of lists, and its maximum.
    pub(crate) page_size: usize,
    /// The time until a change of block public access is shown and in effect.
    pub(crate) block_delay: SignedDuration,
    /// The time until look-ups show a change of permissions.
    pub(crate) permission_delay: SignedDuration,
    /// The time until a usage report is available.
    pub(crate) report_delay: SignedDuration,
}

#[derive(Debug, Default)]
struct Ec2State {
    images: Vec<ImageRecord>,
    snapshots: Vec<SnapshotRecord>,
    blocks: BlockStates,
    reports: Vec<UsageReportRecord>,
    addresses: Vec<AddressRecord>,
    instances: Vec<InstanceRecord>,
}

impl Default for Ec2 {
    fn default() -> Ec2 {
        Ec2 {
            state: Mutex::default(),
            page_size: 1000,
            block_delay: SignedDuration::ZERO,
            permission_delay: SignedDuration::ZERO,
            report_delay: SignedDuration::from_secs(60),
        }
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

    /// Adds an instance, and returns whether it is new.
    pub(crate) fn add_instance(&self, instance: InstanceRecord) -> bool {
        let instances = &mut self.lock().instances;
        let is_new = instances.iter().all(|other| other.id != instance.id);
        instances.extend(is_new.then_some(instance));
        is_new
    }

    /// Adds an address, and returns whether it is new.
    pub(crate) fn add_address(&self, address: AddressRecord) -> bool {
        let addresses = &mut self.lock().addresses;
        let is_same = |other: &AddressRecord| {
            other.allocation == address.allocation
                || (other.ip == address.ip && other.region == address.region)
        };
        let is_new = !addresses.iter().any(is_same);
        addresses.extend(is_new.then_some(address));
        is_new
    }

    /// Another principal associates an address with this network interface and instance, or disassociates it.
    pub(crate) fn set_address(&self, allocation: &str, to: Option<(String, String)>) {
        let mut state = self.lock();
        let Some(address) = state.addresses.iter_mut().find(|one| one.allocation == allocation) else {
            return;
        };
        address.association = None;
        if let Some((interface, instance)) = to {
            address.associate(interface, Some(instance));
        }
    }

    pub(crate) fn addresses(&self) -> Vec<AddressRecord> {
        self.lock().addresses.clone()
    }

    pub(crate) fn images(&self) -> Vec<ImageRecord> {
        self.lock().images.clone()
    }

    pub(crate) fn snapshots(&self) -> Vec<SnapshotRecord> {
        self.lock().snapshots.clone()
    }

    /// Sets block public access of the world's account in every region.
    pub(crate) fn block_at_start(&self, images: &'static str, snapshots: &'static str) {
        let blocks = &mut self.lock().blocks;
        (blocks.images, blocks.snapshots) = (images, snapshots);
    }

    /// The state of block public access that the caller sees.
    fn block_state(&self, kind: BlockedKind, context: &Context<'_>) -> &'static str {
        self.lock().blocks.seen(kind, context.account(), context.region, context.now)
    }

    /// Whether an account can share nothing publicly in a region.
    pub(crate) fn is_blocked(&self, kind: BlockedKind, account: &str, region: &str, now: Timestamp) -> bool {
        self.lock().blocks.seen(kind, account, region, now) != UNBLOCKED
    }

    /// The primary network interface of an instance of a region, at a time.
    pub(crate) fn interface_of(
        &self,
        world: &crate::world::AwsWorld,
        (id, region): (&str, &str),
        now: Timestamp,
    ) -> Option<String> {
        let here = instances::of_region(world, &self.lock().instances, region, now);
        here.iter().find(|instance| instance.id == id).map(InstanceRecord::interface)
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
    fn own_image(&mut self, context: &Context<'_>, id: &str) -> Result<&mut ImageRecord, ErrorAnswer> {
        let image = self.image(context.region, id).ok_or_else(|| request::no_such_images(&[id]))?;
        match image.owner == context.account() {
            true => Ok(image),
            false => Err(ErrorAnswer::new("AuthFailure", format!("Not authorized for image:{id}"))),
        }
    }

    fn own_snapshot(&mut self, context: &Context<'_>, id: &str) -> Result<&mut SnapshotRecord, ErrorAnswer> {
        let mut all = self.snapshots.iter_mut();
        let found = all.find(|snapshot| snapshot.region == context.region && snapshot.id == id);
        found
            .filter(|snapshot| snapshot.owner == context.account())
            .ok_or_else(|| request::no_such_snapshot(id))
    }

    /// The snapshots of a region, by their ids.
    fn snapshots_in(&self, region: &str) -> BTreeMap<&str, &SnapshotRecord> {
        let here = self.snapshots.iter().filter(|snapshot| snapshot.region == region);
        here.map(|snapshot| (&*snapshot.id, snapshot)).collect()
    }

    /// The snapshots of an image that exist.
    fn snapshots_of(&self, image: &ImageRecord) -> Vec<&SnapshotRecord> {
        let of = |id: &String| {
            self.snapshots.iter().find(|snapshot| (&snapshot.id, &snapshot.region) == (id, &image.region))
        };
        image.snapshots.iter().filter_map(of).collect()
    }
}
