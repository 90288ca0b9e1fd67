//! Reads a snapshot and the images that contain it.

use aws_sdk_ec2::Client as Ec2;
use aws_sdk_ec2::types::{Filter, Snapshot as Ec2Snapshot};
use shared::call_error::CallError;

use super::{DESCRIBE_IMAGES, image};
use crate::change::SharedResource;
use crate::facts::{ImageDescription, LookupError, SnapshotDescription};

pub(super) const DESCRIBE_SNAPSHOTS: &str = "ec2:DescribeSnapshots";

/// The snapshot with its images; `None` if it no longer exists. Without the images, the rule of the snapshot is not known, so
/// the whole fact then fails.
pub(super) async fn find_snapshot(
    resource: &SharedResource,
    ec2: &Ec2,
) -> Result<Option<SnapshotDescription>, LookupError> {
    let id = resource.legal_id().ok_or(LookupError::NoId(resource.kind))?;
    let (snapshot, images) = tokio::join!(read(id, ec2), images_of(id, ec2));
    let Some(snapshot) = snapshot? else { return Ok(None) };
    Ok(Some(SnapshotDescription { images: images?, ..snapshot }))
}

async fn read(id: &str, ec2: &Ec2) -> Result<Option<SnapshotDescription>, LookupError> {
    let answer = ec2.describe_snapshots().snapshot_ids(id).send().await;
    match answer.map_err(|error| CallError::new(DESCRIBE_SNAPSHOTS, error)) {
        Ok(found) => Ok(found.snapshots().iter().map(description).next()),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The account's own images that contain the snapshot.
async fn images_of(id: &str, ec2: &Ec2) -> Result<Vec<ImageDescription>, LookupError> {
    let filter = Filter::builder().name("block-device-mapping.snapshot-id").values(id).build();
    let call = ec2.describe_images().owners("self").include_deprecated(true).include_disabled(true);
    let mut pages = call.filters(filter).max_results(1000).into_paginator().send();
    let mut images = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallError::new(DESCRIBE_IMAGES, error))?;
        images.extend(page.images().iter().map(image::description));
    }
    Ok(images)
}

/// The description of a snapshot, without its images.
pub(super) fn description(snapshot: &Ec2Snapshot) -> SnapshotDescription {
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let tags = snapshot
        .tags()
        .iter()
        .map(|tag| (tag.key().unwrap_or_default().to_owned(), tag.value().unwrap_or_default().to_owned()));
    SnapshotDescription {
        id: snapshot.snapshot_id().unwrap_or_default().to_owned(),
        description: text(snapshot.description()),
        owner: text(snapshot.owner_id()),
        created: snapshot.start_time().map(ToString::to_string),
        volume: text(snapshot.volume_id()).filter(|id| id != NO_VOLUME),
        gibibytes: snapshot.volume_size(),
        encrypted: snapshot.encrypted(),
        tags: tags.collect(),
        images: Vec::new(),
    }
}

/// The volume of a snapshot that was copied or imported: an id that EC2 makes up ("Snapshot", Amazon EC2 API Reference).
const NO_VOLUME: &str = "vol-ffffffff";

/// Whether the snapshot does not exist ("Error codes for the Amazon EC2 API", Amazon EC2 API Reference).
fn is_gone(error: &CallError) -> bool {
    error.has_code("InvalidSnapshot.NotFound")
}
