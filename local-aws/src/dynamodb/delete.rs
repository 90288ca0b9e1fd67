//! DeleteItem.

use serde_json::Value;

use super::expression::bindings::Bindings;
use super::request;
use crate::members::Members;
use crate::refusal::Refusal;
use crate::services::Context;

/// What is not there is deleted already, unless a condition says otherwise.
pub(super) fn delete_item(context: &Context<'_>, mut input: Members) -> Result<Value, Refusal> {
    let name = request::table_name(&mut input)?;
    let key = request::item(&mut input, "Key")?;
    let returned = request::choice(&mut input, "ReturnValues", &["NONE", "ALL_OLD"])?;
    let with_item = request::on_failure(&mut input)?;
    let mut bindings = Bindings::take(&mut input)?;
    let condition = bindings.condition(&mut input, "ConditionExpression")?;
    bindings.finish()?;
    input.finish()?;
    let mut locked = request::lock(context, &name)?;
    let table = locked.table();
    let key = table.checked_key(key)?;
    request::check(condition.as_ref(), table.get(&key), with_item)?;
    let before = table.delete(&key);
    Ok(request::old(before, &returned))
}
