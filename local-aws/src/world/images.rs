//! `[ec2]`, `[[image]]` and `[[snapshot]]`: the existing images and snapshots.

use jiff::{SignedDuration, Timestamp};
use toml::Spanned;

use super::file::WorldFile;
use super::raw::{RawAncestor, RawEarlier, RawEc2, RawImage, RawSnapshot, RawUsage};
use super::{AwsWorld, WorldError};
use crate::ec2::{
    AncestorRecord, ImageRecord, PermissionGrantee, Permissions, RESOURCE_TYPES, SNAPSHOT_STATES, STATES,
    SnapshotRecord, UsageRecord, is_account, is_image_id, is_snapshot_id,
};
use crate::ids;
use crate::service::ACCOUNT;

const OWNER_ALIASES: &[&str] = &["amazon", "aws-backup-vault", "aws-marketplace"];
const ARCHITECTURES: &[&str] = &["arm64", "arm64_mac", "i386", "x86_64", "x86_64_mac"];

pub(super) fn settings(world: &mut AwsWorld, raw: RawEc2) {
    let ec2 = &mut world.ec2;
    if let Some(size) = raw.page_size {
        ec2.page_size = size.into();
    }
    let seconds = |seconds: u32| SignedDuration::from_secs(seconds.into());
    ec2.block_delay = seconds(raw.block_public_access_delay);
    ec2.permission_delay = seconds(raw.permission_delay);
    ec2.report_delay = raw.usage_report_delay.map_or(ec2.report_delay, seconds);
}

pub(super) fn snapshot(world: &AwsWorld, file: &WorldFile<'_>, raw: RawSnapshot) -> Result<(), WorldError> {
    let id = check_snapshot_id(file, &raw.id)?.to_owned();
    let owner = owner(file, raw.owner.as_ref())?;
    let region = raw.region.unwrap_or_else(|| world.region.clone());
    if let Some(key) = raw.kms_key.as_ref().filter(|_| !raw.encrypted) {
        return Err(file.invalid(key, "`kms-key` needs `encrypted = true`"));
    }
    if let Some(volume) = raw.volume.as_ref().filter(|volume| !volume.get_ref().starts_with("vol-")) {
        return Err(file.invalid(volume, format!("`{}` is no volume's id", volume.get_ref())));
    }
    let implied = implied(world, &id, &region, &owner, raw.encrypted);
    let added = world.ec2.add_snapshot(SnapshotRecord {
        volume: raw.volume.map_or(implied.volume, Spanned::into_inner),
        size: raw.size.map_or(implied.size, |size| size.get().into()),
        description: raw.description,
        tags: raw.tags.into_iter().collect(),
        started: raw.started.unwrap_or(implied.started),
        state: one_of(file, raw.state, SNAPSHOT_STATES)?.unwrap_or(implied.state),
        kms_key: raw.kms_key.map(Spanned::into_inner).or(implied.kms_key),
        shared_with: permissions(file, raw.public, &raw.shared_with, raw.earlier.as_ref())?,
        encrypted: raw.encrypted,
        id: id.clone(),
        region,
        owner,
    });
    if added { Ok(()) } else { Err(file.invalid(&raw.id, format!("`{id}` is listed twice"))) }
}

/// A snapshot of which only the image is known.
fn implied(world: &AwsWorld, id: &str, region: &str, owner: &str, encrypted: bool) -> SnapshotRecord {
    let key = ids::uuid(&["key", owner, region]);
    SnapshotRecord {
        id: id.to_owned(),
        region: region.to_owned(),
        owner: owner.to_owned(),
        volume: format!("vol-{}", &ids::digest(&["volume", id])[..17]),
        size: 8,
        description: String::new(),
        tags: Vec::new(),
        started: world.now.unwrap_or_else(Timestamp::now),
        state: "completed".to_owned(),
        encrypted,
        kms_key: encrypted.then(|| format!("arn:aws:kms:{region}:{owner}:key/{key}")),
        shared_with: Permissions::new(Vec::new()),
    }
}

