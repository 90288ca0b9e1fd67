//! Owns a table: its key, and its items.

use std::cmp::Ordering;

use serde_json::Value;

use super::invalid;
use super::value::{self, TableItem, order, parts};
use crate::error_answer::ErrorAnswer;

#[derive(Debug)]
pub(crate) struct DynamoDbTable {
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) hash: KeyPart,
    pub(crate) range: Option<KeyPart>,
    items: Vec<TableItem>,
}

/// An attribute of the key.
#[derive(Debug, Clone)]
pub(crate) struct KeyPart {
    pub(crate) name: String,
    /// `S`, `N` or `B`.
    pub(crate) kind: String,
}

impl KeyPart {
    /// A number has at least one digit; a string and a binary can be empty.
    pub(super) fn check_not_empty(&self, value: &Value) -> Result<(), ErrorAnswer> {
        if value::size(value) > 0 {
            return Ok(());
        }
        let (kind, name) = (if self.kind == "S" { "string" } else { "binary" }, &self.name);
        Err(invalid(format!(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty \
             {kind} value. Key: {name}"
        )))
    }
}

impl DynamoDbTable {
    pub(crate) fn new(name: &str, region: &str, hash: KeyPart, range: Option<KeyPart>) -> DynamoDbTable {
        DynamoDbTable { name: name.to_owned(), region: region.to_owned(), hash, range, items: Vec::new() }
    }

    /// Adds an item of the world's file; otherwise returns the problem with it.
    pub(crate) fn seed(&mut self, item: TableItem) -> Result<(), String> {
        let item = value::checked_item(item).map_err(|refusal| refusal.message)?;
        let key = self.key_of_item(&item).map_err(|refusal| refusal.message)?;
        if self.get(&key).is_some() {
            return Err("two items have the same key".to_owned());
        }
        self.put(&key, item).map(drop).map_err(|refusal| refusal.message)
    }

    pub(super) fn key_parts(&self) -> impl Iterator<Item = &KeyPart> {
        std::iter::once(&self.hash).chain(&self.range)
    }

    /// `Key` of a request: the attributes of the key, and no others.
    pub(super) fn checked_key(&self, key: TableItem) -> Result<TableItem, ErrorAnswer> {
        let key = value::checked_item(key)?;
        let fits = |part: &KeyPart| key.get(&part.name).is_some_and(|value| parts(value).0 == part.kind);
        if key.len() != self.key_parts().count() || !self.key_parts().all(fits) {
            return Err(invalid("The provided key element does not match the schema"));
        }
        self.check_sizes(&key)?;
        Ok(key)
    }

    /// The key that an item has.
    pub(super) fn key_of_item(&self, item: &TableItem) -> Result<TableItem, ErrorAnswer> {
        let mut key = TableItem::new();
        for part in self.key_parts() {
            let what = "One or more parameter values were invalid";
            let name = &part.name;
            let value = item
                .get(name)
                .ok_or_else(|| invalid(format!("{what}: Missing the key {name} in the item")))?;
            let (kind, wanted) = (parts(value).0, &part.kind);
            if kind != wanted {
                let mismatch = format!("Type mismatch for key {name} expected: {wanted} actual: {kind}");
                return Err(invalid(format!("{what}: {mismatch}")));
            }
            key.insert(name.clone(), value.clone());
        }
        self.check_sizes(&key)?;
        Ok(key)
    }

    /// "Partition keys and sort keys": 1 to 2048 and 1 to 1024 bytes.
    fn check_sizes(&self, key: &TableItem) -> Result<(), ErrorAnswer> {
        let limits = [("hashkey", 2048), ("rangekey", 1024)];
        for (part, (called, limit)) in self.key_parts().zip(limits) {
            let name = &part.name;
            let size = key.get(name).map_or(0, value::size);
            key.get(name).map_or(Ok(()), |value| part.check_not_empty(value))?;
            if size > limit {
                return Err(invalid(format!(
                    "One or more parameter values were invalid: Size of {called} has exceeded the maximum size limit of{limit} bytes"
                )));
            }
        }
        Ok(())
    }

    pub(super) fn get(&self, key: &TableItem) -> Option<&TableItem> {
        self.place(key).map(|place| &self.items[place])
    }

    /// Puts an item, and returns the previous one.
    pub(super) fn put(&mut self, key: &TableItem, item: TableItem) -> Result<Option<TableItem>, ErrorAnswer> {
        if value::item_size(&item) > value::MAX_ITEM {
            return Err(invalid("Item size has exceeded the maximum allowed size"));
        }
        let before = self.delete(key);
        self.items.push(item);
        Ok(before)
    }

    pub(super) fn delete(&mut self, key: &TableItem) -> Option<TableItem> {
        self.place(key).map(|place| self.items.remove(place))
    }

    fn place(&self, key: &TableItem) -> Option<usize> {
        self.items.iter().position(|item| key.iter().all(|(name, value)| item.get(name) == Some(value)))
    }

    /// By hash and range.
    pub(super) fn sorted(&self) -> Vec<&TableItem> {
        let mut items: Vec<&TableItem> = self.items.iter().collect();
        items.sort_by(|left, right| {
            let orders = self.key_parts().map(|part| {
                let side = |item: &TableItem| item.get(&part.name).cloned().unwrap_or(Value::Null);
                order(&side(left), &side(right)).unwrap_or(Ordering::Equal)
            });
            orders.fold(Ordering::Equal, Ordering::then)
        });
        items
    }
}
