//! Works out parameters, conditions and intrinsic functions, as far as they do not need a deployment.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::TemplateError;

/// Stands in for the account that a template would be deployed to.
pub const ACCOUNT: &str = "123456789012";
/// Stands in for the region.
pub const REGION: &str = "us-east-1";
/// Stands in for the partition.
pub const PARTITION: &str = "aws";
/// Stands in for the stack's name.
pub const STACK_NAME: &str = "pointsman";

/// What names in a template stand for.
pub(super) struct Values<'a> {
    names: BTreeMap<String, Value>,
    conditions: Option<&'a Map<String, Value>>,
}

impl<'a> Values<'a> {
    pub(super) fn new(
        document: &'a Value,
        overrides: &BTreeMap<String, String>,
    ) -> Result<Values<'a>, TemplateError> {
        let declared = document["Parameters"].as_object().cloned().unwrap_or_default();
        if let Some(name) = overrides.keys().find(|name| !declared.contains_key(*name)) {
            return Err(TemplateError::NoParameter { name: name.clone() });
        }
        let mut names = pseudo_parameters();
        for (name, parameter) in &declared {
            names.insert(name.clone(), parameter_value(name, parameter, overrides.get(name))?);
        }
        Ok(Values { names, conditions: document["Conditions"].as_object() })
    }

    /// A condition's truth; one that the template does not have, or that cannot be known, counts as true.
    pub(super) fn condition(&self, name: &str) -> bool {
        self.conditions.and_then(|all| all.get(name)).is_none_or(|condition| self.truth(condition))
    }

    fn truth(&self, condition: &Value) -> bool {
        let Some((function, argument)) = only_member(condition) else { return true };
        let parts = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        match (function, parts) {
            ("Condition", _) => argument.as_str().is_none_or(|name| self.condition(name)),
            ("Fn::Equals", [left, right]) => self.value(left) == self.value(right),
            ("Fn::Not", [one]) => !self.truth(one),
            ("Fn::And", all) => all.iter().all(|one| self.truth(one)),
            ("Fn::Or", any) => any.iter().any(|one| self.truth(one)),
            _ => true,
        }
    }

    /// A value with every function worked out that can be. `AWS::NoValue` members and elements are gone.
    pub(super) fn value(&self, value: &Value) -> Value {
        self.known(value).unwrap_or(Value::Null)
    }

    /// As [`Values::value`], but none for `AWS::NoValue`.
    fn known(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Array(elements) => {
                Some(elements.iter().filter_map(|element| self.known(element)).collect())
            }
            Value::Object(members) => match only_member(value).and_then(|(name, of)| self.function(name, of))
            {
                Some(worked_out) => worked_out,
                None => Some(Value::Object(
                    members.iter().filter_map(|(name, of)| Some((name.clone(), self.known(of)?))).collect(),
                )),
            },
            scalar => Some(scalar.clone()),
        }
    }

    /// What a function gives: none if it is none of ours or cannot be known, some none for `AWS::NoValue`.
    fn function(&self, name: &str, argument: &Value) -> Option<Option<Value>> {
        match name {
            "Ref" if argument == "AWS::NoValue" => Some(None),
            "Ref" => self.names.get(argument.as_str()?).cloned().map(Some),
            "Fn::If" => {
                let [condition, yes, no] = argument.as_array()?.as_slice() else { return None };
                Some(self.known(if self.condition(condition.as_str()?) { yes } else { no }))
            }
            "Fn::Sub" => self.sub(argument).map(Some),
            "Fn::Join" => self.join(argument).map(Some),
            "Fn::Split" => self.split(argument).map(Some),
            "Fn::Select" => self.select(argument).map(Some),
            _ => None,
        }
    }

    fn sub(&self, argument: &Value) -> Option<Value> {
        let (template, extra) = match argument {
            Value::Array(parts) => (parts.first()?.as_str()?, parts.get(1).and_then(Value::as_object)),
            one => (one.as_str()?, None),
        };
        let lookup = |name: &str| match extra.and_then(|extra| extra.get(name)) {
            Some(value) => text(&self.value(value)),
            None => self.names.get(name).and_then(text),
        };
        Some(substitute(template, lookup).into())
    }

    fn join(&self, argument: &Value) -> Option<Value> {
        let [delimiter, list] = argument.as_array()?.as_slice() else { return None };
        let parts: Vec<String> = self.value(list).as_array()?.iter().map(text).collect::<Option<_>>()?;
        Some(parts.join(delimiter.as_str()?).into())
    }

    fn split(&self, argument: &Value) -> Option<Value> {
        let [delimiter, source] = argument.as_array()?.as_slice() else { return None };
        Some(self.value(source).as_str()?.split(delimiter.as_str()?).collect())
    }

    fn select(&self, argument: &Value) -> Option<Value> {
        let [index, list] = argument.as_array()?.as_slice() else { return None };
        let index: usize = text(&self.value(index))?.parse().ok()?;
        self.value(list).get(index).cloned()
    }
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

fn parameter_value(name: &str, parameter: &Value, given: Option<&String>) -> Result<Value, TemplateError> {
    let value = given.cloned().or_else(|| text(&parameter["Default"]));
    let value = value.ok_or_else(|| TemplateError::NoValue { name: name.to_owned() })?;
    let allowed = parameter["AllowedValues"].as_array();
    if allowed.is_some_and(|allowed| !allowed.iter().any(|one| text(one).as_ref() == Some(&value))) {
        return Err(TemplateError::NotAllowed { name: name.to_owned(), value });
    }
    let is_list = parameter["Type"]
        .as_str()
        .is_some_and(|kind| kind == "CommaDelimitedList" || kind.starts_with("List<"));
    Ok(if is_list { value.split(',').map(str::trim).collect() } else { json!(value) })
}

/// A scalar as CloudFormation writes it into a string.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(bool) => Some(bool.to_string()),
        _ => None,
    }
}

fn only_member(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    members.iter().next().map(|(name, member)| (name.as_str(), member))
}

/// Replaces each `${name}` that is known. `${!name}` is how `Fn::Sub` writes a literal `${name}`.
fn substitute(template: &str, lookup: impl Fn(&str) -> Option<String>) -> String {
    let mut result = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, tail)) = after.split_once('}') else { break };
        result.push_str(before);
        match (name.strip_prefix('!'), lookup(name)) {
            (Some(literal), _) => result.push_str(&format!("${{{literal}}}")),
            (None, Some(value)) => result.push_str(&value),
            (None, None) => result.push_str(&format!("${{{name}}}")),
        }
        rest = tail;
    }
    result + rest
}
