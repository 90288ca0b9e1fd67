//! Latches and incidents in the table. What was read is written back only if nobody wrote it since: both items in one
//! transaction, each under the condition of its version.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_dynamo::{from_item, to_item};
use shared::aws::told;

use crate::incident::Incident;
use crate::latch::Latch;
use crate::transition::Known;

/// The sort key of a latch.
const LATCH: &str = "latch";

/// The table.
#[derive(Debug, Clone)]
pub struct Store<'a> {
    /// Its client.
    pub client: &'a Client,
    /// Its name.
    pub table: &'a str,
}

/// What could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Somebody else wrote it since it was read.
    #[error("somebody else wrote the incident at the same time")]
    Overtaken,
    /// The table did not answer, or the item is not one of ours.
    #[error("{operation} {key}: {error}")]
    Failed {
        /// The call.
        operation: &'static str,
        /// The item.
        key: String,
        /// Why.
        error: String,
    },
}

impl Store<'_> {
    /// What is known of a plan.
    ///
    /// # Errors
    /// When the table did not answer, or holds something else.
    pub async fn known(&self, plan: &str) -> Result<Known, StoreError> {
        let latch: Latch = self.item(plan, LATCH).await?.unwrap_or_default();
        let incident = match &latch.open {
            Some(id) => self.incident(plan, id).await?,
            None => None,
        };
        Ok(Known { latch, incident })
    }

    /// The same with that incident, open or over.
    ///
    /// # Errors
    /// As [`Store::known`].
    pub async fn known_with(&self, plan: &str, id: &str) -> Result<Known, StoreError> {
        let latch = self.item(plan, LATCH).await?.unwrap_or_default();
        Ok(Known { latch, incident: self.incident(plan, id).await? })
    }

    /// An incident of a plan.
    ///
    /// # Errors
    /// As [`Store::known`].
    pub async fn incident(&self, plan: &str, id: &str) -> Result<Option<Incident>, StoreError> {
        self.item(plan, &sort_key(id)).await
    }

    async fn item<T: DeserializeOwned>(&self, plan: &str, sort: &str) -> Result<Option<T>, StoreError> {
        let failed = |error: String| StoreError::Failed {
            operation: "GetItem",
            key: format!("{} {sort}", partition_key(plan)),
            error,
        };
        let call = self.client.get_item().table_name(self.table).consistent_read(true);
        let call = call.key("pk", AttributeValue::S(partition_key(plan)));
        let call = call.key("sk", AttributeValue::S(sort.to_owned()));
        let output = call.send().await.map_err(|error| failed(told(&error)))?;
        let Some(mut item) = output.item else { return Ok(None) };
        item.retain(|name, _| name != "pk" && name != "sk");
        from_item(item).map(Some).map_err(|error| failed(error.to_string()))
    }

    /// Writes what changed, all of it or nothing, and counts the versions up.
    ///
    /// # Errors
    /// [`StoreError::Overtaken`] when somebody else wrote it since it was read: read it again, and decide again.
    pub async fn write(&self, plan: &str, before: &Known, after: &mut Known) -> Result<(), StoreError> {
        let failed = |error: String| StoreError::Failed {
            operation: "TransactWriteItems",
            key: partition_key(plan),
            error,
        };
        let mut call = self.client.transact_write_items();
        let mut next = after.clone();
        if before.latch != next.latch {
            next.latch.version += 1;
            let put = self.put(plan, LATCH, &next.latch, before.latch.version).map_err(failed)?;
            call = call.transact_items(put);
        }
        if before.incident != next.incident
            && let Some(incident) = &mut next.incident
        {
            let version = incident.version;
            incident.version += 1;
            let put = self.put(plan, &sort_key(&incident.id), incident, version).map_err(failed)?;
            call = call.transact_items(put);
        }
        if call.get_transact_items().is_none() {
            return Ok(());
        }
        match call.send().await {
            Ok(_) => {
                *after = next;
                Ok(())
            }
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled))
                    if cancelled.cancellation_reasons().iter().any(|reason| {
                        matches!(reason.code(), Some("ConditionalCheckFailed" | "TransactionConflict"))
                    }) =>
                {
                    Err(StoreError::Overtaken)
                }
                Some(TransactWriteItemsError::TransactionInProgressException(_)) => {
                    Err(StoreError::Overtaken)
                }
                _ => Err(failed(told(&error))),
            },
        }
    }

    fn put(
        &self,
        plan: &str,
        sort: &str,
        value: &impl Serialize,
        version: u64,
    ) -> Result<TransactWriteItem, String> {
        let put = Put::builder()
            .table_name(self.table)
            .set_item(Some(to_item(value).map_err(|error| error.to_string())?))
            .item("pk", AttributeValue::S(partition_key(plan)))
            .item("sk", AttributeValue::S(sort.to_owned()))
            .expression_attribute_names("#version", "version");
        let put = match version {
            0 => put.condition_expression("attribute_not_exists(#version)"),
            version => put
                .condition_expression("#version = :version")
                .expression_attribute_values(":version", AttributeValue::N(version.to_string())),
        };
        let put = put.build().map_err(|error| error.to_string())?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// An incident from the item that the AWS CLI shows: `{"plan": {"S": "shop"}, ...}`, or that with `Item` around it.
///
/// # Errors
/// When it is none; why.
pub fn incident_of_item(item: serde_json::Value) -> Result<Incident, String> {
    let item: serde_dynamo::Item = serde_json::from_value(item).map_err(|error| error.to_string())?;
    from_item(item).map_err(|error| error.to_string())
}

/// The partition key of a plan's items.
pub fn partition_key(plan: &str) -> String {
    format!("plan#{plan}")
}

/// The sort key of an incident.
pub fn sort_key(incident: &str) -> String {
    format!("incident#{incident}")
}
