//! Commands and links that a person can use as they are. Nothing of an event goes into one unless it has the form that AWS
//! gives it: whoever made the event must not be able to write what somebody else runs.

use serde_json::{Map, Value, json};

use crate::change::{Kind, Resource};
use crate::grantee::Grantee;
use shared::home::{Home, is_region};

/// The most grantees that a command names.
const MOST: usize = 20;

/// Whether a command lets somebody in or shuts them out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Do {
    /// Lets them in again.
    Add,
    /// Shuts them out.
    Remove,
}

/// The command that lets grantees in or shuts them out; none if one of them, the id or the region has another form than
/// AWS's, or if they are too many.
pub(super) fn modify(what: Do, resource: &Resource, region: &str, grantees: &[Grantee]) -> Option<String> {
    let id = resource.legal_id()?;
    if !is_region(region) || grantees.is_empty() || grantees.len() > MOST {
        return None;
    }
    match resource.kind {
        Kind::Image => {
            let permissions: Option<Vec<Value>> = grantees.iter().map(permission).collect();
            let change = json!({ if what == Do::Add { "Add" } else { "Remove" }: permissions? });
            Some(format!(
                "aws ec2 modify-image-attribute --region {region} --image-id {id} --launch-permission '{change}'"
            ))
        }
        Kind::Snapshot => {
            let operation = if what == Do::Add { "add" } else { "remove" };
            let mut command = format!(
                "aws ec2 modify-snapshot-attribute --region {region} --snapshot-id {id} \
                 --attribute createVolumePermission --operation-type {operation}"
            );
            if grantees.contains(&Grantee::Everyone) {
                command.push_str(" --group-names all");
            }
            let accounts: Vec<&str> = grantees
                .iter()
                .filter(|grantee| matches!(grantee, Grantee::Account(_)))
                .map(Grantee::name)
                .collect();
            if !accounts.is_empty() {
                command.push_str(&format!(" --user-ids {}", accounts.join(" ")));
            }
            let legal = |grantee: &Grantee| matches!(grantee, Grantee::Everyone | Grantee::Account(_));
            grantees.iter().all(legal).then_some(command)
        }
    }
}

/// A launch permission as the CLI takes it. What [`Grantee::of`] knows has no quotation mark in it.
fn permission(grantee: &Grantee) -> Option<Value> {
    let member = match grantee {
        Grantee::Everyone => "Group",
        Grantee::Account(_) => "UserId",
        Grantee::Organization { .. } => "OrganizationArn",
        Grantee::Unit { .. } => "OrganizationalUnitArn",
        Grantee::Other(_) => return None,
    };
    let members: Map<String, Value> = [(member.to_owned(), grantee.name().into())].into_iter().collect();
    Some(members.into())
}

/// The command that shuts everybody but the owner out.
pub(super) fn reset(resource: &Resource, region: &str) -> Option<String> {
    let id = resource.legal_id().filter(|_| is_region(region))?;
    Some(match resource.kind {
        Kind::Image => {
            format!(
                "aws ec2 reset-image-attribute --region {region} --image-id {id} --attribute launchPermission"
            )
        }
        Kind::Snapshot => format!(
            "aws ec2 reset-snapshot-attribute --region {region} --snapshot-id {id} --attribute createVolumePermission"
        ),
    })
}

/// The command that shows who may use it now.
pub(super) fn describe(resource: &Resource, region: &str) -> Option<String> {
    let id = resource.legal_id().filter(|_| is_region(region))?;
    Some(match resource.kind {
        Kind::Image => {
            format!(
                "aws ec2 describe-image-attribute --region {region} --image-id {id} --attribute launchPermission"
            )
        }
        Kind::Snapshot => format!(
            "aws ec2 describe-snapshot-attribute --region {region} --snapshot-id {id} --attribute createVolumePermission"
        ),
    })
}

/// The command that switches block public access on.
pub(super) fn block(region: &str) -> Option<String> {
    is_region(region).then(|| {
        format!(
            "aws ec2 enable-image-block-public-access --region {region} --image-block-public-access-state block-new-sharing"
        )
    })
}

/// The page of the console that shows it.
pub(super) fn console(resource: Option<&Resource>, region: &str, home: &Home) -> Option<String> {
    if !is_region(region) {
        return None;
    }
    let ec2 = format!("https://{region}.{}/ec2/home?region={region}", home.console());
    let Some(resource) = resource else { return Some(format!("{ec2}#Images:visibility=owned-by-me")) };
    let id = resource.legal_id()?;
    Some(match resource.kind {
        Kind::Image => format!("{ec2}#ImageDetails:imageId={id}"),
        Kind::Snapshot => format!("{ec2}#SnapshotDetails:snapshotId={id}"),
    })
}

/// The page of the console that shows the event; only CloudTrail's own form of an id becomes part of a link.
pub(super) fn event(id: Option<&str>, region: &str, home: &Home) -> Option<String> {
    let is_id = |id: &&str| id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let id = id.filter(is_id).filter(|_| is_region(region))?;
    Some(format!("https://{region}.{}/cloudtrailv2/home?region={region}#/events/{id}", home.console()))
}
