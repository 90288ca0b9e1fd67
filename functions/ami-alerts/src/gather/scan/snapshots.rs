//! Reads the snapshots of a region: lists their ids, reads who can create volumes from each, and describes those that are
//! shared or remembered. An account can have 100,000 snapshots ("Amazon EBS endpoints and quotas", AWS General Reference).

use std::collections::BTreeSet;
use std::time::Instant;

use aws_sdk_ec2::Client as Ec2;
use aws_sdk_ec2::types::Filter;
use shared::call_error::CallError;

use super::super::snapshot::{DESCRIBE_SNAPSHOTS, description};
use super::each::{ById, EachRead, ReadOrder, list_until, read_each};
use super::images::ImagesOfSnapshots;
use crate::change::ResourceKind;
use crate::facts::{LookupError, SnapshotDescription};
use crate::rules::Memberships;
use crate::scan::{KindScan, ResourceDescription, ScannedResource};

/// The most values of a filter ("Filter", Amazon EC2 API Reference).
const VALUES_OF_A_FILTER: usize = 200;

/// Reads the snapshots until `until`.
pub(super) async fn read(
    ec2: &Ec2,
    order: ReadOrder<'_>,
    images: Option<&ImagesOfSnapshots>,
    until: Instant,
) -> KindScan {
    let public = list_until(until, ids(ec2, true)).await;
    let all = list_until(until, ids(ec2, false)).await;
    let public_ids = public.as_ref().cloned().unwrap_or_default();
    let ids = order.of(&public_ids, all.iter().flatten().cloned());
    let each = read_each(ResourceKind::Snapshot, ids, ec2, until).await;
    let described = describe(ec2, shared_or_known(&each, &public_ids, order.known)).await;
    let unread = each.unread.into_iter().filter(|id| public_ids.contains(id)).map(|id| (id, None));
    let read = each.grantees.into_iter().map(|(id, grantees)| (id, Some(grantees))).chain(unread);
    let scanned = |(id, grantees): (String, _)| {
        let found = described.as_ref().ok().and_then(|described| with_images(described.get(&id)?, images?));
        let is_listed_as_public = public_ids.contains(&id);
        let description = ResourceDescription::Snapshot { found: found.map(Box::new), id };
        ScannedResource { description, is_listed_as_public, grantees, memberships: Memberships::new() }
    };
    KindScan {
        kind: ResourceKind::Snapshot,
        read: read.map(scanned).collect(),
        stop: each.stop,
        public: public.map(|_| ()),
        descriptions: described.as_ref().map(|_| ()).map_err(Clone::clone),
        all,
    }
}

/// The rule of a snapshot may be the rule of an image that contains it.
fn with_images(snapshot: &SnapshotDescription, images: &ImagesOfSnapshots) -> Option<SnapshotDescription> {
    Some(SnapshotDescription { images: images.of(&snapshot.id), ..snapshot.clone() })
}

fn shared_or_known(each: &EachRead, public: &BTreeSet<String>, known: &BTreeSet<String>) -> Vec<String> {
    let is_shared =
        |grantees: &Result<Vec<_>, _>| grantees.as_ref().is_ok_and(|grantees| !grantees.is_empty());
    let is_needed = |id: &String| public.contains(id) || known.contains(id);
    let read = each.grantees.iter().filter(|(id, grantees)| is_shared(grantees) || is_needed(id));
    let read = read.map(|(id, _)| id.clone());
    read.chain(each.unread.iter().filter(|id| public.contains(*id)).cloned()).collect()
}

/// The ids of the account's own snapshots: all, or those that are public. Pages are not kept.
async fn ids(ec2: &Ec2, public: bool) -> Result<BTreeSet<String>, LookupError> {
    let call = ec2.describe_snapshots().owner_ids("self");
    let call = if public { call.restorable_by_user_ids("all") } else { call };
    let mut pages = call.max_results(1000).into_paginator().send();
    let mut ids = BTreeSet::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallError::new(DESCRIBE_SNAPSHOTS, error))?;
        ids.extend(page.snapshots().iter().filter_map(|snapshot| snapshot.snapshot_id().map(str::to_owned)));
    }
    Ok(ids)
}

/// Describes snapshots with a filter, which omits those that were deleted since.
async fn describe(ec2: &Ec2, ids: Vec<String>) -> Result<ById<SnapshotDescription>, LookupError> {
    let mut described = ById::new();
    for some in ids.chunks(VALUES_OF_A_FILTER) {
        let filter = Filter::builder().name("snapshot-id").set_values(Some(some.to_vec())).build();
        let answer = ec2.describe_snapshots().owner_ids("self").filters(filter).send().await;
        let answer = answer.map_err(|error| CallError::new(DESCRIBE_SNAPSHOTS, error))?;
        let found = answer.snapshots().iter().map(description);
        described.extend(found.map(|snapshot| (snapshot.id.clone(), snapshot)));
    }
    Ok(described)
}
