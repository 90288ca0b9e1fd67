//! `[account]` and `[[role]]`: the caller's identity, and the roles in other accounts that it can assume.

use toml::Spanned;

use super::file::WorldFile;
use super::raw::{RawAccount, RawRole};
use super::{AwsWorld, WorldError};
use crate::ec2::{BLOCK_NEW, BlockedKind, PermissionGrantee, UNBLOCKED, is_account};
use crate::service::ACCOUNT;
use crate::sts::RoleRecord;

pub(super) fn account(world: &mut AwsWorld, file: &WorldFile<'_>, raw: RawAccount) -> Result<(), WorldError> {
    let account = &mut world.account;
    account.alias = raw.alias;
    let is_region = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if let Some(region) = raw.region.filter(|region| !is_region(region.get_ref())) {
        return Err(file.invalid(&region, "`region` is the name of a region".to_owned()));
    }
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
    if let Some(at) = raw.organizations_access.as_ref().filter(|_| account.organization.is_none()) {
        return Err(file.invalid(at, "`organizations-access` needs `organization`"));
    }
    account.reads_organization = raw.organizations_access.map(Spanned::into_inner);
    if let Some(members) = raw.organization_accounts {
        account.members = Some(organization_accounts(file, account.organization.is_some(), members)?);
    }
    let images = if raw.block_public_access { BLOCK_NEW } else { UNBLOCKED };
    let snapshots = match &raw.snapshot_block_public_access {
        None => UNBLOCKED,
        Some(state) => file.one_of(state, "snapshot-block-public-access", BlockedKind::Snapshots.states())?,
    };
    world.ec2.block_at_start(images, snapshots);
    world.security_hub.enabled = raw.security_hub.unwrap_or(true);
    Ok(())
}

fn organization_accounts(
    file: &WorldFile<'_>,
    has_organization: bool,
    members: Vec<Spanned<String>>,
) -> Result<Vec<String>, WorldError> {
    for member in &members {
        if !has_organization {
            return Err(file.invalid(member, "`organization-accounts` needs `organization`"));
        }
        if !is_account(member.get_ref()) {
            return Err(file.invalid(member, format!("`{}` is no account's id", member.get_ref())));
        }
    }
    Ok(members.into_iter().map(Spanned::into_inner).collect())
}

pub(super) fn role(world: &mut AwsWorld, file: &WorldFile<'_>, raw: RawRole) -> Result<(), WorldError> {
    let parts: Vec<&str> = raw.arn.get_ref().splitn(6, ':').collect();
    let is_role = matches!(parts[..], ["arn", _, "iam", "", account, name]
        if is_account(account) && name.strip_prefix("role/").is_some_and(|name| !name.is_empty()));
    if !is_role {
        return Err(file.invalid(&raw.arn, format!("`{}` is no ARN of a role", raw.arn.get_ref())));
    }
    world.sts.roles.push(RoleRecord {
        arn: raw.arn.into_inner(),
        external_id: raw.external_id,
        account_alias: raw.account_alias,
    });
    Ok(())
}
