//! The change that a recorded call made or attempted: grantees added to and removed from an image or a snapshot.

use serde_json::{Map, Value};

use crate::event::Record;
use crate::grantee::Grantee;
use shared::arn::Arn;

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
    let member = match of {
        ResourceKind::Image => "/responseElements/imageBlockPublicAccessState",
        ResourceKind::Snapshot => "/responseElements/state",
    };
    SharingChange::PublicAccessBlock { of, on, answered: record.text(member).map(str::to_owned) }
}

fn used(record: &Record, how: SnapshotUse) -> SharingChange {
    let details = |member: &str| record.text(&format!("/serviceEventDetails/{member}"));
    let id = details("snapshotId").map(str::to_owned).or_else(|| id(record, ResourceKind::Snapshot));
    let by = record.text("/userIdentity/accountId").map(str::to_owned);
    SharingChange::SnapshotUsed { resource: SharedResource { kind: ResourceKind::Snapshot, id }, how, by }
}

/// The id in the request, or else in the list of resources that some records have.
fn id(record: &Record, kind: ResourceKind) -> Option<String> {
    let (member, resource_type) = match kind {
        ResourceKind::Image => ("imageId", "image"),
        ResourceKind::Snapshot => ("snapshotId", "snapshot"),
    };
    let asked = record.request().and_then(|request| request.get(member)).and_then(Value::as_str);
    let listed = || {
        let arns =
            record.at("/resources")?.as_array()?.iter().filter_map(|resource| resource["ARN"].as_str());
        let arns = arns.filter_map(|arn| arn.parse::<Arn>().ok());
        arns.filter_map(|arn| arn.resource_of(resource_type).map(str::to_owned)).next()
    };
    asked.filter(|id| !id.is_empty()).map(str::to_owned).or_else(listed)
}

fn modified(record: &Record, resource: SharedResource, permission: &str) -> SharingChange {
    let unknown = |resource| {
        SharingChange::Permissions(PermissionChange {
            resource,
            added: Vec::new(),
            removed: Vec::new(),
            reset: false,
            is_known: false,
        })
    };
    let Some(request) = record.request().filter(|_| !record.request_is_missing()) else {
        return unknown(resource);
    };
    let names_permission = is_permission(request, permission);
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    if let Some(Value::Object(asked)) = request.get(permission) {
        added.extend(asked.get("add").map(grantees).unwrap_or_default());
        removed.extend(asked.get("remove").map(grantees).unwrap_or_default());
    }
    // The older form: one list, and the operation.
    let listed: Vec<Grantee> =
        LISTS.iter().filter_map(|name| request.get(*name)).flat_map(grantees).collect();
    match request.get("operationType").and_then(Value::as_str) {
        Some("add") => added.extend(listed),
        Some("remove") => removed.extend(listed),
        _ if !listed.is_empty() && added.is_empty() && removed.is_empty() => return unknown(resource),
        _ => {}
    }
    if added.is_empty() && removed.is_empty() {
        return match (names_permission, other_attribute(request)) {
            (false, Some(attribute)) => SharingChange::OtherAttribute { resource, attribute },
            _ => unknown(resource),
        };
    }
    let (added, removed) = (without_repeats(added), without_repeats(removed));
    SharingChange::Permissions(PermissionChange { resource, added, removed, reset: false, is_known: true })
}

fn reset(record: &Record, resource: SharedResource, permission: &str) -> SharingChange {
    match record.request().and_then(|request| attribute_type(request)) {
        Some(attribute) if !is_named(attribute, permission) => {
            SharingChange::OtherAttribute { resource, attribute: attribute.to_owned() }
        }
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

/// The members of the older form that hold grantees.
const LISTS: [&str; 10] = [
    "userIds",
    "userIdSet",
    "userId",
    "userGroups",
    "userGroupSet",
    "groups",
    "organizationArns",
    "organizationArnSet",
    "organizationalUnitArns",
    "organizationalUnitArnSet",
];

/// The members of a grantee: of LaunchPermission and CreateVolumePermission (Amazon EC2 API Reference).
const KEYS: [&str; 4] = ["userId", "group", "organizationArn", "organizationalUnitArn"];

/// All grantees in a value: in `{"items": [..]}`, a list, one object or a string.
fn grantees(value: &Value) -> Vec<Grantee> {
    match value {
        Value::String(text) if !text.is_empty() => vec![Grantee::of(text)],
        Value::Array(items) => items.iter().flat_map(grantees).collect(),
        Value::Object(members) => match members.get("items") {
            Some(items) => grantees(items),
            None => item(members),
        },
        Value::Null | Value::Bool(_) | Value::String(_) => Vec::new(),
        Value::Number(number) => vec![Grantee::of(&number.to_string())],
    }
}

fn item(members: &Map<String, Value>) -> Vec<Grantee> {
    let named: Vec<Grantee> = KEYS.iter().filter_map(|key| members.get(*key)).flat_map(grantees).collect();
    // A kind of grantee that AWS added later: kept as it is rather than dropped.
    if named.is_empty() && !members.is_empty() {
        return vec![Grantee::Other(Value::Object(members.clone()).to_string())];
    }
    named
}

fn without_repeats(grantees: Vec<Grantee>) -> Vec<Grantee> {
    let mut seen = std::collections::BTreeSet::new();
    grantees.into_iter().filter(|grantee| seen.insert(grantee.clone())).collect()
}

fn attribute_type(request: &Map<String, Value>) -> Option<&str> {
    ["attributeType", "attribute"].iter().find_map(|name| request.get(*name)?.as_str())
}

/// `launchPermission`; for snapshots `CREATE_VOLUME_PERMISSION` and `createVolumePermission` are the same.
fn is_named(attribute: &str, permission: &str) -> bool {
    attribute.replace('_', "").eq_ignore_ascii_case(permission)
}

fn is_permission(request: &Map<String, Value>, permission: &str) -> bool {
    request.contains_key(permission)
        || attribute_type(request).is_some_and(|attribute| is_named(attribute, permission))
}

/// The changed attribute, if it is not a permission.
fn other_attribute(request: &Map<String, Value>) -> Option<String> {
    let named = attribute_type(request).map(str::to_owned);
    let about = ["imageId", "snapshotId", "operationType", "attributeType", "attribute", "value", "dryRun"];
    named.or_else(|| request.keys().find(|name| !about.contains(&name.as_str())).cloned())
}

#[cfg(test)]
mod tests;
