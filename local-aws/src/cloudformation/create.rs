//! CreateStack.

use serde_json::{Value, json};

use super::{
    Goal, Moment, StackRecord, body, capabilities, deployment, document, invalid, parameters, request,
    resources, tokens,
};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

const OPERATION: &str = "CreateStack";

pub(super) fn create_stack(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let cloudformation = &context.world.cloudformation;
    let name = request::new_name(&mut input)?;
    let token = tokens::token(&mut input)?;
    let text = body::template(cloudformation, &mut input)?;
    let given = parameters::given(&mut input)?;
    let tags = request::tags(&mut input)?;
    let role = request::role(&mut input)?;
    let capabilities = capabilities::given(&mut input)?;
    let protected = input.boolean("EnableTerminationProtection")?.unwrap_or(false);
    let deployment = deployment::given(&mut input)?;
    input.finish()?;
    let mut state = cloudformation.lock();
    if let Some(id) = state.tokens.earlier(context.region, token.as_deref(), OPERATION, &name)? {
        return Ok(json!({"StackId": id}));
    }
    if state.find(context.region, &name).is_some() {
        return Err(ErrorAnswer::new("AlreadyExistsException", format!("Stack [{name}] already exists")));
    }
    let template = document::read(&text.ok_or_else(body::missing)?, &capabilities)?;
    let values = parameters::checked(&template, given, &[])?;
    capabilities::check(&template, &values, &capabilities)?;
    if state.stacks.iter().filter(|stack| stack.is_living()).count() >= cloudformation.max_stacks {
        return Err(ErrorAnswer::new("LimitExceededException", "Limit for stack has been exceeded"));
    }
    let nth = state.stacks.iter().filter(|stack| stack.name == name).count();
    let mut stack = StackRecord::new(&name, context.region, nth, context.now);
    stack.goal = Goal { template, parameters: values, tags, role, capabilities };
    resources::check(&stack)?;
    parameters::served(&stack.goal.template, &stack.goal.parameters)?;
    stack.protected = protected;
    stack.token = token.clone();
    stack.deployment = deployment;
    stack.begin("CREATE_STACK");
    let now = Moment { at: context.now, bus: &context.world.bus, ends: context.now + cloudformation.step };
    stack.enter(now, "CREATE_IN_PROGRESS", Some("User Initiated".to_owned()));
    let (id, operation) = (stack.id.clone(), stack.operation.id.clone());
    state.stacks.push(stack);
    state.tokens.remember(context.region, token.as_deref(), OPERATION, &name, &id);
    Ok(json!({"StackId": id, "OperationId": operation}))
}

pub(super) fn no_such_stack(name: &str) -> ErrorAnswer {
    invalid(format!("Stack [{name}] does not exist"))
}
