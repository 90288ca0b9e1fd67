//! Reads the rules from a DynamoDB table: one item is one rule.
//!
//! The partition key `rule` names the rule and gives the order, `table` names the table of the rules (`pipeline`), and each other
//! attribute is a key of it.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use shared::call_error::CallError;
use shared::config::{RowTable, RowValue, RuleRow, RulesFiles, TABLE_ATTRIBUTE};
use shared::function::Table;
use shared::text::printable;

const SCAN: &str = "dynamodb:Scan";

/// The attribute that is the partition key.
const ID: &str = "rule";

/// The `table` of an item that is no rule but a file beside the rules. Its text is the attribute [`CONTENT`], its name the id.
const FILE: &str = "file";
const CONTENT: &str = "content";

/// The most items of a table.
const MOST_ITEMS: usize = 20_000;

/// Every table of the rules. A row of another function's table is skipped, and a row of no table is a mistake that may be a rule of
/// any function.
pub const TABLES: &[&str] = &[
    "pipeline",
    "window",
    "group",
    "branch-stack",
    "branch-stacks",
    "image-alert",
    "api-alert",
    "organization",
    "account",
    "recovery-plan",
];

/// The calls that reading rules of an object or a table makes, for every function.
pub const CALLS: &[&str] =
    &["dynamodb:Scan", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"];

/// A table with rules.
#[derive(Debug, Clone)]
pub(crate) struct RulesTable {
    pub(crate) client: Client,
    pub(crate) name: String,
}

/// Why the table gives no rules.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TableUnreadable {
    #[error("{operation}: {error}", operation = error.operation)]
    Call { error: CallError },
    #[error("the table has no item")]
    Empty,
    #[error("the table has more than {MOST_ITEMS} items")]
    TooLarge,
    #[error("an item has no string `{ID}`, which is the partition key of a table of rules")]
    NoId,
}

/// The items of a table.
pub(crate) struct RulesItems {
    pub(crate) rows: Vec<RuleRow>,
    pub(crate) files: RulesFiles,
}

type Item = HashMap<String, AttributeValue>;

impl RulesTable {
    /// The rows of some tables, and those of no table, in the order of their ids. `all` selects the rows of every table.
    ///
    /// # Errors
    /// When any page could not be read: a part of the rules is not the rules. An empty table is an error, too.
    pub(crate) async fn rows(
        &self,
        tables: &[&'static Table],
        all: bool,
    ) -> Result<RulesItems, TableUnreadable> {
        let mut items = Vec::new();
        for item in self.items().await? {
            let Some(AttributeValue::S(id)) = item.get(ID) else { return Err(TableUnreadable::NoId) };
            items.push((id.clone(), item));
        }
        // A scan has no order. Ids are unique, because they are the whole key.
        items.sort_by(|(left, _), (right, _)| left.cmp(right));
        let mut files = RulesFiles::default();
        items.retain(|(id, item)| {
            let is_file = text_of(item, TABLE_ATTRIBUTE) == Some(FILE);
            if is_file {
                let content = text_of(item, CONTENT).map(|text| text.as_bytes().to_vec());
                files.add(id, content.ok_or_else(|| format!("the item has no string `{CONTENT}`")));
            }
            !is_file
        });
        let rows = items.iter().filter_map(|(id, item)| self.row(id, item, tables, all)).collect();
        Ok(RulesItems { rows, files })
    }

    async fn items(&self) -> Result<Vec<Item>, TableUnreadable> {
        let call = self.client.scan().table_name(&self.name).consistent_read(true);
        let (mut pages, mut items) = (call.into_paginator().send(), Vec::new());
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| TableUnreadable::Call { error: CallError::new(SCAN, error) })?;
            items.extend(page.items.unwrap_or_default());
            if items.len() > MOST_ITEMS {
                return Err(TableUnreadable::TooLarge);
            }
        }
        if items.is_empty() { Err(TableUnreadable::Empty) } else { Ok(items) }
    }

    /// A row; `None` for a rule of another function.
    fn row(&self, id: &str, item: &Item, tables: &[&'static Table], all: bool) -> Option<RuleRow> {
        let table = match text_of(item, TABLE_ATTRIBUTE) {
            None => RowTable::Missing,
            Some(name) => match tables.iter().find(|table| table.name == name) {
                Some(table) if table.is_list => RowTable::List(name),
                Some(_) => RowTable::Single(name),
                None if TABLES.contains(&name) && !all => return None,
                None => RowTable::Unknown(name),
            },
        };
        let mut attributes: Vec<(String, RowValue)> = item
            .iter()
            .filter(|(name, _)| *name != ID && *name != TABLE_ATTRIBUTE)
            .map(|(name, value)| (name.clone(), row_value(value)))
            .collect();
        attributes.sort_by(|(left, _), (right, _)| left.cmp(right));
        // The author of an item chooses its name, which the log, emails and terminals show.
        Some(RuleRow::new(format!("{}/{}", self.name, printable(id)), table, &attributes))
    }
}

fn text_of<'i>(item: &'i Item, attribute: &str) -> Option<&'i str> {
    item.get(attribute).and_then(|value| value.as_s().ok()).map(String::as_str)
}

fn row_value(value: &AttributeValue) -> RowValue {
    let texts = |texts: &[String], each: fn(String) -> RowValue| {
        let mut sorted = texts.to_vec();
        sorted.sort();
        RowValue::List(sorted.into_iter().map(each).collect())
    };
    match value {
        AttributeValue::S(text) => RowValue::Text(text.clone()),
        AttributeValue::N(number) => RowValue::Number(number.clone()),
        AttributeValue::Bool(value) => RowValue::Boolean(*value),
        AttributeValue::L(items) => RowValue::List(items.iter().map(row_value).collect()),
        AttributeValue::Ss(set) => texts(set, RowValue::Text),
        AttributeValue::Ns(set) => texts(set, RowValue::Number),
        AttributeValue::M(map) => {
            let mut entries: Vec<(String, RowValue)> =
                map.iter().map(|(name, value)| (name.clone(), row_value(value))).collect();
            entries.sort_by(|(left, _), (right, _)| left.cmp(right));
            RowValue::Table(entries)
        }
        AttributeValue::Null(_) => RowValue::Other("NULL"),
        AttributeValue::B(_) | AttributeValue::Bs(_) => RowValue::Other("a binary value"),
        _ => RowValue::Other("a value of an unknown type"),
    }
}
