//! A write under its condition, by itself or in a transaction: what is put, changed, deleted or only looked at.

use super::expression::bindings::Bindings;
use super::expression::path::Path;
use super::expression::update::{apply, paths};
use super::expression::{Clause, Condition};
use super::value::Item;
use super::{Table, invalid, request, value};
use crate::members::Members;
use crate::refusal::Refusal;

/// A write, as a request asks for it.
pub(super) struct Write {
    pub(super) table: String,
    /// The key, or the whole item of a put.
    given: Item,
    what: What,
    condition: Option<Condition>,
    /// Whether a condition that fails shows the item.
    with_item: bool,
}

/// Which write it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Put,
    Update,
    Delete,
    Check,
}

enum What {
    Put,
    Update(Vec<Clause>),
    Delete,
    Check,
}

/// What a write did.
pub(super) struct Done {
    pub(super) before: Option<Item>,
    /// The item as it is now; nothing for one that is deleted.
    pub(super) after: Option<Item>,
    /// The paths that an update changed.
    pub(super) changed: Vec<Path>,
}

impl Write {
    /// Takes a write out of a request, all of it.
    pub(super) fn take(kind: Kind, mut input: Members) -> Result<Write, Refusal> {
        let table = request::table_name(&mut input)?;
        let given = request::item(&mut input, if kind == Kind::Put { "Item" } else { "Key" })?;
        let with_item = request::on_failure(&mut input)?;
        let mut bindings = Bindings::take(&mut input)?;
        let what = match kind {
            Kind::Put => What::Put,
            Kind::Update => What::Update(bindings.update(&mut input)?),
            Kind::Delete => What::Delete,
            Kind::Check => What::Check,
        };
        let condition = bindings.condition(&mut input, "ConditionExpression")?;
        bindings.finish()?;
        input.finish()?;
        let given = if kind == Kind::Put { value::checked_item(given)? } else { given };
        Ok(Write { table, given, what, condition, with_item })
    }

    /// Whether it has a condition.
    pub(super) fn is_conditional(&self) -> bool {
        self.condition.is_some()
    }

    /// The key of the item that it is about.
    pub(super) fn key(&self, table: &Table) -> Result<Item, Refusal> {
        match &self.what {
            What::Put => table.key_of_item(&self.given),
            What::Update(clauses) => {
                keeps_key(table, clauses)?;
                table.checked_key(self.given.clone())
            }
            What::Delete | What::Check => table.checked_key(self.given.clone()),
        }
    }

    /// Refuses unless its condition is true of what is there.
    pub(super) fn check(&self, table: &Table, key: &Item) -> Result<(), Refusal> {
        request::check(self.condition.as_ref(), table.get(key), self.with_item)
    }

    /// What the item is after it; nothing, if it is not there then.
    pub(super) fn after(&self, table: &Table, key: &Item) -> Result<Option<Item>, Refusal> {
        let after = match &self.what {
            What::Put => self.given.clone(),
            What::Update(clauses) => apply(clauses, table.get(key).unwrap_or(key))?,
            What::Delete => return Ok(None),
            What::Check => return Ok(table.get(key).cloned()),
        };
        if value::item_size(&after) > value::MAX_ITEM {
            return Err(invalid(match self.what {
                What::Update(_) => "Item size to update has exceeded the maximum allowed size",
                _ => "Item size has exceeded the maximum allowed size",
            }));
        }
        Ok(Some(after))
    }

    /// Carries it out.
    pub(super) fn carry_out(&self, table: &mut Table, key: &Item) -> Result<Done, Refusal> {
        let after = self.after(table, key)?;
        let before = match &after {
            Some(after) if !matches!(self.what, What::Check) => table.put(key, after.clone())?,
            Some(_) => table.get(key).cloned(),
            None => table.delete(key),
        };
        let changed = match &self.what {
            What::Update(clauses) => paths(clauses).into_iter().cloned().collect(),
            _ => Vec::new(),
        };
        Ok(Done { before, after, changed })
    }
}

fn keeps_key(table: &Table, clauses: &[Clause]) -> Result<(), Refusal> {
    let is_key = |name: &str| table.key_parts().any(|part| part.name == name);
    match paths(clauses).into_iter().map(Path::attribute).find(|name| is_key(name)) {
        Some(name) => Err(invalid(format!(
            "One or more parameter values were invalid: Cannot update attribute {name}. This attribute is part of the key"
        ))),
        None => Ok(()),
    }
}
