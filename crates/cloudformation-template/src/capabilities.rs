//! Owns the capabilities that a template requires: IAM resources, named IAM resources, macros.

use std::collections::BTreeMap;

use serde_json::Value;

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

/// The capabilities that a template requires, as far as the known names decide it.
///
/// The result of a macro is not known. AWS's own transforms keep the resources that the template writes, and AWS SAM adds a role
/// to a function that has none.
///
/// ```
/// use cloudformation_template::{Values, certainly_needed_capabilities, read};
///
/// let template = read("Resources: { Role: { Type: AWS::IAM::Role, Properties: { RoleName: deploy } } }").unwrap();
/// let needed = certainly_needed_capabilities(&template, &Values::new(&template, Default::default()));
/// assert_eq!(needed, ["CAPABILITY_NAMED_IAM"]);
/// ```
pub fn certainly_needed_capabilities(template: &Value, values: &Values<'_>) -> Vec<&'static str> {
    let macros = has_macros(template).then_some(AUTO_EXPAND);
    if macros.is_some() && !keeps_resources(template) {
        return macros.into_iter().collect();
    }
    let resources = members(&template["Resources"]).map(|(_, resource)| resource);
    let included = resources.filter(|resource| values.known_to_include(resource) == Some(true));
    let needs = included.filter_map(|resource| match adds_role(template, resource) {
        true => Some("CAPABILITY_IAM"),
        false => needed_for(resource, values, true),
    });
    // The longer name is the larger capability.
    macros.into_iter().chain(needs.max_by_key(|name| name.len())).collect()
}

/// Whether each transform is one of AWS's own, and a transform of the whole template.
fn keeps_resources(template: &Value) -> bool {
    let given = &template["Transform"];
    let all = given.as_array().map(Vec::as_slice).unwrap_or(std::slice::from_ref(given));
    all.iter().all(|one| {
        one.as_str().or_else(|| one["Name"].as_str()).is_some_and(|name| name.starts_with("AWS::"))
    })
}

/// Whether AWS SAM creates a role for a resource ("AWS::Serverless::Function" and "AWS::Serverless::StateMachine", AWS SAM
/// Developer Guide).
fn adds_role(template: &Value, resource: &Value) -> bool {
    let properties = &resource["Properties"];
    let global_role = || &template["Globals"]["Function"]["Role"];
    match resource["Type"].as_str() {
        Some("AWS::Serverless::Function") => properties["Role"].is_null() && global_role().is_null(),
        Some("AWS::Serverless::StateMachine") => {
            properties["Role"].is_null() && !properties["Policies"].is_null()
        }
        _ => false,
    }
}

/// The capability that a resource requires. With `certain`, a name under a condition that is not known does not count.
fn needed_for(resource: &Value, values: &Values<'_>, certain: bool) -> Option<&'static str> {
    let (_, property) = IAM.iter().find(|(kind, _)| resource["Type"] == *kind)?;
    let is_decided = |name: &Value| {
        references(name).into_iter().all(|reference| match reference {
            TemplateReference::Condition(condition) => values.known_condition(&condition).is_some(),
            _ => true,
        })
    };
    let named = property.is_some_and(|property| {
        let name = &resource["Properties"][property];
        (!certain || is_decided(name)) && !values.value(name).is_null()
    });
    Some(if named { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" })
}

/// The capability that the IAM resources of a template require with these parameters, macros aside.
///
/// Resources whose condition is false do not count.
pub fn needed_capability(template: &Value, parameters: &[(String, String)]) -> Option<&'static str> {
    let names: BTreeMap<String, Value> =
        parameters.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let values = Values::new(template, names);
    let resources = members(&template["Resources"]).map(|(_, resource)| resource);
    let included = resources.filter(|resource| values.includes(resource));
    let needs = included.filter_map(|resource| needed_for(resource, &values, false));
    // The longer name is the larger capability.
    needs.max_by_key(|name| name.len())
}
