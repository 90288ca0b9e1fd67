//! DeleteStack.

use serde_json::Value;

use super::{Moment, deployment, invalid, request, tokens};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

const OPERATION: &str = "DeleteStack";

/// Deleting a stack that does not exist, or no longer exists, succeeds without effect.
pub(super) fn delete_stack(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let cloudformation = &context.world.cloudformation;
    let name = request::name_or_id(&mut input)?;
    let token = tokens::token(&mut input)?;
    let role = request::role(&mut input)?;
    let deployment = deployment::given(&mut input)?;
    input.finish()?;
    let mut state = cloudformation.lock();
    if state.tokens.earlier(context.region, token.as_deref(), OPERATION, &name)?.is_some() {
        return Ok(Value::Null);
    }
    let Some(found) = state.find(context.region, &name) else { return Ok(Value::Null) };
    let stack = &mut state.stacks[found];
    if matches!(stack.status, "DELETE_COMPLETE" | "DELETE_IN_PROGRESS") {
        return Ok(Value::Null);
    }
    if stack.protected {
        let message =
            format!("Stack [{}] cannot be deleted while TerminationProtection is enabled", stack.name);
        return Err(invalid(message));
    }
    // The creation of a stack can be cut short, an update cannot.
    if stack.status.starts_with("UPDATE_") && stack.status.ends_with("_IN_PROGRESS") {
        return Err(invalid(format!(
            "Stack [{}] cannot be deleted while in status {}",
            stack.id, stack.status
        )));
    }
    stack.goal.role = role.or(stack.goal.role.take());
    stack.token = token.clone();
    stack.deployment = deployment;
    stack.begin("DELETE_STACK");
    stack.deleted = Some(context.now);
    let now = Moment { at: context.now, bus: &context.world.bus, ends: context.now + cloudformation.step };
    stack.enter(now, "DELETE_IN_PROGRESS", Some("User Initiated".to_owned()));
    let id = stack.id.clone();
    state.tokens.remember(context.region, token.as_deref(), OPERATION, &name, &id);
    Ok(Value::Null)
}
