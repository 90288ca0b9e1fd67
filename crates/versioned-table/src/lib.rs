//! Items of a DynamoDB table, each written under the condition that its version is still the one that was read.
//!
//! An item is a value of serde's with a number `version`. Version 0 means that there is no item yet. Several items are written
//! in one transaction: all of them or none.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_dynamo::{from_item, to_item};
use shared::call_error::CallError;
pub use shared::table_error::TableError;

/// A table whose partition key is `pk` and whose sort key is `sk`, both strings.
#[derive(Debug, Clone, Copy)]
pub struct VersionedTable<'a> {
    /// The client.
    pub client: &'a Client,
    /// The name of the table.
    pub name: &'a str,
}

/// The primary key of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemKey {
    /// The partition key.
    pub partition: String,
    /// The sort key.
    pub sort: String,
}

impl std::fmt::Display for ItemKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.partition, self.sort)
    }
}

/// The items of a partition with their sort keys; an error in place of an item that has another form.
pub type EachItem<T> = Vec<(String, Result<T, TableError>)>;

/// A write of one item, made with [`VersionedTable::put`].
#[derive(Debug, Clone)]
pub struct VersionedPut(TransactWriteItem);

const GET_ITEM: &str = "dynamodb:GetItem";
const QUERY: &str = "dynamodb:Query";
const TRANSACT_WRITE_ITEMS: &str = "dynamodb:TransactWriteItems";

impl VersionedTable<'_> {
    /// The item at `key`, read consistently; `None` where there is none.
    ///
    /// # Errors
    /// When the table did not answer, or the item has another form.
    pub async fn get<T: DeserializeOwned>(&self, key: &ItemKey) -> Result<Option<T>, TableError> {
        let call = self.client.get_item().table_name(self.name).consistent_read(true);
        let call = call.key("pk", AttributeValue::S(key.partition.clone()));
        let call = call.key("sk", AttributeValue::S(key.sort.clone()));
        let output = call.send().await.map_err(|error| TableError::Call {
            key: key.to_string(),
            error: CallError::new(GET_ITEM, error),
        })?;
        let Some(mut item) = output.item else { return Ok(None) };
        item.retain(|name, _| name != "pk" && name != "sk");
        let form = |message: String| TableError::Form { operation: "GetItem", key: key.to_string(), message };
        from_item(item).map(Some).map_err(|error| form(error.to_string()))
    }

    /// All items of a partition with their sort keys, read consistently, page by page. An item that has another form is an
    /// error of its own, so that it does not hide the others.
    ///
    /// # Errors
    /// When the table did not answer.
    pub async fn query<T: DeserializeOwned>(&self, partition: &str) -> Result<EachItem<T>, TableError> {
        let call = self.client.query().table_name(self.name).consistent_read(true);
        let call = call.key_condition_expression("pk = :pk");
        let call = call.expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()));
        let (mut pages, mut items) = (call.into_paginator().send(), Vec::new());
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| TableError::Call {
                key: partition.to_owned(),
                error: CallError::new(QUERY, error),
            })?;
            for mut item in page.items.unwrap_or_default() {
                item.remove("pk");
                let sort = item.remove("sk").and_then(|sort| sort.as_s().ok().cloned()).unwrap_or_default();
                let key = format!("{partition} {sort}");
                let form = |message: String| TableError::Form { operation: "Query", key, message };
                items.push((sort, from_item(item).map_err(|error| form(error.to_string()))));
            }
        }
        Ok(items)
    }

    /// The write of `value` at `key`, under the condition that the item has `version` now. `value` holds the next version.
    ///
    /// # Errors
    /// When `value` cannot be an item.
    pub fn put(
        &self,
        key: &ItemKey,
        value: &impl Serialize,
        version: u64,
    ) -> Result<VersionedPut, TableError> {
        let form = |message: String| TableError::Form { operation: "PutItem", key: key.to_string(), message };
        let put = Put::builder()
            .table_name(self.name)
            .set_item(Some(to_item(value).map_err(|error| form(error.to_string()))?))
            .item("pk", AttributeValue::S(key.partition.clone()))
            .item("sk", AttributeValue::S(key.sort.clone()))
            .expression_attribute_names("#version", "version");
        let put = match version {
            0 => put.condition_expression("attribute_not_exists(#version)"),
            version => put
                .condition_expression("#version = :version")
                .expression_attribute_values(":version", AttributeValue::N(version.to_string())),
        };
        let put = put.build().map_err(|error| form(error.to_string()))?;
        Ok(VersionedPut(TransactWriteItem::builder().put(put).build()))
    }

    /// Makes all writes, or none of them. Without any, no call is made. `what` names the items in an error.
    ///
    /// # Errors
    /// [`TableError::Overtaken`] when another writer changed one of the items since it was read.
    pub async fn write(&self, what: &str, puts: Vec<VersionedPut>) -> Result<(), TableError> {
        if puts.is_empty() {
            return Ok(());
        }
        let puts = puts.into_iter().map(|put| put.0).collect();
        match self.client.transact_write_items().set_transact_items(Some(puts)).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(is_overtaken) => Err(TableError::Overtaken),
            Err(error) => Err(TableError::Call {
                key: what.to_owned(),
                error: CallError::new(TRANSACT_WRITE_ITEMS, error),
            }),
        }
    }
}

/// Whether a transaction was cancelled because of another writer ("Handling transaction conflicts", Amazon DynamoDB Developer
/// Guide).
fn is_overtaken(error: &TransactWriteItemsError) -> bool {
    match error {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            let codes = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
            codes.into_iter().any(|code| matches!(code, "ConditionalCheckFailed" | "TransactionConflict"))
        }
        TransactWriteItemsError::TransactionInProgressException(_) => true,
        _ => false,
    }
}
