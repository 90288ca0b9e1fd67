//! The event of reconcile: that of the schedule, or of an operator who confirms the starts that a run held.

use std::fmt;

use serde_json::Value;
use shared::event::MalformedEvent;
use shared::text::printable;

/// A request to reconcile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReconcileRequest {
    /// The digest of the starts that an operator confirms.
    pub confirm: Option<String>,
}

impl fmt::Display for ReconcileRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.confirm {
            None => f.write_str("reconcile"),
            Some(digest) => write!(f, "reconcile, confirming {}", printable(digest)),
        }
    }
}

/// The request, if the event is one.
///
/// # Errors
/// When `confirm` is no text.
pub fn reconcile_request(event: &Value) -> Result<Option<ReconcileRequest>, MalformedEvent> {
    if event["source"] != "pointsman" || event["detail-type"] != "reconcile" {
        return Ok(None);
    }
    let confirm = match event.get("confirm") {
        None | Some(Value::Null) => None,
        Some(Value::String(digest)) => Some(digest.trim().to_owned()),
        Some(other) => {
            let value = other.to_string();
            return Err(MalformedEvent::NotA { field: "confirm", value, expected: "a digest" });
        }
    };
    Ok(Some(ReconcileRequest { confirm }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_confirmation_is_a_text_and_another_event_is_no_request() {
        let request = |confirm: Value| {
            reconcile_request(&json!({"source": "pointsman", "detail-type": "reconcile", "confirm": confirm}))
        };
        assert_eq!(request(Value::Null), Ok(Some(ReconcileRequest::default())));
        assert_eq!(request(json!(" a1 ")).unwrap().unwrap().confirm.as_deref(), Some("a1"));
        assert_eq!(
            request(json!(true)).unwrap_err().to_string(),
            "confirm is `true` in the event, not a digest"
        );
        assert_eq!(reconcile_request(&json!({"source": "pointsman", "detail-type": "heartbeat"})), Ok(None));
        assert_eq!(reconcile_request(&json!({"source": "other", "detail-type": "reconcile"})), Ok(None));
    }
}
