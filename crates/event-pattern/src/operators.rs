//! Reads the entries of a field's array, operators included, and refuses the operands that EventBridge refuses.

use std::net::IpAddr;

use serde_json::{Map, Value};

use crate::matcher::{AddressBlock, Glyph, NumericRange, StringOperator, ValueMatcher};
use crate::{PatternError, PatternProblem};

/// One entry of a field's array.
pub(crate) fn matcher(path: &str, entry: &Value) -> Result<ValueMatcher, PatternError> {
    match entry {
        Value::Object(members) => {
            let (name, operand) = only_member(path, members)?;
            operator(path, name, operand)
        }
        Value::Array(_) => Err(PatternError::new(path, PatternProblem::NestedArray)),
        Value::Number(number) => Ok(ValueMatcher::Number(number.as_f64().unwrap_or(f64::NAN))),
        scalar => Ok(ValueMatcher::Exactly(scalar.clone())),
    }
}

fn only_member<'a>(
    path: &str,
    members: &'a Map<String, Value>,
) -> Result<(&'a str, &'a Value), PatternError> {
    let mut all = members.iter();
    match (all.next(), all.next()) {
        (Some((name, operand)), None) => Ok((name, operand)),
        _ => Err(PatternError::new(path, PatternProblem::NotOneOperator)),
    }
}

fn operator(path: &str, name: &str, operand: &Value) -> Result<ValueMatcher, PatternError> {
    match name {
        "exactly" => Ok(ValueMatcher::Exactly(string(path, name, operand)?.into())),
        "prefix" | "suffix" | "equals-ignore-case" | "wildcard" => {
            Ok(ValueMatcher::Text(string_or_nested(path, name, operand)?))
        }
        "anything-but" => anything_but(path, operand),
        "numeric" => numeric(path, operand),
        "cidr" => cidr(path, string(path, name, operand)?),
        "exists" => match operand {
            Value::Bool(wanted) => Ok(ValueMatcher::Exists(*wanted)),
            _ => Err(wrong_operand(path, name, "true or false")),
        },
        _ => Err(PatternError::new(path, PatternProblem::UnknownOperator { operator: name.to_owned() })),
    }
}

fn wrong_operand(path: &str, operator: &str, wanted: &'static str) -> PatternError {
    PatternError::new(path, PatternProblem::WrongOperand { operator: operator.to_owned(), wanted })
}

fn string<'a>(path: &str, name: &str, operand: &'a Value) -> Result<&'a str, PatternError> {
    operand.as_str().ok_or_else(|| wrong_operand(path, name, "a string"))
}

/// `prefix` and `suffix` may nest `equals-ignore-case`.
fn string_or_nested(path: &str, name: &str, operand: &Value) -> Result<StringOperator, PatternError> {
    if let ("prefix" | "suffix", Value::Object(members)) = (name, operand) {
        let ("equals-ignore-case", inner) = only_member(path, members)? else {
            return Err(wrong_operand(path, name, "a string or `equals-ignore-case`"));
        };
        let inner = string(path, "equals-ignore-case", inner)?.to_owned();
        return Ok(if name == "prefix" {
            StringOperator::PrefixIgnoreCase(inner)
        } else {
            StringOperator::SuffixIgnoreCase(inner)
        });
    }
    string_operator(path, name, string(path, name, operand)?)
}

fn string_operator(path: &str, name: &str, operand: &str) -> Result<StringOperator, PatternError> {
    Ok(match name {
        "prefix" => StringOperator::Prefix(operand.to_owned()),
        "suffix" => StringOperator::Suffix(operand.to_owned()),
        "equals-ignore-case" => StringOperator::EqualsIgnoreCase(operand.to_owned()),
        "wildcard" => StringOperator::Wildcard(wildcard(path, operand)?),
        _ => {
            let problem = PatternProblem::CannotNegate { operator: name.to_owned() };
            return Err(PatternError::new(path, problem));
        }
    })
}

/// A backslash makes a star or a backslash ordinary, and may stand before no other character.
fn wildcard(path: &str, operand: &str) -> Result<Vec<Glyph>, PatternError> {
    let mut glyphs = Vec::new();
    let mut chars = operand.chars();
    while let Some(char) = chars.next() {
        glyphs.push(match char {
            '*' if glyphs.last() == Some(&Glyph::Star) => {
                return Err(PatternError::new(path, PatternProblem::TwoStars));
            }
            '*' => Glyph::Star,
            '\\' => match chars.next() {
                Some(escaped @ ('*' | '\\')) => Glyph::Char(escaped),
                _ => return Err(PatternError::new(path, PatternProblem::BadEscape)),
            },
            plain => Glyph::Char(plain),
        });
    }
    Ok(glyphs)
}

