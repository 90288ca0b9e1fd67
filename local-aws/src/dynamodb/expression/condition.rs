//! Evaluates a condition on an item, and refuses conditions that are invalid for every item.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Value, json};

use super::super::invalid;
use super::super::value::{TYPES, TableItem, order, parts, size};
use super::{Comparator, Condition, FunctionCall, Operand};
use crate::error_answer::ErrorAnswer;

/// Checks a condition whose names and values are bound: its functions exist, and their operands have the right types.
pub(super) fn check(condition: &Condition, of: &str) -> Result<(), ErrorAnswer> {
    match condition {
        Condition::Or(left, right) | Condition::And(left, right) => {
            check(left, of)?;
            check(right, of)
        }
        Condition::Not(inner) => check(inner, of),
        Condition::Compare(left, how, right) => {
            let operator = how.symbol();
            for operand in [left, right] {
                check_operand(operand, of)?;
                if !matches!(how, Comparator::Equal | Comparator::NotEqual) {
                    has_order(operand, operator, of)?;
                }
            }
            Ok(())
        }
        Condition::Between(operand, low, high) => [operand, low, high].into_iter().try_for_each(|operand| {
            check_operand(operand, of)?;
            has_order(operand, "BETWEEN", of)
        }),
        Condition::In(operand, list) => {
            std::iter::once(operand).chain(list).try_for_each(|operand| check_operand(operand, of))
        }
        Condition::Call(call) => check_call(call, of),
    }
}

fn check_call(call: &FunctionCall, of: &str) -> Result<(), ErrorAnswer> {
    let wanted = match &*call.name {
        "attribute_exists" | "attribute_not_exists" => 1,
        "attribute_type" | "begins_with" | "contains" => 2,
        name => return Err(wrong(of, format!("Invalid function name; function: {name}"))),
    };
    counted(call, wanted, of)?;
    call.arguments.iter().try_for_each(|operand| check_operand(operand, of))?;
    let (name, first, last) = (&*call.name, &call.arguments[0], &call.arguments[wanted - 1]);
    match (name, last) {
        ("attribute_exists" | "attribute_not_exists" | "attribute_type", _)
            if !matches!(first, Operand::Path(_)) =>
        {
            let what = "Operator or function requires a document path";
            Err(wrong(of, format!("{what}; operator or function: {name}")))
        }
        ("attribute_type", Operand::Value(value)) => match value["S"].as_str() {
            Some(kind) if TYPES.contains(&kind) => Ok(()),
            _ => Err(wrong(of, format!("Invalid attribute type name found; type: {}", parts(value).1))),
        },
        ("begins_with", Operand::Value(value)) if !matches!(parts(value).0, "S" | "B") => {
            Err(bad_operand(name, parts(value).0, of))
        }
        _ => Ok(()),
    }
}

fn check_operand(operand: &Operand, of: &str) -> Result<(), ErrorAnswer> {
    match operand {
        Operand::Call(call) if call.name == "size" => {
            counted(call, 1, of)?;
            check_operand(&call.arguments[0], of)
        }
        Operand::Call(call) => Err(wrong(of, format!("Invalid function name; function: {}", call.name))),
        _ => Ok(()),
    }
}

pub(super) fn counted(call: &FunctionCall, wanted: usize, of: &str) -> Result<(), ErrorAnswer> {
    let (name, count) = (&call.name, call.arguments.len());
    match count == wanted {
        true => Ok(()),
        false => Err(wrong(
            of,
            format!(
                "Incorrect number of operands for operator or function; operator or function: {name}, number of operands: {count}"
            ),
        )),
    }
}

fn has_order(operand: &Operand, operator: &str, of: &str) -> Result<(), ErrorAnswer> {
    match operand {
        Operand::Value(value) if !matches!(parts(value).0, "S" | "N" | "B") => {
            Err(bad_operand(operator, parts(value).0, of))
        }
        _ => Ok(()),
    }
}

fn bad_operand(operator: &str, kind: &str, of: &str) -> ErrorAnswer {
    wrong(
        of,
        format!(
            "Incorrect operand type for operator or function; operator or function: {operator}, operand type: {kind}"
        ),
    )
}

