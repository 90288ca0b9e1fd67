//! Carries steps out: one call to CloudFormation each, and each error that it has a name for told apart.

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::types::{Capability, Parameter, Tag as SdkTag};
use serde_json::{Map, Value, json};
use shared::aws::told;

use crate::aws::{Clients, is_throttling};
use crate::because::Because;
use crate::decide::{Making, Step};
use crate::event::stack_name;
use crate::identity::Tag;
use crate::rules::Template;

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acted {
    /// CloudFormation has begun it, or it is so already; what is shown of it.
    Done(String),
    /// It was not needed, or not possible any more: something else was faster.
    Overtaken(Because, String),
    /// It failed, after all retries.
    Failed(Because, String),
}

/// Carries one step out.
pub async fn act(step: &Step, aws: &Clients) -> Acted {
    match step {
        Step::Create(making) => create(making, aws).await,
        Step::Update(making) => update(making, aws).await,
        Step::Delete { stack, token } => {
            let call = aws.cloudformation.delete_stack().stack_name(stack).client_request_token(token);
            match call.send().await {
                Ok(_) => Acted::Done(stack.clone()),
                // The same deletion was asked for before, and then it was asked for.
                Err(error) if error.code() == Some("TokenAlreadyExistsException") => {
                    Acted::Done(stack.clone())
                }
                Err(error) => refused("cloudformation:DeleteStack", &error),
            }
        }
        Step::Protect { stack, on } => {
            let call = aws.cloudformation.update_termination_protection();
            match call.stack_name(stack).enable_termination_protection(*on).send().await {
                Ok(_) => Acted::Done(format!("termination protection {}", if *on { "on" } else { "off" })),
                Err(error) => refused("cloudformation:UpdateTerminationProtection", &error),
            }
        }
    }
}

async fn create(making: &Making, aws: &Clients) -> Acted {
    let Making { stack, wanted, tags, protected, token } = making;
    let (body, url) = template(&wanted.template);
    let call = aws.cloudformation.create_stack().stack_name(stack).client_request_token(token);
    let call = call.set_template_body(body).set_template_url(url).set_role_arn(wanted.role.clone());
    let call = call.set_parameters(parameters(&wanted.parameters)).set_tags(Some(sdk_tags(tags)));
    let call = call.set_capabilities(capabilities(&wanted.capabilities));
    match call.enable_termination_protection(*protected).send().await {
        Ok(output) => Acted::Done(output.stack_id.unwrap_or_default()),
        Err(error) => match error.code() {
            Some("AlreadyExistsException") => Acted::Overtaken(Because::MadeMeanwhile, told(&error)),
            Some("TokenAlreadyExistsException") => Acted::Overtaken(Because::TokenUsed, told(&error)),
            _ => refused("cloudformation:CreateStack", &error),
        },
    }
}

async fn update(making: &Making, aws: &Clients) -> Acted {
    let Making { stack, wanted, tags, token, .. } = making;
    let (body, url) = template(&wanted.template);
    let call = aws.cloudformation.update_stack().stack_name(stack).client_request_token(token);
    let call = call.set_template_body(body).set_template_url(url).set_role_arn(wanted.role.clone());
    let call = call.set_parameters(parameters(&wanted.parameters)).set_tags(Some(sdk_tags(tags)));
    match call.set_capabilities(capabilities(&wanted.capabilities)).send().await {
        Ok(output) => Acted::Done(output.stack_id.unwrap_or_default()),
        Err(error)
            if error.message().is_some_and(|message| message.contains("No updates are to be performed")) =>
        {
            Acted::Done("no updates are to be performed".to_owned())
        }
        Err(error) if error.code() == Some("TokenAlreadyExistsException") => Acted::Done(stack.clone()),
        Err(error) => refused("cloudformation:UpdateStack", &error),
    }
}

/// What an error means whatever the call was.
fn refused<E, R>(call: &'static str, error: &SdkError<E, R>) -> Acted
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug + 'static,
{
    let text = told(error);
    let changed = ["can not be updated", "cannot be updated", "cannot be deleted while in status"];
    let because = match (error.code(), error.message()) {
        (Some("InsufficientCapabilitiesException"), _) => {
            Because::InsufficientCapabilities { error: text.clone() }
        }
        (Some("LimitExceededException"), _) => Because::AccountFull,
        (Some("ValidationError"), Some(message)) if changed.iter().any(|words| message.contains(words)) => {
            return Acted::Overtaken(Because::ChangedMeanwhile { error: text.clone() }, text);
        }
        _ => Because::CallFailed { call, error: text.clone(), throttled: is_throttling(error) },
    };
    Acted::Failed(because, text)
}

fn template(template: &Template) -> (Option<String>, Option<String>) {
    match template {
        Template::Body { text, .. } => (Some(text.clone()), None),
        Template::Url(url) => (None, Some(url.clone())),
    }
}

/// `None` rather than an empty list, which the Query protocol would send as a parameter of its own.
fn parameters(parameters: &[Tag]) -> Option<Vec<Parameter>> {
    let parameter =
        |(key, value): &Tag| Parameter::builder().parameter_key(key).parameter_value(value).build();
    (!parameters.is_empty()).then(|| parameters.iter().map(parameter).collect())
}

fn sdk_tags(tags: &[Tag]) -> Vec<SdkTag> {
    tags.iter().map(|(key, value)| SdkTag::builder().key(key).value(value).build()).collect()
}

fn capabilities(capabilities: &[String]) -> Option<Vec<Capability>> {
    let capability = |name: &String| Capability::from(name.as_str());
    (!capabilities.is_empty()).then(|| capabilities.iter().map(capability).collect())
}

/// The call a step is, as IAM names it, what it is made on, and what it is made with, as the decision shows it.
pub fn shown(step: &Step) -> (&'static str, &str, Value) {
    match step {
        Step::Create(making) => ("cloudformation:CreateStack", &making.stack, shown_making(making, true)),
        Step::Update(making) => {
            ("cloudformation:UpdateStack", stack_name(&making.stack), shown_making(making, false))
        }
        Step::Delete { stack, token } => (
            "cloudformation:DeleteStack",
            stack_name(stack),
            json!({"StackName": stack, "ClientRequestToken": token}),
        ),
        Step::Protect { stack, on } => (
            "cloudformation:UpdateTerminationProtection",
            stack_name(stack),
            json!({"StackName": stack, "EnableTerminationProtection": on}),
        ),
    }
}

fn shown_making(making: &Making, is_new: bool) -> Value {
    let Making { stack, wanted, tags, protected, token } = making;
    let object = |pairs: &[Tag]| -> Value {
        pairs.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>().into()
    };
    let mut input = json!({
        "StackName": stack,
        "Template": wanted.template.to_string(),
        "Parameters": object(&wanted.parameters),
        "Tags": object(tags),
        "Capabilities": wanted.capabilities,
        "ClientRequestToken": token,
    });
    if let Some(role) = &wanted.role {
        input["RoleARN"] = json!(role);
    }
    if is_new {
        input["EnableTerminationProtection"] = json!(protected);
    }
    input
}
