//! Owns the capabilities that a template requires: IAM resources, named IAM resources, macros.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::references::{other_conditions, validate};
use crate::structure::{has_macros, members};
use crate::{TemplateReference, Values, references};

/// The capability that a template with macros requires.
pub const AUTO_EXPAND: &str = "CAPABILITY_AUTO_EXPAND";

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

/// The capability that a template requires for every value of the parameters that are not in `parameters`.
///
/// `None` for a template that CloudFormation refuses before it checks capabilities.
///
/// ```
/// use cloudformation_template::{certainly_needed_capability, parse};
///
/// let template = parse("Resources: { Role: { Type: AWS::IAM::Role, Properties: { RoleName: deploy } } }").unwrap();
/// assert_eq!(certainly_needed_capability(&template, &[]), Some("CAPABILITY_NAMED_IAM"));
/// ```
pub fn certainly_needed_capability(
    template: &Value,
    parameters: &[(String, String)],
) -> Option<&'static str> {
    if has_macros(template) {
        return Some(AUTO_EXPAND);
    }
    validate(template).ok()?;
    let is_known = |reference: &TemplateReference| match reference {
        TemplateReference::Condition(name) => condition_is_known(template, parameters, name),
        _ => true,
    };
    let mut certain = template.clone();
    certain["Resources"].as_object_mut()?.retain(|_, resource| {
        if let Some(properties) = resource["Properties"].as_object_mut() {
            properties.retain(|_, property| references(property).iter().all(is_known));
        }
        resource["Condition"].as_str().is_none_or(|name| condition_is_known(template, parameters, name))
    });
    needed_capability(&certain, parameters)
}

/// Whether the parameters determine a condition and the conditions in it.
fn condition_is_known(template: &Value, parameters: &[(String, String)], name: &str) -> bool {
    let condition = &template["Conditions"][name];
    let all = references(condition).into_iter().chain(other_conditions(condition));
    all.into_iter().all(|reference| match reference {
        TemplateReference::Name(name) => parameters.iter().any(|(known, _)| *known == name),
        TemplateReference::Condition(name) => condition_is_known(template, parameters, &name),
        _ => true,
    })
}

/// The capability that the IAM resources of a template require with these parameters, macros aside.
///
/// Resources whose condition is false do not count.
pub fn needed_capability(template: &Value, parameters: &[(String, String)]) -> Option<&'static str> {
    let names: BTreeMap<String, Value> =
        parameters.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let values = Values::new(template, names);
    let resources = members(&template["Resources"]).map(|(_, resource)| resource);
    let needs = resources.filter(|resource| values.includes(resource)).filter_map(|resource| {
        let (_, name) = IAM.iter().find(|(kind, _)| resource["Type"] == *kind)?;
        let named = name.is_some_and(|name| !values.value(&resource["Properties"][name]).is_null());
        Some(if named { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" })
    });
    // The longer name is the larger capability.
    needs.max_by_key(|name| name.len())
}
