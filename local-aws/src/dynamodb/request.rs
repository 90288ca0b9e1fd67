//! Reads the parts that the requests of several operations have in common.

use std::sync::MutexGuard;

use serde_json::{Value, json};

use super::expression::Condition;
use super::value::TableItem;
use super::write::{ItemWrite, WriteResult};
use super::{DynamoDbTable, invalid};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

/// The tables while they are worked on, and which of them a request is about.
pub(super) struct Locked<'a> {
    tables: MutexGuard<'a, Vec<DynamoDbTable>>,
    place: usize,
}

impl Locked<'_> {
    pub(super) fn table(&mut self) -> &mut DynamoDbTable {
        &mut self.tables[self.place]
    }
}

/// The index of a table among those of the caller's region.
pub(super) fn place(
    tables: &[DynamoDbTable],
    context: &Context<'_>,
    name: &str,
) -> Result<usize, ErrorAnswer> {
    let found = tables.iter().position(|table| table.name == name && table.region == context.region);
    found.ok_or_else(|| ErrorAnswer::new("ResourceNotFoundException", "Requested resource not found"))
}

/// `TableName`, 3 to 255 of `a-zA-Z0-9_.-`. A table's ARN, which AWS takes too, is not served.
pub(super) fn table_name(input: &mut Members) -> Result<String, ErrorAnswer> {
    let name = input.string("TableName")?.unwrap_or_default();
    if name.starts_with("arn:") {
        return Err(ErrorAnswer::not_served("an ARN as TableName"));
    }
    if is_table_name(&name) {
        return Ok(name);
    }
    Err(invalid(format!(
        "Invalid table/index name '{name}'.  Table/index names must be between 3 and 255 characters long, and may contain \
         only the characters a-z, A-Z, 0-9, '_', '-', and '.'"
    )))
}

pub(crate) fn is_table_name(name: &str) -> bool {
    (3..=255).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

pub(super) fn lock<'a>(context: &Context<'a>, name: &str) -> Result<Locked<'a>, ErrorAnswer> {
    let tables = context.world.dynamodb.lock();
    let place = place(&tables, context, name)?;
    Ok(Locked { tables, place })
}

/// Performs a write outside a transaction.
pub(super) fn alone(context: &Context<'_>, write: &ItemWrite) -> Result<WriteResult, ErrorAnswer> {
    let mut locked = lock(context, &write.table)?;
    let table = locked.table();
    let key = write.key(table)?;
    write.check(table, &key)?;
    write.carry_out(table, &key)
}

/// `Key` or `Item`.
pub(super) fn item(input: &mut Members, member: &str) -> Result<TableItem, ErrorAnswer> {
    input.object(member)?.ok_or_else(|| {
        let member = member.to_lowercase();
        invalid(format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

/// The answer to `ReturnValues` of PutItem and DeleteItem: the previous item, if the request asks for it.
pub(super) fn old(before: Option<TableItem>, returned: &str) -> Value {
    match before.filter(|_| returned == "ALL_OLD") {
        Some(before) => json!({"Attributes": before}),
        None => json!({}),
    }
}

/// One of a few words; `NONE` when it is left out.
pub(super) fn choice(input: &mut Members, member: &str, allowed: &[&str]) -> Result<String, ErrorAnswer> {
    let given = input.string(member)?.unwrap_or_else(|| "NONE".to_owned());
    if allowed.contains(&&*given) {
        return Ok(given);
    }
    let allowed = allowed.join(", ");
    let member = format!("{}{}", member[..1].to_lowercase(), &member[1..]);
    Err(invalid(format!(
        "1 validation error detected: Value '{given}' at '{member}' failed to satisfy constraint: Member must satisfy enum \
         value set: [{allowed}]"
    )))
}

/// Whether a failed condition returns the item. Requests for consumed capacity are refused.
pub(super) fn on_failure(input: &mut Members) -> Result<bool, ErrorAnswer> {
    uncounted(input)?;
    let asked = choice(input, "ReturnValuesOnConditionCheckFailure", &["NONE", "ALL_OLD"])?;
    Ok(asked == "ALL_OLD")
}

/// Capacity is not counted.
pub(super) fn uncounted(input: &mut Members) -> Result<(), ErrorAnswer> {
    for member in ["ReturnConsumedCapacity", "ReturnItemCollectionMetrics"] {
        if let Some(other) = input.string(member)?.filter(|value| value != "NONE") {
            return Err(ErrorAnswer::not_served(format_args!("{member} {other}")));
        }
    }
    Ok(())
}

/// Refuses the request unless the condition is true of the existing item.
pub(super) fn check(
    condition: Option<&Condition>,
    there: Option<&TableItem>,
    with_item: bool,
) -> Result<(), ErrorAnswer> {
    let nothing = TableItem::new();
    if condition.is_none_or(|condition| condition.is_true_of(there.unwrap_or(&nothing))) {
        return Ok(());
    }
    let refusal = ErrorAnswer::new("ConditionalCheckFailedException", "The conditional request failed");
    Err(match there.filter(|_| with_item) {
        Some(item) => refusal.with("Item", Value::Object(item.clone())),
        None => refusal,
    })
}
