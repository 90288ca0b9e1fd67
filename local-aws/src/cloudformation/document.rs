//! Reads a template's text, and refuses what CloudFormation calls a template format error.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::{capabilities, invalid, references};
use crate::refusal::Refusal;
use crate::template;

/// Every type there is; the file says where the list is from.
static TYPES: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    include_str!("resource_types.txt").lines().filter(|line| !line.starts_with('#')).collect()
});

const SECTIONS: &[&str] = &[
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Hooks",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

const RESOURCE_ATTRIBUTES: &[&str] = &[
    "Condition",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Description",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
    "Version",
];

const PARAMETER_TYPES: &[&str] = &["String", "Number", "CommaDelimitedList", "List<Number>", "List<String>"];

/// "Understand CloudFormation quotas": how many of each a template may have.
const MOST: &[(&str, usize)] =
    &[("Mappings", 200), ("Outputs", 200), ("Parameters", 200), ("Resources", 500)];

/// The template in its long form. What a macro makes of one is not known here, so one with a macro is only read when the
/// caller may run macros, and then refused as not served.
pub(super) fn read(text: &str, capabilities: &[String]) -> Result<Value, Refusal> {
    let template = parse(text)?;
    capabilities::macros(&template, capabilities)?;
    let sections = template.as_object().ok_or_else(|| format_error("unsupported structure."))?;
    if let Some(unknown) = unknown(sections, SECTIONS) {
        return Err(invalid(format!("Invalid template property or properties [{unknown}]")));
    }
    head(&template)?;
    for (section, most) in MOST {
        let count = members(&template[section]).count();
        if count > *most {
            let what = section.to_ascii_lowercase();
            return Err(format_error(&format!(
                "Number of {what}, {count}, is greater than maximum allowed, {most}"
            )));
        }
    }
    parameters(&template["Parameters"])?;
    resources(&template)?;
    references::check(&template)?;
    Ok(template)
}

/// Whether the template, or a part of it, is made by a macro.
pub(super) fn has_macros(template: &Value) -> bool {
    fn inside(value: &Value) -> bool {
        match value {
            Value::Array(elements) => elements.iter().any(inside),
            Value::Object(members) => members.contains_key("Fn::Transform") || members.values().any(inside),
            _ => false,
        }
    }
    !template["Transform"].is_null() || inside(template)
}

fn parse(text: &str) -> Result<Value, Refusal> {
    if text.trim_start().starts_with('{') {
        let place = |error: serde_json::Error| format!("(line {}, column {})", error.line(), error.column());
        // An inline YAML map begins the same way.
        return serde_json::from_str(text).or_else(|error| {
            template::parse(text)
                .map_err(|_| format_error(&format!("JSON not well-formed. {}", place(error))))
        });
    }
    template::parse(text).map_err(|error| {
        let place = error.location().map(|at| format!(" (line {}, column {})", at.line(), at.column()));
        format_error(&format!("YAML not well-formed.{}", place.unwrap_or_default()))
    })
}

fn head(template: &Value) -> Result<(), Refusal> {
    let version = &template["AWSTemplateFormatVersion"];
    if !version.is_null() && version != "2010-09-09" {
        return Err(format_error("unsupported value for AWSTemplateFormatVersion."));
    }
    match &template["Description"] {
        Value::Null => Ok(()),
        Value::String(text) if text.len() <= 1024 => Ok(()),
        Value::String(_) => Err(format_error("'Description' length is greater than 1024.")),
        _ => Err(format_error("'Description' must be a string.")),
    }
}

fn parameters(section: &Value) -> Result<(), Refusal> {
    for (name, parameter) in members(section) {
        alphanumeric("Parameter", name)?;
        let Some(kind) = parameter["Type"].as_str() else {
            return Err(format_error("Every Parameters object must contain a Type member."));
        };
        let known =
            PARAMETER_TYPES.contains(&kind) || kind.starts_with("AWS::") || kind.starts_with("List<AWS::");
        if !known {
            return Err(format_error(&format!("Unrecognized parameter type: {kind}")));
        }
        if parameter["Default"].is_array() || parameter["Default"].is_object() {
            return Err(format_error("Every Default member must be a string."));
        }
    }
    Ok(())
}

fn resources(template: &Value) -> Result<(), Refusal> {
    let mut unknown_types = Vec::new();
    if members(&template["Resources"]).next().is_none() {
        return Err(format_error("At least one Resources member must be defined."));
    }
    for (name, resource) in members(&template["Resources"]) {
        alphanumeric("Resource", name)?;
        let Some(attributes) = resource.as_object() else {
            return Err(format_error(&format!("[/Resources/{name}] resource definition is malformed")));
        };
        if let Some(unknown) = unknown(attributes, RESOURCE_ATTRIBUTES) {
            return Err(invalid(format!("Invalid template resource property '{unknown}'")));
        }
        let Some(kind) = resource["Type"].as_str() else {
            let message = format!("[/Resources/{name}] Every Resources object must contain a Type member.");
            return Err(format_error(&message));
        };
        policies(name, resource)?;
        if !is_known(kind) {
            unknown_types.push(kind);
        }
    }
    match unknown_types.is_empty() {
        true => Ok(()),
        false => Err(format_error(&format!("Unrecognized resource types: [{}]", unknown_types.join(", ")))),
    }
}

/// "DeletionPolicy attribute" and "UpdateReplacePolicy attribute" of the user guide: texts, and no functions.
fn policies(name: &str, resource: &Value) -> Result<(), Refusal> {
    let deletion: &[&str] = &["Delete", "Retain", "RetainExceptOnCreate", "Snapshot"];
    let replacement: &[&str] = &["Delete", "Retain", "Snapshot"];
    for (attribute, known) in [("DeletionPolicy", deletion), ("UpdateReplacePolicy", replacement)] {
        match &resource[attribute] {
            Value::Null => {}
            Value::String(policy) if known.contains(&policy.as_str()) => {}
            Value::String(policy) => {
                return Err(format_error(&format!("Unrecognized {attribute} {policy} for resource {name}")));
            }
            _ => return Err(format_error(&format!("Every {attribute} member must be a string."))),
        }
    }
    Ok(())
}

fn is_known(kind: &str) -> bool {
    kind.starts_with("Custom::") || TYPES.contains(kind)
}

fn alphanumeric(what: &str, name: &str) -> Result<(), Refusal> {
    match !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()) {
        true => Ok(()),
        false => Err(format_error(&format!("{what} name {name} is non alphanumeric."))),
    }
}

fn unknown<'m>(members: &'m Map<String, Value>, known: &[&str]) -> Option<&'m str> {
    members.keys().map(String::as_str).find(|name| !known.contains(name))
}

pub(super) fn members(section: &Value) -> impl Iterator<Item = (&String, &Value)> {
    section.as_object().into_iter().flatten()
}

pub(super) fn format_error(message: &str) -> Refusal {
    invalid(format!("Template format error: {message}"))
}
