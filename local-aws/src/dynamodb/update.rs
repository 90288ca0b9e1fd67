//! UpdateItem.

use serde_json::{Value, json};

use super::expression::path::project;
use super::request;
use super::write::{Done, Kind, Write};
use crate::members::Members;
use crate::refusal::Refusal;
use crate::service::Context;

const RETURNED: &[&str] = &["NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"];

/// An item that is not there is made, also when all that is asked is to remove something from it.
pub(super) fn update_item(context: &Context<'_>, mut input: Members) -> Result<Value, Refusal> {
    let returned = request::choice(&mut input, "ReturnValues", RETURNED)?;
    let write = Write::take(Kind::Update, input)?;
    let done = request::alone(context, &write)?;
    Ok(attributes(&returned, done))
}

fn attributes(returned: &str, Done { before, after, changed }: Done) -> Value {
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
