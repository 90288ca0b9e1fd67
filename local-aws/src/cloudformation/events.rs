//! DescribeStackEvents.

use serde_json::{Value, json};

use super::create::no_such_stack;
use super::{StackEvent, StackRecord, request};
use crate::clock::iso;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::paging;
use crate::service::Context;

/// Newest first.
pub(super) fn describe_stack_events(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let cloudformation = &context.world.cloudformation;
    let name = request::name_or_id(&mut input)?;
    let token = request::next_token(&mut input)?;
    input.finish()?;
    let state = cloudformation.lock();
    let found = state.find(context.region, &name).ok_or_else(|| no_such_stack(&name))?;
    let stack = &state.stacks[found];
    let newest_first = stack.events.iter().rev().filter(|event| event.validation.is_none());
    let newest_first: Vec<&StackEvent> = newest_first.collect();
    let identity = ["DescribeStackEvents", &stack.id];
    let page = paging::page(&newest_first, cloudformation.page_size, token.as_deref(), &identity);
    let page = page.map_err(request::bad_token)?;
    let shown: Vec<Value> = page.items.iter().map(|event| shown(stack, event)).collect();
    let mut output = json!({"StackEvents": shown});
    if let Some(next) = page.next {
        output["NextToken"] = json!(next);
    }
    Ok(output)
}

fn shown(stack: &StackRecord, event: &StackEvent) -> Value {
    let mut shown = json!({
        "StackId": stack.id,
        "EventId": event.id,
        "StackName": stack.name,
        "LogicalResourceId": event.logical,
        "PhysicalResourceId": event.physical,
        "ResourceType": event.kind,
        "Timestamp": iso(event.at),
        "ResourceStatus": event.status,
    });
    if let Some(reason) = &event.reason {
        shown["ResourceStatusReason"] = json!(reason);
    }
    if !event.operation.id.is_empty() {
        shown["OperationId"] = json!(event.operation.id);
    }
    if let Some(token) = &event.token {
        shown["ClientRequestToken"] = json!(token);
    }
    shown
}
