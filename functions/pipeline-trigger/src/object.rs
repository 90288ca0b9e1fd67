//! An object that was created, in an event of Amazon S3.
//!
//! "EventBridge event message structure", Amazon S3 User Guide. The key is not encoded in it.

use std::fmt;

use serde_json::Value;
use shared::event::{MalformedEvent, optional, required};

/// An object that was created: a new key, or a new version of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedObject {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// The version; none in a bucket that is not versioned.
    pub version: Option<String>,
    /// The oldest version that a window held back, if the event was held with earlier ones.
    pub held_since: Option<String>,
    /// Orders the events of one key.
    pub sequencer: String,
    /// The event's time, as the event has it; part of every token.
    pub time: String,
}

impl fmt::Display for CreatedObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)?;
        self.version.iter().try_for_each(|version| write!(f, " version {version}"))
    }
}

/// Whether an event reports that an object was created.
pub fn is_object_event(event: &Value) -> bool {
    event["source"] == "aws.s3" && event["detail-type"] == "Object Created"
}

/// Reads an event of S3.
///
/// # Errors
/// When a required field is missing or wrong.
pub fn parse(event: &Value) -> Result<CreatedObject, MalformedEvent> {
    if !is_object_event(event) {
        let (field, value) = ("detail-type", event["detail-type"].to_string());
        return Err(MalformedEvent::NotA { field, value, expected: "Object Created" });
    }
    let version = optional(event, "/detail/object/version-id", "detail.object.version-id")?;
    Ok(CreatedObject {
        bucket: required(event, "/detail/bucket/name", "detail.bucket.name")?,
        key: required(event, "/detail/object/key", "detail.object.key")?,
        // A bucket whose versioning is suspended has one version of this id, and the next object replaces it.
        version: version.filter(|version| !version.is_empty() && version != "null"),
        held_since: optional(event, "/detail/object/held-since-version", "detail.object.held-since-version")?,
        sequencer: optional(event, "/detail/object/sequencer", "detail.object.sequencer")?
            .unwrap_or_default(),
        time: optional(event, "/time", "time")?.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_missing_or_wrong_field_is_named_and_a_null_version_is_none() {
        let whole = json!({"source": "aws.s3", "detail-type": "Object Created",
            "detail": {"bucket": {"name": "sources"}, "object": {"key": "a b+c.zip", "version-id": "null"}}});
        let object = parse(&whole).unwrap();
        assert_eq!((object.key.as_str(), object.version), ("a b+c.zip", None));
        for (pointer, value, says) in [
            ("/detail/bucket/name", json!(null), "detail.bucket.name is missing from the event"),
            ("/detail/object/key", json!(7), "detail.object.key is a number in the event, not a string"),
            (
                "/detail/object/version-id",
                json!([]),
                "detail.object.version-id is an array in the event, not a string",
            ),
        ] {
            let mut event = whole.clone();
            *event.pointer_mut(pointer).unwrap() = value;
            assert_eq!(parse(&event).unwrap_err().to_string(), says);
        }
    }
}
