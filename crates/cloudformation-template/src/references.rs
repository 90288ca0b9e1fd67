//! Owns the references in a template: finds them, and those that resolve to nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::TemplateProblem;
use crate::structure::members;

const PSEUDO_PARAMETERS: &[&str] = &[
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// The functions without a transform. `Fn::Length` and its like need one.
const FUNCTIONS: &[&str] = &[
    "And",
    "Base64",
    "Cidr",
    "Equals",
    "FindInMap",
    "GetAZs",
    "GetAtt",
    "GetStackOutput",
    "If",
    "ImportValue",
    "Join",
    "Not",
    "Or",
    "Select",
    "Split",
    "Sub",
    "Transform",
];

/// One reference of a value to another part of the template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TemplateReference {
    /// By `Ref` or `Fn::Sub`: a parameter, a pseudo parameter or a resource.
    Name(String),
    /// By `Fn::GetAtt` or `Fn::Sub`: a resource and its attribute.
    Attribute(String, String),
    /// By `Fn::If` or `Condition`.
    Condition(String),
    /// By `Fn::FindInMap`.
    Mapping(String),
    /// An intrinsic function that CloudFormation does not have.
    Unknown(String),
}

/// Every reference in `value`.
///
/// ```
/// use cloudformation_template::{TemplateReference, references};
/// use serde_json::json;
///
/// let found = references(&json!({ "Fn::Sub": "${Stage}-${Topic.Arn}" }));
/// assert!(found.contains(&TemplateReference::Name("Stage".to_owned())));
/// assert!(found.contains(&TemplateReference::Attribute("Topic".to_owned(), "Arn".to_owned())));
/// ```
pub fn references(value: &Value) -> BTreeSet<TemplateReference> {
    let mut found = BTreeSet::new();
    collect(value, &mut found);
    found
}

fn collect(value: &Value, found: &mut BTreeSet<TemplateReference>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, found)),
        Value::Object(map) => {
            if let Some((name, argument)) = map.iter().next().filter(|_| map.len() == 1) {
                function(name, argument, found);
            }
            map.values().for_each(|member| collect(member, found));
        }
        _ => {}
    }
}

fn function(name: &str, argument: &Value, found: &mut BTreeSet<TemplateReference>) {
    let first = || argument.get(0).and_then(Value::as_str).map(str::to_owned);
    match (name, argument) {
        ("Ref", Value::String(name)) => drop(found.insert(TemplateReference::Name(name.clone()))),
        ("Fn::GetAtt", Value::Array(parts)) => {
            if let [Value::String(resource), Value::String(attribute)] = parts.as_slice() {
                found.insert(TemplateReference::Attribute(resource.clone(), attribute.clone()));
            }
        }
        ("Fn::GetAtt", Value::String(dotted)) => {
            found.extend(dotted.split_once('.').map(|(resource, attribute)| {
                TemplateReference::Attribute(resource.to_owned(), attribute.to_owned())
            }));
        }
        ("Fn::Sub", _) => substitutions(argument, found),
        ("Fn::If", _) => found.extend(first().map(TemplateReference::Condition)),
        ("Fn::FindInMap", _) => found.extend(first().map(TemplateReference::Mapping)),
        _ => {
            let unknown = name.strip_prefix("Fn::").filter(|name| !FUNCTIONS.contains(name));
            found.extend(unknown.map(|_| TemplateReference::Unknown(name.to_owned())));
        }
    }
}

/// The names in the text of `Fn::Sub`, except those that it defines itself.
fn substitutions(argument: &Value, found: &mut BTreeSet<TemplateReference>) {
    let text = argument.as_str().or_else(|| argument.get(0)?.as_str()).unwrap_or_default();
    let own = argument.get(1).and_then(Value::as_object);
    for part in text.split("${").skip(1) {
        let Some((name, _)) = part.split_once('}') else { continue };
        if name.starts_with('!') || own.is_some_and(|own| own.contains_key(name)) {
            continue;
        }
        found.insert(match name.split_once('.') {
            Some((resource, attribute)) => {
                TemplateReference::Attribute(resource.to_owned(), attribute.to_owned())
            }
            None => TemplateReference::Name(name.to_owned()),
        });
    }
}

/// Finds references that resolve to nothing, in every branch of `Fn::If`, and circular ones.
pub(crate) fn check(template: &Value, found: &mut Vec<TemplateProblem>) {
    for block in ["Resources", "Outputs"] {
        let mut unresolved: Vec<String> = Vec::new();
        for (_, member) in members(&template[block]) {
            for reference in references(member) {
                match reference {
                    TemplateReference::Name(name) if !is_name(template, &name) => unresolved.push(name),
                    reference => found.extend(unresolved_reference(template, &reference)),
                }
            }
            if let Some(condition) = member["Condition"].as_str() {
                found.extend(unknown_condition(template, condition, block));
            }
            let missing = depends_on(member).filter(|other| !is_resource(template, other));
            unresolved.extend(missing.map(str::to_owned));
        }
        found.extend(unresolved_names(unresolved).map(|names| TemplateProblem::unresolved(&names, block)));
    }
    conditions(template, found);
    rules(template, found);
    circular_conditions(template, found);
}

/// The names once, in their order.
fn unresolved_names(names: Vec<String>) -> Option<String> {
    let mut once: Vec<String> = Vec::new();
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    (!once.is_empty()).then(|| once.join(", "))
}

fn has(template: &Value, section: &str, name: &str) -> bool {
    template[section].get(name).is_some()
}

fn is_name(template: &Value, name: &str) -> bool {
    is_parameter(template, name) || is_resource(template, name)
}

