//! Checks the arguments of intrinsic functions: how many there are, and whether each is a text, a list or a function.

use serde_json::Value;

use crate::TemplateProblem;
use crate::structure::members;
use crate::values::{only_member, text};

pub(crate) fn check(template: &Value, found: &mut Vec<TemplateProblem>) {
    for section in ["Conditions", "Resources", "Outputs"] {
        for (_, member) in members(&template[section]) {
            inside(member, found);
        }
    }
}

fn inside(value: &Value, found: &mut Vec<TemplateProblem>) {
    if let Some((name, argument)) = only_member(value)
        && let Some(message) = wrong_argument(name, argument)
    {
        found.push(TemplateProblem::invalid(format!("Template error: {message}")));
    }
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| inside(element, found)),
        Value::Object(map) => map.values().for_each(|member| inside(member, found)),
        _ => {}
    }
}

/// CloudFormation's message about an argument that the function does not take.
fn wrong_argument(name: &str, argument: &Value) -> Option<&'static str> {
    let list = argument.as_array().map(Vec::as_slice);
    let (fits, message) = match name {
        "Ref" => (argument.is_string(), "every Ref object must have a single String value."),
        "Fn::GetAtt" => (
            is_attribute(argument),
            "every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute",
        ),
        "Fn::Sub" => (
            argument.is_string() || matches!(list, Some([Value::String(_), Value::Object(_)])),
            "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an \
             optional second argument to specify a mapping of values to replace in the string",
        ),
        "Fn::Join" => (
            matches!(list, Some([Value::String(_), Value::Array(_) | Value::Object(_)])),
            "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a \
             function that returns a list of strings (such as Fn::GetAZs) to be joined.",
        ),
        "Fn::Split" => (
            matches!(list, Some([Value::String(_), Value::String(_) | Value::Object(_)])),
            "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that \
             returns a string to be split.",
        ),
        "Fn::Select" => (
            list.is_some_and(is_selection),
            "Fn::Select requires a list argument with two elements: an integer index and a list",
        ),
        "Fn::FindInMap" => (
            list.is_some_and(|list| list.len() == 3),
            "every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value",
        ),
        "Fn::If" => (
            matches!(list, Some([Value::String(_), _, _])),
            "Fn::If requires a list argument with three elements",
        ),
        "Fn::Equals" => (
            list.is_some_and(|list| list.len() == 2),
            "every Fn::Equals object requires a list of 2 string parameters.",
        ),
        "Fn::Not" => {
            (list.is_some_and(|list| list.len() == 1), "every Fn::Not object requires one boolean parameter.")
        }
        "Fn::And" => (
            list.is_some_and(|list| (2..=10).contains(&list.len())),
            "every Fn::And object requires a list of at least 2 and at most 10 boolean parameters.",
        ),
        "Fn::Or" => (
            list.is_some_and(|list| (2..=10).contains(&list.len())),
            "every Fn::Or object requires a list of at least 2 and at most 10 boolean parameters.",
        ),
        "Fn::Base64" => (!argument.is_array(), "every Fn::Base64 object must have a String-typed value."),
        "Fn::GetAZs" => (!argument.is_array(), "every Fn::GetAZs object must have a String-typed value."),
        _ => return None,
    };
    (!fits).then_some(message)
}

/// Two names, or one text with a dot between them.
fn is_attribute(argument: &Value) -> bool {
    let full = |text: &str| !text.is_empty();
    match argument {
        Value::String(dotted) => {
            dotted.split_once('.').is_some_and(|(name, attribute)| full(name) && full(attribute))
        }
        Value::Array(parts) => match parts.as_slice() {
            [Value::String(name), Value::String(attribute)] => full(name) && full(attribute),
            [Value::String(name), Value::Object(_)] => full(name),
            _ => false,
        },
        _ => false,
    }
}

/// An index that is a number or a function, and a list or a function; a written list has the element.
fn is_selection(parts: &[Value]) -> bool {
    let [index, list] = parts else { return false };
    let number = text(index).map(|text| text.parse::<usize>());
    match (number, list) {
        (Some(Err(_)), _) => false,
        (Some(Ok(number)), Value::Array(elements)) => number < elements.len(),
        (None, Value::Array(_)) => index.is_object(),
        (number, Value::Object(_)) => number.is_some() || index.is_object(),
        _ => false,
    }
}
