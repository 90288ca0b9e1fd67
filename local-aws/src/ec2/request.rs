//! Checks the members that operations have in common, as EC2 checks them.

use crate::members::Members;
use crate::refusal::Refusal;

/// `ImageId` of an operation on one image.
pub(super) fn image_id(input: &mut Members) -> Result<String, Refusal> {
    let id = required(input, "ImageId")?;
    if is_image_id(&id) { Ok(id) } else { Err(malformed_image(&id)) }
}

pub(super) fn snapshot_id(input: &mut Members) -> Result<String, Refusal> {
    let id = required(input, "SnapshotId")?;
    if is_snapshot_id(&id) {
        return Ok(id);
    }
    let message = format!("Value ({id}) for parameter snapshotId is invalid. Expected: 'snap-...'.");
    Err(Refusal::new("InvalidSnapshotID.Malformed", message))
}

pub(super) fn required(input: &mut Members, name: &str) -> Result<String, Refusal> {
    let value = input.string(name)?.filter(|value| !value.is_empty());
    value.ok_or_else(|| missing(name))
}

pub(super) fn missing(name: &str) -> Refusal {
    Refusal::new("MissingParameter", format!("The request must contain the parameter {name}"))
}

pub(super) fn bad_value(value: &str, name: &str) -> Refusal {
    let message = format!("Value ({value}) for parameter {name} is invalid.");
    Refusal::new("InvalidParameterValue", message)
}

pub(super) fn bad_combination(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterCombination", message)
}

pub(super) fn malformed_image(id: &str) -> Refusal {
    Refusal::new("InvalidAMIID.Malformed", format!("Invalid id: \"{id}\" (expecting \"ami-...\")"))
}

pub(super) fn no_such_images(ids: &[&str]) -> Refusal {
    let what = if ids.len() == 1 { "id" } else { "ids" };
    let verb = if ids.len() == 1 { "does" } else { "do" };
    let message = format!("The image {what} '[{}]' {verb} not exist", ids.join(", "));
    Refusal::new("InvalidAMIID.NotFound", message)
}

/// `DryRun`: nothing is looked at and nothing is done. Take it last; it is about a request that is right by its form.
pub(super) fn finish(mut input: Members) -> Result<(), Refusal> {
    let is_dry_run = input.boolean("DryRun")?.unwrap_or_default();
    input.finish()?;
    match is_dry_run {
        true => Err(Refusal::new("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")),
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
