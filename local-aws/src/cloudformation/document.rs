//! Reads a template's text as CloudFormation does, with its messages.

use cloudformation_template::validate;
use serde_json::Value;

use super::capabilities;
use crate::error_answer::ErrorAnswer;

/// The template in its long form.
///
/// The result of a macro is not known here. A template with a macro is therefore read only if the caller may run macros, and is
/// then refused as not served.
pub(super) fn read(text: &str, capabilities: &[String]) -> Result<Value, ErrorAnswer> {
    let template = cloudformation_template::read(text)?;
    capabilities::macros(&template, capabilities)?;
    validate(&template)?;
    Ok(template)
}
