//! The push of an image in an event of Amazon ECR.
//!
//! "Amazon ECR events and EventBridge", Amazon ECR User Guide: an event names one tag, or an empty one for a push by digest.

use std::fmt;

use serde_json::Value;
use shared::event::{MalformedEvent, optional, required};

/// A push of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePush {
    /// The ECR repository.
    pub repository: String,
    /// The tag; none for a push by digest, as for the parts of a multi-architecture image.
    pub tag: Option<String>,
    /// The digest, with its algorithm.
    pub digest: String,
    /// The event's time, as the event has it; part of every token.
    pub time: String,
}

impl fmt::Display for ImagePush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.repository)?;
        self.tag.iter().try_for_each(|tag| write!(f, ":{tag}"))?;
        write!(f, " {}", short_digest(&self.digest))
    }
}

/// The result of reading an event of ECR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParsedImage {
    /// A successful push.
    Push(ImagePush),
    /// Another action, or one that failed.
    Other {
        /// The action.
        action: String,
        /// The result.
        result: String,
    },
}

/// The most characters of a digest; that of SHA-512 has 135.
const LONGEST_DIGEST: usize = 200;

/// Whether an event reports an action on an image.
pub fn is_image_event(event: &Value) -> bool {
    event["source"] == "aws.ecr" && event["detail-type"] == "ECR Image Action"
}

/// Reads an event of ECR.
///
/// # Errors
/// When a required field is missing or wrong.
pub fn parse(event: &Value) -> Result<ParsedImage, MalformedEvent> {
    if !is_image_event(event) {
        let (field, value) = ("detail-type", event["detail-type"].to_string());
        return Err(MalformedEvent::NotA { field, value, expected: "ECR Image Action" });
    }
    let action = required(event, "/detail/action-type", "detail.action-type")?;
    let result = required(event, "/detail/result", "detail.result")?;
    if (action.as_str(), result.as_str()) != ("PUSH", "SUCCESS") {
        return Ok(ParsedImage::Other { action, result });
    }
    Ok(ParsedImage::Push(ImagePush {
        repository: required(event, "/detail/repository-name", "detail.repository-name")?,
        tag: optional(event, "/detail/image-tag", "detail.image-tag")?.filter(|tag| !tag.is_empty()),
        digest: digest(event)?,
        time: optional(event, "/time", "time")?.unwrap_or_default(),
    }))
}

fn digest(event: &Value) -> Result<String, MalformedEvent> {
    const FIELD: &str = "detail.image-digest";
    let digest = required(event, "/detail/image-digest", FIELD)?;
    let is_digest = digest.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty()
            && algorithm.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            && !hex.is_empty()
            && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    match is_digest && digest.len() <= LONGEST_DIGEST {
        true => Ok(digest),
        false => {
            Err(MalformedEvent::NotA { field: FIELD, value: digest, expected: "the digest of an image" })
        }
    }
}

/// The short form of a digest: 12 digits, as Docker shows it.
pub fn short_digest(digest: &str) -> String {
    let short =
        |(algorithm, hex): (&str, &str)| format!("{algorithm}:{}", hex.chars().take(12).collect::<String>());
    digest.split_once(':').map_or_else(|| digest.to_owned(), short)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(detail: Value) -> Value {
        json!({"source": "aws.ecr", "detail-type": "ECR Image Action", "time": "2026-03-02T10:00:00Z",
            "detail": detail})
    }

    #[test]
    fn a_missing_or_wrong_field_is_named() {
        let push = json!({"result": "SUCCESS", "repository-name": "shop/web", "image-digest": "sha256:0aB1",
            "action-type": "PUSH", "image-tag": "v1"});
        assert!(matches!(parse(&event(push.clone())), Ok(ParsedImage::Push(_))));
        for (field, value, says) in [
            ("repository-name", json!(null), "detail.repository-name is missing from the event"),
            ("action-type", json!(null), "detail.action-type is missing from the event"),
            ("image-tag", json!(7), "detail.image-tag is a number in the event, not a string"),
            (
                "image-digest",
                json!("latest"),
                "detail.image-digest is `latest` in the event, not the digest of an image",
            ),
            (
                "image-digest",
                json!("sha256:$(x)"),
                "detail.image-digest is `sha256:$(x)` in the event, not the digest of an image",
            ),
        ] {
            let mut push = push.clone();
            push[field] = value;
            assert_eq!(parse(&event(push)).unwrap_err().to_string(), says);
        }
    }
}
