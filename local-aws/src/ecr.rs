//! ECR: pushes of images, which put events on the bus. No operation is served.

use jiff::Timestamp;
use serde_json::json;

use crate::bus::{Bus, CustomEvent};

/// A push of an image. Without a tag, the image has its digest only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewImage {
    pub repository: String,
    pub tag: Option<String>,
    pub digest: String,
}

/// "Amazon ECR events and EventBridge", Amazon ECR User Guide: the event has no resources, and an empty tag for an image without
/// one.
pub(crate) fn push(bus: &Bus, (region, at): (&str, Timestamp), image: &NewImage) {
    let detail = json!({
        "result": "SUCCESS",
        "repository-name": image.repository,
        "image-digest": image.digest,
        "action-type": "PUSH",
        "image-tag": image.tag.as_deref().unwrap_or_default(),
    });
    bus.put_custom(CustomEvent {
        source: "aws.ecr".to_owned(),
        detail_type: "ECR Image Action".to_owned(),
        region,
        at,
        resources: Vec::new(),
        detail,
    });
}
