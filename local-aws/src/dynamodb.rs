//! DynamoDB: items are read, written under conditions, updated, deleted, queried and scanned, one by one or in a transaction.
//!
//! Shapes follow the service's model, messages those of the service. Every read sees every earlier write. Only the
//! tables of the caller's region exist for a request.

mod delete;
mod expression;
mod get;
mod put;
mod query;
mod request;
mod scan;
mod table;
mod transact;
mod update;
mod value;
mod write;

use std::sync::{Mutex, MutexGuard};

pub(crate) use request::is_table_name;
pub(crate) use table::{DynamoDbTable, KeyPart};
pub(crate) use value::TableItem;

use crate::error_answer::ErrorAnswer;
use crate::service::Service;

pub(crate) const SERVICE: Service = Service {
    name: "dynamodb",
    api: "DynamoDB_20120810",
    operations: &[
        ("DeleteItem", delete::delete_item),
        ("GetItem", get::get_item),
        ("PutItem", put::put_item),
        ("Query", query::query),
        ("Scan", scan::scan),
        ("TransactWriteItems", transact::transact_write_items),
        ("UpdateItem", update::update_item),
    ],
};

#[derive(Debug, Default)]
pub(crate) struct DynamoDb {
    tables: Mutex<Vec<DynamoDbTable>>,
    /// The transactions whose tokens are still valid.
    transactions: Mutex<Vec<transact::Remembered>>,
}

impl DynamoDb {
    /// Adds a table, and returns whether it is new.
    pub(crate) fn add(&self, table: DynamoDbTable) -> bool {
        let mut tables = self.lock();
        let is_new = tables.iter().all(|other| (&other.name, &other.region) != (&table.name, &table.region));
        tables.extend(is_new.then_some(table));
        is_new
    }

    /// The items of every table of that name, by their keys; `None` if there is no such table.
    pub(crate) fn items(&self, name: &str) -> Option<Vec<TableItem>> {
        let tables = self.lock();
        let mut named = tables.iter().filter(|table| table.name == name).peekable();
        named.peek()?;
        Some(named.flat_map(DynamoDbTable::sorted).cloned().collect())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<DynamoDbTable>> {
        self.tables.lock().expect("no holder of this lock panics")
    }
}

/// The error for whatever has no error of its own.
fn invalid(message: impl Into<String>) -> ErrorAnswer {
    ErrorAnswer::new("ValidationException", message)
}
