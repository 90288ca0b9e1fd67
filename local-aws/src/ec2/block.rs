//! Block public access for AMIs: GetImageBlockPublicAccessState, EnableImageBlockPublicAccess,
//! DisableImageBlockPublicAccess.

use serde_json::{Value, json};

use super::request;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

const BLOCKED: &str = "block-new-sharing";
const UNBLOCKED: &str = "unblocked";

pub(super) fn state(context: &Context<'_>, input: Members) -> Result<Value, ErrorAnswer> {
    request::finish(input)?;
    let state = if context.world.ec2.is_blocked(context.region) { BLOCKED } else { UNBLOCKED };
    Ok(json!({"imageBlockPublicAccessState": state, "managedBy": "account"}))
}

/// AWS takes up to ten minutes for it; here it is so at once.
pub(super) fn enable(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let asked = request::required(&mut input, "ImageBlockPublicAccessState")?;
    if asked != BLOCKED {
        return Err(request::bad_value(&asked, "ImageBlockPublicAccessState"));
    }
    request::finish(input)?;
    Ok(set(context, true))
}

pub(super) fn disable(context: &Context<'_>, input: Members) -> Result<Value, ErrorAnswer> {
    request::finish(input)?;
    Ok(set(context, false))
}

fn set(context: &Context<'_>, blocked: bool) -> Value {
    context.world.ec2.lock().blocked.insert(context.region.to_owned(), blocked);
    json!({"imageBlockPublicAccessState": if blocked { BLOCKED } else { UNBLOCKED }})
}
