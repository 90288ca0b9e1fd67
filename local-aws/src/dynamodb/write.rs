//! Owns one write under its condition, alone or in a transaction: a put, an update, a delete or a condition check.

use super::expression::bindings::Bindings;
use super::expression::path::DocumentPath;
use super::expression::update::{apply, paths};
use super::expression::{Clause, Condition};
use super::value::TableItem;
use super::{DynamoDbTable, invalid, request, value};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;

/// A write, as a request describes it.
pub(super) struct ItemWrite {
    pub(super) table: String,
    /// The key, or the whole item of a put.
    given: TableItem,
    action: WriteAction,
    condition: Option<Condition>,
    /// Whether a failed condition returns the item.
    with_item: bool,
}

/// Which write it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteKind {
    Put,
    Update,
    Delete,
    Check,
}

enum WriteAction {
    Put,
    Update(Vec<Clause>),
    Delete,
    Check,
}

/// The result of a write.
pub(super) struct WriteResult {
    pub(super) before: Option<TableItem>,
    /// The item as it is now; nothing for one that is deleted.
    pub(super) after: Option<TableItem>,
    /// The paths that an update changed.
    pub(super) changed: Vec<DocumentPath>,
}

impl ItemWrite {
    /// Takes a write out of a request, all of it.
    pub(super) fn take(kind: WriteKind, mut input: Members) -> Result<ItemWrite, ErrorAnswer> {
        let table = request::table_name(&mut input)?;
        let given = request::item(&mut input, if kind == WriteKind::Put { "Item" } else { "Key" })?;
        let with_item = request::on_failure(&mut input)?;
        let mut bindings = Bindings::take(&mut input)?;
        let action = match kind {
            WriteKind::Put => WriteAction::Put,
            WriteKind::Update => WriteAction::Update(bindings.update(&mut input)?),
            WriteKind::Delete => WriteAction::Delete,
            WriteKind::Check => WriteAction::Check,
        };
        let condition = bindings.condition(&mut input, "ConditionExpression")?;
        bindings.finish()?;
        input.finish()?;
        let given = if kind == WriteKind::Put { value::checked_item(given)? } else { given };
        Ok(ItemWrite { table, given, action, condition, with_item })
    }

    /// Whether the write has a condition.
    pub(super) fn is_conditional(&self) -> bool {
        self.condition.is_some()
    }

    /// The key of the item that it is about.
    pub(super) fn key(&self, table: &DynamoDbTable) -> Result<TableItem, ErrorAnswer> {
        match &self.action {
            WriteAction::Put => table.key_of_item(&self.given),
            WriteAction::Update(clauses) => {
                keeps_key(table, clauses)?;
                table.checked_key(self.given.clone())
            }
            WriteAction::Delete | WriteAction::Check => table.checked_key(self.given.clone()),
        }
    }

    /// Refuses the write unless its condition is true of the existing item.
    pub(super) fn check(&self, table: &DynamoDbTable, key: &TableItem) -> Result<(), ErrorAnswer> {
        request::check(self.condition.as_ref(), table.get(key), self.with_item)
    }

    /// The item after the write; `None` if the write deletes it.
    pub(super) fn after(
        &self,
        table: &DynamoDbTable,
        key: &TableItem,
    ) -> Result<Option<TableItem>, ErrorAnswer> {
        let after = match &self.action {
            WriteAction::Put => self.given.clone(),
            WriteAction::Update(clauses) => apply(clauses, table.get(key).unwrap_or(key))?,
            WriteAction::Delete => return Ok(None),
            WriteAction::Check => return Ok(table.get(key).cloned()),
        };
        if value::item_size(&after) > value::MAX_ITEM {
            return Err(invalid(match self.action {
                WriteAction::Update(_) => "Item size to update has exceeded the maximum allowed size",
                _ => "Item size has exceeded the maximum allowed size",
            }));
        }
        Ok(Some(after))
    }

    /// Carries it out.
    pub(super) fn carry_out(
        &self,
        table: &mut DynamoDbTable,
        key: &TableItem,
    ) -> Result<WriteResult, ErrorAnswer> {
        let after = self.after(table, key)?;
        let before = match &after {
            Some(after) if !matches!(self.action, WriteAction::Check) => table.put(key, after.clone())?,
            Some(_) => table.get(key).cloned(),
            None => table.delete(key),
        };
        let changed = match &self.action {
            WriteAction::Update(clauses) => paths(clauses).into_iter().cloned().collect(),
            _ => Vec::new(),
        };
        Ok(WriteResult { before, after, changed })
    }
}

fn keeps_key(table: &DynamoDbTable, clauses: &[Clause]) -> Result<(), ErrorAnswer> {
    let is_key = |name: &str| table.key_parts().any(|part| part.name == name);
    match paths(clauses).into_iter().map(DocumentPath::attribute).find(|name| is_key(name)) {
        Some(name) => Err(invalid(format!(
            "One or more parameter values were invalid: Cannot update attribute {name}. This attribute is part of the key"
        ))),
        None => Ok(()),
    }
}
