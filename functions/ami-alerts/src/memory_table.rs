//! The items of images and snapshots in the table: each holds a memory, under its version.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::table_error::TableError;
use versioned_table::{ItemKey, VersionedTable};

use crate::memory::ResourceMemory;
use crate::memory::region::RegionMemories;
use crate::memory::update::MemoryUpdate;

/// How long the item of a resource without an open finding is kept.
const RETENTION: SignedDuration = SignedDuration::from_hours(24 * 90);

/// How often a write is repeated after another invocation wrote the item.
const TRIES: u32 = 8;

/// The longest pause before the second try; it doubles with each try. Many calls about one image arrive at the same time.
const PAUSE: Duration = Duration::from_millis(50);

/// The items of images and snapshots.
#[derive(Debug, Clone, Copy)]
pub struct MemoryTable<'a> {
    /// The client.
    pub client: &'a Client,
    /// The name of the table.
    pub name: &'a str,
}

/// An item: the memory, and the time at which DynamoDB deletes it.
#[derive(Debug, Serialize, Deserialize)]
struct MemoryItem {
    #[serde(flatten)]
    memory: ResourceMemory,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<i64>,
}

impl MemoryTable<'_> {
    /// The memory of an image or a snapshot; an empty one if the table has none.
    ///
    /// # Errors
    /// When the table did not answer, or the item has another form.
    pub async fn read(
        &self,
        account: &str,
        region: &str,
        resource: &str,
    ) -> Result<ResourceMemory, TableError> {
        let item: Option<MemoryItem> = self.items().get(&key(account, region, resource)).await?;
        Ok(item.map(|item| item.memory).unwrap_or_default())
    }

    /// The memories of all images and snapshots of a region. An item that cannot be read does not hide the others.
    ///
    /// # Errors
    /// When the table did not answer.
    pub async fn read_region(&self, account: &str, region: &str) -> Result<RegionMemories, TableError> {
        let items = self.items().query::<MemoryItem>(&partition(account, region)).await?;
        let mut memories = RegionMemories::default();
        for (resource, item) in items {
            match item {
                Ok(item) => drop(memories.known.insert(resource, item.memory)),
                Err(error) => drop(memories.unreadable.insert(resource, error)),
            }
        }
        Ok(memories)
    }

    /// Applies an update to the item as it is by now, and returns the memory that was written.
    ///
    /// # Errors
    /// When the table did not answer, or other invocations wrote the item at the same time again and again.
    pub async fn update(&self, update: &MemoryUpdate, now: Timestamp) -> Result<ResourceMemory, TableError> {
        let key = key(&update.account, &update.region, &update.resource);
        for tried in 0..TRIES {
            let mut memory = self.read(&update.account, &update.region, &update.resource).await?;
            let (before, version) = (memory.clone(), memory.version);
            update.changes.iter().for_each(|change| memory.apply(change));
            // A repeated record changes nothing.
            if memory == before {
                return Ok(memory);
            }
            memory.fit();
            memory.version = version + 1;
            let expires = (!memory.must_stay()).then(|| (now + RETENTION).as_second());
            let item = MemoryItem { memory: memory.clone(), expires };
            let put = self.items().put(&key, &item, version)?;
            match self.items().write(&key.to_string(), vec![put]).await {
                Ok(()) => return Ok(memory),
                Err(TableError::Overtaken) => pause(tried).await,
                Err(error) => return Err(error),
            }
        }
        Err(TableError::Overtaken)
    }

    fn items(&self) -> VersionedTable<'_> {
        VersionedTable { client: self.client, name: self.name }
    }
}

/// A random pause, so that invocations that met once do not meet again.
#[expect(
    clippy::disallowed_methods,
    reason = "the pauses are short, and only a write that was overtaken has one"
)]
async fn pause(tried: u32) {
    let longest = (PAUSE * 2u32.pow(tried)).as_millis() as u64;
    let random = RandomState::new().build_hasher().finish() % (longest + 1);
    tokio::time::sleep(Duration::from_millis(random)).await;
}

fn partition(account: &str, region: &str) -> String {
    format!("resources#{account}#{region}")
}

fn key(account: &str, region: &str, resource: &str) -> ItemKey {
    ItemKey { partition: partition(account, region), sort: resource.to_owned() }
}
