//! Commands and links for copying. They contain no text of an event that does not have AWS's form: the author of an event must
//! not be able to write a command that the operator runs.

use serde_json::{Map, Value, json};

use crate::change::{ResourceKind, SharedResource};
use crate::grantee::Grantee;
use shared::home::{Home, is_region};

/// The most grantees of a command.
const MOST: usize = 20;

/// The most commands for one purpose.
const MOST_COMMANDS: usize = 5;

/// A change of permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit {
    /// Grants access.
    Grant,
    /// Revokes access.
    Revoke,
}

/// The commands that grant or revoke access, each for as many grantees as a reader can check. None if a grantee, the id or the
/// region does not have AWS's form, or if there are too many grantees.
pub(super) fn modify_all(
    edit: Edit,
    resource: &SharedResource,
    region: &str,
    grantees: &[Grantee],
) -> Vec<String> {
    if grantees.len() > MOST * MOST_COMMANDS {
        return Vec::new();
    }
    let commands: Option<Vec<String>> =
        grantees.chunks(MOST).map(|some| modify(edit, resource, region, some)).collect();
    commands.unwrap_or_default()
}

/// The command that grants or revokes access; `None` if a grantee, the id or the region does not have AWS's form, or if there
/// are too many grantees.
pub(super) fn modify(
    edit: Edit,
    resource: &SharedResource,
    region: &str,
    grantees: &[Grantee],
) -> Option<String> {
    let id = resource.legal_id()?;
    if !is_region(region) || grantees.is_empty() || grantees.len() > MOST {
        return None;
    }
    match resource.kind {
        ResourceKind::Image => {
            let permissions: Option<Vec<Value>> = grantees.iter().map(permission).collect();
            let change = json!({ if edit == Edit::Grant { "Add" } else { "Remove" }: permissions? });
            Some(format!(
                "aws ec2 modify-image-attribute --region {region} --image-id {id} --launch-permission '{change}'"
            ))
        }
        ResourceKind::Snapshot => {
            let operation = if edit == Edit::Grant { "add" } else { "remove" };
            let mut command = format!(
                "aws ec2 modify-snapshot-attribute --region {region} --snapshot-id {id} \
                 --attribute createVolumePermission --operation-type {operation}"
            );
            if grantees.contains(&Grantee::Everyone) {
                command.push_str(" --group-names all");
            }
            let accounts: Vec<_> = grantees
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

/// A launch permission in the CLI's form. Every grantee that [`Grantee::of`] knows is free of quotation marks.
fn permission(grantee: &Grantee) -> Option<Value> {
    let member = match grantee {
        Grantee::Everyone => "Group",
        Grantee::Account(_) => "UserId",
        Grantee::Organization { .. } => "OrganizationArn",
        Grantee::Unit { .. } => "OrganizationalUnitArn",
        Grantee::Other(_) => return None,
    };
    let members: Map<String, Value> =
        [(member.to_owned(), grantee.name().as_ref().into())].into_iter().collect();
    Some(members.into())
}

/// The command that revokes all access.
pub(super) fn reset(resource: &SharedResource, region: &str) -> Option<String> {
    let id = resource.legal_id().filter(|_| is_region(region))?;
    Some(match resource.kind {
        ResourceKind::Image => {
            format!(
                "aws ec2 reset-image-attribute --region {region} --image-id {id} --attribute launchPermission"
            )
        }
        ResourceKind::Snapshot => format!(
            "aws ec2 reset-snapshot-attribute --region {region} --snapshot-id {id} --attribute createVolumePermission"
        ),
    })
}

/// The command that lists the current permissions.
pub(super) fn describe(resource: &SharedResource, region: &str) -> Option<String> {
    let id = resource.legal_id().filter(|_| is_region(region))?;
    Some(match resource.kind {
        ResourceKind::Image => {
            format!(
                "aws ec2 describe-image-attribute --region {region} --image-id {id} --attribute launchPermission"
            )
        }
        ResourceKind::Snapshot => format!(
            "aws ec2 describe-snapshot-attribute --region {region} --snapshot-id {id} --attribute createVolumePermission"
        ),
    })
}

/// The command that enables block public access.
pub(super) fn block(of: ResourceKind, region: &str) -> Option<String> {
    let (name, option) = match of {
        ResourceKind::Image => ("image", "--image-block-public-access-state"),
        ResourceKind::Snapshot => ("snapshot", "--state"),
    };
    is_region(region).then(|| {
        format!("aws ec2 enable-{name}-block-public-access --region {region} {option} block-new-sharing")
    })
}

/// The command that lists what is public.
pub(super) fn list_public(of: ResourceKind, region: &str) -> Option<String> {
    is_region(region).then(|| match of {
        ResourceKind::Image => format!(
            "aws ec2 describe-images --region {region} --owners self --executable-users all --query 'Images[].ImageId' \
             --output text"
        ),
        ResourceKind::Snapshot => format!(
            "aws ec2 describe-snapshots --region {region} --owner-ids self --restorable-by-user-ids all \
             --query 'Snapshots[].SnapshotId' --output text"
        ),
    })
}

/// The console's page about the image or snapshot, or about all images.
pub(super) fn console(resource: Option<&SharedResource>, region: &str, home: &Home) -> Option<String> {
    if !is_region(region) {
        return None;
    }
    let ec2 = format!("https://{region}.{}/ec2/home?region={region}", home.console()?);
    let Some(resource) = resource else { return Some(format!("{ec2}#Images:visibility=owned-by-me")) };
    let id = resource.legal_id()?;
    Some(match resource.kind {
        ResourceKind::Image => format!("{ec2}#ImageDetails:imageId={id}"),
        ResourceKind::Snapshot => format!("{ec2}#SnapshotDetails:snapshotId={id}"),
    })
}

/// The console's page about the event. Only an id of CloudTrail's form becomes part of a link.
pub(super) fn event(id: Option<&str>, region: &str, home: &Home) -> Option<String> {
    let is_id = |id: &&str| id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let id = id.filter(is_id).filter(|_| is_region(region))?;
    Some(format!("https://{region}.{}/cloudtrailv2/home?region={region}#/events/{id}", home.console()?))
}
