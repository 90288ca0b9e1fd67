//! Checks a template's structure, and refuses what CloudFormation calls a template format error.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::{TemplateProblem, references};

/// Every resource type; the file names the source of the list.
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

/// The largest number of members of each section ("Understand CloudFormation quotas").
const MOST: &[(&str, usize)] =
    &[("Mappings", 200), ("Outputs", 200), ("Parameters", 200), ("Resources", 500)];

/// Refuses a template that CloudFormation refuses whatever its parameters are.
///
/// ```
/// use cloudformation_template::{parse, validate};
///
/// let template = parse("Resources: { Web: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref Name } } }").unwrap();
/// let problem = validate(&template).unwrap_err();
/// assert_eq!(
///     problem.to_string(),
///     "Template format error: Unresolved resource dependencies [Name] in the Resources block of the template"
/// );
/// ```
///
/// # Errors
///
/// [`TemplateProblem::Invalid`], with CloudFormation's message. A template with macros ([`has_macros`]) is checked as it is
/// written, without their result.
pub fn validate(template: &Value) -> Result<(), TemplateProblem> {
    let sections = template.as_object().ok_or_else(|| format_error("unsupported structure."))?;
    if let Some(unknown) = unknown(sections, SECTIONS) {
        return Err(TemplateProblem::invalid(format!("Invalid template property or properties [{unknown}]")));
    }
    head(template)?;
    counts(template)?;
    parameters(&template["Parameters"])?;
    resources(template)?;
    references::validate(template)
}

fn counts(template: &Value) -> Result<(), TemplateProblem> {
    for (section, most) in MOST {
        let count = members(&template[section]).count();
        if count > *most {
            let what = section.to_ascii_lowercase();
            return Err(format_error(&format!(
                "Number of {what}, {count}, is greater than maximum allowed, {most}"
            )));
        }
    }
    Ok(())
}

/// Whether the template has a macro or a transform, in whole or in part.
pub fn has_macros(template: &Value) -> bool {
    fn inside(value: &Value) -> bool {
        match value {
            Value::Array(elements) => elements.iter().any(inside),
            Value::Object(members) => members.contains_key("Fn::Transform") || members.values().any(inside),
            _ => false,
        }
    }
    !template["Transform"].is_null() || inside(template)
}

fn head(template: &Value) -> Result<(), TemplateProblem> {
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

fn parameters(section: &Value) -> Result<(), TemplateProblem> {
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

fn resources(template: &Value) -> Result<(), TemplateProblem> {
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
            return Err(TemplateProblem::invalid(format!("Invalid template resource property '{unknown}'")));
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

/// "DeletionPolicy attribute" and "UpdateReplacePolicy attribute" of the user guide: strings, and no functions.
fn policies(name: &str, resource: &Value) -> Result<(), TemplateProblem> {
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

fn alphanumeric(what: &str, name: &str) -> Result<(), TemplateProblem> {
    match !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()) {
        true => Ok(()),
        false => Err(format_error(&format!("{what} name {name} is non alphanumeric."))),
    }
}

fn unknown<'m>(members: &'m Map<String, Value>, known: &[&str]) -> Option<&'m str> {
    members.keys().map(String::as_str).find(|name| !known.contains(name))
}

/// The members of a section or any other object; none for a value that is no object.
pub fn members(section: &Value) -> impl Iterator<Item = (&String, &Value)> {
    section.as_object().into_iter().flatten()
}

fn format_error(message: &str) -> TemplateProblem {
    TemplateProblem::format(message)
}
