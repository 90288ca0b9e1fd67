//! Reads fields of an event; the error names the field that is missing or wrong.

use serde_json::Value;

/// An event that lacks a required field or has a wrong value in one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MalformedEvent {
    /// The event is not a JSON object.
    #[error("the event is {0}, not a JSON object")]
    NotAnObject(&'static str),
    /// A required field is missing.
    #[error("{0} is missing from the event")]
    Missing(&'static str),
    /// A field has the wrong type.
    #[error("{field} is {found} in the event, not a string")]
    NotAString {
        /// The field's path.
        field: &'static str,
        /// The type of its value.
        found: &'static str,
    },
    /// A field has a value that is not allowed.
    #[error("{field} is `{value}` in the event, not {expected}")]
    NotA {
        /// The field's path.
        field: &'static str,
        /// Its value.
        value: String,
        /// A description of the allowed values.
        expected: &'static str,
    },
}

/// The text at `pointer`, which must not be missing or empty. `field` names it in an error.
///
/// # Errors
/// When the field is missing, empty, or not a string.
pub fn required(event: &Value, pointer: &str, field: &'static str) -> Result<String, MalformedEvent> {
    optional(event, pointer, field)?.filter(|text| !text.is_empty()).ok_or(MalformedEvent::Missing(field))
}

/// The text at `pointer`, if there is one.
///
/// # Errors
/// When the field is not a string.
pub fn optional(event: &Value, pointer: &str, field: &'static str) -> Result<Option<String>, MalformedEvent> {
    match event.pointer(pointer) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(MalformedEvent::NotAString { field, found: kind(other) }),
    }
}

/// The name of a JSON value's type in a sentence.
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
