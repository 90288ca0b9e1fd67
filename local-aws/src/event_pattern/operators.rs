//! Reads the entries of a field's array, operators included, refusing the operands EventBridge refuses.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::PatternError;
use super::matcher::{Cidr, Glyph, Matcher, Range, Text};
use super::parse::wrong;

/// One entry of a field's array.
pub(super) fn matcher(path: &str, entry: &Value) -> Result<Matcher, PatternError> {
    match entry {
        Value::Object(members) => {
            let (name, operand) = only_member(path, members)?;
            operator(path, name, operand)
        }
        Value::Array(_) => Err(wrong(path, "an array cannot hold another array")),
        Value::Number(number) => Ok(Matcher::Number(number.as_f64().unwrap_or(f64::NAN))),
        scalar => Ok(Matcher::Exactly(scalar.clone())),
    }
}

fn only_member<'a>(
    path: &str,
    members: &'a Map<String, Value>,
) -> Result<(&'a str, &'a Value), PatternError> {
    let mut all = members.iter();
    match (all.next(), all.next()) {
        (Some((name, operand)), None) => Ok((name, operand)),
        _ => Err(wrong(path, "an object in an array must have exactly one operator")),
    }
}

fn operator(path: &str, name: &str, operand: &Value) -> Result<Matcher, PatternError> {
    match name {
        "exactly" => Ok(Matcher::Exactly(string(path, name, operand)?.into())),
        "prefix" | "suffix" | "equals-ignore-case" | "wildcard" => {
            Ok(Matcher::Text(text(path, name, operand)?))
        }
        "anything-but" => anything_but(path, operand),
        "numeric" => numeric(path, operand),
        "cidr" => cidr(path, string(path, name, operand)?),
        "exists" => match operand {
            Value::Bool(wanted) => Ok(Matcher::Exists(*wanted)),
            _ => Err(wrong(path, "`exists` takes true or false")),
        },
        _ => Err(wrong(path, format!("there is no operator `{name}`"))),
    }
}

fn string<'a>(path: &str, name: &str, operand: &'a Value) -> Result<&'a str, PatternError> {
    operand.as_str().ok_or_else(|| wrong(path, format!("`{name}` takes a string")))
}

fn text(path: &str, name: &str, operand: &Value) -> Result<Text, PatternError> {
    if let ("prefix" | "suffix", Value::Object(members)) = (name, operand) {
        let ("equals-ignore-case", inner) = only_member(path, members)? else {
            return Err(wrong(path, format!("`{name}` takes a string or `equals-ignore-case`")));
        };
        let inner = string(path, "equals-ignore-case", inner)?.to_owned();
        return Ok(if name == "prefix" {
            Text::PrefixIgnoreCase(inner)
        } else {
            Text::SuffixIgnoreCase(inner)
        });
    }
    text_of(path, name, string(path, name, operand)?)
}

fn text_of(path: &str, name: &str, operand: &str) -> Result<Text, PatternError> {
    Ok(match name {
        "prefix" => Text::Prefix(operand.to_owned()),
        "suffix" => Text::Suffix(operand.to_owned()),
        "equals-ignore-case" => Text::EqualsIgnoreCase(operand.to_owned()),
        "wildcard" => Text::Wildcard(wildcard(path, operand)?),
        _ => return Err(wrong(path, format!("`anything-but` cannot hold `{name}`"))),
    })
}

/// A backslash makes a star or a backslash ordinary; it may stand before nothing else.
fn wildcard(path: &str, operand: &str) -> Result<Vec<Glyph>, PatternError> {
    let mut glyphs = Vec::new();
    let mut chars = operand.chars();
    while let Some(char) = chars.next() {
        glyphs.push(match char {
            '*' if glyphs.last() == Some(&Glyph::Star) => {
                return Err(wrong(path, "`wildcard` has two stars in a row"));
            }
            '*' => Glyph::Star,
            '\\' => match chars.next() {
                Some(escaped @ ('*' | '\\')) => Glyph::Char(escaped),
                _ => return Err(wrong(path, "`wildcard` has a backslash before neither `*` nor `\\`")),
            },
            plain => Glyph::Char(plain),
        });
    }
    Ok(glyphs)
}

