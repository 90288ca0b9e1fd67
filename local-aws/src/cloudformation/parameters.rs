//! Checks the parameters of a request against those that the template declares.

use cloudformation_template::{check_parameter_value, refused_value, text};
use serde_json::Value;

use super::invalid;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;

/// One of `Parameters`, as the request has it.
#[derive(Debug)]
pub(super) struct GivenParameter {
    key: String,
    /// `None` for UsePreviousValue.
    value: Option<String>,
}

/// `Parameters`.
pub(super) fn given(input: &mut Members) -> Result<Vec<GivenParameter>, ErrorAnswer> {
    let mut all: Vec<GivenParameter> = Vec::new();
    for mut parameter in input.structures("Parameters")? {
        let key = parameter.string("ParameterKey")?.unwrap_or_default();
        let value = parameter.string("ParameterValue")?;
        let previous = parameter.boolean("UsePreviousValue")?.unwrap_or(false);
        parameter.finish()?;
        if previous && value.is_some() {
            return Err(invalid(format!(
                "Invalid input for parameter key {key}. Cannot specify usePreviousValue as true and non empty value for a \
                 parameter"
            )));
        }
        if all.iter().any(|other| other.key == key) {
            return Err(invalid(format!("Parameter {key} is given twice")));
        }
        let value = if previous { None } else { Some(value.unwrap_or_default()) };
        all.push(GivenParameter { key, value });
    }
    Ok(all)
}

/// The value of every parameter of the template, in its order: the request's, else the default.
pub(super) fn checked(
    template: &Value,
    given: Vec<GivenParameter>,
    previous: &[(String, String)],
) -> Result<Vec<(String, String)>, ErrorAnswer> {
    let none = serde_json::Map::new();
    let declared = template["Parameters"].as_object().unwrap_or(&none);
    let unknown: Vec<&str> =
        given.iter().map(|one| one.key.as_str()).filter(|key| !declared.contains_key(*key)).collect();
    if !unknown.is_empty() {
        return Err(invalid(format!("Parameters: [{}] do not exist in the template", unknown.join(", "))));
    }
    let (mut values, mut missing) = (Vec::new(), Vec::new());
    for (name, parameter) in declared {
        match value(name, parameter, &given, previous)? {
            Some(value) => values.push((name.clone(), value)),
            None => missing.push(name.as_str()),
        }
    }
    if !missing.is_empty() {
        return Err(invalid(format!("Parameters: [{}] must have values", missing.join(", "))));
    }
    for (name, value) in &values {
        if let Some(message) = refused_value(name, &declared[name], value) {
            return Err(invalid(message));
        }
    }
    Ok(values)
}

/// Refuses parameters whose values are not known here, such as those that CloudFormation reads from Systems Manager.
pub(super) fn served(template: &Value, values: &[(String, String)]) -> Result<(), ErrorAnswer> {
    for (name, value) in values {
        check_parameter_value(name, &template["Parameters"][name], value)?;
    }
    Ok(())
}

fn value(
    name: &str,
    parameter: &Value,
    given: &[GivenParameter],
    previous: &[(String, String)],
) -> Result<Option<String>, ErrorAnswer> {
    match given.iter().find(|one| one.key == name) {
        None => Ok(text(&parameter["Default"])),
        Some(GivenParameter { value: Some(value), .. }) => Ok(Some(value.clone())),
        Some(GivenParameter { value: None, .. }) => match previous.iter().find(|(other, _)| other == name) {
            Some((_, value)) => Ok(Some(value.clone())),
            None => Err(invalid(format!(
                "Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter key not \
                 in the previous template"
            ))),
        },
    }
}
