//! Latches and incidents in the table. Both items of a plan are written in one transaction, each under its version.

use aws_sdk_dynamodb::Client;
use serde_dynamo::from_item;
use versioned_table::{ItemKey, TableError, VersionedTable};

use crate::incident::Incident;
use crate::latch::Latch;
use crate::step::{Input, KnownPlan};

/// The sort key of a latch.
const LATCH: &str = "latch";

/// The table of latches and incidents.
#[derive(Debug, Clone, Copy)]
pub struct IncidentStore<'a>(VersionedTable<'a>);

impl<'a> IncidentStore<'a> {
    /// The table with this name.
    pub fn new(client: &'a Client, name: &'a str) -> Self {
        Self(VersionedTable { client, name })
    }

    /// The latch of a plan, and the open incident that the input is about.
    ///
    /// # Errors
    /// When the table does not answer or an item has another form.
    pub async fn known(&self, plan: &str, input: Input<'_>) -> Result<KnownPlan, TableError> {
        let latch: Latch = self.latch(plan).await?;
        let ordered = match input {
            Input::Order(call) => {
                latch.ordered.as_ref().filter(|ordered| ordered.execution == call.execution)
            }
            _ => None,
        };
        let of_order = ordered.map(|ordered| &ordered.incident);
        let incident = match latch.open_of(input.mode(&latch)).or(of_order) {
            Some(id) => self.incident(plan, id).await?,
            None => None,
        };
        Ok(KnownPlan { latch, incident })
    }

    /// The latch of a plan, and the incident with this id, open or closed.
    ///
    /// # Errors
    /// As [`IncidentStore::known`].
    pub async fn known_with(&self, plan: &str, id: &str) -> Result<KnownPlan, TableError> {
        let latch = self.latch(plan).await?;
        Ok(KnownPlan { latch, incident: self.incident(plan, id).await? })
    }

    /// An incident of a plan.
    ///
    /// # Errors
    /// As [`IncidentStore::known`].
    pub async fn incident(&self, plan: &str, id: &str) -> Result<Option<Incident>, TableError> {
        self.0.get(&key(plan, incident_sort(id))).await
    }

    async fn latch(&self, plan: &str) -> Result<Latch, TableError> {
        Ok(self.0.get(&key(plan, LATCH.to_owned())).await?.unwrap_or_default())
    }

    /// Writes the changes from `before` to `after`, all of them or none. Returns `after` with its new versions.
    ///
    /// # Errors
    /// [`TableError::Overtaken`] when another invocation wrote an item since it was read.
    pub async fn write(
        &self,
        plan: &str,
        before: &KnownPlan,
        after: &KnownPlan,
    ) -> Result<KnownPlan, TableError> {
        let mut next = after.clone();
        let mut puts = Vec::new();
        if before.latch != next.latch {
            next.latch.version += 1;
            puts.push(self.0.put(&key(plan, LATCH.to_owned()), &next.latch, before.latch.version)?);
        }
        if before.incident != next.incident
            && let Some(incident) = &mut next.incident
        {
            let version = incident.version;
            incident.version += 1;
            puts.push(self.0.put(&key(plan, incident_sort(&incident.id)), incident, version)?);
        }
        self.0.write(&partition(plan), puts).await?;
        Ok(next)
    }
}

/// JSON that is not an incident's item.
#[derive(Debug, thiserror::Error)]
pub enum NotAnIncident {
    /// The JSON does not have the types of DynamoDB.
    #[error("the JSON is not an item of DynamoDB")]
    Json(#[from] serde_json::Error),
    /// The item is another one.
    #[error("the item is not an incident")]
    Item(#[from] serde_dynamo::Error),
}

/// The incident of an item that the AWS CLI shows: `{"plan": {"S": "shop"}, ...}`.
///
/// # Errors
/// When the JSON is not an incident's item.
pub fn incident_of_item(item: serde_json::Value) -> Result<Incident, NotAnIncident> {
    let item: serde_dynamo::Item = serde_json::from_value(item)?;
    Ok(from_item(item)?)
}

fn key(plan: &str, sort: String) -> ItemKey {
    ItemKey { partition: partition(plan), sort }
}

fn partition(plan: &str) -> String {
    format!("plan#{plan}")
}

fn incident_sort(incident: &str) -> String {
    format!("incident#{incident}")
}
