//! What a template may do only when the caller says that it knows: IAM resources, named ones, macros.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document;
use super::references::{self, Reference};
use crate::members::Members;
use crate::refusal::Refusal;
use crate::template::Values;

use super::request;

const KNOWN: &[&str] = &["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", AUTO_EXPAND];
const AUTO_EXPAND: &str = "CAPABILITY_AUTO_EXPAND";

/// The resources that need a capability, and the property that names one: "Acknowledging IAM resources in
/// CloudFormation templates", CloudFormation User Guide.
const IAM: &[(&str, Option<&str>)] = &[
    ("AWS::IAM::AccessKey", None),
    ("AWS::IAM::Group", Some("GroupName")),
    ("AWS::IAM::InstanceProfile", Some("InstanceProfileName")),
    ("AWS::IAM::ManagedPolicy", Some("ManagedPolicyName")),
    ("AWS::IAM::Policy", None),
    ("AWS::IAM::Role", Some("RoleName")),
    ("AWS::IAM::User", Some("UserName")),
    ("AWS::IAM::UserToGroupAddition", None),
];

/// `Capabilities`.
pub(super) fn given(input: &mut Members) -> Result<Vec<String>, Refusal> {
    let given = input.strings("Capabilities")?;
    match given.iter().find(|name| !KNOWN.contains(&name.as_str())) {
        None => Ok(given),
        Some(unknown) => {
            let set = format!("Member must satisfy enum value set: [{}]", KNOWN.join(", "));
            Err(request::constraint(unknown, "capabilities", &set))
        }
    }
}

/// Refuses a template with macros: for want of the capability, else because none is run here.
pub(super) fn macros(template: &Value, given: &[String]) -> Result<(), Refusal> {
    match document::has_macros(template) {
        false => Ok(()),
        true if given.iter().any(|one| one == AUTO_EXPAND) => Err(Refusal::not_served("macros (Transform)")),
        true => Err(insufficient(AUTO_EXPAND)),
    }
}

/// Whether the IAM resources that the template has were acknowledged.
pub(super) fn check(
    template: &Value,
    parameters: &[(String, String)],
    given: &[String],
) -> Result<(), Refusal> {
    let has = |name: &str| given.iter().any(|one| one == name);
    match needed(template, parameters) {
        Some(needed @ "CAPABILITY_NAMED_IAM") if !has(needed) => Err(insufficient(needed)),
        Some(needed) if !has(needed) && !has("CAPABILITY_NAMED_IAM") => Err(insufficient(needed)),
        _ => Ok(()),
    }
}

fn insufficient(capability: &str) -> Refusal {
    Refusal::new("InsufficientCapabilitiesException", format!("Requires capabilities : [{capability}]"))
}

/// The capability that a template needs whatever the parameters that are not in `parameters` are; none for one that
/// CloudFormation would not get so far with.
pub fn needed_capability(template: &Value, parameters: &[(String, String)]) -> Option<&'static str> {
    if document::has_macros(template) {
        return Some(AUTO_EXPAND);
    }
    references::check(template).ok()?;
    let is_known = |reference: &Reference| match reference {
        Reference::Condition(name) => condition_is_known(template, parameters, name),
        _ => true,
    };
    let mut certain = template.clone();
    certain["Resources"].as_object_mut()?.retain(|_, resource| {
        if let Some(properties) = resource["Properties"].as_object_mut() {
            properties.retain(|_, property| references::of(property).iter().all(is_known));
        }
        resource["Condition"].as_str().is_none_or(|name| condition_is_known(template, parameters, name))
    });
    needed(&certain, parameters)
}

/// Whether a condition, with the conditions in it, follows from the parameters.
fn condition_is_known(template: &Value, parameters: &[(String, String)], name: &str) -> bool {
    let condition = &template["Conditions"][name];
    let references = references::of(condition).into_iter().chain(references::other_conditions(condition));
    references.into_iter().all(|reference| match reference {
        Reference::Name(name) => parameters.iter().any(|(known, _)| *known == name),
        Reference::Condition(name) => condition_is_known(template, parameters, &name),
        _ => true,
    })
}

/// Resources whose condition is false count for nothing.
fn needed(template: &Value, parameters: &[(String, String)]) -> Option<&'static str> {
    let names: BTreeMap<String, Value> =
        parameters.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let values = Values::new(template, names);
    let resources = template["Resources"].as_object().into_iter().flatten().map(|(_, resource)| resource);
    let made = resources.filter(|resource| {
        resource["Condition"].as_str().is_none_or(|condition| values.condition(condition))
    });
    let needs = made.filter_map(|resource| {
        let (_, name) = IAM.iter().find(|(kind, _)| resource["Type"] == *kind)?;
        let named = name.is_some_and(|name| !values.value(&resource["Properties"][name]).is_null());
        Some(if named { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" })
    });
    // The longer name is the larger capability.
    needs.max_by_key(|name| name.len())
}
