//! Owns attribute values: their validity, their size and their order.
//!
//! A value is the JSON of the protocol, such as `{"S": "a"}`, with numbers and sets in a normal form, so that equal
//! values are equal JSON. Limits are those of "Service, account, and table quotas in Amazon DynamoDB".

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bigdecimal::{BigDecimal, Zero};
use serde_json::{Map, Value, json};

use super::invalid;
use crate::error_answer::ErrorAnswer;

/// An item, or its key: attributes by name.
pub(crate) type TableItem = Map<String, Value>;

/// "The maximum item size in DynamoDB is 400 KB, which includes both attribute name binary length (UTF-8 length) and
/// attribute value lengths".
pub(super) const MAX_ITEM: usize = 400 * 1024;
/// "DynamoDB supports nested attributes up to 32 levels deep."
const MAX_DEPTH: usize = 32;

pub(super) const TYPES: &[&str] = &["S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"];

/// Every attribute of an item, each in its one form.
pub(super) fn checked_item(item: TableItem) -> Result<TableItem, ErrorAnswer> {
    item.into_iter().map(|(name, value)| Ok((name, checked(value)?))).collect()
}

pub(super) fn checked(value: Value) -> Result<Value, ErrorAnswer> {
    checked_below(value, 0)
}

fn checked_below(value: Value, depth: usize) -> Result<Value, ErrorAnswer> {
    if depth > MAX_DEPTH {
        return Err(invalid("Nesting Levels have exceeded supported limits"));
    }
    let Value::Object(tagged) = value else {
        return Err(ErrorAnswer::new("SerializationException", "an attribute value is a structure"));
    };
    let mut members = tagged.into_iter();
    let (Some((kind, inner)), None) = (members.next(), members.next()) else {
        return Err(invalid("Supplied AttributeValue must contain exactly one of the supported datatypes"));
    };
    let inner = match (&*kind, inner) {
        ("S", Value::String(text)) => text.into(),
        ("N", Value::String(text)) => written(&number(&text)?).into(),
        ("B", Value::String(text)) => bytes(&text).map(|_| text.into())?,
        ("BOOL", Value::Bool(value)) => value.into(),
        ("NULL", Value::Bool(true)) => true.into(),
        ("NULL", Value::Bool(false)) => {
            return Err(invalid(
                "One or more parameter values were invalid: Null attribute value types must have the value of true",
            ));
        }
        ("L", Value::Array(items)) => {
            items.into_iter().map(|item| checked_below(item, depth + 1)).collect::<Result<_, _>>()?
        }
        ("M", Value::Object(items)) => {
            let entry = |(name, item)| Ok((name, checked_below(item, depth + 1)?));
            items.into_iter().map(entry).collect::<Result<TableItem, ErrorAnswer>>()?.into()
        }
        ("SS" | "NS" | "BS", Value::Array(items)) => set(&kind, items)?,
        (kind, _) if TYPES.contains(&kind) => {
            return Err(ErrorAnswer::new(
                "SerializationException",
                format!("a value of the type {kind} is not one"),
            ));
        }
        _ => {
            return Err(invalid(
                "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
            ));
        }
    };
    Ok(json!({kind: inner}))
}

/// In an order of its own, since a set has none.
fn set(kind: &str, items: Vec<Value>) -> Result<Value, ErrorAnswer> {
    let mut texts = BTreeSet::new();
    let count = items.len();
    for item in items {
        let Value::String(text) = item else {
            return Err(ErrorAnswer::new("SerializationException", format!("{kind} is a list of strings")));
        };
        texts.insert(match kind {
            "NS" => written(&number(&text)?),
            "BS" => bytes(&text).map(|_| text)?,
            _ => text,
        });
    }
    match count {
        0 => Err(invalid("One or more parameter values were invalid: An string set  may not be empty")),
        _ if count != texts.len() => {
            Err(invalid("One or more parameter values were invalid: Input collection contains duplicates."))
        }
        _ => Ok(texts.into_iter().map(Value::String).collect()),
    }
}

/// "Numbers can have up to 38 digits of precision", from 1E-130 to 9.99..E+125 and the same below zero.
pub(super) fn number(text: &str) -> Result<BigDecimal, ErrorAnswer> {
    let bad = || invalid(format!("The parameter cannot be converted to a numeric value: {text}"));
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c)) {
        return Err(bad());
    }
    let number = BigDecimal::from_str(text).map_err(|_| bad())?;
    if number.is_zero() {
        return Ok(BigDecimal::zero());
    }
    // Its last digit is not 0 after this.
    let number = number.normalized();
    let (digits, exponent) = number.as_bigint_and_exponent();
    let length = i64::try_from(digits.magnitude().to_string().len()).map_err(|_| bad())?;
    if length > 38 {
        return Err(invalid("Attempting to store more than 38 significant digits in a Number"));
    }
    match length - 1 - exponent {
        126.. => Err(invalid(
            "Number overflow. Attempting to store a number with magnitude larger than supported range",
        )),
        ..=-131 => Err(invalid(
            "Number underflow. Attempting to store a number with magnitude smaller than supported range",
        )),
        _ => Ok(number),
    }
}

