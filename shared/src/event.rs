//! Reads fields of an event, and says which one is missing or wrong.

use serde_json::Value;

/// An event that says what it is and lacks what every such event has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MalformedEvent {
    /// Not even a JSON object.
    #[error("the event is {0}, not a JSON object")]
    NotAnObject(&'static str),
    /// A field that must be there.
    #[error("{0} is missing from the event")]
    Missing(&'static str),
    /// A field of the wrong type.
    #[error("{field} is {found} in the event, not a string")]
    NotAString {
        /// Its path.
        field: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A field whose value cannot be right.
    #[error("{field} is `{value}` in the event, not {expected}")]
    NotA {
        /// Its path.
        field: &'static str,
        /// What it is.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
}

/// The text at `pointer`, which must be there and not be empty. `field` is what an error calls it.
///
/// # Errors
/// When it is missing, empty, or no string.
pub fn required(event: &Value, pointer: &str, field: &'static str) -> Result<String, MalformedEvent> {
    optional(event, pointer, field)?.filter(|text| !text.is_empty()).ok_or(MalformedEvent::Missing(field))
}

/// The text at `pointer`, if there is one.
///
/// # Errors
/// When it is there and no string.
pub fn optional(event: &Value, pointer: &str, field: &'static str) -> Result<Option<String>, MalformedEvent> {
    match event.pointer(pointer) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(MalformedEvent::NotAString { field, found: kind(other) }),
    }
}

/// What a JSON value is called in a sentence.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
