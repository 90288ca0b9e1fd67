//! Checks what a template declares beside its resources: parameters, mappings, conditions and outputs.

use serde_json::{Map, Value};

use crate::TemplateProblem;
use crate::parameters::{is_parameter_type, refused_value};
use crate::structure::{members, non_alphanumeric, unknown};
use crate::values::{only_member, text};

const PARAMETER_ATTRIBUTES: &[&str] = &[
    "AllowedPattern",
    "AllowedValues",
    "ConstraintDescription",
    "Default",
    "Description",
    "MaxLength",
    "MaxValue",
    "MinLength",
    "MinValue",
    "NoEcho",
    "Type",
];

const OUTPUT_ATTRIBUTES: &[&str] = &["Condition", "Description", "Export", "Value"];

/// The functions whose result is true or false.
const BOOLEAN: &[&str] = &["Condition", "Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or"];

pub(crate) fn check(template: &Value, found: &mut Vec<TemplateProblem>) {
    for section in ["Parameters", "Mappings", "Conditions", "Outputs"] {
        if !template[section].is_null() && !template[section].is_object() {
            found.push(format_error(&format!("Any {section} member must be an object.")));
        }
    }
    for (name, parameter) in members(&template["Parameters"]) {
        found.extend(non_alphanumeric("Parameter", name));
        match parameter.as_object() {
            Some(attributes) => parameter_problems(name, parameter, attributes, found),
            None => found.push(format_error(&format!("Every Parameters member {name} must be an object."))),
        }
    }
    let resources = &template["Resources"];
    let twice: Vec<&str> = members(&template["Parameters"])
        .map(|(name, _)| name.as_str())
        .filter(|name| resources.get(name).is_some())
        .collect();
    if !twice.is_empty() {
        // "Parameters": the name must be unique among all logical names of the template. AWS documents no message.
        found.push(format_error(&format!(
            "Duplicate logical names [{}] in the Parameters and Resources blocks of the template",
            twice.join(", ")
        )));
    }
    members(&template["Mappings"]).for_each(|(name, mapping)| mapping_problems(name, mapping, found));
    let is_boolean =
        |condition: &Value| only_member(condition).is_some_and(|(name, _)| BOOLEAN.contains(&name));
    if members(&template["Conditions"]).any(|(_, condition)| !is_boolean(condition)) {
        found.push(format_error(
            "Conditions can only be boolean operations on parameters and other conditions",
        ));
    }
    members(&template["Outputs"]).for_each(|(name, output)| output_problems(name, output, found));
}

/// The default is checked even where a value is given.
fn parameter_problems(
    name: &str,
    parameter: &Value,
    attributes: &Map<String, Value>,
    found: &mut Vec<TemplateProblem>,
) {
    let invalid =
        |unknown: &str| TemplateProblem::invalid(format!("Invalid template parameter property '{unknown}'"));
    found.extend(unknown(attributes, PARAMETER_ATTRIBUTES).map(invalid));
    match &parameter["Type"] {
        Value::String(kind) if is_parameter_type(kind) => {}
        Value::String(kind) => found.push(format_error(&format!("Unrecognized parameter type: {kind}"))),
        _ => return found.push(format_error("Every Parameters object must contain a Type member.")),
    }
    if parameter["Default"].is_array() || parameter["Default"].is_object() {
        return found.push(format_error("Every Default member must be a string."));
    }
    if !parameter["AllowedValues"].is_null() && !parameter["AllowedValues"].is_array() {
        return found.push(format_error("Every AllowedValues member must be a list."));
    }
    for bound in ["MaxLength", "MaxValue", "MinLength", "MinValue"] {
        let is_number = || text(&parameter[bound]).is_some_and(|text| text.parse::<f64>().is_ok());
        if !parameter[bound].is_null() && !is_number() {
            found.push(format_error(&format!("Every {bound} member must be a number.")));
        }
    }
    let default = text(&parameter["Default"]);
    let refused = default.and_then(|default| refused_value(name, parameter, &default));
    found.extend(refused.map(TemplateProblem::invalid));
}

fn mapping_problems(name: &str, mapping: &Value, found: &mut Vec<TemplateProblem>) {
    found.extend(non_alphanumeric("Mapping", name));
    let is_text = |value: &Value| text(value).is_some();
    let is_attribute =
        |value: &Value| is_text(value) || value.as_array().is_some_and(|list| list.iter().all(is_text));
    if !mapping.is_object() {
        return found.push(format_error(&format!("Every Mappings member {name} must be a map")));
    }
    for (key, attributes) in members(mapping) {
        match attributes.is_object() {
            false => found.push(format_error(&format!("Every Mappings member {key} must be a map"))),
            true if members(attributes).all(|(_, value)| is_attribute(value)) => {}
            true => found.push(format_error("Every Mappings attribute must be a String or a List.")),
        }
    }
}

fn output_problems(name: &str, output: &Value, found: &mut Vec<TemplateProblem>) {
    found.extend(non_alphanumeric("Output", name));
    let Some(attributes) = output.as_object() else {
        return found.push(format_error(&format!("[/Outputs/{name}] output definition is malformed")));
    };
    let invalid =
        |unknown: &str| TemplateProblem::invalid(format!("Invalid template output property '{unknown}'"));
    found.extend(unknown(attributes, OUTPUT_ATTRIBUTES).map(invalid));
    match attributes.get("Value") {
        None => found.push(format_error("Every Outputs member must contain a Value object")),
        Some(Value::Array(_)) => {
            found.push(format_error(&format!(
                "Output {name} is malformed. The Value field of every Outputs member must evaluate to a String."
            )));
        }
        Some(_) => {}
    }
    if attributes.get("Export").is_some_and(|export| export.get("Name").is_none()) {
        found.push(format_error(&format!(
            "Output {name} is malformed. Every Export member must contain a Name object."
        )));
    }
}

fn format_error(message: &str) -> TemplateProblem {
    TemplateProblem::format(message)
}
