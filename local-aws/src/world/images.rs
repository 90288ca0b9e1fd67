//! `[account]`, `[ec2]`, `[[image]]` and `[[snapshot]]`: the caller's identity, and the existing images.

use jiff::Timestamp;
use toml::Spanned;

use super::file::WorldFile;
use super::raw::{RawAccount, RawImage, RawSnapshot};
use super::{AwsWorld, WorldError};
use crate::ec2::{
    ImageRecord, PermissionGrantee, STATES, SnapshotRecord, is_account, is_image_id, is_snapshot_id,
};
use crate::ids;
use crate::service::ACCOUNT;

const OWNER_ALIASES: &[&str] = &["amazon", "aws-backup-vault", "aws-marketplace"];
const ARCHITECTURES: &[&str] = &["arm64", "arm64_mac", "i386", "x86_64", "x86_64_mac"];

pub(super) fn account(world: &mut AwsWorld, file: &WorldFile<'_>, raw: RawAccount) -> Result<(), WorldError> {
    let account = &mut world.account;
    account.alias = raw.alias;
    for arn in raw.organization.iter().chain(&raw.organizational_units) {
        if !arn.get_ref().starts_with("arn:") || PermissionGrantee::named(arn.get_ref()).is_none() {
            let message =
                format!("`{}` is no ARN of an organization or an organizational unit", arn.get_ref());
            return Err(file.invalid(arn, message));
        }
    }
    account.organization = raw.organization.map(Spanned::into_inner);
    account.organizational_units = raw.organizational_units.into_iter().map(Spanned::into_inner).collect();
    if let Some(caller) = raw.caller {
        let parts: Vec<&str> = caller.get_ref().splitn(6, ':').collect();
        if !matches!(parts[..], ["arn", _, "iam" | "sts", "", ACCOUNT, _]) {
            let message =
                format!("`caller` is the ARN of a user, a role's session or the root user of {ACCOUNT}");
            return Err(file.invalid(&caller, message));
        }
        account.caller = caller.into_inner();
    }
    world.ec2.blocked = raw.block_public_access;
    Ok(())
}

pub(super) fn snapshot(world: &AwsWorld, file: &WorldFile<'_>, raw: RawSnapshot) -> Result<(), WorldError> {
    check_snapshot_id(file, &raw.id)?;
    let added = world.ec2.add_snapshot(SnapshotRecord {
        id: raw.id.get_ref().clone(),
        region: raw.region.unwrap_or_else(|| world.region.clone()),
        owner: owner(file, raw.owner.as_ref())?,
        encrypted: raw.encrypted,
        shared_with: shared_with(file, raw.public, &raw.shared_with)?,
    });
    if added { Ok(()) } else { Err(file.invalid(&raw.id, format!("`{}` is listed twice", raw.id.get_ref()))) }
}

/// Call it after all snapshots are added: an image adds its snapshot if it is missing.
pub(super) fn image(world: &AwsWorld, file: &WorldFile<'_>, raw: RawImage) -> Result<(), WorldError> {
    let id = raw.id.get_ref().clone();
    if !is_image_id(&id) {
        let message = format!("`{id}` is not `ami-` and 8 or 17 hexadecimal digits");
        return Err(file.invalid(&raw.id, message));
    }
    if let Some(other) = raw.imds_support.as_ref().filter(|value| value.get_ref() != "v2.0") {
        return Err(file.invalid(other, "`imds-support` is v2.0"));
    }
    let region = raw.region.unwrap_or_else(|| world.region.clone());
    let owner = owner(file, raw.owner.as_ref())?;
    let snapshot = match &raw.snapshot {
        None => format!("snap-{}", &ids::digest(&["snapshot", &id])[..17]),
        Some(named) => check_snapshot_id(file, named)?.to_owned(),
    };
    let implied = SnapshotRecord {
        id: snapshot.clone(),
        region: region.clone(),
        owner: owner.clone(),
        encrypted: raw.encrypted.unwrap_or_default(),
        shared_with: Vec::new(),
    };
    let is_listed = !world.ec2.add_snapshot(implied);
    if let (true, Some(_), Some(at)) = (is_listed, raw.encrypted, &raw.snapshot) {
        return Err(file.invalid(at, "set `encrypted` at the listed snapshot"));
    }
    let added = world.ec2.add_image(ImageRecord {
        region,
        owner,
        snapshot,
        name: raw.name.unwrap_or_else(|| id.clone()),
        owner_alias: one_of(file, raw.owner_alias, OWNER_ALIASES)?,
        created: raw.created.or(world.now).unwrap_or_else(Timestamp::now),
        deprecated: raw.deprecated,
        state: one_of(file, raw.state, STATES)?.unwrap_or_else(|| "available".to_owned()),
        architecture: one_of(file, raw.architecture, ARCHITECTURES)?.unwrap_or_else(|| "x86_64".to_owned()),
        description: raw.description,
        imds_support: raw.imds_support.map(Spanned::into_inner),
        tags: raw.tags.into_iter().collect(),
        shared_with: shared_with(file, raw.public, &raw.shared_with)?,
        id: id.clone(),
    });
    if added { Ok(()) } else { Err(file.invalid(&raw.id, format!("`{id}` is listed twice"))) }
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

fn shared_with(
    file: &WorldFile<'_>,
    public: bool,
    named: &[Spanned<String>],
) -> Result<Vec<PermissionGrantee>, WorldError> {
    let mut grantees: Vec<PermissionGrantee> =
        public.then_some(PermissionGrantee::Everyone).into_iter().collect();
    for named in named {
        let text = named.get_ref();
        match PermissionGrantee::named(text) {
            Some(PermissionGrantee::Everyone) => {
                return Err(file.invalid(named, "write `public = true` for all"));
            }
            Some(grantee) => grantees.push(grantee),
            None => {
                let message = format!(
                    "`{text}` is no account's id, and no ARN of an organization or an organizational unit"
                );
                return Err(file.invalid(named, message));
            }
        }
    }
    Ok(grantees)
}
