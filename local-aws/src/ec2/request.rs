//! Checks the members that operations have in common, as EC2 checks them.

use crate::error_answer::ErrorAnswer;
use crate::members::Members;

/// `ImageId` of an operation on one image.
pub(super) fn image_id(input: &mut Members) -> Result<String, ErrorAnswer> {
    let id = required(input, "ImageId")?;
    if is_image_id(&id) { Ok(id) } else { Err(malformed_image(&id)) }
}

pub(super) fn snapshot_id(input: &mut Members) -> Result<String, ErrorAnswer> {
    let id = required(input, "SnapshotId")?;
    if is_snapshot_id(&id) {
        return Ok(id);
    }
    let message = format!("Value ({id}) for parameter snapshotId is invalid. Expected: 'snap-...'.");
    Err(ErrorAnswer::new("InvalidSnapshotID.Malformed", message))
}

pub(super) fn required(input: &mut Members, name: &str) -> Result<String, ErrorAnswer> {
    let value = input.string(name)?.filter(|value| !value.is_empty());
    value.ok_or_else(|| missing(name))
}

pub(super) fn missing(name: &str) -> ErrorAnswer {
    ErrorAnswer::new("MissingParameter", format!("The request must contain the parameter {name}"))
}

pub(super) fn bad_value(value: &str, name: &str) -> ErrorAnswer {
    let message = format!("Value ({value}) for parameter {name} is invalid.");
    ErrorAnswer::new("InvalidParameterValue", message)
}

pub(super) fn bad_combination(message: impl Into<String>) -> ErrorAnswer {
    ErrorAnswer::new("InvalidParameterCombination", message)
}

pub(super) fn malformed_image(id: &str) -> ErrorAnswer {
    ErrorAnswer::new("InvalidAMIID.Malformed", format!("Invalid id: \"{id}\" (expecting \"ami-...\")"))
}

pub(super) fn no_such_images(ids: &[&str]) -> ErrorAnswer {
    let what = if ids.len() == 1 { "id" } else { "ids" };
    let verb = if ids.len() == 1 { "does" } else { "do" };
    let message = format!("The image {what} '[{}]' {verb} not exist", ids.join(", "));
    ErrorAnswer::new("InvalidAMIID.NotFound", message)
}

/// `DryRun`: without effect. Call it last, because AWS checks the form of the request first.
pub(super) fn finish(mut input: Members) -> Result<(), ErrorAnswer> {
    let is_dry_run = input.boolean("DryRun")?.unwrap_or_default();
    input.finish()?;
    match is_dry_run {
        true => {
            Err(ErrorAnswer::new("DryRunOperation", "Request would have succeeded, but DryRun flag is set."))
        }
        false => Ok(()),
    }
}

/// `ami-` and 8 or 17 hexadecimal digits.
pub(crate) fn is_image_id(id: &str) -> bool {
    id.strip_prefix("ami-").is_some_and(is_hex)
}

pub(crate) fn is_snapshot_id(id: &str) -> bool {
    id.strip_prefix("snap-").is_some_and(is_hex)
}

fn is_hex(digits: &str) -> bool {
    matches!(digits.len(), 8 | 17) && digits.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
}
