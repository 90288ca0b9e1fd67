//! DescribeEvents: the events of one operation, with those that DescribeStackEvents does not have.

use serde_json::{Value, json};

use super::create::no_such_stack;
use super::{StackEvent, StackRecord, StackStore, invalid, request};
use crate::clock::iso;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::paging;
use crate::service::Context;

/// An operation on a stack. The rollback that follows a failure is an operation of its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
}

/// A failed validation before a deployment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ValidationRecord {
    pub(crate) name: String,
    pub(crate) reason: String,
    pub(crate) path: String,
}

/// Newest first. Of the operation with the id or, by the stack alone, of its newest operation.
pub(super) fn describe_events(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let cloudformation = &context.world.cloudformation;
    let name = if input.has("StackName") { Some(request::name_or_id(&mut input)?) } else { None };
    let operation = input.string("OperationId")?;
    let failed_only = match input.structure("Filters")? {
        None => false,
        Some(mut filters) => {
            let failed = filters.boolean("FailedEvents")?.unwrap_or(false);
            filters.finish()?;
            failed
        }
    };
    let token = request::next_token(&mut input)?;
    input.finish()?;
    let state = cloudformation.lock();
    let (stack, operation) = found(&state, context.region, name, operation)?;
    let shown = stack.events.iter().rev().filter(|event| event.operation.id == operation);
    let shown: Vec<Value> = shown.map(|event| described(stack, event)).collect();
    let kept: Vec<&Value> = shown.iter().filter(|event| !failed_only || is_failure(event)).collect();
    let identity = ["DescribeEvents", &stack.id, &operation];
    let page = paging::page(&kept, cloudformation.page_size, token.as_deref(), &identity);
    let page = page.map_err(request::bad_token)?;
    let mut output = json!({"OperationEvents": page.items});
    if let Some(next) = page.next {
        output["NextToken"] = json!(next);
    }
    Ok(output)
}

fn found<'s>(
    state: &'s StackStore,
    region: &str,
    name: Option<String>,
    operation: Option<String>,
) -> Result<(&'s StackRecord, String), ErrorAnswer> {
    let has = |stack: &StackRecord, id: &str| stack.events.iter().any(|event| event.operation.id == id);
    let stack = match (&name, &operation) {
        (None, None) => {
            return Err(invalid("One of ChangeSetName, OperationId or StackName must be specified"));
        }
        (Some(name), _) => &state.stacks[state.find(region, name).ok_or_else(|| no_such_stack(name))?],
        (None, Some(id)) => {
            let found = state.stacks.iter().find(|stack| stack.region == region && has(stack, id));
            found.ok_or_else(|| no_such_operation(id))?
        }
    };
    let newest = || stack.events.last().map(|event| event.operation.id.clone()).unwrap_or_default();
    match operation {
        Some(id) if !has(stack, &id) => Err(no_such_operation(&id)),
        operation => Ok((stack, operation.unwrap_or_else(newest))),
    }
}

fn no_such_operation(id: &str) -> ErrorAnswer {
    invalid(format!("Operation [{id}] does not exist"))
}

fn is_failure(event: &Value) -> bool {
    event["OperationStatus"] == "FAILED"
        || matches!(event["EventType"].as_str(), Some("VALIDATION_ERROR" | "PROVISIONING_ERROR"))
}

fn described(stack: &StackRecord, event: &StackEvent) -> Value {
    let mut shown = json!({
        "EventId": event.id,
        "StackId": stack.id,
        "OperationId": event.operation.id,
        "OperationType": event.operation.kind,
        "LogicalResourceId": event.logical,
        "PhysicalResourceId": event.physical,
        "ResourceType": event.kind,
        "Timestamp": iso(event.at),
    });
    if let Some(token) = &event.token {
        shown["ClientRequestToken"] = json!(token);
    }
    if let Some(failed) = &event.validation {
        shown["EventType"] = json!("VALIDATION_ERROR");
        shown["ValidationFailureMode"] = json!("FAIL");
        shown["ValidationStatus"] = json!("FAILED");
        shown["ValidationName"] = json!(failed.name);
        shown["ValidationStatusReason"] = json!(failed.reason);
        shown["ValidationPath"] = json!(failed.path);
        return shown;
    }
    shown["ResourceStatus"] = json!(event.status);
    if let Some(reason) = &event.reason {
        shown["ResourceStatusReason"] = json!(reason);
    }
    let of_stack = event.physical == stack.id;
    shown["EventType"] = json!(match event.status.ends_with("_FAILED") {
        _ if of_stack => "STACK_EVENT",
        true => "PROVISIONING_ERROR",
        false => "PROGRESS_EVENT",
    });
    if of_stack {
        shown["OperationStatus"] = json!(operation_status(&event.operation, &event.status));
    }
    shown
}

/// An automatic rollback ends the failed operation and succeeds itself.
fn operation_status(operation: &Operation, status: &str) -> &'static str {
    let rollback = status.contains("ROLLBACK");
    match status {
        status if status.ends_with("_FAILED") || (rollback && operation.kind != "ROLLBACK") => "FAILED",
        status if status.ends_with("_IN_PROGRESS") => "IN_PROGRESS",
        _ => "SUCCEEDED",
    }
}
