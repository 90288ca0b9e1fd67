//! The daily scan of a region: what was read of its images and snapshots, and the decision about it. Pure.

pub mod because;
mod decide;
mod judge;
mod news;
mod open_findings;
mod reasons;
mod reminder;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::change::{ResourceKind, SharedResource};
use crate::claim::AlertTableError;
use crate::facts::{Facts, ImageDescription, LookUp, LookupError, SnapshotDescription};
use crate::grantee::Grantee;
use crate::memory::region::RegionMemories;
use crate::rules::Memberships;

pub use decide::{after_scan, decide_scan};
pub use news::ResourceNews;
pub use open_findings::{News, OpenFindings};

/// The images and snapshots of a region, as they were read.
#[derive(Debug, Clone)]
pub struct RegionScan {
    /// The region.
    pub region: String,
    /// The time of the scan.
    pub at: Timestamp,
    /// What the table remembers of them.
    pub memories: Result<RegionMemories, AlertTableError>,
    /// The account's alias, if it has one and it could be read.
    pub alias: Option<String>,
    /// The state of the region's block public access for images, if it could be read.
    pub block: Option<String>,
    /// The state of the region's block public access for snapshots, if it could be read.
    pub snapshot_block: Option<String>,
    /// The images.
    pub images: KindScan,
    /// The snapshots.
    pub snapshots: KindScan,
}

/// The images, or the snapshots, of a region.
#[derive(Debug, Clone)]
pub struct KindScan {
    /// Images or snapshots.
    pub kind: ResourceKind,
    /// Whether the public ones could be listed.
    pub public: Result<(), LookupError>,
    /// The ids of all that exist.
    pub all: Result<BTreeSet<String>, LookupError>,
    /// Whether those that are shared or remembered could be described.
    pub descriptions: Result<(), LookupError>,
    /// Those that were read, up to the one at which the scan stopped, and the public ones after that.
    pub read: Vec<ScannedResource>,
    /// Why the scan stopped before the last one.
    pub stop: Option<ScanStop>,
}

/// An image or a snapshot with its grantees.
#[derive(Debug, Clone)]
pub struct ScannedResource {
    /// What EC2 describes.
    pub description: ResourceDescription,
    /// Whether EC2 lists it among the public ones.
    pub is_listed_as_public: bool,
    /// The grantees that can use it; `None` where the scan stopped before it.
    pub grantees: Option<Result<Vec<Grantee>, LookupError>>,
    /// The organizations of accounts that have access or had it.
    pub memberships: Memberships,
}

/// An image or a snapshot, as far as it was described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceDescription {
    /// An image.
    Image(ImageDescription),
    /// A snapshot. It is described only if it is shared or remembered.
    Snapshot {
        /// Its id.
        id: String,
        /// Its description, if that was needed and could be read.
        found: Option<Box<SnapshotDescription>>,
    },
    /// One that was not read, by its id.
    Unread(String),
}

/// Why a scan stopped before the last image or snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanStop {
    /// Its share of the time is over.
    NoTimeLeft {
        /// Those that were not read.
        left: usize,
    },
    /// EC2 asks for fewer calls.
    Throttled {
        /// Those that were not read.
        left: usize,
    },
}

impl ResourceDescription {
    /// Its id.
    pub fn id(&self) -> &str {
        match self {
            Self::Image(image) => &image.id,
            Self::Snapshot { id, .. } | Self::Unread(id) => id,
        }
    }

    /// The kind, as the id has it.
    pub fn kind(&self) -> ResourceKind {
        if self.id().starts_with("snap-") { ResourceKind::Snapshot } else { ResourceKind::Image }
    }

    /// Its name: of an image its name, of a snapshot its description.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Image(image) => image.name.as_deref(),
            Self::Snapshot { found, .. } => found.as_deref()?.description.as_deref(),
            Self::Unread(_) => None,
        }
    }

    /// The image or snapshot, for commands and rules.
    pub fn resource(&self) -> SharedResource {
        SharedResource { kind: self.kind(), id: Some(self.id().to_owned()) }
    }

    /// The facts that decide which rule covers it.
    pub fn facts(&self) -> Facts {
        match self {
            Self::Image(image) => Facts { image: LookUp::Found(Some(image.clone())), ..Facts::default() },
            Self::Snapshot { found, .. } => {
                let snapshot = found.as_deref().map(|found| LookUp::Found(Some(found.clone())));
                Facts { snapshot: snapshot.unwrap_or_default(), ..Facts::default() }
            }
            Self::Unread(_) => Facts::default(),
        }
    }
}

impl RegionScan {
    /// Whether block public access treats public snapshots of the region as private ("Block public access for Amazon EBS
    /// snapshots", Amazon EBS User Guide).
    pub fn blocks_public_snapshots(&self) -> bool {
        self.snapshot_block.as_deref() == Some("block-all-sharing")
    }
}

impl KindScan {
    /// The subject of reasons about all of them: `images of us-east-1`.
    fn subject(&self, region: &str) -> String {
        format!("{}s of {region}", self.kind.name())
    }
}
