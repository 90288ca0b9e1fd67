//! Reads a template's text as CloudFormation does, with its messages.

use serde_json::Value;

use crate::yaml::{numeric_key, parse, parse_strictly};
use crate::{SyntaxError, TemplateProblem};

/// Reads a template's text, JSON or YAML, and refuses what CloudFormation refuses of a text: YAML aliases, null values and keys
/// that are numbers. The last of several members with one name counts, as for CloudFormation.
///
/// ```
/// use cloudformation_template::read;
///
/// assert_eq!(read("Resources: { Web: }").unwrap_err().to_string(), "[/Resources/Web] 'null' values are not allowed in templates");
/// assert_eq!(read("A: 1\nA: 2").unwrap(), serde_json::json!({ "A": 2 }));
/// ```
///
/// # Errors
///
/// [`TemplateProblem::Invalid`], with CloudFormation's message.
pub fn read(text: &str) -> Result<Value, TemplateProblem> {
    let template = json_or_yaml(text)?;
    match forbidden(&template, "") {
        Some(message) => Err(TemplateProblem::invalid(message)),
        None => Ok(template),
    }
}

fn json_or_yaml(text: &str) -> Result<Value, TemplateProblem> {
    if text.trim_start().starts_with('{') {
        // An inline YAML map begins the same way.
        return serde_json::from_str(text).or_else(|error| {
            let place = format!("(line {}, column {})", error.line(), error.column());
            parse_strictly(text)
                .map_err(|_| TemplateProblem::format(&format!("JSON not well-formed. {place}")))
        });
    }
    parse_strictly(text).map_err(|error| yaml_problem(text, &error))
}

/// "CloudFormation template format" lists the features of YAML that CloudFormation does not support: aliases, among others.
fn yaml_problem(text: &str, error: &SyntaxError) -> TemplateProblem {
    if parse(text).is_ok() {
        return TemplateProblem::invalid(
            "Template error: YAML aliases are not allowed in CloudFormation templates",
        );
    }
    let place = error.location().map(|(line, column)| format!(" (line {line}, column {column})"));
    TemplateProblem::format(&format!("YAML not well-formed.{}", place.unwrap_or_default()))
}

/// CloudFormation's message about the first null value or numeric key.
fn forbidden(value: &Value, path: &str) -> Option<String> {
    match value {
        Value::Null if path.is_empty() => None,
        Value::Null => Some(format!("[{path}] 'null' values are not allowed in templates")),
        Value::Array(elements) => {
            let mut elements = elements.iter().enumerate();
            elements.find_map(|(nth, element)| forbidden(element, &format!("{path}/{nth}")))
        }
        Value::Object(members) => members.iter().find_map(|(name, member)| match numeric_key(name) {
            Some(number) => Some(format!(
                "Template format error: [{path}] map keys must be strings; received numeric [{number}] instead"
            )),
            None => forbidden(member, &format!("{path}/{name}")),
        }),
        _ => None,
    }
}
