//! UpdateTerminationProtection.

use serde_json::{Value, json};

use super::create::no_such_stack;
use super::{invalid, request};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

pub(super) fn update_termination_protection(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let name = request::name_or_id(&mut input)?;
    let enabled = input.boolean("EnableTerminationProtection")?;
    input.finish()?;
    let enabled = enabled.ok_or_else(|| {
        invalid(
            "1 validation error detected: Value null at 'enableTerminationProtection' failed to satisfy constraint: \
             Member must not be null",
        )
    })?;
    let mut state = context.world.cloudformation.lock();
    let found = state.find(context.region, &name).ok_or_else(|| no_such_stack(&name))?;
    let stack = &mut state.stacks[found];
    if stack.parent.is_some() {
        let message =
            "Termination Protection cannot be changed on a nested stack: change it on the root stack.";
        return Err(invalid(message));
    }
    if matches!(stack.status, "DELETE_IN_PROGRESS" | "DELETE_COMPLETE") {
        let message = "TerminationProtection cannot be changed while the stack is in status";
        return Err(invalid(format!("{message} {}", stack.status)));
    }
    stack.protected = enabled;
    Ok(json!({"StackId": stack.id}))
}
