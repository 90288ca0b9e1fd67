//! The memories of all images and snapshots of a region, as the table holds them.

use std::collections::BTreeMap;

use shared::table_error::TableError;

use super::ResourceMemory;

/// The memories of a region, by the ids of the images and snapshots.
#[derive(Debug, Clone, Default)]
pub struct RegionMemories {
    /// The memories.
    pub known: BTreeMap<String, ResourceMemory>,
    /// The items that could not be read.
    pub unreadable: BTreeMap<String, TableError>,
}

/// The memory of an image or a snapshot without an item.
static NONE: ResourceMemory = ResourceMemory {
    version: 0,
    findings: Vec::new(),
    changes: BTreeMap::new(),
    resets: Vec::new(),
    seen: None,
    usage_report: None,
    imported: Vec::new(),
};

impl RegionMemories {
    /// What is remembered of an image or a snapshot; `None` where its item could not be read.
    pub fn of(&self, id: &str) -> Option<&ResourceMemory> {
        let is_readable = !self.unreadable.contains_key(id);
        is_readable.then(|| self.known.get(id).unwrap_or(&NONE))
    }
}
