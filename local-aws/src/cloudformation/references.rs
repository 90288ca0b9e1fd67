//! Follows what a template refers to, and refuses what is not there or goes round in a circle.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::document::{format_error, members};
use super::invalid;
use crate::refusal::Refusal;

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

/// `Fn::Length` and its kind need a transform, and are then refused with it.
const FUNCTIONS: &[&str] = &[
    "And",
    "Base64",
    "Cidr",
    "Equals",
    "FindInMap",
    "GetAZs",
    "GetAtt",
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

/// One thing that a value refers to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reference {
    /// By `Ref` or `Fn::Sub`: a parameter, a pseudo parameter or a resource.
    Name(String),
    /// By `Fn::GetAtt` or `Fn::Sub`: a resource and its attribute.
    Attribute(String, String),
    Condition(String),
    Mapping(String),
    /// A function that CloudFormation does not have.
    Unknown(String),
}

/// Everything that `value` refers to.
pub(super) fn of(value: &Value) -> BTreeSet<Reference> {
    let mut found = BTreeSet::new();
    collect(value, &mut found);
    found
}

fn collect(value: &Value, found: &mut BTreeSet<Reference>) {
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

fn function(name: &str, argument: &Value, found: &mut BTreeSet<Reference>) {
    let first = || argument.get(0).and_then(Value::as_str).map(str::to_owned);
    match (name, argument) {
        ("Ref", Value::String(name)) => drop(found.insert(Reference::Name(name.clone()))),
        ("Fn::GetAtt", Value::Array(parts)) => {
            if let [Value::String(resource), Value::String(attribute)] = parts.as_slice() {
                found.insert(Reference::Attribute(resource.clone(), attribute.clone()));
            }
        }
        ("Fn::GetAtt", Value::String(dotted)) => {
            found.extend(dotted.split_once('.').map(|(resource, attribute)| {
                Reference::Attribute(resource.to_owned(), attribute.to_owned())
            }));
        }
        ("Fn::Sub", _) => substitutions(argument, found),
        ("Fn::If", _) => found.extend(first().map(Reference::Condition)),
        ("Fn::FindInMap", _) => found.extend(first().map(Reference::Mapping)),
        _ => {
            let unknown = name.strip_prefix("Fn::").filter(|name| !FUNCTIONS.contains(name));
            found.extend(unknown.map(|_| Reference::Unknown(name.to_owned())));
        }
    }
}

/// The names in the text of `Fn::Sub`, but for those that it brings itself.
fn substitutions(argument: &Value, found: &mut BTreeSet<Reference>) {
    let text = argument.as_str().or_else(|| argument.get(0)?.as_str()).unwrap_or_default();
    let own = argument.get(1).and_then(Value::as_object);
    for part in text.split("${").skip(1) {
        let Some((name, _)) = part.split_once('}') else { continue };
        if name.starts_with('!') || own.is_some_and(|own| own.contains_key(name)) {
            continue;
        }
        found.insert(match name.split_once('.') {
            Some((resource, attribute)) => Reference::Attribute(resource.to_owned(), attribute.to_owned()),
            None => Reference::Name(name.to_owned()),
        });
    }
}

/// Every reference of the template must lead somewhere.
pub(super) fn check(template: &Value) -> Result<(), Refusal> {
    for (section, block) in [("Resources", "Resources"), ("Outputs", "Outputs")] {
        for (name, member) in members(&template[section]) {
            for reference in of(member) {
                resolves(template, &reference, block)?;
            }
            attached(template, name, member, block)?;
        }
    }
    conditions(template)?;
    circles(template)
}

fn has(template: &Value, section: &str, name: &str) -> bool {
    template[section].get(name).is_some()
}

fn resolves(template: &Value, reference: &Reference, block: &str) -> Result<(), Refusal> {
    match reference {
        Reference::Name(name) => {
            let known = PSEUDO_PARAMETERS.contains(&name.as_str())
                || has(template, "Parameters", name)
                || has(template, "Resources", name);
            if known { Ok(()) } else { Err(unresolved(name, block)) }
        }
        Reference::Attribute(resource, _) if has(template, "Resources", resource) => Ok(()),
        Reference::Attribute(resource, _) => Err(invalid(format!(
            "Template error: instance of Fn::GetAtt references undefined resource {resource}"
        ))),
        Reference::Condition(name) => known_condition(template, name, block),
        Reference::Mapping(name) if has(template, "Mappings", name) => Ok(()),
        Reference::Mapping(name) => Err(invalid(format!(
            "Template error: Mapping named '{name}' is not present in the 'Mappings' section of template."
        ))),
        Reference::Unknown(function) => {
            Err(invalid(format!("Template error: encountered unsupported function: {function}")))
        }
    }
}

pub(super) fn unresolved(name: &str, block: &str) -> Refusal {
    format_error(&format!("Unresolved resource dependencies [{name}] in the {block} block of the template"))
}

fn known_condition(template: &Value, name: &str, block: &str) -> Result<(), Refusal> {
    let message = format!("Unresolved condition dependency {name} in the {block} block of the template");
    if has(template, "Conditions", name) { Ok(()) } else { Err(format_error(&message)) }
}

/// A member's own `Condition` and `DependsOn`, and an output's value.
fn attached(template: &Value, name: &str, member: &Value, block: &str) -> Result<(), Refusal> {
    if let Some(condition) = member["Condition"].as_str() {
        known_condition(template, condition, block)?;
    }
    if let Some(missing) = depends_on(member).find(|other| !has(template, "Resources", other)) {
        return Err(unresolved(missing, block));
    }
    if block == "Outputs" && member.get("Value").is_none_or(Value::is_null) {
        let message = format!(
            "Output {name} is malformed. The Value field of every Outputs member must evaluate to a String."
        );
        return Err(format_error(&message));
    }
    Ok(())
}

fn depends_on(resource: &Value) -> impl Iterator<Item = &str> {
    let given = &resource["DependsOn"];
    let list = given.as_array().map(Vec::as_slice).unwrap_or(std::slice::from_ref(given));
    list.iter().filter_map(Value::as_str)
}

/// Conditions know parameters and other conditions, and no resources.
fn conditions(template: &Value) -> Result<(), Refusal> {
    for (_, condition) in members(&template["Conditions"]) {
        if imports(condition) {
            return Err(invalid("Template error: Cannot use Fn::ImportValue in Conditions."));
        }
        for reference in of(condition).into_iter().chain(other_conditions(condition)) {
            match &reference {
                Reference::Name(name) if has(template, "Resources", name) => {
                    return Err(format_error(&format!(
                        "Unresolved dependencies [{name}]. Cannot reference resources in the Conditions block of the template"
                    )));
                }
                _ => resolves(template, &reference, "Conditions")?,
            }
        }
    }
    Ok(())
}

fn imports(value: &Value) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(imports),
        Value::Object(map) => map.contains_key("Fn::ImportValue") || map.values().any(imports),
        _ => false,
    }
}

