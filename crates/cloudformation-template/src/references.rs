//! Owns the references in a template: finds them, and refuses unresolved and circular ones.

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

/// Refuses a template with a reference that resolves to nothing, or with circular ones.
pub(crate) fn validate(template: &Value) -> Result<(), TemplateProblem> {
    for (section, block) in [("Resources", "Resources"), ("Outputs", "Outputs")] {
        for (name, member) in members(&template[section]) {
            for reference in references(member) {
                resolves(template, &reference, block)?;
            }
            attached(template, name, member, block)?;
        }
    }
    conditions(template)?;
    no_cycles(template)
}

fn has(template: &Value, section: &str, name: &str) -> bool {
    template[section].get(name).is_some()
}

fn resolves(template: &Value, reference: &TemplateReference, block: &str) -> Result<(), TemplateProblem> {
    match reference {
        TemplateReference::Name(name) => {
            let known = PSEUDO_PARAMETERS.contains(&name.as_str())
                || has(template, "Parameters", name)
                || has(template, "Resources", name);
            if known { Ok(()) } else { Err(TemplateProblem::unresolved(name, block)) }
        }
        TemplateReference::Attribute(resource, _) if has(template, "Resources", resource) => Ok(()),
        TemplateReference::Attribute(resource, _) => Err(TemplateProblem::invalid(format!(
            "Template error: instance of Fn::GetAtt references undefined resource {resource}"
        ))),
        TemplateReference::Condition(name) => known_condition(template, name, block),
        TemplateReference::Mapping(name) if has(template, "Mappings", name) => Ok(()),
        TemplateReference::Mapping(name) => Err(TemplateProblem::invalid(format!(
            "Template error: Mapping named '{name}' is not present in the 'Mappings' section of template."
        ))),
        TemplateReference::Unknown(function) => Err(TemplateProblem::invalid(format!(
            "Template error: encountered unsupported function: {function}"
        ))),
    }
}

fn known_condition(template: &Value, name: &str, block: &str) -> Result<(), TemplateProblem> {
    let message = format!("Unresolved condition dependency {name} in the {block} block of the template");
    if has(template, "Conditions", name) { Ok(()) } else { Err(TemplateProblem::format(&message)) }
}

/// Checks a member's own `Condition` and `DependsOn`, and an output's value.
fn attached(template: &Value, name: &str, member: &Value, block: &str) -> Result<(), TemplateProblem> {
    if let Some(condition) = member["Condition"].as_str() {
        known_condition(template, condition, block)?;
    }
    if let Some(missing) = depends_on(member).find(|other| !has(template, "Resources", other)) {
        return Err(TemplateProblem::unresolved(missing, block));
    }
    if block == "Outputs" && member.get("Value").is_none_or(Value::is_null) {
        let message = format!(
            "Output {name} is malformed. The Value field of every Outputs member must evaluate to a String."
        );
        return Err(TemplateProblem::format(&message));
    }
    Ok(())
}

fn depends_on(resource: &Value) -> impl Iterator<Item = &str> {
    let given = &resource["DependsOn"];
    let list = given.as_array().map(Vec::as_slice).unwrap_or(std::slice::from_ref(given));
    list.iter().filter_map(Value::as_str)
}

/// Conditions may refer to parameters and other conditions, but not to resources.
fn conditions(template: &Value) -> Result<(), TemplateProblem> {
    for (_, condition) in members(&template["Conditions"]) {
        if imports(condition) {
            return Err(TemplateProblem::invalid(
                "Template error: Cannot use Fn::ImportValue in Conditions.",
            ));
        }
        for reference in references(condition).into_iter().chain(other_conditions(condition)) {
            match &reference {
                TemplateReference::Name(name) if has(template, "Resources", name) => {
                    return Err(TemplateProblem::format(&format!(
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

/// Refuses circular dependencies of resources and of conditions.
fn no_cycles(template: &Value) -> Result<(), TemplateProblem> {
    let needs = |resource: &Value| -> BTreeSet<String> {
        let named = references(resource).into_iter().filter_map(|reference| match reference {
            TemplateReference::Name(name) | TemplateReference::Attribute(name, _) => Some(name),
            _ => None,
        });
        named.chain(depends_on(resource).map(str::to_owned)).collect()
    };
    if let Some(names) = cycle(&template["Resources"], needs) {
        return Err(TemplateProblem::invalid(format!("Circular dependency between resources: [{names}]")));
    }
    let needs = |condition: &Value| -> BTreeSet<String> {
        let others = references(condition).into_iter().chain(other_conditions(condition));
        let others = others.filter_map(|reference| match reference {
            TemplateReference::Condition(name) => Some(name),
            _ => None,
        });
        others.collect()
    };
    match cycle(&template["Conditions"], needs) {
        None => Ok(()),
        Some(names) => {
            Err(TemplateProblem::format(&format!("Circular dependency between conditions: [{names}]")))
        }
    }
}

/// The names in a cycle: removes every member without a remaining dependency, until no more can be removed.
fn cycle(section: &Value, needs: impl Fn(&Value) -> BTreeSet<String>) -> Option<String> {
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
