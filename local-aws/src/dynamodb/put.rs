//! PutItem.

use serde_json::Value;

use super::expression::bindings::Bindings;
use super::{request, value};
use crate::members::Members;
use crate::refusal::Refusal;
use crate::services::Context;

pub(super) fn put_item(context: &Context<'_>, mut input: Members) -> Result<Value, Refusal> {
    let name = request::table_name(&mut input)?;
    let item = request::item(&mut input, "Item")?;
    let returned = request::choice(&mut input, "ReturnValues", &["NONE", "ALL_OLD"])?;
    let with_item = request::on_failure(&mut input)?;
    let mut bindings = Bindings::take(&mut input)?;
    let condition = bindings.condition(&mut input, "ConditionExpression")?;
    bindings.finish()?;
    input.finish()?;
    let item = value::checked_item(item)?;
    let mut locked = request::lock(context, &name)?;
    let table = locked.table();
    let key = table.key_of_item(&item)?;
    request::check(condition.as_ref(), table.get(&key), with_item)?;
    let before = table.put(&key, item)?;
    Ok(request::old(before, &returned))
}
