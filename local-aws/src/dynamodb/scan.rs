//! Scan, of a whole table (indexes and segments are not served).

use serde_json::Value;

use super::expression::bindings::Bindings;
use super::query::{answer, limit, page};
use super::request;
use crate::error_answer::ErrorAnswer;
use crate::ids;
use crate::members::Members;
use crate::service::Context;

pub(super) fn scan(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let name = request::table_name(&mut input)?;
    let limit = limit(input.integer("Limit")?)?;
    input.boolean("ConsistentRead")?;
    let start = input.object("ExclusiveStartKey")?;
    request::uncounted(&mut input)?;
    let mut bindings = Bindings::take(&mut input)?;
    let filter = bindings.condition(&mut input, "FilterExpression")?;
    let projection = bindings.projection(&mut input)?;
    bindings.finish()?;
    input.finish()?;
    let mut locked = request::lock(context, &name)?;
    let table = &*locked.table();
    let start = start.map(|key| table.checked_key(key)).transpose()?;
    let mut items = table.sorted();
    // A scan has no order that a caller may rely on: partitions are read by the hash of their keys.
    items.sort_by_cached_key(|item| ids::digest(&[&item[&table.hash.name].to_string()]));
    let (page, last) = page(table, &items, start.as_ref(), limit)?;
    Ok(answer(page, last, filter.as_ref(), projection.as_deref()))
}
