//! The change that a recorded call made or attempted: grantees added to and removed from an image or a snapshot.

mod request;

use serde_json::Value;
use shared::arn::Arn;

use crate::event::Record;
use crate::grantee::Grantee;
use request::{attribute, harmless_attribute, is_permission, modification, text_within, unwrapped};

/// The calls of EC2 that this function understands.
pub const UNDERSTOOD: [&str; 10] = [
    "DisableImageBlockPublicAccess",
    "DisableSnapshotBlockPublicAccess",
    "EnableImageBlockPublicAccess",
    "EnableSnapshotBlockPublicAccess",
    "ModifyImageAttribute",
    "ModifySnapshotAttribute",
    "ResetImageAttribute",
    "ResetSnapshotAttribute",
    "SharedSnapshotCopyInitiated",
    "SharedSnapshotVolumeCreated",
];

/// The service of these calls.
pub const EC2: &str = "ec2.amazonaws.com";

/// The change of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SharingChange {
    /// The grantees of an image or a snapshot.
    Permissions(PermissionChange),
    /// Whether images, or snapshots, of the region can be made public.
    PublicAccessBlock {
        /// Images or snapshots.
        of: ResourceKind,
        /// Whether the call enabled block public access.
        on: bool,
        /// The state that the call answered: `block-new-sharing`, `block-all-sharing`, `unblocked`.
        answered: Option<String>,
    },
    /// Another account used a shared snapshot.
    SnapshotUsed {
        /// The snapshot.
        resource: SharedResource,
        /// How it used it.
        how: SnapshotUse,
        /// The account that used it, if the record names it.
        by: Option<String>,
    },
    /// An attribute of an image or a snapshot that grants no access: its description, its IMDS support.
    OtherAttribute {
        /// The image or snapshot.
        resource: SharedResource,
        /// The attribute.
        attribute: String,
    },
}

/// How an account used a shared snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SnapshotUse {
    /// It created a volume from it.
    VolumeCreated,
    /// It copied it.
    Copied,
}

/// The kind of a resource that can be shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceKind {
    /// An AMI.
    Image,
    /// An EBS snapshot.
    Snapshot,
}

/// An image or a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedResource {
    /// Its kind.
    pub kind: ResourceKind,
    /// Its id, if the record has one.
    pub id: Option<String>,
}

/// Grantees added to and removed from an image or a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionChange {
    /// The image or snapshot.
    pub resource: SharedResource,
    /// The grantees that gained access, each once, in the order of the record.
    pub added: Vec<Grantee>,
    /// The grantees that lost access.
    pub removed: Vec<Grantee>,
    /// Whether all permissions were removed.
    pub reset: bool,
    /// Whether the record names the grantees. CloudTrail omits them from large records, and from some records of denied calls.
    pub is_known: bool,
}

impl ResourceKind {
    /// `image` or `snapshot`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Snapshot => "snapshot",
        }
    }

    /// `an image` or `a snapshot`.
    pub fn with_article(self) -> &'static str {
        match self {
            Self::Image => "an image",
            Self::Snapshot => "a snapshot",
        }
    }
}

impl SharedResource {
    /// The id, if it has AWS's form: `ami-` or `snap-`, and 8 or 17 hexadecimal digits. Commands and links contain only such
    /// an id.
    pub fn legal_id(&self) -> Option<&str> {
        let prefix = match self.kind {
            ResourceKind::Image => "ami-",
            ResourceKind::Snapshot => "snap-",
        };
        let id = self.id.as_deref()?;
        let digits = id.strip_prefix(prefix)?;
        let is_hexadecimal =
            digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        (is_hexadecimal && matches!(digits.len(), 8 | 17)).then_some(id)
    }
}

impl SharingChange {
    /// The change of a recorded call, if it is one of [`UNDERSTOOD`].
    pub fn of(record: &Record) -> Option<Self> {
        if record.source != EC2 {
            return None;
        }
        let resource = |kind| SharedResource { kind, id: id(record, kind) };
        Some(match record.name.as_str() {
            "ModifyImageAttribute" => modified(record, resource(ResourceKind::Image), "launchPermission"),
            "ModifySnapshotAttribute" => {
                modified(record, resource(ResourceKind::Snapshot), "createVolumePermission")
            }
            "ResetImageAttribute" => reset(record, resource(ResourceKind::Image), "launchPermission"),
            "ResetSnapshotAttribute" => {
                reset(record, resource(ResourceKind::Snapshot), "createVolumePermission")
            }
            "EnableImageBlockPublicAccess" => block(record, ResourceKind::Image, true),
            "DisableImageBlockPublicAccess" => block(record, ResourceKind::Image, false),
            "EnableSnapshotBlockPublicAccess" => block(record, ResourceKind::Snapshot, true),
            "DisableSnapshotBlockPublicAccess" => block(record, ResourceKind::Snapshot, false),
            "SharedSnapshotVolumeCreated" => used(record, SnapshotUse::VolumeCreated),
            "SharedSnapshotCopyInitiated" => used(record, SnapshotUse::Copied),
            _ => return None,
        })
    }

