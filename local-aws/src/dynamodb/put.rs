//! PutItem.

use serde_json::Value;

use super::request;
use super::write::{Kind, Write};
use crate::members::Members;
use crate::refusal::Refusal;
use crate::service::Context;

pub(super) fn put_item(context: &Context<'_>, mut input: Members) -> Result<Value, Refusal> {
    let returned = request::choice(&mut input, "ReturnValues", &["NONE", "ALL_OLD"])?;
    let write = Write::take(Kind::Put, input)?;
    let done = request::alone(context, &write)?;
    Ok(request::old(done.before, &returned))
}
