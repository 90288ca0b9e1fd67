//! Checks the members that operations have in common, as EC2 checks them.

use serde_json::{Value, json};

use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::paging;
use crate::service::Context;

/// `ImageId` of an operation on one image.
pub(super) fn image_id(input: &mut Members) -> Result<String, ErrorAnswer> {
    let id = required(input, "ImageId")?;
    if is_image_id(&id) { Ok(id) } else { Err(malformed_image(&id)) }
}

pub(super) fn snapshot_id(input: &mut Members) -> Result<String, ErrorAnswer> {
    let id = required(input, "SnapshotId")?;
    if is_snapshot_id(&id) { Ok(id) } else { Err(malformed_snapshot(&id)) }
}

pub(super) fn malformed_snapshot(id: &str) -> ErrorAnswer {
    let message = format!("Value ({id}) for parameter snapshotId is invalid. Expected: 'snap-...'.");
    ErrorAnswer::new("InvalidSnapshotID.Malformed", message)
}

pub(super) fn no_such_snapshot(id: &str) -> ErrorAnswer {
    ErrorAnswer::new("InvalidSnapshot.NotFound", format!("The snapshot '{id}' does not exist."))
}

pub(super) fn malformed_account(id: &str) -> ErrorAnswer {
    ErrorAnswer::new("InvalidUserID.Malformed", format!("Invalid user id: \"{id}\""))
}

/// A page of an answer: its items as `member`, and the token for the next page. Only the items of the page are shown.
pub(super) fn page<T>(
    context: &Context<'_>,
    (member, all, shown): (&str, &[T], impl Fn(&T) -> Value),
    (size, token): (Option<i64>, Option<&str>),
    request: &str,
) -> Result<Value, ErrorAnswer> {
    let most = context.world.ec2.page_size;
    let size = size.map_or(most, |size| most.min(usize::try_from(size).unwrap_or(most)));
    let page = paging::page(all, size, token, &[context.account(), request]).map_err(|_| {
        ErrorAnswer::new("InvalidNextToken", "The token provided in the NextToken field is invalid.")
    })?;
    let items: Vec<Value> = page.items.iter().map(shown).collect();
    let mut output = json!({member: items});
    if let Some(next) = page.next {
        output["nextToken"] = json!(next);
    }
    Ok(output)
}

/// A resource's tags; none for an empty list.
pub(super) fn tag_set(tags: &[(String, String)]) -> Option<Value> {
    let shown = tags.iter().map(|(key, value)| json!({"key": key, "value": value}));
    (!tags.is_empty()).then(|| shown.collect())
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

pub(super) fn is_hex(digits: &str) -> bool {
    matches!(digits.len(), 8 | 17) && digits.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
}
