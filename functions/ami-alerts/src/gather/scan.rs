//! Reads the images and snapshots of one region for the daily scan, until the region's share of the time is over.

mod each;
mod images;
mod snapshots;

use std::collections::BTreeSet;
use std::time::Instant;

use crate::claim::AlertTableError;
use crate::memory::region::RegionMemories;
use crate::run::Run;
use crate::scan::RegionScan;
use each::ReadOrder;

/// Reads a region until `until`. Images and snapshots have equal shares of the time.
pub async fn gather_scan(run: &Run<'_>, region: &str, until: Instant) -> RegionScan {
    let ec2 = run.aws.ec2(region);
    let memories = memories(run, region).await;
    let known = memories.as_ref().map(known).unwrap_or_default();
    let order = ReadOrder { known: &known, now: run.invocation.now };
    let (alias, block) = (super::alias(run.aws).await, super::block(&ec2).await);
    let half = Instant::now() + until.saturating_duration_since(Instant::now()) / 2;
    let (images, images_of_snapshots) = images::read(&ec2, order, half).await;
    let snapshots = snapshots::read(&ec2, order, images_of_snapshots.as_ref(), until).await;
    RegionScan {
        region: region.to_owned(),
        at: run.invocation.now,
        memories,
        alias: alias.ok().flatten(),
        block: block.ok(),
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
