//! Owns the values of the names in the SAM template: its parameters, the pseudo parameters and some of its resources.

use std::collections::BTreeMap;

use cloudformation_template::{Values, members, parameter_values, text};
use serde_json::Value;

use super::{DeployedTable, TemplateError};

/// Stands in for the account that a template would be deployed to: the account of the local AWS.
pub const ACCOUNT: &str = local_aws::ACCOUNT;
/// Stands in for the region.
pub const REGION: &str = "us-east-1";
/// Stands in for the partition.
pub const PARTITION: &str = "aws";
/// Stands in for the stack's name.
pub const STACK_NAME: &str = "pointsman";

/// The template's values in `region`, with `overrides` in place of its defaults.
pub(super) fn values<'a>(
    document: &'a Value,
    overrides: &BTreeMap<String, String>,
    region: &str,
) -> Result<Values<'a>, TemplateError> {
    let mut names = pseudo_parameters(region);
    names.extend(parameter_values(document, overrides)?);
    names.extend(topics(document, region));
    names.extend(tables(document));
    names.extend(roles(document));
    names.extend(parameters(document).map(|(id, name)| (id.clone(), name.into())));
    names
        .extend(named(document, "AWS::Scheduler::ScheduleGroup").map(|(id, name)| (id.clone(), name.into())));
    Ok(Values::new(document, names))
}

/// The ARNs of the topics: an ARN follows from the topic's name.
fn topics(document: &Value, region: &str) -> impl Iterator<Item = (String, Value)> {
    resources(document, "AWS::SNS::Topic").map(move |(name, _)| {
        let arn = format!("arn:{PARTITION}:sns:{region}:{ACCOUNT}:{STACK_NAME}-{name}");
        (name.clone(), arn.into())
    })
}

/// The names of the tables.
fn tables(document: &Value) -> impl Iterator<Item = (String, Value)> {
    resources(document, "AWS::DynamoDB::Table").map(|(name, _)| (name.clone(), table_name(name).into()))
}

/// The names of the roles that have no name of their own.
fn roles(document: &Value) -> impl Iterator<Item = (String, Value)> {
    let unnamed = resources(document, "AWS::IAM::Role")
        .filter(|(_, resource)| resource["Properties"]["RoleName"].is_null());
    unnamed.map(|(name, _)| (name.clone(), format!("{STACK_NAME}-{name}").into()))
}

/// The SSM parameters whose names depend on the stack's name only.
fn parameters(document: &Value) -> impl Iterator<Item = (&String, String)> {
    named(document, "AWS::SSM::Parameter")
}

/// The resources of a type whose names depend on the stack's name only.
fn named<'d>(document: &'d Value, kind: &'static str) -> impl Iterator<Item = (&'d String, String)> {
    resources(document, kind).filter_map(|(id, resource)| {
        let name = &resource["Properties"]["Name"];
        let name = name.as_str().or_else(|| name["Fn::Sub"].as_str())?;
        Some((id, name.replace("${AWS::StackName}", STACK_NAME)))
    })
}

/// The SSM parameters whose names and values are known.
pub(super) fn valued_parameters(document: &Value, values: &Values<'_>) -> Vec<(String, String)> {
    let valued = parameters(document).filter_map(|(id, name)| {
        let value = values.value(&document["Resources"][id]["Properties"]["Value"]);
        Some((name, text(&value)?))
    });
    valued.collect()
}

/// The tables with their keys; a table without the properties that CloudFormation requires is left out.
pub(super) fn keyed_tables(document: &Value) -> Vec<DeployedTable> {
    let table = |(id, resource): (&String, &Value)| {
        let properties = &resource["Properties"];
        let key = |kind: &str| {
            let keys = properties["KeySchema"].as_array()?;
            let name = &keys.iter().find(|key| key["KeyType"] == kind)?["AttributeName"];
            let attributes = properties["AttributeDefinitions"].as_array()?;
            let attribute = attributes.iter().find(|attribute| attribute["AttributeName"] == *name)?;
            Some((name.as_str()?.to_owned(), attribute["AttributeType"].as_str()?.to_owned()))
        };
        Some(DeployedTable { name: table_name(id), hash: key("HASH")?, range: key("RANGE") })
    };
    resources(document, "AWS::DynamoDB::Table").filter_map(table).collect()
}

/// The name of a table in a replay.
fn table_name(logical_id: &str) -> String {
    format!("{STACK_NAME}-{logical_id}")
}

/// The resources of a type.
fn resources<'d>(document: &'d Value, kind: &'static str) -> impl Iterator<Item = (&'d String, &'d Value)> {
    members(&document["Resources"]).filter(move |(_, resource)| resource["Type"] == kind)
}

fn pseudo_parameters(region: &str) -> BTreeMap<String, Value> {
    let known = [
        ("AWS::AccountId", ACCOUNT),
        ("AWS::Region", region),
        ("AWS::Partition", PARTITION),
        ("AWS::StackName", STACK_NAME),
        ("AWS::URLSuffix", "amazonaws.com"),
    ];
    known.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
}
