//! From EC2's types to ours.

use aws_sdk_ec2::types::{CreateVolumePermission, Image as Ec2Image, LaunchPermission};

use crate::facts::{Encrypted, Image};
use crate::grantee::Grantee;

/// An image as it is described.
pub fn image(described: &Ec2Image) -> Image {
    let tags = described.tags().iter().map(|tag| (owned(tag.key()), owned(tag.value())));
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    Image {
        id: owned(described.image_id()),
        name: text(described.name()),
        owner: text(described.owner_id()),
        created: text(described.creation_date()),
        tags: tags.collect(),
        encrypted: encrypted(described),
    }
}

fn owned(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

fn encrypted(described: &Ec2Image) -> Option<Encrypted> {
    let volumes = described.block_device_mappings().iter().filter_map(|mapping| mapping.ebs());
    let flags: Vec<bool> = volumes.map(|volume| volume.encrypted().unwrap_or_default()).collect();
    match flags.iter().filter(|flag| **flag).count() {
        _ if flags.is_empty() => None,
        0 => Some(Encrypted::No),
        count if count == flags.len() => Some(Encrypted::Yes),
        _ => Some(Encrypted::Partly),
    }
}

/// Who may launch an image.
pub fn launchers(permissions: Vec<LaunchPermission>) -> Vec<Grantee> {
    let grantee = |permission: LaunchPermission| {
        let group = permission.group.map(|group| group.as_str().to_owned());
        [group, permission.user_id, permission.organization_arn, permission.organizational_unit_arn]
    };
    permissions.into_iter().flat_map(grantee).flatten().map(|text| Grantee::of(&text)).collect()
}

/// Who may make volumes of a snapshot.
pub fn creators(permissions: Vec<CreateVolumePermission>) -> Vec<Grantee> {
    let grantee = |permission: CreateVolumePermission| {
        [permission.group.map(|group| group.as_str().to_owned()), permission.user_id]
    };
    permissions.into_iter().flat_map(grantee).flatten().map(|text| Grantee::of(&text)).collect()
}
