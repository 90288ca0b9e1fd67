//! Query, of a table (indexes are not served).

use serde_json::{Value, json};

use super::expression::bindings::Bindings;
use super::expression::path::{DocumentPath, project};
use super::expression::{Comparator, Condition, Operand};
use super::value::{TableItem, parts};
use super::{DynamoDbTable, KeyPart, invalid, request};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

/// "A single Query operation can retrieve a maximum of 1 MB of data." The same holds for Scan.
const PAGE_BYTES: usize = 1024 * 1024;

pub(super) fn query(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let name = request::table_name(&mut input)?;
    let limit = limit(input.integer("Limit")?)?;
    input.boolean("ConsistentRead")?;
    let forward = input.boolean("ScanIndexForward")?.unwrap_or(true);
    let start = input.object("ExclusiveStartKey")?;
    request::uncounted(&mut input)?;
    let mut bindings = Bindings::take(&mut input)?;
    let key_condition = bindings.condition(&mut input, "KeyConditionExpression")?;
    let filter = bindings.condition(&mut input, "FilterExpression")?;
    let projection = bindings.projection(&mut input)?;
    bindings.finish()?;
    input.finish()?;
    let key_condition = key_condition.ok_or_else(|| {
        invalid(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
        )
    })?;
    let mut locked = request::lock(context, &name)?;
    let table = &*locked.table();
    check_key_condition(&key_condition, table)?;
    let start = start.map(|key| table.checked_key(key)).transpose()?;
    let mut items: Vec<&TableItem> =
        table.sorted().into_iter().filter(|item| key_condition.is_true_of(item)).collect();
    if !forward {
        items.reverse();
    }
    let (page, last) = page(table, &items, start.as_ref(), limit)?;
    Ok(answer(page, last, filter.as_ref(), projection.as_deref()))
}

/// The answer of a read of many items: those of the page that the filter lets through, as the projection shows them.
pub(super) fn answer(
    page: &[&TableItem],
    last: Option<TableItem>,
    filter: Option<&Condition>,
    projection: Option<&[DocumentPath]>,
) -> Value {
    let fits = |item: &&&TableItem| filter.is_none_or(|filter| filter.is_true_of(item));
    let shown = |item: &&TableItem| projection.map_or_else(|| (*item).clone(), |paths| project(item, paths));
    let found: Vec<TableItem> = page.iter().filter(fits).map(shown).collect();
    let mut output = json!({"Count": found.len(), "ScannedCount": page.len(), "Items": found});
    if let Some(last) = last {
        output["LastEvaluatedKey"] = last.into();
    }
    output
}

/// The most items of a page.
pub(super) fn limit(given: Option<i64>) -> Result<usize, ErrorAnswer> {
    let Some(limit) = given else { return Ok(usize::MAX) };
    usize::try_from(limit).ok().filter(|limit| *limit > 0).ok_or_else(|| {
        invalid(format!("1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"))
    })
}

/// The items after `start`, and the key of the last one if more may follow.
pub(super) fn page<'t>(
    table: &DynamoDbTable,
    items: &'t [&'t TableItem],
    start: Option<&TableItem>,
    limit: usize,
) -> Result<(&'t [&'t TableItem], Option<TableItem>), ErrorAnswer> {
    let is_start = |item: &&TableItem| {
        start.is_some_and(|start| start.iter().all(|(name, value)| item.get(name) == Some(value)))
    };
    // DynamoDB also continues after a key that was deleted; here the key must exist.
    let begin = match start {
        None => 0,
        Some(_) => items
            .iter()
            .position(is_start)
            .map(|place| place + 1)
            .ok_or_else(|| ErrorAnswer::not_served("an ExclusiveStartKey that no item has"))?,
    };
    let rest = &items[begin..];
    let mut bytes = 0;
    let within = rest.iter().take_while(|item| {
        bytes += super::value::item_size(item);
        bytes <= PAGE_BYTES
    });
    let count = within.count().max(1).min(limit).min(rest.len());
    let page = &rest[..count];
    let is_full = count == limit || count < rest.len();
    let last = page.last().filter(|_| is_full).map(|item| table.key_of_item(item)).transpose()?;
    Ok((page, last))
}

/// The hash key is one value, and the range key is compared with a value, or between two, or begins with one.
fn check_key_condition(condition: &Condition, table: &DynamoDbTable) -> Result<(), ErrorAnswer> {
    let unsupported = || invalid("Query key condition not supported");
    let mut conditions = Vec::new();
    flatten(condition, &mut conditions);
    let about = |part: &KeyPart| {
        conditions.iter().filter(|one| attribute(one) == Some(&part.name)).collect::<Vec<_>>()
    };
    let missed =
        |part: &KeyPart| invalid(format!("Query condition missed key schema element: {}", part.name));
    match about(&table.hash)[..] {
        [Condition::Compare(_, Comparator::Equal, Operand::Value(_))] => {}
        [] => return Err(missed(&table.hash)),
        _ => return Err(unsupported()),
    }
    match (conditions.len(), &table.range) {
        (1, _) => {}
        (2, Some(range)) => match about(range)[..] {
            [Condition::Compare(_, how, Operand::Value(_))] if *how != Comparator::NotEqual => {}
            [Condition::Between(..)] => {}
            [Condition::Call(call)] if call.name == "begins_with" => {}
            [] => return Err(missed(range)),
            _ => return Err(unsupported()),
        },
        _ => return Err(unsupported()),
    }
    table.key_parts().try_for_each(|part| {
        let mut values = about(part).into_iter().flat_map(|one| compared(one));
        values.try_for_each(|value| check_value(part, value))
    })
}

/// The values that a part of the condition compares the attribute with.
fn compared<'c>(condition: &'c Condition) -> Vec<&'c Value> {
    let operands: Vec<&'c Operand> = match condition {
        Condition::Compare(_, _, right) => vec![right],
        Condition::Between(_, low, high) => vec![low, high],
        Condition::Call(call) => call.arguments.iter().skip(1).collect(),
        _ => Vec::new(),
    };
    let value = |operand: &'c Operand| match operand {
        Operand::Value(value) => Some(value),
        _ => None,
    };
    operands.into_iter().filter_map(value).collect()
}

/// A value has the type of the key, and no key is empty.
fn check_value(part: &KeyPart, value: &Value) -> Result<(), ErrorAnswer> {
    if parts(value).0 != part.kind {
        return Err(invalid(
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        ));
    }
    part.check_not_empty(value)
}

fn flatten<'c>(condition: &'c Condition, parts: &mut Vec<&'c Condition>) {
    match condition {
        Condition::And(left, right) => {
            flatten(left, parts);
            flatten(right, parts);
        }
        other => parts.push(other),
    }
}

/// The attribute that a part of the condition is about.
fn attribute(condition: &Condition) -> Option<&str> {
    let operand = match condition {
        Condition::Compare(operand, ..) | Condition::Between(operand, ..) => operand,
        Condition::Call(call) => call.arguments.first()?,
        _ => return None,
    };
    match operand {
        Operand::Path(path) => path.whole_attribute(),
        _ => None,
    }
}