/// One operand or a list of them; an empty list is an error.
fn one_or_more<'a>(path: &str, operand: &'a Value) -> Result<&'a [Value], PatternError> {
    match operand {
        Value::Array(list) if list.is_empty() => {
            Err(wrong(path, "the list of an operator must not be empty"))
        }
        Value::Array(list) => Ok(list),
        one => Ok(std::slice::from_ref(one)),
    }
}

fn anything_but(path: &str, operand: &Value) -> Result<Matcher, PatternError> {
    if let Value::Object(members) = operand {
        let (name, operands) = only_member(path, members)?;
        let texts = one_or_more(path, operands)?.iter().map(|one| unwanted_text(path, name, one));
        return Ok(Matcher::NotText(texts.collect::<Result<_, _>>()?));
    }
    let list = one_or_more(path, operand)?;
    if list.iter().all(Value::is_string) || list.iter().all(Value::is_number) {
        return Ok(Matcher::NoneOf(list.iter().map(|one| matcher(path, one)).collect::<Result<_, _>>()?));
    }
    Err(wrong(path, "`anything-but` takes strings or numbers, not both and nothing else"))
}

/// An empty prefix or suffix fits every string, so `anything-but` it would never match: EventBridge refuses it.
fn unwanted_text(path: &str, name: &str, operand: &Value) -> Result<Text, PatternError> {
    let operand = string(path, name, operand)?;
    if operand.is_empty() && matches!(name, "prefix" | "suffix") {
        return Err(wrong(path, format!("`anything-but` takes no empty `{name}`")));
    }
    text_of(path, name, operand)
}

fn numeric(path: &str, operand: &Value) -> Result<Matcher, PatternError> {
    let parts = operand.as_array().map(Vec::as_slice).unwrap_or_default();
    let range = match parts {
        [op, number] => one_bound(path, op, number)?,
        [op, number, op2, number2] => {
            let (low, high) = (one_bound(path, op, number)?, one_bound(path, op2, number2)?);
            both_bounds(low, high).ok_or_else(|| {
                wrong(
                    path,
                    "a `numeric` range goes from `>` or `>=` a smaller to `<` or `<=` a larger number",
                )
            })?
        }
        _ => return Err(wrong(path, "`numeric` takes an operator and a number, or two of each")),
    };
    Ok(Matcher::Range(range))
}

fn one_bound(path: &str, op: &Value, number: &Value) -> Result<Range, PatternError> {
    let number =
        number.as_f64().ok_or_else(|| wrong(path, "`numeric` takes an operator followed by a number"))?;
    let (exclusive, inclusive) = (Some((number, false)), Some((number, true)));
    Ok(match op.as_str() {
        Some("=") => Range { lower: inclusive, upper: inclusive },
        Some(">") => Range { lower: exclusive, upper: None },
        Some(">=") => Range { lower: inclusive, upper: None },
        Some("<") => Range { lower: None, upper: exclusive },
        Some("<=") => Range { lower: None, upper: inclusive },
        _ => return Err(wrong(path, format!("`numeric` has no operator {op}"))),
    })
}

fn both_bounds(low: Range, high: Range) -> Option<Range> {
    match (low, high) {
        (Range { lower: Some(lower), upper: None }, Range { lower: None, upper: Some(upper) })
            if lower.0 < upper.0 =>
        {
            Some(Range { lower: Some(lower), upper: Some(upper) })
        }
        _ => None,
    }
}

fn cidr(path: &str, block: &str) -> Result<Matcher, PatternError> {
    let parts = block
        .split_once('/')
        .and_then(|(network, length)| Some((network.parse::<IpAddr>().ok()?, length.parse::<u32>().ok()?)));
    let (network, prefix_length) =
        parts.ok_or_else(|| wrong(path, "`cidr` takes an address, a slash and a length"))?;
    // event-ruler refuses a block of one address: that is an exact match.
    let longest = if network.is_ipv4() { 31 } else { 127 };
    if prefix_length > longest {
        return Err(wrong(path, format!("`cidr` of this family takes a length of at most {longest}")));
    }
    Ok(Matcher::Cidr(Cidr { network, prefix_length }))
}
