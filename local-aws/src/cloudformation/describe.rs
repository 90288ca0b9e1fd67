//! DescribeStacks.

use serde_json::{Value, json};

use super::stack::Output;
use super::{StackRecord, invalid, request};
use crate::clock::iso;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::paging;
use crate::service::Context;

/// One stack by its name or id, a deleted one by its id only; without a name all that are not deleted, newest first.
pub(super) fn describe_stacks(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let cloudformation = &context.world.cloudformation;
    let name = if input.has("StackName") { Some(request::name_or_id(&mut input)?) } else { None };
    let token = request::next_token(&mut input)?;
    input.finish()?;
    let state = cloudformation.lock();
    if let Some(name) = name {
        let missing = || invalid(format!("Stack with id {name} does not exist"));
        let found = state.find(context.region, &name).ok_or_else(missing)?;
        return Ok(json!({"Stacks": [shown(&state.stacks[found])]}));
    }
    let here = |stack: &&StackRecord| stack.region == context.region && stack.is_living();
    let stacks: Vec<&StackRecord> = state.stacks.iter().rev().filter(here).collect();
    let page = paging::page(&stacks, cloudformation.page_size, token.as_deref(), &["DescribeStacks"]);
    let page = page.map_err(request::bad_token)?;
    let shown: Vec<Value> = page.items.iter().map(|stack| shown(stack)).collect();
    let mut output = json!({"Stacks": shown});
    if let Some(next) = page.next {
        output["NextToken"] = json!(next);
    }
    Ok(output)
}

fn shown(stack: &StackRecord) -> Value {
    let pairs = |pairs: &[(String, String)], key: &str, value: &str| -> Value {
        pairs.iter().map(|(name, text)| json!({key: name, value: text})).collect()
    };
    let mut shown = json!({
        "StackId": stack.id,
        "StackName": stack.name,
        "CreationTime": iso(stack.created),
        "StackStatus": stack.status,
        "DisableRollback": false,
        "EnableTerminationProtection": stack.protected,
        "NotificationARNs": [],
        "Capabilities": stack.goal.capabilities,
        "Parameters": pairs(&parameters(stack), "ParameterKey", "ParameterValue"),
        "Tags": pairs(&stack.goal.tags, "Key", "Value"),
        "RollbackConfiguration": {},
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    });
    let parent = stack.parent.as_ref();
    let optional = [
        ("LastUpdatedTime", stack.updated.map(iso)),
        ("DeletionTime", stack.deleted.map(iso)),
        ("StackStatusReason", stack.reason.clone().map(Value::from)),
        ("DeploymentConfig", stack.deployment.shown()),
        ("Description", stack.goal.template.get("Description").cloned()),
        ("RoleARN", stack.goal.role.clone().map(Value::from)),
        ("Outputs", (!stack.outputs.is_empty()).then(|| stack.outputs.iter().map(output).collect())),
        // One level is all that a world can have.
        ("ParentId", parent.cloned().map(Value::from)),
        ("RootId", parent.cloned().map(Value::from)),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            shown[name] = value;
        }
    }
    shown
}

/// The values of the parameters, with `****` for those that their template hides.
fn parameters(stack: &StackRecord) -> Vec<(String, String)> {
    let declared = &stack.goal.template["Parameters"];
    let hidden = |name: &str| {
        matches!(&declared[name]["NoEcho"], Value::Bool(true)) || declared[name]["NoEcho"] == "true"
    };
    let shown = |(name, value): &(String, String)| {
        (name.clone(), if hidden(name) { "****".to_owned() } else { value.clone() })
    };
    stack.goal.parameters.iter().map(shown).collect()
}

fn output(output: &Output) -> Value {
    let mut shown = json!({"OutputKey": output.key, "OutputValue": output.value});
    for (name, value) in [("Description", &output.description), ("ExportName", &output.export)] {
        if let Some(value) = value {
            shown[name] = json!(value);
        }
    }
    shown
}
