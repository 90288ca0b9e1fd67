//! DescribeImageAttribute and ResetImageAttribute.

use serde_json::{Value, json};

use super::{ImageRecord, request};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

pub(super) fn describe_image_attribute(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let id = request::image_id(&mut input)?;
    let attribute = request::required(&mut input, "Attribute")?;
    request::finish(input)?;
    let mut state = context.world.ec2.lock();
    let image = state.own_image(context, &id)?;
    let (name, value) = shown(image, context, &attribute)?;
    Ok(json!({"imageId": id, name: value}))
}

/// The attribute, by its name in the answer.
fn shown(
    image: &ImageRecord,
    context: &Context<'_>,
    attribute: &str,
) -> Result<(&'static str, Value), ErrorAnswer> {
    let value = |text: &Option<String>| text.as_ref().map_or(json!({}), |text| json!({"value": text}));
    Ok(match attribute {
        "launchPermission" => {
            let shared_with = image.shared_with.seen(context.now);
            ("launchPermission", shared_with.iter().map(|grantee| grantee.shown()).collect())
        }
        "description" => ("description", value(&image.description)),
        "imdsSupport" => ("imdsSupport", value(&image.imds_support)),
        "kernel" => ("kernel", json!({})),
        "ramdisk" => ("ramdisk", json!({})),
        "productCodes" => ("productCodes", json!([])),
        "sriovNetSupport" => ("sriovNetSupport", json!({"value": "simple"})),
        // "The blockDeviceMapping attribute is deprecated. Using this attribute returns the Client.AuthFailure error."
        "blockDeviceMapping" => {
            let message = "Unauthorized attempt to access restricted resource";
            return Err(ErrorAnswer::new("AuthFailure", message));
        }
        "bootMode" | "deregistrationProtection" | "lastLaunchedTime" | "tpmSupport" | "uefiData" => {
            return Err(ErrorAnswer::not_served(format_args!("the image attribute `{attribute}`")));
        }
        _ => return Err(request::bad_value(attribute, "attribute")),
    })
}

/// Removes every launch permission of the image.
pub(super) fn reset_image_attribute(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let id = request::image_id(&mut input)?;
    let attribute = request::required(&mut input, "Attribute")?;
    if attribute != "launchPermission" {
        return Err(request::bad_value(&attribute, "attribute"));
    }
    request::finish(input)?;
    let ec2 = &context.world.ec2;
    let seen_from = context.now + ec2.permission_delay;
    ec2.lock().own_image(context, &id)?.shared_with.write(seen_from, Vec::new());
    Ok(json!({"return": true}))
}