/// A module's resources have names that begin with the module's name ("Modules", AWS CloudFormation User Guide).
fn is_resource(template: &Value, name: &str) -> bool {
    let is_module =
        |resource: &Value| resource["Type"].as_str().is_some_and(|kind| kind.ends_with("::MODULE"));
    has(template, "Resources", name)
        || members(&template["Resources"])
            .any(|(module, resource)| is_module(resource) && name.starts_with(module.as_str()))
}

fn is_parameter(template: &Value, name: &str) -> bool {
    PSEUDO_PARAMETERS.contains(&name) || has(template, "Parameters", name)
}

fn unresolved_reference(template: &Value, reference: &TemplateReference) -> Option<TemplateProblem> {
    let message = match reference {
        TemplateReference::Attribute(resource, _) if !is_resource(template, resource) => {
            format!("instance of Fn::GetAtt references undefined resource {resource}")
        }
        TemplateReference::Condition(name) if !has(template, "Conditions", name) => {
            format!("unresolved condition dependency {name} in Fn::If")
        }
        TemplateReference::Mapping(name) if !has(template, "Mappings", name) => {
            format!("Mapping named '{name}' is not present in the 'Mappings' section of template.")
        }
        TemplateReference::Unknown(function) => format!("encountered unsupported function: {function}"),
        _ => return None,
    };
    Some(TemplateProblem::invalid(format!("Template error: {message}")))
}

fn unknown_condition(template: &Value, name: &str, block: &str) -> Option<TemplateProblem> {
    let message = format!("Unresolved condition dependency {name} in the {block} block of the template");
    (!has(template, "Conditions", name)).then(|| TemplateProblem::format(&message))
}

pub(crate) fn depends_on(resource: &Value) -> impl Iterator<Item = &str> {
    let given = &resource["DependsOn"];
    let list = given.as_array().map(Vec::as_slice).unwrap_or(std::slice::from_ref(given));
    list.iter().filter_map(Value::as_str)
}

/// Conditions may refer to parameters and other conditions, but not to resources.
fn conditions(template: &Value, found: &mut Vec<TemplateProblem>) {
    let mut unresolved = Vec::new();
    for (_, condition) in members(&template["Conditions"]) {
        if imports(condition) {
            found.push(TemplateProblem::invalid("Template error: Cannot use Fn::ImportValue in Conditions."));
        }
        for reference in references(condition) {
            match reference {
                TemplateReference::Name(name) | TemplateReference::Attribute(name, _)
                    if !is_parameter(template, &name) =>
                {
                    unresolved.push(name);
                }
                reference => found.extend(unresolved_reference(template, &reference)),
            }
        }
        for other in other_conditions(condition) {
            if let TemplateReference::Condition(name) = other {
                found.extend(unknown_condition(template, &name, "Conditions"));
            }
        }
    }
    found.extend(unresolved_names(unresolved).map(|names| {
        TemplateProblem::format(&format!(
            "Unresolved dependencies [{names}]. Cannot reference resources in the Conditions block of the template"
        ))
    }));
}

/// Rules may refer to parameters only.
fn rules(template: &Value, found: &mut Vec<TemplateProblem>) {
    let named = references(&template["Rules"]).into_iter().filter_map(|reference| match reference {
        TemplateReference::Name(name) | TemplateReference::Attribute(name, _) => Some(name),
        _ => None,
    });
    let unresolved = named.filter(|name| !is_parameter(template, name)).collect();
    found.extend(unresolved_names(unresolved).map(|names| {
        TemplateProblem::format(&format!(
            "Unresolved dependencies [{names}]. Cannot reference resources in the Rules block of the template"
        ))
    }));
}

fn imports(value: &Value) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(imports),
        Value::Object(map) => map.contains_key("Fn::ImportValue") || map.values().any(imports),
        _ => false,
    }
}

/// The conditions that a condition refers to by `Condition`. In a policy document, `Condition` has another meaning.
pub(crate) fn other_conditions(condition: &Value) -> Vec<TemplateReference> {
    let inside = |value: &Value| match value {
        Value::Array(elements) => elements.iter().flat_map(other_conditions).collect(),
        Value::Object(map) => map.values().flat_map(other_conditions).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    let own = condition["Condition"].as_str().map(|name| TemplateReference::Condition(name.to_owned()));
    own.into_iter().chain(inside(condition)).collect()
}

fn circular_conditions(template: &Value, found: &mut Vec<TemplateProblem>) {
    let needs = |_: &str, condition: &Value| -> BTreeSet<String> {
        let others = references(condition).into_iter().chain(other_conditions(condition));
        let others = others.filter_map(|reference| match reference {
            TemplateReference::Condition(name) => Some(name),
            _ => None,
        });
        others.collect()
    };
    found.extend(
        cycle(&template["Conditions"], needs).map(|names| {
            TemplateProblem::format(&format!("Circular dependency between conditions: [{names}]"))
        }),
    );
}

/// The names in a cycle: removes every member without a remaining dependency, until no more can be removed.
pub(crate) fn cycle(section: &Value, needs: impl Fn(&str, &Value) -> BTreeSet<String>) -> Option<String> {
    let mut left: BTreeMap<&str, BTreeSet<String>> =
        members(section).map(|(name, member)| (name.as_str(), needs(name, member))).collect();
    loop {
        let names: BTreeSet<&str> = left.keys().copied().collect();
        left.retain(|_, needs| needs.iter().any(|need| names.contains(need.as_str())));
        if left.is_empty() {
            return None;
        }
        if left.len() == names.len() {
            return Some(names.into_iter().collect::<Vec<_>>().join(", "));
        }
    }
}
