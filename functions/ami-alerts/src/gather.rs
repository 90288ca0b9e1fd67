//! Reads from AWS what a decision needs, and changes nothing. Each lookup can fail by itself, and none fails the invocation.

mod account;
mod ancestry;
mod call;
mod image;
mod organization;
mod scan;
mod snapshot;
mod usage;

use aws_sdk_ec2::Client as Ec2;
use aws_sdk_ec2::types::{ImageAttributeName, SnapshotAttributeName};
use shared::call_error::CallError;

use crate::aws::Clients;
use crate::change::{ResourceKind, SharedResource};
use crate::facts::LookupError;
use crate::grantee::Grantee;
use crate::run::Run;
use image::{create_volume_grantees, launch_grantees};

pub use account::{AccountAccess, AssumedRole, account_access};
pub use call::{current_permissions, gather};
pub use organization::MembershipReader;
pub use scan::gather_scan;
pub use usage::usage_reading;

/// The calls of this module, as IAM names them.
const DESCRIBE_IMAGES: &str = "ec2:DescribeImages";
const DESCRIBE_IMAGE_ATTRIBUTE: &str = "ec2:DescribeImageAttribute";
const DESCRIBE_SNAPSHOT_ATTRIBUTE: &str = "ec2:DescribeSnapshotAttribute";
const GET_BLOCK: &str = "ec2:GetImageBlockPublicAccessState";
const GET_SNAPSHOT_BLOCK: &str = "ec2:GetSnapshotBlockPublicAccessState";
const LIST_ALIASES: &str = "iam:ListAccountAliases";
const GET_CALLER: &str = "sts:GetCallerIdentity";

/// The account's alias; an account has at most one (ListAccountAliases, IAM API Reference).
async fn alias(aws: &Clients) -> Result<Option<String>, LookupError> {
    let answer = aws.iam.list_account_aliases().send().await;
    let aliases = answer.map_err(|error| CallError::new(LIST_ALIASES, error))?;
    Ok(aliases.account_aliases.into_iter().next())
}

/// The account's alias, if it has one and it can be read.
pub async fn account_alias(run: &Run<'_>) -> Option<String> {
    alias(run.aws).await.ok().flatten()
}

/// The grantees that can use an image or a snapshot now, beside its owner.
async fn permissions(resource: &SharedResource, ec2: &Ec2) -> Result<Vec<Grantee>, LookupError> {
    let id = resource.legal_id().ok_or(LookupError::NoId(resource.kind))?;
    match resource.kind {
        ResourceKind::Image => {
            let call = ec2.describe_image_attribute().image_id(id);
            let answer = call.attribute(ImageAttributeName::LaunchPermission).send().await;
            let answer = answer.map_err(|error| CallError::new(DESCRIBE_IMAGE_ATTRIBUTE, error))?;
            Ok(launch_grantees(answer.launch_permissions.unwrap_or_default()))
        }
        ResourceKind::Snapshot => {
            let call = ec2.describe_snapshot_attribute().snapshot_id(id);
            let answer = call.attribute(SnapshotAttributeName::CreateVolumePermission).send().await;
            let answer = answer.map_err(|error| CallError::new(DESCRIBE_SNAPSHOT_ATTRIBUTE, error))?;
            Ok(create_volume_grantees(answer.create_volume_permissions.unwrap_or_default()))
        }
    }
}

/// The state of the region's block public access for images or for snapshots.
async fn block(of: ResourceKind, ec2: &Ec2) -> Result<String, LookupError> {
    let state = match of {
        ResourceKind::Image => {
            let answer = ec2.get_image_block_public_access_state().send().await;
            let answer = answer.map_err(|error| CallError::new(GET_BLOCK, error))?;
            answer.image_block_public_access_state
        }
        ResourceKind::Snapshot => {
            let answer = ec2.get_snapshot_block_public_access_state().send().await;
            let answer = answer.map_err(|error| CallError::new(GET_SNAPSHOT_BLOCK, error))?;
            answer.state.map(|state| state.as_str().to_owned())
        }
    };
    state.ok_or(LookupError::NoState)
}
