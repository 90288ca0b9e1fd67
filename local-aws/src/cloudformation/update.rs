//! UpdateStack.

use serde_json::{Value, json};

use super::create::no_such_stack;
use super::{
    Goal, Moment, StackRecord, body, capabilities, deployment, document, invalid, parameters, request,
    resources, tokens,
};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

const OPERATION: &str = "UpdateStack";

/// A stack that failed without a rollback can be updated, too, but only DisableRollback leads to such a stack.
const UPDATABLE: &[&str] = &[
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
];

pub(super) fn update_stack(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let cloudformation = &context.world.cloudformation;
    let name = request::name_or_id(&mut input)?;
    let token = tokens::token(&mut input)?;
    let text = body::template(cloudformation, &mut input)?;
    let uses_previous = input.boolean("UsePreviousTemplate")?.unwrap_or(false);
    let given = parameters::given(&mut input)?;
    // Left out, tags stay; an empty list takes them all away.
    let tags = if input.has("Tags") { Some(request::tags(&mut input)?) } else { None };
    let role = request::role(&mut input)?;
    let capabilities = capabilities::given(&mut input)?;
    let deployment = deployment::given(&mut input)?;
    input.finish()?;
    let mut state = cloudformation.lock();
    if let Some(id) = state.tokens.earlier(context.region, token.as_deref(), OPERATION, &name)? {
        return Ok(json!({"StackId": id}));
    }
    let found = state.find(context.region, &name).ok_or_else(|| no_such_stack(&name))?;
    let stack = &mut state.stacks[found];
    if !UPDATABLE.contains(&stack.status) {
        return Err(invalid(format!(
            "Stack:{} is in {} state and can not be updated.",
            stack.id, stack.status
        )));
    }
    let template = match text {
        Some(_) if uses_previous => {
            return Err(invalid("You cannot specify both usePreviousTemplate and a template."));
        }
        Some(text) => document::read(&text, &capabilities)?,
        None if uses_previous => stack.goal.template.clone(),
        None => return Err(body::missing()),
    };
    let values = parameters::checked(&template, given, &stack.goal.parameters)?;
    capabilities::check(&template, &values, &capabilities)?;
    let goal = Goal {
        template,
        parameters: values,
        tags: tags.unwrap_or_else(|| stack.goal.tags.clone()),
        // It sticks.
        role: role.or_else(|| stack.goal.role.clone()),
        capabilities,
    };
    resources::check(&StackRecord { goal: goal.clone(), ..stack.clone() })?;
    parameters::served(&goal.template, &goal.parameters)?;
    if same(&goal, &stack.goal) {
        return Err(invalid("No updates are to be performed."));
    }
    stack.deployment = deployment;
    let id = begin(stack, goal, token.clone(), context);
    let operation = stack.operation.id.clone();
    state.tokens.remember(context.region, token.as_deref(), OPERATION, &name, &id);
    Ok(json!({"StackId": id, "OperationId": operation}))
}

fn begin(stack: &mut StackRecord, goal: Goal, token: Option<String>, context: &Context<'_>) -> String {
    let earlier = std::mem::replace(&mut stack.goal, goal);
    stack.before = Some((earlier, stack.made.clone()));
    stack.updated = Some(context.now);
    stack.token = token;
    stack.begin("UPDATE_STACK");
    let ends = context.now + context.world.cloudformation.step;
    let now = Moment { at: context.now, bus: &context.world.bus, ends };
    stack.enter(now, "UPDATE_IN_PROGRESS", Some("User Initiated".to_owned()));
    stack.id.clone()
}

/// A change of descriptions is no update: comments, `Description`, the template's own `Metadata`, and parameters
/// except for their values.
fn same(one: &Goal, other: &Goal) -> bool {
    let acts = |goal: &Goal| {
        let mut template = goal.template.clone();
        if let Some(sections) = template.as_object_mut() {
            for section in ["Description", "Metadata", "Parameters"] {
                sections.remove(section);
            }
        }
        let mut parameters = goal.parameters.clone();
        parameters.sort();
        let mut tags = goal.tags.clone();
        tags.sort();
        (template, parameters, tags, goal.role.clone())
    };
    acts(one) == acts(other)
}
