//! Converts EC2's images and permissions to this function's types.

use aws_sdk_ec2::types::{CreateVolumePermission, Image as Ec2Image, LaunchPermission};
use shared::call_error::CallError;

use crate::facts::{Encrypted, ImageDescription};
use crate::grantee::Grantee;

/// The description of an image.
pub(super) fn description(image: &Ec2Image) -> ImageDescription {
    let tags = image.tags().iter().map(|tag| (owned(tag.key()), owned(tag.value())));
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    ImageDescription {
        id: owned(image.image_id()),
        name: text(image.name()),
        owner: text(image.owner_id()),
        created: text(image.creation_date()),
        tags: tags.collect(),
        encrypted: encrypted(image),
    }
}

/// Whether the image does not exist: EC2 answers `InvalidAMIID.NotFound` or `InvalidAMIID.Unavailable` ("Error codes for the
/// Amazon EC2 API", Amazon EC2 API Reference).
pub(super) fn is_gone(error: &CallError) -> bool {
    error.code.as_deref().is_some_and(|code| code.starts_with("InvalidAMIID."))
}

fn owned(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

fn encrypted(image: &Ec2Image) -> Option<Encrypted> {
    let volumes = image.block_device_mappings().iter().filter_map(|mapping| mapping.ebs());
    let flags: Vec<bool> = volumes.map(|volume| volume.encrypted().unwrap_or_default()).collect();
    match flags.iter().filter(|flag| **flag).count() {
        _ if flags.is_empty() => None,
        0 => Some(Encrypted::No),
        count if count == flags.len() => Some(Encrypted::Yes),
        _ => Some(Encrypted::Partly),
    }
}

/// The grantees of an image.
pub(super) fn launch_grantees(permissions: Vec<LaunchPermission>) -> Vec<Grantee> {
    let names = |permission: LaunchPermission| {
        let group = permission.group.map(|group| group.as_str().to_owned());
        [group, permission.user_id, permission.organization_arn, permission.organizational_unit_arn]
    };
    permissions.into_iter().flat_map(names).flatten().map(|name| Grantee::of(&name)).collect()
}

/// The grantees of a snapshot.
pub(super) fn create_volume_grantees(permissions: Vec<CreateVolumePermission>) -> Vec<Grantee> {
    let names = |permission: CreateVolumePermission| {
        [permission.group.map(|group| group.as_str().to_owned()), permission.user_id]
    };
    permissions.into_iter().flat_map(names).flatten().map(|name| Grantee::of(&name)).collect()
}
