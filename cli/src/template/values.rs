//! What the names in the SAM template stand for: its parameters, and the pseudo parameters.

use std::collections::BTreeMap;

use local_aws::template::{Values, parameter_value, refused_value, text};
use serde_json::Value;

use super::{Table, TemplateError};

/// Stands in for the account that a template would be deployed to: the one that the local AWS is.
pub const ACCOUNT: &str = local_aws::ACCOUNT;
/// Stands in for the region.
pub const REGION: &str = "us-east-1";
/// Stands in for the partition.
pub const PARTITION: &str = "aws";
/// Stands in for the stack's name.
pub const STACK_NAME: &str = "pointsman";

/// The template's values, with `overrides` in place of its defaults.
pub(super) fn values<'a>(
    document: &'a Value,
    overrides: &BTreeMap<String, String>,
) -> Result<Values<'a>, TemplateError> {
    let declared = document["Parameters"].as_object().cloned().unwrap_or_default();
    if let Some(name) = overrides.keys().find(|name| !declared.contains_key(*name)) {
        return Err(TemplateError::NoParameter { name: name.clone() });
    }
    let mut names = pseudo_parameters();
    for (name, parameter) in &declared {
        names.insert(name.clone(), value(name, parameter, overrides.get(name))?);
    }
    names.extend(topics(document));
    names.extend(tables(document));
    names.extend(parameters(document).map(|(id, name)| (id.clone(), name.into())));
    Ok(Values::new(document, names))
}

/// A topic's ARN follows from its name, so a function that is told of one can be told here, too.
fn topics(document: &Value) -> impl Iterator<Item = (String, Value)> {
    resources(document, "AWS::SNS::Topic").map(|(name, _)| {
        let arn = format!("arn:{PARTITION}:sns:{REGION}:{ACCOUNT}:{STACK_NAME}-{name}");
        (name.clone(), arn.into())
    })
}

/// A table's name, likewise.
fn tables(document: &Value) -> impl Iterator<Item = (String, Value)> {
    resources(document, "AWS::DynamoDB::Table").map(|(name, _)| (name.clone(), table_name(name).into()))
}

/// A parameter of SSM whose name needs no more than the stack's.
fn parameters(document: &Value) -> impl Iterator<Item = (&String, String)> {
    resources(document, "AWS::SSM::Parameter").filter_map(|(id, resource)| {
        let name = &resource["Properties"]["Name"];
        let name = name.as_str().or_else(|| name["Fn::Sub"].as_str())?;
        Some((id, name.replace("${AWS::StackName}", STACK_NAME)))
    })
}

/// The parameters of SSM with their values, where both are known.
pub(super) fn valued_parameters(document: &Value, values: &Values<'_>) -> Vec<(String, String)> {
    let valued = parameters(document).filter_map(|(id, name)| {
        let value = values.value(&document["Resources"][id]["Properties"]["Value"]);
        Some((name, text(&value)?))
    });
    valued.collect()
}

/// The tables with their keys; one that lacks what CloudFormation asks for is left out.
pub(super) fn keyed_tables(document: &Value) -> Vec<Table> {
    let table = |(id, resource): (&String, &Value)| {
        let properties = &resource["Properties"];
        let key = |kind: &str| {
            let keys = properties["KeySchema"].as_array()?;
            let name = &keys.iter().find(|key| key["KeyType"] == kind)?["AttributeName"];
            let attributes = properties["AttributeDefinitions"].as_array()?;
            let attribute = attributes.iter().find(|attribute| attribute["AttributeName"] == *name)?;
            Some((name.as_str()?.to_owned(), attribute["AttributeType"].as_str()?.to_owned()))
        };
        Some(Table { name: table_name(id), hash: key("HASH")?, range: key("RANGE") })
    };
    resources(document, "AWS::DynamoDB::Table").filter_map(table).collect()
}

/// The name that a table of the template has here.
fn table_name(logical_id: &str) -> String {
    format!("{STACK_NAME}-{logical_id}")
}

/// The resources of a type.
fn resources<'d>(document: &'d Value, kind: &'static str) -> impl Iterator<Item = (&'d String, &'d Value)> {
    let resources = document["Resources"].as_object().into_iter().flatten();
    resources.filter(move |(_, resource)| resource["Type"] == kind)
}

fn pseudo_parameters() -> BTreeMap<String, Value> {
    let known = [
        ("AWS::AccountId", ACCOUNT),
        ("AWS::Region", REGION),
        ("AWS::Partition", PARTITION),
        ("AWS::StackName", STACK_NAME),
        ("AWS::URLSuffix", "amazonaws.com"),
    ];
    known.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
}

fn value(name: &str, parameter: &Value, given: Option<&String>) -> Result<Value, TemplateError> {
    let value = given.cloned().or_else(|| text(&parameter["Default"]));
    let value = value.ok_or_else(|| TemplateError::NoValue { name: name.to_owned() })?;
    if let Some(why) = refused_value(name, parameter, &value) {
        return Err(TemplateError::NotAllowed { name: name.to_owned(), value, why });
    }
    Ok(parameter_value(parameter["Type"].as_str().unwrap_or_default(), &value))
}