/// One operand or a list of operands; an empty list is an error.
fn one_or_more<'a>(path: &str, operand: &'a Value) -> Result<&'a [Value], PatternError> {
    match operand {
        Value::Array(list) if list.is_empty() => {
            Err(PatternError::new(path, PatternProblem::EmptyOperandList))
        }
        Value::Array(list) => Ok(list),
        one => Ok(std::slice::from_ref(one)),
    }
}

fn anything_but(path: &str, operand: &Value) -> Result<ValueMatcher, PatternError> {
    if let Value::Object(members) = operand {
        let (name, operands) = only_member(path, members)?;
        let operators = one_or_more(path, operands)?.iter().map(|one| negated(path, name, one));
        return Ok(ValueMatcher::NotText(operators.collect::<Result<_, _>>()?));
    }
    let list = one_or_more(path, operand)?;
    if list.iter().all(Value::is_string) || list.iter().all(Value::is_number) {
        let matchers = list.iter().map(|one| matcher(path, one));
        return Ok(ValueMatcher::NoneOf(matchers.collect::<Result<_, _>>()?));
    }
    Err(wrong_operand(path, "anything-but", "strings or numbers, not both and nothing else"))
}

/// An empty prefix or suffix matches every string, so `anything-but` would match none: EventBridge refuses it.
fn negated(path: &str, name: &str, operand: &Value) -> Result<StringOperator, PatternError> {
    let operand = string(path, name, operand)?;
    if operand.is_empty() && matches!(name, "prefix" | "suffix") {
        let problem = PatternProblem::NegatesEverything { operator: name.to_owned() };
        return Err(PatternError::new(path, problem));
    }
    string_operator(path, name, operand)
}

fn numeric(path: &str, operand: &Value) -> Result<ValueMatcher, PatternError> {
    let parts = operand.as_array().map(Vec::as_slice).unwrap_or_default();
    let range = match parts {
        [op, number] => one_bound(path, op, number)?,
        [op, number, op2, number2] => {
            let (low, high) = (one_bound(path, op, number)?, one_bound(path, op2, number2)?);
            both_bounds(low, high).ok_or_else(|| PatternError::new(path, PatternProblem::BadRange))?
        }
        _ => return Err(wrong_operand(path, "numeric", "an operator and a number, or two of each")),
    };
    Ok(ValueMatcher::Range(range))
}

fn one_bound(path: &str, op: &Value, number: &Value) -> Result<NumericRange, PatternError> {
    let number =
        number.as_f64().ok_or_else(|| wrong_operand(path, "numeric", "an operator followed by a number"))?;
    let (exclusive, inclusive) = (Some((number, false)), Some((number, true)));
    Ok(match op.as_str() {
        Some("=") => NumericRange { lower: inclusive, upper: inclusive },
        Some(">") => NumericRange { lower: exclusive, upper: None },
        Some(">=") => NumericRange { lower: inclusive, upper: None },
        Some("<") => NumericRange { lower: None, upper: exclusive },
        Some("<=") => NumericRange { lower: None, upper: inclusive },
        _ => {
            let problem = PatternProblem::UnknownComparison { comparison: op.to_string() };
            return Err(PatternError::new(path, problem));
        }
    })
}

fn both_bounds(low: NumericRange, high: NumericRange) -> Option<NumericRange> {
    match (low, high) {
        (
            NumericRange { lower: Some(lower), upper: None },
            NumericRange { lower: None, upper: Some(upper) },
        ) if lower.0 < upper.0 => Some(NumericRange { lower: Some(lower), upper: Some(upper) }),
        _ => None,
    }
}

fn cidr(path: &str, block: &str) -> Result<ValueMatcher, PatternError> {
    let parts = block
        .split_once('/')
        .and_then(|(network, length)| Some((network.parse::<IpAddr>().ok()?, length.parse::<u32>().ok()?)));
    let (network, prefix_length) =
        parts.ok_or_else(|| wrong_operand(path, "cidr", "an address, a slash and a length"))?;
    // event-ruler refuses a block of one address, which is an exact match.
    let longest = if network.is_ipv4() { 31 } else { 127 };
    if prefix_length > longest {
        return Err(PatternError::new(path, PatternProblem::PrefixTooLong { longest }));
    }
    Ok(ValueMatcher::Cidr(AddressBlock { network, prefix_length }))
}
