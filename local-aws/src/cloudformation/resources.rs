//! Evaluates a stack's template: its resources with their properties, and its outputs.

use std::collections::BTreeMap;

use cloudformation_template::{
    TemplateReference, Values, members, parameter_value, references, text, validate_evaluated,
};
use serde_json::Value;

use super::stack::{Output, StackRecord, StackResource};
use crate::error_answer::ErrorAnswer;
use crate::ids;
use crate::service::ACCOUNT;

/// The results of Fn::ImportValue.
pub(super) type Exports = BTreeMap<String, String>;

/// The resources whose condition is true, in the template's order; otherwise the reason for which there are none.
pub(super) fn wanted(stack: &StackRecord, exports: &Exports) -> Result<Vec<StackResource>, String> {
    let template = &stack.goal.template;
    missing_export(stack, exports)?;
    let values = values(stack, exports);
    let made = members(&template["Resources"]).filter(|(_, resource)| values.includes(resource));
    let made = made.map(|(logical, resource)| StackResource {
        logical: logical.clone(),
        kind: resource["Type"].as_str().unwrap_or_default().to_owned(),
        physical: physical(stack, &values, logical, resource),
        properties: values.value(&resource["Properties"]),
        retained: resource["DeletionPolicy"] == "Retain",
    });
    Ok(made.collect())
}

/// Refuses a goal that does not evaluate with its parameters. Other stacks' exports are not known yet.
pub(super) fn check(stack: &StackRecord) -> Result<(), ErrorAnswer> {
    let values = values(stack, &BTreeMap::new());
    Ok(validate_evaluated(&stack.goal.template, &values)?)
}

/// The outputs whose condition is true.
pub(super) fn outputs(stack: &StackRecord, exports: &Exports) -> Vec<Output> {
    let values = values(stack, exports);
    let shown = members(&stack.goal.template["Outputs"]).filter(|(_, output)| values.includes(output));
    let known = |value: &Value| text(&values.value(value));
    let output = |(key, output): (&String, &Value)| Output {
        key: key.clone(),
        value: known(&output["Value"]).unwrap_or_default(),
        description: known(&output["Description"]),
        export: known(&output["Export"]["Name"]),
    };
    shown.map(output).collect()
}

/// Names, and stand-ins for values that only AWS knows: a resource's id, its ARN, its other attributes.
fn values<'s>(stack: &'s StackRecord, exports: &Exports) -> Values<'s> {
    let template = &stack.goal.template;
    let mut values = Values::new(template, names(stack)).with_exports(exports.clone());
    let resources = || members(&template["Resources"]);
    for (logical, _) in resources() {
        values.insert(logical, generated(stack, logical));
    }
    // A name that refers to another resource's name can be evaluated now.
    for (logical, resource) in resources() {
        let physical = physical(stack, &values, logical, resource);
        values.insert(logical, physical);
    }
    for reference in references(template) {
        if let TemplateReference::Attribute(logical, attribute) = reference {
            let resource = &template["Resources"][&logical];
            let physical = physical(stack, &values, &logical, resource);
            values.insert(format!("{logical}.{attribute}"), stand_in(stack, resource, &physical, &attribute));
        }
    }
    values
}

fn names(stack: &StackRecord) -> BTreeMap<String, Value> {
    let declared = &stack.goal.template["Parameters"];
    let kind = |name: &str| declared[name]["Type"].as_str().unwrap_or_default();
    // A value in Systems Manager is not known.
    let is_read = |(name, _): &&(String, String)| !kind(name).starts_with("AWS::SSM::Parameter::Value<");
    let parameters = stack.goal.parameters.iter().filter(is_read);
    let parameters = parameters.map(|(name, value)| (name.clone(), parameter_value(kind(name), value)));
    let pseudo = [
        ("AWS::AccountId", ACCOUNT),
        ("AWS::Partition", "aws"),
        ("AWS::Region", &stack.region),
        ("AWS::StackId", &stack.id),
        ("AWS::StackName", &stack.name),
        ("AWS::URLSuffix", "amazonaws.com"),
    ];
    parameters.chain(pseudo.map(|(name, value)| (name.to_owned(), value.into()))).collect()
}

/// The name of a resource: `BucketName` of a bucket, `RoleName` of a role and so on, or `Name`. Without one, a name
/// in CloudFormation's format.
fn physical(stack: &StackRecord, values: &Values<'_>, logical: &str, resource: &Value) -> String {
    let kind = resource["Type"].as_str().unwrap_or_default();
    let own = format!("{}Name", kind.rsplit("::").next().unwrap_or_default());
    let given = [own.as_str(), "Name"]
        .into_iter()
        .find_map(|name| text(&values.value(&resource["Properties"][name])));
    given.unwrap_or_else(|| generated(stack, logical))
}

fn generated(stack: &StackRecord, logical: &str) -> String {
    let suffix = ids::digest(&["resource", &stack.id, logical])[..12].to_ascii_uppercase();
    format!("{}-{logical}-{suffix}", stack.name)
}

fn stand_in(stack: &StackRecord, resource: &Value, physical: &str, attribute: &str) -> String {
    if attribute != "Arn" {
        return format!("{physical}.{attribute}");
    }
    let kind = resource["Type"].as_str().unwrap_or_default();
    let region = &stack.region;
    // The types whose ARNs are passed on as parameters; every other ARN has the most common format.
    match kind {
        "AWS::IAM::Role" => format!("arn:aws:iam::{ACCOUNT}:role/{physical}"),
        "AWS::S3::Bucket" => format!("arn:aws:s3:::{physical}"),
        "AWS::CodeBuild::Project" => format!("arn:aws:codebuild:{region}:{ACCOUNT}:project/{physical}"),
        "AWS::Logs::LogGroup" => format!("arn:aws:logs:{region}:{ACCOUNT}:log-group:{physical}:*"),
        _ => {
            let service = kind.split("::").nth(1).unwrap_or_default().to_ascii_lowercase();
            format!("arn:aws:{service}:{region}:{ACCOUNT}:{physical}")
        }
    }
}

/// Refuses the first imported export that no stack has.
fn missing_export(stack: &StackRecord, exports: &Exports) -> Result<(), String> {
    let values = values(stack, exports);
    let resources =
        members(&stack.goal.template["Resources"]).filter(|(_, resource)| values.includes(resource));
    for (_, resource) in resources {
        if let Some(name) = unknown_import(&values.value(&resource["Properties"])) {
            return Err(format!("No export named {name} found."));
        }
    }
    Ok(())
}

/// The name of an import that could not be evaluated: it is still as the template writes it.
fn unknown_import(value: &Value) -> Option<String> {
    match value {
        Value::Array(elements) => elements.iter().find_map(unknown_import),
        Value::Object(map) => match map.get("Fn::ImportValue") {
            Some(name) => Some(text(name).unwrap_or_else(|| name.to_string())),
            None => map.values().find_map(unknown_import),
        },
        _ => None,
    }
}
