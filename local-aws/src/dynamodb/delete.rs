//! DeleteItem.

use serde_json::Value;

use super::request;
use super::write::{Kind, Write};
use crate::members::Members;
use crate::refusal::Refusal;
use crate::service::Context;

/// What is not there is deleted already, unless a condition says otherwise.
pub(super) fn delete_item(context: &Context<'_>, mut input: Members) -> Result<Value, Refusal> {
    let returned = request::choice(&mut input, "ReturnValues", &["NONE", "ALL_OLD"])?;
    let write = Write::take(Kind::Delete, input)?;
    let done = request::alone(context, &write)?;
    Ok(request::old(done.before, &returned))
}