/// Call it after all snapshots are added: an image adds its snapshots if they are missing.
pub(super) fn image(world: &AwsWorld, file: &WorldFile<'_>, raw: RawImage) -> Result<(), WorldError> {
    let id = raw.id.get_ref().clone();
    if !is_image_id(&id) {
        let message = format!("`{id}` is not `ami-` and 8 or 17 hexadecimal digits");
        return Err(file.invalid(&raw.id, message));
    }
    if let Some(other) = raw.imds_support.as_ref().filter(|value| value.get_ref() != "v2.0") {
        return Err(file.invalid(other, "`imds-support` is v2.0"));
    }
    let region = raw.region.clone().unwrap_or_else(|| world.region.clone());
    let owner = owner(file, raw.owner.as_ref())?;
    let snapshots = snapshots(world, file, &raw, &region, &owner)?;
    let added = world.ec2.add_image(ImageRecord {
        made_from: raw
            .made_from
            .iter()
            .map(|one| ancestor(world, file, &region, one))
            .collect::<Result<_, _>>()?,
        usage: raw.usage.iter().map(|one| usage(file, one)).collect::<Result<_, _>>()?,
        usage_error: raw.usage_report_error,
        region,
        owner,
        snapshots,
        name: raw.name.unwrap_or_else(|| id.clone()),
        owner_alias: one_of(file, raw.owner_alias, OWNER_ALIASES)?,
        created: raw.created.or(world.now).unwrap_or_else(Timestamp::now),
        deprecated: raw.deprecated,
        state: one_of(file, raw.state, STATES)?.unwrap_or_else(|| "available".to_owned()),
        architecture: one_of(file, raw.architecture, ARCHITECTURES)?.unwrap_or_else(|| "x86_64".to_owned()),
        description: raw.description,
        imds_support: raw.imds_support.map(Spanned::into_inner),
        tags: raw.tags.into_iter().collect(),
        shared_with: permissions(file, raw.public, &raw.shared_with, raw.earlier.as_ref())?,
        id: id.clone(),
    });
    if added { Ok(()) } else { Err(file.invalid(&raw.id, format!("`{id}` is listed twice"))) }
}

/// The ids of an image's snapshots. Those that no entry describes are added.
fn snapshots(
    world: &AwsWorld,
    file: &WorldFile<'_>,
    raw: &RawImage,
    region: &str,
    owner: &str,
) -> Result<Vec<String>, WorldError> {
    if let Some(at) = raw.snapshot.as_ref().filter(|_| !raw.snapshots.is_empty()) {
        return Err(file.invalid(at, "an image has a `snapshot` or `snapshots`, not both"));
    }
    let named: Vec<&Spanned<String>> = raw.snapshot.iter().chain(&raw.snapshots).collect();
    if named.is_empty() {
        let id = format!("snap-{}", &ids::digest(&["snapshot", raw.id.get_ref()])[..17]);
        world.ec2.add_snapshot(implied(world, &id, region, owner, raw.encrypted.unwrap_or_default()));
        return Ok(vec![id]);
    }
    for at in &named {
        let id = check_snapshot_id(file, at)?;
        let is_new =
            world.ec2.add_snapshot(implied(world, id, region, owner, raw.encrypted.unwrap_or_default()));
        if !is_new && raw.encrypted.is_some() {
            return Err(file.invalid(at, "set `encrypted` at the listed snapshot"));
        }
    }
    Ok(named.into_iter().map(|id| id.get_ref().clone()).collect())
}