pub(super) fn written(number: &BigDecimal) -> String {
    number.normalized().to_plain_string()
}

fn bytes(text: &str) -> Result<Vec<u8>, ErrorAnswer> {
    BASE64.decode(text).map_err(|_| ErrorAnswer::new("SerializationException", "B is not Base64"))
}

/// The type of a value, and its content.
pub(super) fn parts(value: &Value) -> (&str, &Value) {
    let tagged = value.as_object().and_then(|tagged| tagged.iter().next());
    tagged.map_or(("NULL", &Value::Null), |(kind, inner)| (&**kind, inner))
}

/// The order of two strings, two numbers or two binaries; other values have no order.
pub(super) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    let ((kind, left), (other, right)) = (parts(left), parts(right));
    let (left, right) = (left.as_str()?, right.as_str()?);
    match (kind, other) {
        ("S", "S") => Some(left.as_bytes().cmp(right.as_bytes())),
        ("N", "N") => Some(number(left).ok()?.cmp(&number(right).ok()?)),
        ("B", "B") => Some(bytes(left).ok()?.cmp(&bytes(right).ok()?)),
        _ => None,
    }
}

pub(super) fn item_size(item: &TableItem) -> usize {
    item.iter().map(|(name, value)| name.len() + size(value)).sum()
}

/// The size according to "DynamoDB item sizes and formats", which calls the size of a number an approximation.
pub(super) fn size(value: &Value) -> usize {
    let (kind, inner) = parts(value);
    let text_size = |kind: &str, text: &str| match kind {
        "N" | "NS" => text.bytes().filter(u8::is_ascii_digit).count().div_ceil(2) + 1,
        "B" | "BS" => bytes(text).map_or(0, |bytes| bytes.len()),
        _ => text.len(),
    };
    match inner {
        Value::String(text) => text_size(kind, text),
        Value::Array(items) if kind == "L" => 3 + items.iter().map(|item| 1 + size(item)).sum::<usize>(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(|text| text_size(kind, text)).sum(),
        Value::Object(items) => 3 + items.len() + item_size(items),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use serde_json::{Value, json};

    use super::{checked, order, size};

    #[test]
    fn equal_values_are_equal_json() {
        let same = [
            (json!({"N": "1.50"}), json!({"N": "1.5"})),
            (json!({"N": "1e3"}), json!({"N": "+1000"})),
            (json!({"N": "-0.0"}), json!({"N": "0"})),
            (json!({"SS": ["b", "a"]}), json!({"SS": ["a", "b"]})),
            (json!({"M": {"a": {"L": [{"N": "01"}]}}}), json!({"M": {"a": {"L": [{"N": "1"}]}}})),
        ];
        for (left, right) in same {
            assert_eq!(checked(left).unwrap(), checked(right).unwrap());
        }
    }

    #[test]
    fn an_invalid_value_is_refused() {
        let deep = (0..40).fold(json!({"S": "a"}), |inner, _| json!({"L": [inner]}));
        let bad: [Value; 15] = [
            json!({}),
            json!({"S": "a", "N": "1"}),
            json!({"X": "a"}),
            json!({"S": 1}),
            json!({"N": 1}),
            json!({"N": "a"}),
            json!({"N": ""}),
            json!({"N": "1e126"}),
            json!({"N": "1e-131"}),
            json!({"N": "1".repeat(39)}),
            json!({"NULL": false}),
            json!({"SS": []}),
            json!({"NS": ["1", "1.0"]}),
            json!({"B": "%"}),
            deep,
        ];
        for value in bad {
            let code = checked(value.clone()).unwrap_err().code;
            assert!(matches!(&*code, "ValidationException" | "SerializationException"), "{value}");
        }
        for number in ["9".repeat(38), "1e125".to_owned(), "-1e-130".to_owned()] {
            checked(json!({"N": number})).unwrap();
        }
    }

    #[test]
    fn numbers_compare_as_numbers_and_only_with_numbers() {
        assert_eq!(order(&json!({"N": "10"}), &json!({"N": "9"})), Some(Ordering::Greater));
        assert_eq!(order(&json!({"S": "10"}), &json!({"S": "9"})), Some(Ordering::Less));
        assert_eq!(order(&json!({"S": "10"}), &json!({"N": "9"})), None);
        assert_eq!(size(&json!({"M": {"ab": {"S": "größe"}}})), 3 + 1 + 2 + 7);
    }
}