/// What `Condition` means inside a condition. In a policy document it is something else.
pub(super) fn other_conditions(condition: &Value) -> Vec<Reference> {
    let inside = |value: &Value| match value {
        Value::Array(elements) => elements.iter().flat_map(other_conditions).collect(),
        Value::Object(map) => map.values().flat_map(other_conditions).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    let own = condition["Condition"].as_str().map(|name| Reference::Condition(name.to_owned()));
    own.into_iter().chain(inside(condition)).collect()
}

/// Neither resources nor conditions may go round in a circle.
fn circles(template: &Value) -> Result<(), Refusal> {
    let needs = |resource: &Value| -> BTreeSet<String> {
        let named = of(resource).into_iter().filter_map(|reference| match reference {
            Reference::Name(name) | Reference::Attribute(name, _) => Some(name),
            _ => None,
        });
        named.chain(depends_on(resource).map(str::to_owned)).collect()
    };
    if let Some(names) = circle(&template["Resources"], needs) {
        return Err(invalid(format!("Circular dependency between resources: [{names}]")));
    }
    let needs = |condition: &Value| -> BTreeSet<String> {
        let others = of(condition).into_iter().chain(other_conditions(condition));
        let others = others.filter_map(|reference| match reference {
            Reference::Condition(name) => Some(name),
            _ => None,
        });
        others.collect()
    };
    match circle(&template["Conditions"], needs) {
        None => Ok(()),
        Some(names) => Err(format_error(&format!("Circular dependency between conditions: [{names}]"))),
    }
}

/// Takes away what depends on nothing that is left, until nothing goes any more; names what stays.
fn circle(section: &Value, needs: impl Fn(&Value) -> BTreeSet<String>) -> Option<String> {
    let mut left: BTreeMap<&str, BTreeSet<String>> =
        members(section).map(|(name, member)| (name.as_str(), needs(member))).collect();
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