fn ancestor(
    world: &AwsWorld,
    file: &WorldFile<'_>,
    region: &str,
    raw: &RawAncestor,
) -> Result<AncestorRecord, WorldError> {
    if !is_image_id(raw.id.get_ref()) {
        let message = format!("`{}` is not `ami-` and 8 or 17 hexadecimal digits", raw.id.get_ref());
        return Err(file.invalid(&raw.id, message));
    }
    Ok(AncestorRecord {
        id: raw.id.get_ref().clone(),
        region: raw.region.clone().unwrap_or_else(|| region.to_owned()),
        owner_alias: one_of(file, raw.owner_alias.clone(), OWNER_ALIASES)?,
        created: raw.created.or(world.now).unwrap_or_else(Timestamp::now),
    })
}

fn usage(file: &WorldFile<'_>, raw: &RawUsage) -> Result<UsageRecord, WorldError> {
    Ok(UsageRecord {
        account: self::owner(file, Some(&raw.account))?,
        resource_type: one_of(file, raw.resource_type.clone(), RESOURCE_TYPES)?
            .unwrap_or_else(|| "ec2:Instance".to_owned()),
        count: raw.count.into(),
    })
}

fn check_snapshot_id<'i>(file: &WorldFile<'_>, id: &'i Spanned<String>) -> Result<&'i str, WorldError> {
    match is_snapshot_id(id.get_ref()) {
        true => Ok(id.get_ref()),
        false => {
            let message = format!("`{}` is not `snap-` and 8 or 17 hexadecimal digits", id.get_ref());
            Err(file.invalid(id, message))
        }
    }
}

fn owner(file: &WorldFile<'_>, owner: Option<&Spanned<String>>) -> Result<String, WorldError> {
    match owner {
        None => Ok(ACCOUNT.to_owned()),
        Some(owner) if is_account(owner.get_ref()) => Ok(owner.get_ref().clone()),
        Some(owner) => Err(file.invalid(owner, format!("`{}` is no account's id", owner.get_ref()))),
    }
}

fn one_of(
    file: &WorldFile<'_>,
    value: Option<Spanned<String>>,
    allowed: &[&str],
) -> Result<Option<String>, WorldError> {
    match value {
        Some(value) if !allowed.contains(&value.get_ref().as_str()) => {
            let message = format!("`{}` is not one of {}", value.get_ref(), allowed.join(", "));
            Err(file.invalid(&value, message))
        }
        value => Ok(value.map(Spanned::into_inner)),
    }
}

/// The permissions, and those that look-ups show until they show them.
fn permissions(
    file: &WorldFile<'_>,
    public: bool,
    named: &[Spanned<String>],
    earlier: Option<&RawEarlier>,
) -> Result<Permissions, WorldError> {
    let written = shared_with(file, public, named)?;
    let Some(earlier) = earlier else { return Ok(Permissions::new(written)) };
    let mut permissions = Permissions::new(shared_with(file, earlier.public, &earlier.shared_with)?);
    permissions.write(earlier.until, written);
    Ok(permissions)
}

/// The grantees of a list.
pub(super) fn grantees(
    file: &WorldFile<'_>,
    named: &[Spanned<String>],
) -> Result<Vec<PermissionGrantee>, WorldError> {
    let grantee = |named: &Spanned<String>| {
        let grantee = PermissionGrantee::named(named.get_ref());
        grantee.ok_or_else(|| {
            let text = named.get_ref();
            let message = format!(
                "`{text}` is no account's id, and no ARN of an organization or an organizational unit"
            );
            file.invalid(named, message)
        })
    };
    named.iter().map(grantee).collect()
}

fn shared_with(
    file: &WorldFile<'_>,
    public: bool,
    named: &[Spanned<String>],
) -> Result<Vec<PermissionGrantee>, WorldError> {
    let mut grantees: Vec<PermissionGrantee> =
        public.then_some(PermissionGrantee::Everyone).into_iter().collect();
    if let Some(all) = named.iter().find(|named| named.get_ref() == "all") {
        return Err(file.invalid(all, "write `public = true` for all"));
    }
    grantees.extend(self::grantees(file, named)?);
    Ok(grantees)
}
