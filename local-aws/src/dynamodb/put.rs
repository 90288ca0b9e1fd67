//! PutItem.

use serde_json::Value;

use super::request;
use super::write::{ItemWrite, WriteKind};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

pub(super) fn put_item(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let returned = request::choice(&mut input, "ReturnValues", &["NONE", "ALL_OLD"])?;
    let write = ItemWrite::take(WriteKind::Put, input)?;
    let done = request::alone(context, &write)?;
    Ok(request::old(done.before, &returned))
}
