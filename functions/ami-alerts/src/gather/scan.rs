//! Reads the images and snapshots of one region for the daily scan, until the region's share of the time is over.

mod each;
mod images;
mod snapshots;

use std::collections::BTreeSet;
use std::time::Instant;

use super::MembershipReader;
use crate::change::ResourceKind;
use crate::claim::AlertTableError;
use crate::covering::covering_rule;
use crate::grantee::Grantee;
use crate::memory::ResourceMemory;
use crate::memory::region::RegionMemories;
use crate::rules::Memberships;
use crate::run::Run;
use crate::scan::{RegionScan, ScannedResource};
use each::ReadOrder;

/// The most accounts that the scan of a region asks AWS Organizations about.
const MOST_ACCOUNTS: usize = 1_000;

/// Reads a region until `until`. Images and snapshots have equal shares of the time.
pub async fn gather_scan(run: &Run<'_>, region: &str, until: Instant) -> RegionScan {
    let ec2 = run.aws.ec2(region);
    let memories = memories(run, region).await;
    let known = memories.as_ref().map(known).unwrap_or_default();
    let order = ReadOrder { known: &known, now: run.invocation.now };
    let alias = super::alias(run.aws).await;
    let block = super::block(ResourceKind::Image, &ec2).await;
    let snapshot_block = super::block(ResourceKind::Snapshot, &ec2).await;
    let half = Instant::now() + until.saturating_duration_since(Instant::now()) / 2;
    let (mut images, images_of_snapshots) = images::read(&ec2, order, half).await;
    let mut snapshots = snapshots::read(&ec2, order, images_of_snapshots.as_ref(), until).await;
    let mut reader = MembershipReader::new(run, MOST_ACCOUNTS);
    for scanned in images.read.iter_mut().chain(&mut snapshots.read) {
        scanned.memberships = memberships(run, &mut reader, scanned, memories.as_ref().ok()).await;
    }
    RegionScan {
        region: region.to_owned(),
        at: run.invocation.now,
        memories,
        alias: alias.ok().flatten(),
        block: block.ok(),
        snapshot_block: snapshot_block.ok(),
        images,
        snapshots,
    }
}

async fn memories(run: &Run<'_>, region: &str) -> Result<RegionMemories, AlertTableError> {
    let table = run.memories().ok_or(AlertTableError::NoTable)?;
    Ok(table.read_region(&run.home.account, region).await?)
}

/// The images and snapshots with open findings or grantees. They are read before the others, so that findings end in time.
fn known(memories: &RegionMemories) -> BTreeSet<String> {
    let of_interest = memories.known.iter().filter(|(_, memory)| memory.must_stay());
    of_interest.map(|(id, _)| id.clone()).chain(memories.unreadable.keys().cloned()).collect()
}

/// The organizations of the accounts that have access, had it, or lost it.
async fn memberships(
    run: &Run<'_>,
    reader: &mut MembershipReader<'_>,
    scanned: &ScannedResource,
    memories: Option<&RegionMemories>,
) -> Memberships {
    let description = &scanned.description;
    let (rule, _) = covering_rule(run.rules, Some(&description.resource()), &description.facts());
    let now = scanned.grantees.iter().flatten().flatten();
    let memory = memories.and_then(|memories| memories.of(description.id()));
    let known = memory.into_iter().flat_map(remembered);
    reader.memberships(rule, Some(&run.home.account), now.chain(known)).await
}

fn remembered(memory: &ResourceMemory) -> impl Iterator<Item = &Grantee> {
    let seen = memory.seen.iter().flat_map(|seen| &seen.grantees);
    seen.chain(memory.open().map(|finding| &finding.grantee))
}
