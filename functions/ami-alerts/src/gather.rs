//! Looks up what makes a mail readable: names, tags, who may use the image now. Each look-up may fail by itself; nothing
//! here fails.

mod image;

use std::time::Duration;

use aws_sdk_ec2::Client as Ec2;
use aws_sdk_ec2::error::ProvideErrorMetadata as _;
use aws_sdk_ec2::types::{ImageAttributeName, SnapshotAttributeName};
use shared::aws::told;

use crate::aws::Clients;
use crate::change::{Change, Kind, Resource};
use crate::event::Record;
use crate::facts::{Facts, Image, Look};
use crate::grantee::Grantee;
use shared::home::{Home, is_region};

pub use image::{creators, image, launchers};

/// The time that all look-ups have together: a mail that knows less is better than one that comes too late.
pub const TIME: Duration = Duration::from_secs(15);

/// Looks up what belongs to a recorded call. `change` is what it changed, for a call that is understood.
pub async fn gather(record: &Record, change: Option<&Change>, home: &Home, aws: &Clients) -> Facts {
    if let Some(account) = record.account.as_deref().filter(|account| *account != home.account) {
        let why = format!("the event is of account {account}, and this function runs in {}", home.account);
        return unseen(change, &why);
    }
    let region = match record.region.as_deref() {
        None => Ok(home.region.as_str()),
        Some(region) if is_region(region) => Ok(region),
        Some(region) => Err(format!("`{region}` is no region's name")),
    };
    let alias = within(alias(aws));
    let Some(change) = change else { return Facts { alias: alias.await, ..Facts::default() } };
    let region = match region {
        Ok(region) => region,
        Err(why) => return Facts { alias: alias.await, ..unseen(Some(change), &why) },
    };
    let ec2 = aws.ec2(region);
    let about = change.resource();
    let (alias, image, permissions, block) = tokio::join!(
        alias,
        async {
            match about.filter(|about| about.kind == Kind::Image) {
                Some(about) => within(find(about, &ec2)).await,
                None => Look::NotAsked,
            }
        },
        async {
            match about {
                Some(about) => within(permissions(about, &ec2)).await,
                None => Look::NotAsked,
            }
        },
        async {
            match about.is_none_or(|about| about.kind == Kind::Image) {
                true => within(block(&ec2)).await,
                false => Look::NotAsked,
            }
        },
    );
    Facts { alias, image, permissions, block }
}

/// Nothing could be looked up.
fn unseen(change: Option<&Change>, why: &str) -> Facts {
    let resource = change.and_then(Change::resource);
    let is_image = resource.is_some_and(|resource| resource.kind == Kind::Image);
    let why = || why.to_owned();
    Facts {
        alias: Look::Unseen(why()),
        image: if is_image { Look::Unseen(why()) } else { Look::NotAsked },
        permissions: if resource.is_some() { Look::Unseen(why()) } else { Look::NotAsked },
        block: if change.is_some() && (is_image || resource.is_none()) {
            Look::Unseen(why())
        } else {
            Look::NotAsked
        },
    }
}

async fn within<T>(look: impl Future<Output = Result<T, String>>) -> Look<T> {
    match tokio::time::timeout(TIME, look).await {
        Ok(Ok(value)) => Look::Seen(value),
        Ok(Err(why)) => Look::Unseen(why),
        Err(_) => Look::Unseen(format!("there was no answer within {} s", TIME.as_secs())),
    }
}

/// The account's alias: there can be one (ListAccountAliases, IAM API Reference).
pub async fn alias(aws: &Clients) -> Result<Option<String>, String> {
    let aliases = aws.iam.list_account_aliases().send().await.map_err(|error| told(&error))?;
    Ok(aliases.account_aliases.into_iter().next())
}

async fn find(resource: &Resource, ec2: &Ec2) -> Result<Option<Image>, String> {
    let id = resource.legal_id().ok_or("the record has no id of an image")?;
    match ec2.describe_images().image_ids(id).include_deprecated(true).include_disabled(true).send().await {
        Ok(found) => Ok(found.images.unwrap_or_default().iter().map(image).next()),
        Err(error) if error.code().is_some_and(|code| code.starts_with("InvalidAMIID.")) => Ok(None),
        Err(error) => Err(told(&error)),
    }
}

/// Who may use an image or a snapshot now, beside its owner.
pub async fn permissions(resource: &Resource, ec2: &Ec2) -> Result<Vec<Grantee>, String> {
    let id = resource.legal_id().ok_or_else(|| format!("the record has no id of {}", resource.kind.one()))?;
    match resource.kind {
        Kind::Image => {
            let call = ec2.describe_image_attribute().image_id(id);
            let answer = call.attribute(ImageAttributeName::LaunchPermission).send().await;
            Ok(launchers(answer.map_err(|error| told(&error))?.launch_permissions.unwrap_or_default()))
        }
        Kind::Snapshot => {
            let call = ec2.describe_snapshot_attribute().snapshot_id(id);
            let answer = call.attribute(SnapshotAttributeName::CreateVolumePermission).send().await;
            Ok(creators(answer.map_err(|error| told(&error))?.create_volume_permissions.unwrap_or_default()))
        }
    }
}

/// The region's block public access for images.
pub async fn block(ec2: &Ec2) -> Result<String, String> {
    let answer = ec2.get_image_block_public_access_state().send().await.map_err(|error| told(&error))?;
    answer.image_block_public_access_state.ok_or_else(|| "EC2's answer has no state".to_owned())
}