    /// The image or snapshot.
    pub fn resource(&self) -> Option<&SharedResource> {
        match self {
            Self::Permissions(permissions) => Some(&permissions.resource),
            Self::OtherAttribute { resource, .. } | Self::SnapshotUsed { resource, .. } => Some(resource),
            Self::PublicAccessBlock { .. } => None,
        }
    }
}

fn block(record: &Record, of: ResourceKind, on: bool) -> SharingChange {
    let answered = record.at("/responseElements").and_then(|answer| block_state(answer, of));
    SharingChange::PublicAccessBlock { of, on, answered }
}

/// The state of block public access in a request or an answer: `imageBlockPublicAccessState`, or `state` of snapshots.
fn block_state(value: &Value, of: ResourceKind) -> Option<String> {
    let member = match of {
        ResourceKind::Image => "imageBlockPublicAccessState",
        ResourceKind::Snapshot => "state",
    };
    text_within(value, member).map(str::to_owned)
}

/// The state that a call asked for, if its record has it.
pub fn asked_block_state(record: &Record, of: ResourceKind) -> Option<String> {
    record.at("/requestParameters").and_then(|request| block_state(request, of))
}

/// `userIdentity` names the account that used the snapshot, and `serviceEventDetails` the snapshot ("Share an Amazon EBS snapshot
/// with other AWS accounts", section "Determine the use of snapshots that you share", Amazon EBS User Guide).
fn used(record: &Record, how: SnapshotUse) -> SharingChange {
    let details = record.at("/serviceEventDetails").and_then(|details| text_within(details, "snapshotId"));
    let id = details.map(str::to_owned).or_else(|| id(record, ResourceKind::Snapshot));
    let by = record.text("/userIdentity/accountId").map(str::to_owned);
    SharingChange::SnapshotUsed { resource: SharedResource { kind: ResourceKind::Snapshot, id }, how, by }
}

/// The id in the request, in a member of any case and depth, or else in the list of resources that some records have.
fn id(record: &Record, kind: ResourceKind) -> Option<String> {
    let (member, resource_type) = match kind {
        ResourceKind::Image => ("imageId", "image"),
        ResourceKind::Snapshot => ("snapshotId", "snapshot"),
    };
    let asked = record.at("/requestParameters").and_then(|request| text_within(request, member));
    let listed = || {
        let resources = record.at("/resources")?.as_array()?.iter();
        let arns = resources.filter_map(|resource| text_within(resource, "ARN"));
        let arns = arns.filter_map(|arn| arn.parse::<Arn>().ok());
        arns.filter_map(|arn| arn.resource_of(resource_type).map(str::to_owned)).next()
    };
    asked.map(str::to_owned).or_else(listed)
}

fn modified(record: &Record, resource: SharedResource, permission: &str) -> SharingChange {
    let request = record.request().filter(|_| !record.request_is_missing()).map(unwrapped);
    let Some(request) = request else { return unknown(resource) };
    let read = modification(request, permission);
    if read.added.is_empty() && read.removed.is_empty() {
        let is_named = attribute(request).is_some_and(|attribute| is_permission(attribute, permission))
            || request::member(request, permission).is_some();
        return match harmless_attribute(request) {
            Some(attribute) if !is_named && read.unread.is_empty() => {
                SharingChange::OtherAttribute { resource, attribute }
            }
            _ => unknown(resource),
        };
    }
    // A part that is not understood may grant access: it counts as a grantee of an unknown kind.
    let added = read.added.into_iter().chain(read.unread.into_iter().map(Grantee::Other)).collect();
    SharingChange::Permissions(PermissionChange {
        resource,
        added,
        removed: read.removed,
        reset: false,
        is_known: true,
    })
}

/// A change of permissions that this function cannot read.
fn unknown(resource: SharedResource) -> SharingChange {
    SharingChange::Permissions(PermissionChange {
        resource,
        added: Vec::new(),
        removed: Vec::new(),
        reset: false,
        is_known: false,
    })
}

fn reset(record: &Record, resource: SharedResource, permission: &str) -> SharingChange {
    let request = record.request().map(unwrapped);
    match request.and_then(attribute) {
        Some(named) if !is_permission(named, permission) => match request.and_then(harmless_attribute) {
            Some(attribute) => SharingChange::OtherAttribute { resource, attribute },
            None => unknown(resource),
        },
        // EC2 resets no other attribute than the permission.
        _ => SharingChange::Permissions(PermissionChange {
            resource,
            added: Vec::new(),
            removed: Vec::new(),
            reset: true,
            is_known: true,
        }),
    }
}

#[cfg(test)]
mod tests;
