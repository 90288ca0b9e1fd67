//! Reads the images of a region: lists them, and reads who can launch each.

use std::collections::BTreeSet;
use std::time::Instant;

use aws_sdk_ec2::Client as Ec2;
use aws_sdk_ec2::types::{Filter, Image as Ec2Image};
use shared::call_error::CallError;

use super::super::{DESCRIBE_IMAGES, image};
use super::each::{ById, ReadOrder, list_until, read_each};
use crate::change::ResourceKind;
use crate::facts::{ImageDescription, LookupError};
use crate::rules::Memberships;
use crate::scan::{KindScan, ResourceDescription, ScannedResource};

/// The images of a region, and which snapshots are in them.
#[derive(Debug, Default)]
pub(super) struct ImagesOfSnapshots {
    images: ById<ImageDescription>,
    of_snapshot: ById<BTreeSet<String>>,
}

impl ImagesOfSnapshots {
    /// The images that contain a snapshot.
    pub(super) fn of(&self, snapshot: &str) -> Vec<ImageDescription> {
        let images = self.of_snapshot.get(snapshot).into_iter().flatten();
        images.filter_map(|image| self.images.get(image).cloned()).collect()
    }

    fn add(&mut self, image: &Ec2Image) {
        let description = image::description(image);
        let volumes = image.block_device_mappings().iter().filter_map(|mapping| mapping.ebs());
        for snapshot in volumes.filter_map(|volume| volume.snapshot_id()) {
            self.of_snapshot.entry(snapshot.to_owned()).or_default().insert(description.id.clone());
        }
        self.images.insert(description.id.clone(), description);
    }
}

/// Reads the images until `until`. Without a list of all images, it is unknown which snapshots are in them.
pub(super) async fn read(
    ec2: &Ec2,
    order: ReadOrder<'_>,
    until: Instant,
) -> (KindScan, Option<ImagesOfSnapshots>) {
    // A filter lists the public images, so that the worst shares are known before anything else is read.
    let public = list_until(until, list(ec2, true)).await;
    let all = list_until(until, list(ec2, false)).await;
    let ids = |images: &ImagesOfSnapshots| images.images.keys().cloned().collect::<BTreeSet<String>>();
    let public_ids = public.as_ref().map(ids).unwrap_or_default();
    let all_ids = all.as_ref().map(ids).map_err(Clone::clone);
    let order = order.of(&public_ids, all_ids.iter().flatten().cloned());
    let each = read_each(ResourceKind::Image, order, ec2, until).await;
    let found = |id: &String| {
        let lists = [all.as_ref().ok(), public.as_ref().ok()];
        lists.into_iter().flatten().find_map(|list| list.images.get(id)).cloned()
    };
    let unread = each.unread.into_iter().filter(|id| public_ids.contains(id)).map(|id| (id, None));
    let read = each.grantees.into_iter().map(|(id, grantees)| (id, Some(grantees))).chain(unread);
    let scanned = |(id, grantees)| {
        Some(ScannedResource {
            description: ResourceDescription::Image(found(&id)?),
            is_listed_as_public: public_ids.contains(&id),
            grantees,
            memberships: Memberships::new(),
        })
    };
    let scan = KindScan {
        kind: ResourceKind::Image,
        read: read.filter_map(scanned).collect(),
        stop: each.stop,
        public: public.as_ref().map(|_| ()).map_err(Clone::clone),
        descriptions: Ok(()),
        all: all_ids,
    };
    (scan, all.ok())
}

/// The account's own images: all, or those that are public.
async fn list(ec2: &Ec2, public: bool) -> Result<ImagesOfSnapshots, LookupError> {
    let call = ec2.describe_images().owners("self").include_deprecated(true).include_disabled(true);
    let is_public = Filter::builder().name("is-public").values("true").build();
    let call = if public { call.filters(is_public) } else { call };
    let mut pages = call.max_results(1000).into_paginator().send();
    let mut images = ImagesOfSnapshots::default();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallError::new(DESCRIBE_IMAGES, error))?;
        page.images().iter().for_each(|image| images.add(image));
    }
    Ok(images)
}
