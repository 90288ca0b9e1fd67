//! The entries `image`, `ebs-snapshot` and `block-public-access` of `[[timeline]]`.

use toml::Spanned;

use super::file::WorldFile;
use super::raw::RawTimed;
use super::{AwsWorld, WorldError, images};
use crate::ec2::{BlockedKind, ChangedResource, GranteeChange, ImageChange, is_account};
use crate::service::ACCOUNT;

pub(super) fn read(
    world: &AwsWorld,
    file: &WorldFile<'_>,
    entry: &Spanned<RawTimed>,
    named: &str,
) -> Result<ImageChange, WorldError> {
    let raw = entry.get_ref();
    let region = raw.region.as_ref().map_or_else(|| world.region.clone(), |region| region.get_ref().clone());
    let resource = match (&raw.image, &raw.ebs_snapshot) {
        (Some(id), _) => (id, ChangedResource::Image { region, id: id.get_ref().clone() }),
        (_, Some(id)) => (id, ChangedResource::Snapshot { region, id: id.get_ref().clone() }),
        _ => return block(file, entry, region),
    };
    let (at, resource) = resource;
    if !world.ec2.has(&resource) {
        let entries = if raw.image.is_some() { "[[image]]" } else { "[[snapshot]]" };
        return Err(file.invalid(at, format!("there is no {entries} `{}` in that region", at.get_ref())));
    }
    let is_removed = raw.removed.as_ref().is_some_and(|removed| *removed.get_ref());
    if is_removed == (raw.add.is_some() || raw.remove.is_some()) {
        let message = format!("`{named}` needs `add` or `remove`, or `removed = true`");
        return Err(file.invalid(entry, message));
    }
    if is_removed {
        return Ok(ImageChange::Removed(resource));
    }
    let grantees = |list: &Option<Spanned<Vec<Spanned<String>>>>| match list {
        None => Ok(Vec::new()),
        Some(list) => images::grantees(file, list.get_ref()),
    };
    let change = GranteeChange { add: grantees(&raw.add)?, remove: grantees(&raw.remove)? };
    Ok(ImageChange::Permissions(resource, change))
}

fn block(file: &WorldFile<'_>, entry: &Spanned<RawTimed>, region: String) -> Result<ImageChange, WorldError> {
    let raw = entry.get_ref();
    let key = "block-public-access";
    let kind = raw.block_public_access.as_ref().expect("it is there");
    let kind = match file.one_of(kind, key, &["images", "snapshots"])? {
        "images" => BlockedKind::Images,
        _ => BlockedKind::Snapshots,
    };
    let state = raw.state.as_ref().ok_or_else(|| file.invalid(entry, format!("`{key}` needs `state`")))?;
    let state = file.one_of(state, "state", kind.states())?;
    let account = match &raw.account {
        None => ACCOUNT.to_owned(),
        Some(account) if is_account(account.get_ref()) => account.get_ref().clone(),
        Some(account) => {
            return Err(file.invalid(account, format!("`{}` is no account's id", account.get_ref())));
        }
    };
    Ok(ImageChange::Block { kind, account, region, state })
}
