//! Reads a template's text as CloudFormation does, with its messages.

use cloudformation_template::{parse, validate};
use serde_json::Value;

use super::{capabilities, invalid};
use crate::error_answer::ErrorAnswer;

/// The template in its long form.
///
/// The result of a macro is not known here. A template with a macro is therefore read only if the caller may run macros, and is
/// then refused as not served.
pub(super) fn read(text: &str, capabilities: &[String]) -> Result<Value, ErrorAnswer> {
    let template = well_formed(text)?;
    capabilities::macros(&template, capabilities)?;
    validate(&template)?;
    Ok(template)
}

fn well_formed(text: &str) -> Result<Value, ErrorAnswer> {
    if text.trim_start().starts_with('{') {
        let place = |error: serde_json::Error| format!("(line {}, column {})", error.line(), error.column());
        // An inline YAML map begins the same way.
        return serde_json::from_str(text).or_else(|error| {
            parse(text).map_err(|_| format_error(&format!("JSON not well-formed. {}", place(error))))
        });
    }
    parse(text).map_err(|error| {
        let place = error.location().map(|(line, column)| format!(" (line {line}, column {column})"));
        format_error(&format!("YAML not well-formed.{}", place.unwrap_or_default()))
    })
}

fn format_error(message: &str) -> ErrorAnswer {
    invalid(format!("Template format error: {message}"))
}
