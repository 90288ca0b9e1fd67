//! DeleteItem.

use serde_json::Value;

use super::request;
use super::write::{ItemWrite, WriteKind};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

/// Deleting an item that does not exist succeeds, unless a condition fails.
pub(super) fn delete_item(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let returned = request::choice(&mut input, "ReturnValues", &["NONE", "ALL_OLD"])?;
    let write = ItemWrite::take(WriteKind::Delete, input)?;
    let done = request::alone(context, &write)?;
    Ok(request::old(done.before, &returned))
}
