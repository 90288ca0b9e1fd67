//! Owns an image as look-ups show it: who sees it, its values for filters, and its form in an answer.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::describe::time;
use super::{ImageRecord, PermissionGrantee, SnapshotRecord, request};
use crate::service::{ACCOUNT, Context};

/// An image as look-ups show it.
pub(super) struct ShownImage<'s> {
    pub(super) image: &'s ImageRecord,
    snapshots: Vec<&'s SnapshotRecord>,
    shared_with: &'s [PermissionGrantee],
}

impl<'s> ShownImage<'s> {
    pub(super) fn new(
        image: &'s ImageRecord,
        snapshots: &BTreeMap<&str, &'s SnapshotRecord>,
        context: &Context<'_>,
    ) -> ShownImage<'s> {
        let shared_with = image.shared_with.seen(context.now);
        let snapshots = image.snapshots.iter().filter_map(|id| snapshots.get(&**id).copied()).collect();
        ShownImage { image, snapshots, shared_with }
    }

    /// "The images available to you include public images, private images that you own, and private images owned by other
    /// Amazon Web Services accounts for which you have explicit launch permissions."
    pub(super) fn is_visible(&self, context: &Context<'_>) -> bool {
        self.image.owner == context.account() || is_shared(self.shared_with, context)
    }

    /// The owner's own right is not explicit. For an account other than the caller's, the permissions of its organization
    /// are not evaluated.
    pub(super) fn is_executable_by(&self, context: &Context<'_>, user: &str) -> bool {
        let mut grantees = self.shared_with.iter();
        match user {
            "all" => grantees.any(|grantee| *grantee == PermissionGrantee::Everyone),
            _ if user == "self" || user == context.account() => {
                grantees.any(|grantee| is_ours(grantee, context))
            }
            _ => grantees.any(|grantee| *grantee == PermissionGrantee::Account(user.to_owned())),
        }
    }

    fn is_public(&self) -> bool {
        self.shared_with.contains(&PermissionGrantee::Everyone)
    }

    /// The image's values for a filter.
    pub(super) fn held(&self, name: &str) -> Vec<String> {
        let image = self.image;
        let one = |text: &str| vec![text.to_owned()];
        match name {
            "architecture" => one(&image.architecture),
            "block-device-mapping.encrypted" => {
                self.snapshots.iter().map(|snapshot| snapshot.encrypted.to_string()).collect()
            }
            "block-device-mapping.snapshot-id" => image.snapshots.clone(),
            "creation-date" => vec![time(image.created)],
            "description" => image.description.iter().cloned().collect(),
            "image-id" => one(&image.id),
            "image-type" => one("machine"),
            "is-public" => vec![self.is_public().to_string()],
            "name" => one(&image.name),
            "owner-alias" => image.owner_alias.iter().cloned().collect(),
            "owner-id" => one(&image.owner),
            "root-device-type" => one("ebs"),
            "state" => one(&image.state),
            _ => Vec::new(),
        }
    }

    pub(super) fn shown(&self) -> Value {
        let image = self.image;
        let devices: Vec<Value> = image
            .snapshots
            .iter()
            .enumerate()
            .map(|(place, id)| {
                let snapshot = self.snapshots.iter().find(|snapshot| snapshot.id == *id);
                json!({"deviceName": device(place), "ebs": {
                    "deleteOnTermination": true,
                    "snapshotId": id,
                    "volumeSize": snapshot.map_or(8, |snapshot| snapshot.size),
                    "volumeType": "gp3",
                    "encrypted": snapshot.is_some_and(|snapshot| snapshot.encrypted),
                }})
            })
            .collect();
        let mut shown = json!({
            "imageId": image.id,
            "imageLocation": format!("{}/{}", image.owner_alias.as_ref().unwrap_or(&image.owner), image.name),
            "imageState": image.state,
            "imageOwnerId": image.owner,
            "creationDate": time(image.created),
            "isPublic": self.is_public(),
            "architecture": image.architecture,
            "imageType": "machine",
            "name": image.name,
            "rootDeviceType": "ebs",
            "rootDeviceName": "/dev/xvda",
            "blockDeviceMapping": devices,
            "virtualizationType": "hvm",
            "hypervisor": "xen",
            "enaSupport": true,
            "sriovNetSupport": "simple",
            "platformDetails": "Linux/UNIX",
            "usageOperation": "RunInstances",
        });
        let optional = [
            ("imageOwnerAlias", image.owner_alias.clone().map(Value::from)),
            ("description", image.description.clone().map(Value::from)),
            ("imdsSupport", image.imds_support.clone().map(Value::from)),
            ("deprecationTime", image.deprecated.map(|at| time(at).into())),
            ("tagSet", request::tag_set(&image.tags)),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                shown[name] = value;
            }
        }
        shown
    }
}

/// Whether the caller is one of the grantees.
pub(super) fn is_shared(grantees: &[PermissionGrantee], context: &Context<'_>) -> bool {
    grantees.iter().any(|grantee| *grantee == PermissionGrantee::Everyone || is_ours(grantee, context))
}

/// Whether a grantee is the caller's account, its organization, or a unit that it is in.
fn is_ours(grantee: &PermissionGrantee, context: &Context<'_>) -> bool {
    let (identity, caller) = (&context.world.account, context.account());
    match grantee {
        PermissionGrantee::Everyone => false,
        PermissionGrantee::Account(id) => id == caller,
        PermissionGrantee::Organization(arn) => {
            identity.organization.as_ref() == Some(arn) && identity.is_member(caller)
        }
        // The units of other accounts are not known.
        PermissionGrantee::OrganizationalUnit(arn) => {
            caller == ACCOUNT && identity.organizational_units.contains(arn)
        }
    }
}

/// The name of the device at a place: the root device, and `/dev/sdb` to `/dev/sdz` after it.
fn device(place: usize) -> String {
    match u8::try_from(place) {
        Ok(0) => "/dev/xvda".to_owned(),
        Ok(place @ 1..=25) => format!("/dev/sd{}", char::from(b'a' + place)),
        _ => format!("/dev/xvd{place}"),
    }
}
