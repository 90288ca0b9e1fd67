//! UpdateItem.

use serde_json::{Value, json};

use super::expression::Clause;
use super::expression::bindings::Bindings;
use super::expression::path::{Path, project};
use super::expression::update::{apply, paths};
use super::value::Item;
use super::{Table, invalid, request};
use crate::members::Members;
use crate::refusal::Refusal;
use crate::services::Context;

const RETURNED: &[&str] = &["NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"];

/// An item that is not there is made, also when all that is asked is to remove something from it.
pub(super) fn update_item(context: &Context<'_>, mut input: Members) -> Result<Value, Refusal> {
    let name = request::table_name(&mut input)?;
    let key = request::item(&mut input, "Key")?;
    let returned = request::choice(&mut input, "ReturnValues", RETURNED)?;
    let with_item = request::on_failure(&mut input)?;
    let mut bindings = Bindings::take(&mut input)?;
    let clauses = bindings.update(&mut input)?;
    let condition = bindings.condition(&mut input, "ConditionExpression")?;
    bindings.finish()?;
    input.finish()?;
    let mut locked = request::lock(context, &name)?;
    let table = locked.table();
    let key = table.checked_key(key)?;
    keeps_key(table, &clauses)?;
    let there = table.get(&key).cloned();
    request::check(condition.as_ref(), there.as_ref(), with_item)?;
    let after = apply(&clauses, there.as_ref().unwrap_or(&key))?;
    table.put(&key, after.clone()).map_err(|_| {
        // The only thing that can be wrong with it by now.
        invalid("Item size to update has exceeded the maximum allowed size")
    })?;
    Ok(attributes(&returned, there, after, &paths(&clauses)))
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

fn attributes(returned: &str, before: Option<Item>, after: Item, changed: &[&Path]) -> Value {
    let changed: Vec<Path> = changed.iter().map(|path| (*path).clone()).collect();
    let attributes = match returned {
        "ALL_OLD" => before,
        "UPDATED_OLD" => before.map(|item| project(&item, &changed)),
        "ALL_NEW" => Some(after),
        "UPDATED_NEW" => Some(project(&after, &changed)),
        _ => None,
    };
    match attributes.filter(|attributes| !attributes.is_empty()) {
        Some(attributes) => json!({"Attributes": attributes}),
        None => json!({}),
    }
}
