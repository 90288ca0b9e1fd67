//! Checks a template's sections and resources, and refuses what CloudFormation calls a template format error.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::{TemplateProblem, declared, functions, references};

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

/// The largest number of members of each section ("Understand CloudFormation quotas").
const MOST: &[(&str, usize)] =
    &[("Mappings", 200), ("Outputs", 200), ("Parameters", 200), ("Resources", 500)];

/// Refuses a template that CloudFormation refuses whatever its parameters are.
///
/// ```
/// use cloudformation_template::{read, validate};
///
/// let template = read("Resources: { Web: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref Name } } }").unwrap();
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
    problems(template).into_iter().next().map_or(Ok(()), Err)
}

/// Every reason for which [`validate`] refuses a template. CloudFormation answers with one of them.
pub fn problems(template: &Value) -> Vec<TemplateProblem> {
    let Some(sections) = template.as_object() else { return vec![format_error("unsupported structure.")] };
    let mut found = Vec::new();
    let unknown: Vec<&str> = unknown(sections, SECTIONS).collect();
    if !unknown.is_empty() {
        let message = format!("Invalid template property or properties [{}]", unknown.join(", "));
        found.push(TemplateProblem::invalid(message));
    }
    head(template, &mut found);
    counts(template, &mut found);
    declared::check(template, &mut found);
    resources(template, &mut found);
    functions::check(template, &mut found);
    references::check(template, &mut found);
    once(found)
}

/// Each problem once, in the order in which they were found.
pub(crate) fn once(found: Vec<TemplateProblem>) -> Vec<TemplateProblem> {
    let mut all = Vec::new();
    for problem in found {
        if !all.contains(&problem) {
            all.push(problem);
        }
    }
    all
}

fn counts(template: &Value, found: &mut Vec<TemplateProblem>) {
    for (section, most) in MOST {
        let count = members(&template[section]).count();
        if count > *most {
            let what = section.to_ascii_lowercase();
            found.push(format_error(&format!(
                "Number of {what}, {count}, is greater than maximum allowed, {most}"
            )));
        }
    }
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

fn head(template: &Value, found: &mut Vec<TemplateProblem>) {
    let version = &template["AWSTemplateFormatVersion"];
    if !version.is_null() && version != "2010-09-09" {
        found.push(format_error("unsupported value for AWSTemplateFormatVersion."));
    }
    match &template["Description"] {
        Value::Null => {}
        Value::String(text) if text.len() <= 1024 => {}
        Value::String(_) => found.push(format_error("'Description' length is greater than 1024.")),
        _ => found.push(format_error("'Description' must be a string.")),
    }
}

fn resources(template: &Value, found: &mut Vec<TemplateProblem>) {
    let section = &template["Resources"];
    if !section.is_null() && !section.is_object() {
        return found.push(format_error("Any Resources member must be an object."));
    }
    if members(section).next().is_none() {
        found.push(format_error("At least one Resources member must be defined."));
    }
    for (name, resource) in members(section) {
        found.extend(non_alphanumeric("Resource", name));
        match resource.as_object() {
            Some(attributes) => attributes_of(name, attributes, found),
            None => {
                found.push(format_error(&format!("[/Resources/{name}] resource definition is malformed")))
            }
        }
    }
}

fn attributes_of(name: &str, attributes: &Map<String, Value>, found: &mut Vec<TemplateProblem>) {
    let message =
        |unknown: &str| TemplateProblem::invalid(format!("Invalid template resource property '{unknown}'"));
    found.extend(unknown(attributes, RESOURCE_ATTRIBUTES).map(message));
    let own = |message: &str| format_error(&format!("[/Resources/{name}] {message}"));
    match attributes.get("Type") {
        None => found.push(own("Every Resources object must contain a Type member.")),
        Some(Value::String(_)) => {}
        Some(_) => found.push(own("Every Type member must be a string.")),
    }
    if attributes.get("Condition").is_some_and(|condition| !condition.is_string()) {
        found.push(own("Every Condition member must be a string."));
    }
    if attributes.get("Properties").is_some_and(|properties| !properties.is_object()) {
        found.push(own("Every Properties member must be an object."));
    }
    let is_name_or_names = |given: &Value| {
        given.is_string() || given.as_array().is_some_and(|names| names.iter().all(Value::is_string))
    };
    if attributes.get("DependsOn").is_some_and(|given| !is_name_or_names(given)) {
        found.push(own("Every DependsOn member must be a string or a list of strings."));
    }
    policies(name, attributes, found);
}

/// "DeletionPolicy attribute" and "UpdateReplacePolicy attribute" of the user guide: strings, and no functions.
fn policies(name: &str, attributes: &Map<String, Value>, found: &mut Vec<TemplateProblem>) {
    let deletion: &[&str] = &["Delete", "Retain", "RetainExceptOnCreate", "Snapshot"];
    let replacement: &[&str] = &["Delete", "Retain", "Snapshot"];
    for (attribute, known) in [("DeletionPolicy", deletion), ("UpdateReplacePolicy", replacement)] {
        match attributes.get(attribute) {
            None => {}
            Some(Value::String(policy)) if known.contains(&policy.as_str()) => {}
            Some(Value::String(policy)) => {
                found.push(format_error(&format!("Unrecognized {attribute} {policy} for resource {name}")));
            }
            Some(_) => found.push(format_error(&format!("Every {attribute} member must be a string."))),
        }
    }
}

/// Whether CloudFormation has a resource type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TypeKnowledge {
    Known,
    /// A name of a type or module that an account can register or activate.
    Extension,
    Unknown,
}

/// `Custom::Name` is a custom resource. `Organization::Service::Type` and the same with `::MODULE` are extensions, whose
/// existence depends on the account ("Using the CloudFormation registry", AWS CloudFormation User Guide).
pub(crate) fn type_knowledge(kind: &str) -> TypeKnowledge {
    let parts: Vec<&str> = kind.split("::").collect();
    let is_part =
        |part: &&str| (2..=64).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric());
    let of_aws = ["AWS", "Alexa", "Custom"].contains(&parts[0]);
    match parts.as_slice() {
        _ if kind.starts_with("Custom::") || TYPES.contains(kind) => TypeKnowledge::Known,
        [names @ .., "MODULE"] if !of_aws && names.len() == 3 && names.iter().all(is_part) => {
            TypeKnowledge::Extension
        }
        names if !of_aws && names.len() == 3 && names.iter().all(is_part) => TypeKnowledge::Extension,
        _ => TypeKnowledge::Unknown,
    }
}

pub(crate) fn non_alphanumeric(what: &str, name: &str) -> Option<TemplateProblem> {
    let fits = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
    (!fits).then(|| format_error(&format!("{what} name {name} is non alphanumeric.")))
}

pub(crate) fn unknown<'m>(members: &'m Map<String, Value>, known: &[&str]) -> impl Iterator<Item = &'m str> {
    members.keys().map(String::as_str).filter(|name| !known.contains(name))
}

/// The members of a section or any other object; none for a value that is no object.
pub fn members(section: &Value) -> impl Iterator<Item = (&String, &Value)> {
    section.as_object().into_iter().flatten()
}

fn format_error(message: &str) -> TemplateProblem {
    TemplateProblem::format(message)
}
