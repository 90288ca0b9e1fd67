//! Holds the parameters that were given against those that the template declares.

use fancy_regex::Regex;
use serde_json::Value;

use super::invalid;
use crate::members::Members;
use crate::refusal::{NOT_SERVED, Refusal};
use crate::template::text;

/// "Parameter values: 4,096 bytes" and "Parameters: 200".
const MAX_BYTES: usize = 4096;

/// One of `Parameters`, as it was given.
#[derive(Debug)]
pub(super) struct Given {
    key: String,
    /// `None` for UsePreviousValue.
    value: Option<String>,
}

/// `Parameters`.
pub(super) fn given(input: &mut Members) -> Result<Vec<Given>, Refusal> {
    let mut all: Vec<Given> = Vec::new();
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
        all.push(Given { key, value });
    }
    Ok(all)
}

/// The value of every parameter of the template, in its order: given, else its default.
pub(super) fn checked(
    template: &Value,
    given: Vec<Given>,
    previous: &[(String, String)],
) -> Result<Vec<(String, String)>, Refusal> {
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
        check(name, &declared[name], value)?;
    }
    Ok(values)
}

fn value(
    name: &str,
    parameter: &Value,
    given: &[Given],
    previous: &[(String, String)],
) -> Result<Option<String>, Refusal> {
    match given.iter().find(|one| one.key == name) {
        None => Ok(text(&parameter["Default"])),
        Some(Given { value: Some(value), .. }) => Ok(Some(value.clone())),
        Some(Given { value: None, .. }) => match previous.iter().find(|(other, _)| other == name) {
            Some((_, value)) => Ok(Some(value.clone())),
            None => Err(invalid(format!(
                "Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter key not \
                 in the previous template"
            ))),
        },
    }
}

/// Why CloudFormation would refuse a value of a template's parameter; none where it would not, or nothing here knows.
pub fn refused_value(name: &str, parameter: &Value, value: &str) -> Option<String> {
    let refusal = check(name, parameter, value).err()?;
    (refusal.code != NOT_SERVED).then_some(refusal.message)
}

/// Whether a value is one that the parameter takes. A list's elements are looked at one by one.
fn check(name: &str, parameter: &Value, value: &str) -> Result<(), Refusal> {
    let kind = parameter["Type"].as_str().unwrap_or_default();
    if kind.starts_with("AWS::SSM::Parameter::") {
        return Err(Refusal::not_served(format_args!("parameters of type {kind}")));
    }
    if value.len() > MAX_BYTES {
        return Err(invalid(format!(
            "Parameter '{name}' is too long: {} bytes, of {MAX_BYTES}",
            value.len()
        )));
    }
    let is_list = kind == "CommaDelimitedList" || kind.starts_with("List<");
    let elements: Vec<&str> = if is_list { value.split(',').map(str::trim).collect() } else { vec![value] };
    for element in elements {
        if let Some(problem) = problem(parameter, kind, element)? {
            let described = text(&parameter["ConstraintDescription"]);
            return Err(invalid(match described {
                Some(description) => format!("Parameter {name} failed to satisfy constraint: {description}"),
                None => format!("Parameter '{name}' must {problem}"),
            }));
        }
    }
    Ok(())
}

/// What the value must be and is not.
fn problem(parameter: &Value, kind: &str, value: &str) -> Result<Option<String>, Refusal> {
    let number = |key: &str| text(&parameter[key]).and_then(|text| text.parse::<f64>().ok());
    let length = value.chars().count() as f64;
    if kind == "Number" || kind == "List<Number>" {
        let Ok(given) = value.parse::<f64>() else { return Ok(Some("be a number".to_owned())) };
        if let Some(least) = number("MinValue").filter(|least| given < *least) {
            return Ok(Some(format!("be a number not less than {least}")));
        }
        if let Some(most) = number("MaxValue").filter(|most| given > *most) {
            return Ok(Some(format!("be a number not greater than {most}")));
        }
    }
    if let Some(allowed) = parameter["AllowedValues"].as_array()
        && !allowed.iter().any(|one| text(one).as_deref() == Some(value))
    {
        return Ok(Some("be one of AllowedValues".to_owned()));
    }
    if let Some(least) = number("MinLength").filter(|least| length < *least) {
        return Ok(Some(format!("contain at least {least} characters")));
    }
    if let Some(most) = number("MaxLength").filter(|most| length > *most) {
        return Ok(Some(format!("contain at most {most} characters")));
    }
    pattern(parameter, value)
}

/// "The pattern must match the entire parameter value." It is a regular expression of Java's.
fn pattern(parameter: &Value, value: &str) -> Result<Option<String>, Refusal> {
    let Some(pattern) = parameter["AllowedPattern"].as_str() else { return Ok(None) };
    let whole = Regex::new(&format!(r"\A(?:{pattern})\z"));
    let whole =
        whole.map_err(|error| Refusal::not_served(format_args!("the AllowedPattern {pattern}: {error}")))?;
    let fits = whole.is_match(value);
    let fits =
        fits.map_err(|error| Refusal::not_served(format_args!("the AllowedPattern {pattern}: {error}")))?;
    Ok((!fits).then(|| format!("match pattern {pattern}")))
}