pub(super) fn wrong(of: &str, what: impl std::fmt::Display) -> ErrorAnswer {
    invalid(format!("Invalid {of}: {what}"))
}

impl Condition {
    /// Whether the condition is true of an item. A missing item counts as an empty one.
    pub(in super::super) fn is_true_of(&self, item: &TableItem) -> bool {
        match self {
            Condition::Or(left, right) => left.is_true_of(item) || right.is_true_of(item),
            Condition::And(left, right) => left.is_true_of(item) && right.is_true_of(item),
            Condition::Not(inner) => !inner.is_true_of(item),
            Condition::Compare(left, how, right) => compare(&left.value(item), *how, &right.value(item)),
            Condition::Between(operand, low, high) => {
                let value = operand.value(item);
                compare(&value, Comparator::GreaterOrEqual, &low.value(item))
                    && compare(&value, Comparator::LessOrEqual, &high.value(item))
            }
            Condition::In(operand, list) => {
                let value = operand.value(item);
                list.iter().any(|one| compare(&value, Comparator::Equal, &one.value(item)))
            }
            Condition::Call(call) => call.is_true_of(item),
        }
    }
}

/// A missing value is unequal to every value, and has no order.
fn compare(left: &Option<Cow<'_, Value>>, how: Comparator, right: &Option<Cow<'_, Value>>) -> bool {
    let (Some(left), Some(right)) = (left, right) else { return how == Comparator::NotEqual };
    let order = order(left, right);
    match how {
        Comparator::Equal => left == right,
        Comparator::NotEqual => left != right,
        Comparator::Less => order == Some(Ordering::Less),
        Comparator::LessOrEqual => order.is_some_and(Ordering::is_le),
        Comparator::Greater => order == Some(Ordering::Greater),
        Comparator::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
    }
}

impl Operand {
    fn value<'v>(&'v self, item: &'v TableItem) -> Option<Cow<'v, Value>> {
        match self {
            Operand::Path(path) => path.get(item).map(Cow::Borrowed),
            Operand::Value(value) => Some(Cow::Borrowed(value)),
            Operand::Call(call) => length(call.arguments[0].value(item)?.as_ref()).map(Cow::Owned),
            Operand::Placeholder(_) => None,
        }
    }
}

/// `size`: the length of a string or binary, the number of elements of a set, list or map.
fn length(value: &Value) -> Option<Value> {
    let length = match parts(value) {
        ("S", Value::String(text)) => text.chars().count(),
        ("B", _) => size(value),
        (_, Value::Array(items)) => items.len(),
        (_, Value::Object(items)) => items.len(),
        _ => return None,
    };
    Some(json!({"N": length.to_string()}))
}

impl FunctionCall {
    fn is_true_of(&self, item: &TableItem) -> bool {
        let value = |index: usize| self.arguments.get(index).and_then(|operand| operand.value(item));
        let Some(first) = value(0) else { return self.name == "attribute_not_exists" };
        let second = value(1);
        match (&*self.name, second) {
            ("attribute_exists", _) => true,
            ("attribute_type", Some(kind)) => kind["S"] == parts(&first).0,
            ("begins_with", Some(prefix)) => begins_with(&first, &prefix),
            ("contains", Some(part)) => contains(&first, &part),
            _ => false,
        }
    }
}

fn begins_with(value: &Value, prefix: &Value) -> bool {
    match (value["S"].as_str(), prefix["S"].as_str()) {
        (Some(value), Some(prefix)) => value.starts_with(prefix),
        _ => false,
    }
}

/// A part of a string, or an element of a set or list.
fn contains(value: &Value, part: &Value) -> bool {
    let (kind, inner) = parts(part);
    match parts(value) {
        ("S", Value::String(text)) => part["S"].as_str().is_some_and(|part| text.contains(part)),
        ("L", Value::Array(items)) => items.contains(part),
        ("SS", Value::Array(items)) => kind == "S" && items.contains(inner),
        ("NS", Value::Array(items)) => kind == "N" && items.contains(inner),
        ("BS", Value::Array(items)) => kind == "B" && items.contains(inner),
        _ => false,
    }
}
