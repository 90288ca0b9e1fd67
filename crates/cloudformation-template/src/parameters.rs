//! Owns the values of a template's parameters: their types, and the constraints that the template declares.

use std::collections::BTreeMap;

use fancy_regex::Regex;
use serde_json::{Value, json};

use crate::structure::members;
use crate::values::text;
use crate::{ParameterError, TemplateProblem};

/// "Parameter values: 4,096 bytes" ("Understand CloudFormation quotas").
const MAX_BYTES: usize = 4096;

/// "Supported AWS-specific parameter types", AWS CloudFormation User Guide. Each exists as a list, too, except for the first.
const AWS_TYPES: &[&str] = &[
    "AWS::EC2::KeyPair::KeyName",
    "AWS::EC2::AvailabilityZone::Name",
    "AWS::EC2::Image::Id",
    "AWS::EC2::Instance::Id",
    "AWS::EC2::SecurityGroup::GroupName",
    "AWS::EC2::SecurityGroup::Id",
    "AWS::EC2::Subnet::Id",
    "AWS::EC2::VPC::Id",
    "AWS::EC2::Volume::Id",
    "AWS::Route53::HostedZone::Id",
];

/// Whether CloudFormation has a type of parameters.
pub(crate) fn is_parameter_type(kind: &str) -> bool {
    let inner = |kind: &str, prefix: &str| {
        kind.strip_prefix(prefix).and_then(|rest| rest.strip_suffix('>')).map(str::to_owned)
    };
    let is_plain = |kind: &str| {
        let element = inner(kind, "List<").unwrap_or_else(|| kind.to_owned());
        kind == "CommaDelimitedList"
            || ["String", "Number"].contains(&element.as_str())
            || AWS_TYPES.contains(&element.as_str())
    };
    match inner(kind, SSM_VALUE) {
        Some(of) => is_plain(&of),
        None => kind == "AWS::SSM::Parameter::Name" || is_plain(kind),
    }
}

/// A parameter whose value CloudFormation reads from Systems Manager.
const SSM_VALUE: &str = "AWS::SSM::Parameter::Value<";

/// The value of every parameter of a template, as `Ref` gives it: the given value, else the parameter's `Default`.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use cloudformation_template::{parameter_values, parse};
/// use serde_json::json;
///
/// let template = parse("Parameters: { Names: { Type: CommaDelimitedList, Default: 'a, b' } }").unwrap();
/// assert_eq!(parameter_values(&template, &BTreeMap::new()).unwrap()["Names"], json!(["a", "b"]));
///
/// let misspelt = BTreeMap::from([("Name".to_owned(), "a".to_owned())]);
/// let error = parameter_values(&template, &misspelt).unwrap_err();
/// assert_eq!(error.to_string(), "the template has no parameter `Name`");
/// ```
///
/// # Errors
///
/// [`ParameterError`] if a given parameter is not declared, or a declared parameter has no value or a value that its declaration
/// does not allow.
pub fn parameter_values(
    template: &Value,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Value>, ParameterError> {
    let declared = &template["Parameters"];
    if let Some(name) = given.keys().find(|name| declared.get(name.as_str()).is_none()) {
        return Err(ParameterError::Unknown { name: name.clone() });
    }
    let value = |(name, parameter): (&String, &Value)| {
        Ok((name.clone(), value_or_default(name, parameter, given.get(name))?))
    };
    members(declared).map(value).collect()
}

fn value_or_default(name: &str, parameter: &Value, given: Option<&String>) -> Result<Value, ParameterError> {
    let value = given.cloned().or_else(|| text(&parameter["Default"]));
    let value = value.ok_or_else(|| ParameterError::NoValue { name: name.to_owned() })?;
    if let Some(why) = refused_value(name, parameter, &value) {
        return Err(ParameterError::NotAllowed { name: name.to_owned(), value, why });
    }
    Ok(parameter_value(parameter["Type"].as_str().unwrap_or_default(), &value))
}

/// A parameter's value as `Ref` gives it: a list for the types that are lists.
pub fn parameter_value(kind: &str, value: &str) -> Value {
    if is_list(kind) { value.split(',').map(str::trim).collect() } else { json!(value) }
}

fn is_list(kind: &str) -> bool {
    kind == "CommaDelimitedList" || kind.starts_with("List<")
}

/// The message with which CloudFormation would refuse a parameter's value; `None` if it would accept the value, or if this
/// crate cannot know.
///
/// ```
/// use cloudformation_template::refused_value;
/// use serde_json::json;
///
/// let parameter = json!({ "Type": "Number", "MaxValue": 10 });
/// let refused = refused_value("Size", &parameter, "11");
/// assert_eq!(refused.as_deref(), Some("Parameter 'Size' must be a number not greater than 10"));
/// assert_eq!(refused_value("Size", &parameter, "9"), None);
/// ```
pub fn refused_value(name: &str, parameter: &Value, value: &str) -> Option<String> {
    match check_parameter_value(name, parameter, value) {
        Err(TemplateProblem::Invalid(message)) => Some(message),
        _ => None,
    }
}

/// Refuses a value that the parameter's declaration does not allow. The elements of a list are checked one by one.
///
/// # Errors
///
/// [`TemplateProblem::Invalid`] with CloudFormation's message; [`TemplateProblem::NotSupported`] for a parameter of Systems
/// Manager and for an `AllowedPattern` that cannot be evaluated.
pub fn check_parameter_value(name: &str, parameter: &Value, value: &str) -> Result<(), TemplateProblem> {
    let kind = parameter["Type"].as_str().unwrap_or_default();
    if kind.starts_with(SSM_VALUE) {
        return Err(TemplateProblem::not_supported(format!("parameters of type {kind}")));
    }
    if value.len() > MAX_BYTES {
        return Err(TemplateProblem::invalid(format!(
            "Parameter '{name}' is too long: {} bytes, of {MAX_BYTES}",
            value.len()
        )));
    }
    let elements: Vec<&str> =
        if is_list(kind) { value.split(',').map(str::trim).collect() } else { vec![value] };
    for element in elements {
        if let Some(constraint) = unmet_constraint(parameter, kind, element)? {
            let described = text(&parameter["ConstraintDescription"]);
            return Err(TemplateProblem::invalid(match described {
                Some(description) => format!("Parameter {name} failed to satisfy constraint: {description}"),
                None => format!("Parameter '{name}' must {constraint}"),
            }));
        }
    }
    Ok(())
}

/// The constraint that a value does not satisfy, as a clause that can follow "must".
fn unmet_constraint(parameter: &Value, kind: &str, value: &str) -> Result<Option<String>, TemplateProblem> {
    let number = |key: &str| text(&parameter[key]).and_then(|text| text.parse::<f64>().ok());
    let length = value.chars().count() as f64;
    if kind == "Number" || kind == "List<Number>" {
        let given = value.parse::<f64>().ok().filter(|given| given.is_finite());
        let Some(given) = given else { return Ok(Some("be a number.".to_owned())) };
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

/// "The pattern must match the entire parameter value." The pattern is a Java regular expression.
fn pattern(parameter: &Value, value: &str) -> Result<Option<String>, TemplateProblem> {
    let Some(pattern) = parameter["AllowedPattern"].as_str() else { return Ok(None) };
    let whole = Regex::new(&format!(r"\A(?:{pattern})\z"));
    let fits = whole
        .and_then(|whole| whole.is_match(value))
        .map_err(|error| TemplateProblem::not_supported(format!("the AllowedPattern {pattern}: {error}")))?;
    Ok((!fits).then(|| format!("match pattern {pattern}")))
}
