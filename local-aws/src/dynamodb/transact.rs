//! TransactWriteItems: all of its writes, or none.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::value::TableItem;
use super::write::{ItemWrite, WriteKind};
use super::{DynamoDbTable, invalid, request};
use crate::error_answer::ErrorAnswer;
use crate::ids;
use crate::members::Members;
use crate::service::Context;

/// "Up to 100 actions in a TransactWriteItems request" (Amazon DynamoDB Developer Guide).
const MOST: usize = 100;

/// "A client token is valid for 10 minutes after the request that uses it finishes" (TransactWriteItems, API reference).
const REMEMBERED: SignedDuration = SignedDuration::from_mins(10);

/// A transaction that was carried out, by its token.
#[derive(Debug)]
pub(super) struct Remembered {
    token: String,
    /// A digest of the writes.
    content: String,
    at: Timestamp,
}

const KINDS: &[(&str, WriteKind)] = &[
    ("Put", WriteKind::Put),
    ("Update", WriteKind::Update),
    ("Delete", WriteKind::Delete),
    ("ConditionCheck", WriteKind::Check),
];

pub(super) fn transact_write_items(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    request::uncounted(&mut input)?;
    let token = input.string("ClientRequestToken")?;
    let content = ids::digest(&[&input.text()]);
    let items = input.structures("TransactItems")?;
    input.finish()?;
    if !(1..=MOST).contains(&items.len()) {
        return Err(invalid(format!(
            "1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length \
             less than or equal to {MOST} and greater than or equal to 1"
        )));
    }
    let writes = items.into_iter().map(write).collect::<Result<Vec<_>, _>>()?;
    let dynamodb = &context.world.dynamodb;
    // Locked to the end: no other call comes between the conditions and the writes.
    let mut tables = dynamodb.lock();
    let mut remembered = dynamodb.transactions.lock().expect("no holder of this lock panics");
    remembered.retain(|one| one.at + REMEMBERED > context.now);
    if let Some(token) = &token
        && let Some(before) = remembered.iter().find(|one| one.token == *token)
    {
        return match before.content == content {
            true => Ok(json!({})),
            false => Err(ErrorAnswer::new(
                "IdempotentParameterMismatchException",
                "The request uses the same client token as a previous, but non-identical request.",
            )),
        };
    }
    carry_out(context, &mut tables, &writes)?;
    remembered.extend(token.map(|token| Remembered { token, content, at: context.now }));
    Ok(json!({}))
}

/// Reads one entry of TransactItems: exactly one member names the write.
fn write(mut item: Members) -> Result<ItemWrite, ErrorAnswer> {
    let mut found = None;
    for (member, kind) in KINDS {
        if let Some(input) = item.structure(member)? {
            if found.is_some() {
                return Err(invalid("TransactItems can only contain one of Check, Put, Update or Delete"));
            }
            let write = ItemWrite::take(*kind, input)?;
            if *kind == WriteKind::Check && !write.is_conditional() {
                return Err(invalid("ConditionCheck: ConditionExpression must not be null"));
            }
            found = Some(write);
        }
    }
    item.finish()?;
    found.ok_or_else(|| {
        invalid("Invalid Request: TransactWriteRequest should contain Delete or Put or Update request")
    })
}

fn carry_out(
    context: &Context<'_>,
    tables: &mut [DynamoDbTable],
    writes: &[ItemWrite],
) -> Result<(), ErrorAnswer> {
    let mut targets: Vec<(usize, TableItem)> = Vec::new();
    for write in writes {
        let place = request::place(tables, context, &write.table)?;
        let target = (place, write.key(&tables[place])?);
        if targets.contains(&target) {
            return Err(invalid("Transaction request cannot include multiple operations on one item"));
        }
        targets.push(target);
    }
    let checked = writes.iter().zip(&targets).map(|(write, (place, key))| {
        let table = &tables[*place];
        write.check(table, key).and_then(|()| write.after(table, key).map(drop))
    });
    let checked: Vec<Result<(), ErrorAnswer>> = checked.collect();
    if checked.iter().any(Result::is_err) {
        return Err(cancelled(checked));
    }
    for (write, (place, key)) in writes.iter().zip(&targets) {
        write.carry_out(&mut tables[*place], key)?;
    }
    Ok(())
}

/// A reason for each write, in their order.
fn cancelled(checked: Vec<Result<(), ErrorAnswer>>) -> ErrorAnswer {
    let code = |refusal: &ErrorAnswer| match refusal.code.as_str() {
        "ConditionalCheckFailedException" => "ConditionalCheckFailed",
        _ => "ValidationError",
    };
    let codes: Vec<&str> = checked.iter().map(|one| one.as_ref().map_or_else(code, |()| "None")).collect();
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    let reasons = checked.iter().zip(&codes).map(|(one, code)| match one {
        Ok(()) => json!({"Code": code}),
        Err(refusal) => {
            let mut reason = json!({"Code": code, "Message": refusal.message});
            for (member, value) in refusal.further.iter().flat_map(|further| further.iter()) {
                reason[member] = value.clone();
            }
            reason
        }
    });
    ErrorAnswer::new("TransactionCanceledException", message).with("CancellationReasons", reasons.collect())
}
