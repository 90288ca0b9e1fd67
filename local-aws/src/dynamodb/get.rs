//! GetItem.

use serde_json::{Value, json};

use super::expression::bindings::Bindings;
use super::expression::path::project;
use super::request;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

pub(super) fn get_item(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let name = request::table_name(&mut input)?;
    let key = request::item(&mut input, "Key")?;
    // A read that need not be consistent may be.
    input.boolean("ConsistentRead")?;
    request::uncounted(&mut input)?;
    let mut bindings = Bindings::take(&mut input)?;
    let projection = bindings.projection(&mut input)?;
    bindings.finish()?;
    input.finish()?;
    let mut locked = request::lock(context, &name)?;
    let table = locked.table();
    let key = table.checked_key(key)?;
    let Some(item) = table.get(&key) else { return Ok(json!({})) };
    let item = projection.map_or_else(|| item.clone(), |paths| project(item, &paths));
    Ok(json!({"Item": item}))
}
