//! DynamoDB: items are read, written under conditions, updated, deleted and queried, one by one
//! or several at once.
//!
//! Shapes follow the service's model, messages what the service says. Every read sees every write before it. Only the
//! caller's region is looked at.

mod delete;
mod expression;
mod get;
mod put;
mod query;
mod request;
mod table;
mod transact;
mod update;
mod value;
mod write;

use std::sync::{Mutex, MutexGuard};

pub(crate) use request::is_table_name;
pub(crate) use table::{KeyPart, Table};
pub(crate) use value::Item;

use crate::refusal::Refusal;
use crate::service::Service;

pub(crate) const SERVICE: Service = Service {
    name: "dynamodb",
    api: "DynamoDB_20120810",
    operations: &[
        ("DeleteItem", delete::delete_item),
        ("GetItem", get::get_item),
        ("PutItem", put::put_item),
        ("Query", query::query),
        ("TransactWriteItems", transact::transact_write_items),
        ("UpdateItem", update::update_item),
    ],
};

#[derive(Debug, Default)]
pub(crate) struct DynamoDb {
    tables: Mutex<Vec<Table>>,
    /// Those whose tokens still count.
    transactions: Mutex<Vec<transact::Remembered>>,
}

impl DynamoDb {
    /// Says whether it is new.
    pub(crate) fn add(&self, table: Table) -> bool {
        let mut tables = self.lock();
        let is_new = tables.iter().all(|other| (&other.name, &other.region) != (&table.name, &table.region));
        tables.extend(is_new.then_some(table));
        is_new
    }

    /// The items of every table of that name, by their keys; `None` when there is no such table.
    pub(crate) fn items(&self, name: &str) -> Option<Vec<Item>> {
        let tables = self.lock();
        let mut named = tables.iter().filter(|table| table.name == name).peekable();
        named.peek()?;
        Some(named.flat_map(Table::sorted).cloned().collect())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Table>> {
        self.tables.lock().expect("no holder of this lock panics")
    }
}

/// The error for whatever has no error of its own.
fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException", message)
}
