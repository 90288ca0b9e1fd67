//! UpdateItem.

use serde_json::{Value, json};

use super::expression::path::project;
use super::request;
use super::write::{ItemWrite, WriteKind, WriteResult};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

const RETURNED: &[&str] = &["NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"];

/// A missing item is created, also if the update only removes attributes.
pub(super) fn update_item(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let returned = request::choice(&mut input, "ReturnValues", RETURNED)?;
    let write = ItemWrite::take(WriteKind::Update, input)?;
    let done = request::alone(context, &write)?;
    Ok(attributes(&returned, done))
}

fn attributes(returned: &str, WriteResult { before, after, changed }: WriteResult) -> Value {
    let attributes = match returned {
        "ALL_OLD" => before,
        "UPDATED_OLD" => before.map(|item| project(&item, &changed)),
        "ALL_NEW" => after,
        "UPDATED_NEW" => after.map(|item| project(&item, &changed)),
        _ => None,
    };
    match attributes.filter(|attributes| !attributes.is_empty()) {
        Some(attributes) => json!({"Attributes": attributes}),
        None => json!({}),
    }
}
