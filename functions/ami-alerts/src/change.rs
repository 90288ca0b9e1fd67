//! What a recorded call changed, or would have: who was given an image or a snapshot and who lost it, in any mix.

use serde_json::{Map, Value};

use crate::event::Record;
use crate::grantee::Grantee;

/// The calls that are understood here, all of EC2.
pub const UNDERSTOOD: [&str; 6] = [
    "DisableImageBlockPublicAccess",
    "EnableImageBlockPublicAccess",
    "ModifyImageAttribute",
    "ModifySnapshotAttribute",
    "ResetImageAttribute",
    "ResetSnapshotAttribute",
];

/// The service of those calls.
pub const EC2: &str = "ec2.amazonaws.com";

/// What a call changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Who may use an image or a snapshot.
    Permissions(Permissions),
    /// Whether images of the region can be made public.
    PublicAccessBlock {
        /// Whether they cannot, from now on.
        on: bool,
    },
    /// Something about an image or a snapshot that lets nobody in: its description, whether its instances need IMDSv2.
    OtherAttribute {
        /// Of what.
        resource: Resource,
        /// Which.
        attribute: String,
    },
}

/// What is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An AMI, which is launched.
    Image,
    /// An EBS snapshot, which volumes are made of.
    Snapshot,
}

/// One image or snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// What it is.
    pub kind: Kind,
    /// Its id, unless the record leaves it out.
    pub id: Option<String>,
}

/// Who may use an image or a snapshot from now on, and who may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    /// Of what.
    pub resource: Resource,
    /// Who was let in, each once, in the order of the record.
    pub added: Vec<Grantee>,
    /// Who was shut out.
    pub removed: Vec<Grantee>,
    /// Everybody but the owner was shut out.
    pub reset: bool,
    /// Whether the record says who. CloudTrail leaves it out of a large record, and of some calls that were denied.
    pub is_known: bool,
}

impl Kind {
    /// `image` or `snapshot`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Snapshot => "snapshot",
        }
    }

    /// `an image` or `a snapshot`.
    pub fn one(self) -> &'static str {
        match self {
            Self::Image => "an image",
            Self::Snapshot => "a snapshot",
        }
    }
}

impl Resource {
    /// Whether the id is one that AWS gives: `ami-` or `snap-`, and 8 or 17 hexadecimal digits. Only such an id is put into a
    /// command or a link.
    pub fn legal_id(&self) -> Option<&str> {
        let prefix = match self.kind {
            Kind::Image => "ami-",
            Kind::Snapshot => "snap-",
        };
        let id = self.id.as_deref()?;
        let digits = id.strip_prefix(prefix)?;
        let is_hexadecimal =
            digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        (is_hexadecimal && matches!(digits.len(), 8 | 17)).then_some(id)
    }
}

impl Change {
    /// What a recorded call changed, if it is one of [`UNDERSTOOD`].
    pub fn of(record: &Record) -> Option<Self> {
        if record.source != EC2 {
            return None;
        }
        let resource = |kind| Resource { kind, id: id(record, kind) };
        Some(match record.name.as_str() {
            "ModifyImageAttribute" => modified(record, resource(Kind::Image), "launchPermission"),
            "ModifySnapshotAttribute" => modified(record, resource(Kind::Snapshot), "createVolumePermission"),
            "ResetImageAttribute" => reset(record, resource(Kind::Image), "launchPermission"),
            "ResetSnapshotAttribute" => reset(record, resource(Kind::Snapshot), "createVolumePermission"),
            "EnableImageBlockPublicAccess" => Self::PublicAccessBlock { on: true },
            "DisableImageBlockPublicAccess" => Self::PublicAccessBlock { on: false },
            _ => return None,
        })
    }

    /// The image or snapshot that it is about.
    pub fn resource(&self) -> Option<&Resource> {
        match self {
            Self::Permissions(permissions) => Some(&permissions.resource),
            Self::OtherAttribute { resource, .. } => Some(resource),
            Self::PublicAccessBlock { .. } => None,
        }
    }
}

/// The id in the request, else in the list of resources that some records have.
fn id(record: &Record, kind: Kind) -> Option<String> {
    let (member, path) = match kind {
        Kind::Image => ("imageId", ":image/"),
        Kind::Snapshot => ("snapshotId", ":snapshot/"),
    };
    let asked = record.request().and_then(|request| request.get(member)).and_then(Value::as_str);
    let listed = || {
        let arns =
            record.at("/resources")?.as_array()?.iter().filter_map(|resource| resource["ARN"].as_str());
        arns.filter_map(|arn| arn.split_once(path)).map(|(_, id)| id).next()
    };
    asked.filter(|id| !id.is_empty()).or_else(listed).map(str::to_owned)
}

fn modified(record: &Record, resource: Resource, permission: &str) -> Change {
    let unknown = |resource| {
        Change::Permissions(Permissions {
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
    // The older form: one list, and what is done with it.
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
            (false, Some(attribute)) => Change::OtherAttribute { resource, attribute },
            _ => unknown(resource),
        };
    }
    let (added, removed) = (once(added), once(removed));
    Change::Permissions(Permissions { resource, added, removed, reset: false, is_known: true })
}

fn reset(record: &Record, resource: Resource, permission: &str) -> Change {
    match record.request().and_then(|request| attribute_type(request)) {
        Some(attribute) if !is_named(attribute, permission) => {
            Change::OtherAttribute { resource, attribute: attribute.to_owned() }
        }
        // The permission is the only attribute that can be reset.
        _ => Change::Permissions(Permissions {
            resource,
            added: Vec::new(),
            removed: Vec::new(),
            reset: true,
            is_known: true,
        }),
    }
}

/// Where the older form has its grantees.
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

/// All the grantees in a value, whatever holds them: `{"items": [..]}`, a list, one object, a bare text.
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
    // Something that AWS added since: said as it is rather than left out.
    if named.is_empty() && !members.is_empty() {
        return vec![Grantee::Other(Value::Object(members.clone()).to_string())];
    }
    named
}

fn once(grantees: Vec<Grantee>) -> Vec<Grantee> {
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

/// The attribute that is changed, where it is not a permission.
fn other_attribute(request: &Map<String, Value>) -> Option<String> {
    let named = attribute_type(request).map(str::to_owned);
    let about = ["imageId", "snapshotId", "operationType", "attributeType", "attribute", "value", "dryRun"];
    named.or_else(|| request.keys().find(|name| !about.contains(&name.as_str())).cloned())
}

#[cfg(test)]
mod tests;
