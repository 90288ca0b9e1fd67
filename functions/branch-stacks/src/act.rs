//! Carries out the effects of a decision. This is the only place that changes stacks, comments and the event bus, or emails.

#![expect(clippy::disallowed_methods, reason = "this file carries the effects out")]

use aws_sdk_cloudformation::types::{
    Capability, DeploymentConfig, DeploymentConfigMode, Parameter, Tag as SdkTag,
};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use notification::{Publication, publish};
use shared::act::{Effect as _, Executor, Performed};
use shared::arn::Arn;
use shared::call_error::CallError;
use shared::decision::{Action, ActionResult, Verdict};
use shared::report::Report;

use crate::aws::Clients;
use crate::because::Because;
use crate::decide::StackDecision;
use crate::effect::{Effect, OwnEvent, StackInput};
use crate::error::ErrorMeaning;
use crate::identity::{BranchId, NamedValue};
use crate::missing::BranchOutcome;
use crate::notify::SOURCE;
use crate::rules::{Deployment, StackTemplate};
use crate::stack::BranchStack;

/// A decision after its effects were carried out. A failed effect has replaced the verdict and the reason.
#[derive(Debug, Clone)]
pub struct Enacted {
    /// The decision.
    pub decision: StackDecision,
    /// The calls of its effects.
    pub actions: Vec<Action>,
    /// The calls that did not fail, as IAM names them.
    pub begun: Vec<&'static str>,
    /// The stack of the branch before the effects, if it has one.
    pub stack: Option<BranchStack>,
}

impl Enacted {
    /// Whether this call succeeded; in a dry run, whether it would have been made.
    pub fn has_begun(&self, call: &str) -> bool {
        self.begun.contains(&call)
    }

    /// A decision whose effects are not carried out because of this.
    pub fn failed(decision: StackDecision, stack: Option<BranchStack>, because: Because) -> Self {
        let effects = decision.effects.iter();
        let not_called =
            |effect: &Effect| effect.action(ActionResult::NotCalled("the previous call failed".into()));
        let actions = effects.map(not_called).collect();
        let decision = StackDecision { verdict: Verdict::Fail, because, effects: Vec::new(), ..decision };
        Self { decision, stack, actions, begun: Vec::new() }
    }

    /// The result for the branch.
    pub fn outcome(&self, branch: &BranchId) -> BranchOutcome {
        BranchOutcome { branch: branch.clone(), decision: self.decision.clone(), stack: self.stack.clone() }
    }

    /// The report about the branch.
    pub fn report(&self, branch: &BranchId) -> Report {
        let mut report = self.decision.report(branch);
        report.actions.clone_from(&self.actions);
        report
    }
}

/// Carries out the effects in their order. The first that fails stops the rest. `stack` is the branch's stack before them.
pub async fn act(
    mut decision: StackDecision,
    stack: Option<BranchStack>,
    aws: &Clients,
    executor: Executor,
) -> Enacted {
    let (mut actions, mut begun, mut stopped) = (Vec::new(), Vec::new(), None);
    for effect in std::mem::take(&mut decision.effects) {
        if let Some(why) = stopped {
            actions.push(effect.action(ActionResult::NotCalled(String::from(why))));
            continue;
        }
        let (action, performed) = perform(&effect, aws, executor).await;
        actions.push(action);
        match performed {
            Performed::Failed(error) => {
                (decision.verdict, decision.because) = after_failure(&effect, error);
                stopped = Some(match decision.verdict {
                    Verdict::Fail => "the previous call failed",
                    _ => "the previous call was overtaken",
                });
            }
            Performed::Done(_) | Performed::NotCalled => begun.push(effect.call()),
        }
    }
    Enacted { decision, actions, begun, stack }
}

/// Carries out one effect.
pub async fn perform(effect: &Effect, aws: &Clients, executor: Executor) -> (Action, Performed<String>) {
    if let Effect::Publish { topic, message } = effect {
        let published = publish(Publication { topic, message }, executor, &aws.sns).await;
        return (published.action, published.outcome);
    }
    let performed = executor.perform(call(effect, aws)).await;
    (effect.action(performed.result(String::clone)), performed)
}

/// The verdict and the reason after a failed call. An event or an operator that was faster is no failure.
fn after_failure(effect: &Effect, error: CallError) -> (Verdict, Because) {
    match (ErrorMeaning::of(&error), effect) {
        (ErrorMeaning::StackExists, Effect::Create { .. }) => (Verdict::Skip, Because::MadeMeanwhile),
        (ErrorMeaning::TokenUsed, Effect::Create { .. }) => (Verdict::Hold, Because::TokenUsed),
        (ErrorMeaning::StatusChanged, _) => (Verdict::Hold, Because::ChangedMeanwhile { error }),
        (ErrorMeaning::CapabilityMissing, _) => (Verdict::Fail, Because::InsufficientCapabilities { error }),
        (ErrorMeaning::StackQuotaReached, _) => (Verdict::Fail, Because::AccountFull),
        _ => (Verdict::Fail, Because::CallFailed { error }),
    }
}

/// Makes the call of an effect on a stack; the text that a decision shows of its output.
async fn call(effect: &Effect, aws: &Clients) -> Result<String, CallError> {
    match effect {
        Effect::Create { name, input, protected } => create(name, input, *protected, aws).await,
        Effect::Update { stack, input } => update(stack, input, aws).await,
        Effect::Delete { stack, token, deployment } => delete(stack, token, *deployment, aws).await,
        Effect::Protect { stack, enabled } => protect(stack, *enabled, aws).await,
        Effect::PutEvent(event) => put_event(event, aws).await,
        Effect::PostComment { .. } | Effect::UpdateComment { .. } => comment(effect, aws).await,
        Effect::Publish { .. } => unreachable!("`perform` publishes emails"),
    }
}

async fn create(name: &str, input: &StackInput, protected: bool, aws: &Clients) -> Result<String, CallError> {
    let StackInput { spec, tags, token } = input;
    let (body, url) = template(&spec.template);
    let call = aws.cloudformation.create_stack().stack_name(name).client_request_token(token);
    let call = call.set_template_body(body).set_template_url(url);
    let call = call.set_role_arn(spec.role.as_ref().map(Arn::to_string));
    let call = call.set_parameters(parameters(&spec.parameters)).set_tags(Some(sdk_tags(tags)));
    let call = call.set_capabilities(capabilities(&spec.capabilities));
    let call = call.set_deployment_config(deployment(spec.deployment));
    let output = call.enable_termination_protection(protected).send().await;
    let output = output.map_err(|error| CallError::new("cloudformation:CreateStack", error))?;
    Ok(output.stack_id.unwrap_or_default())
}

async fn update(stack: &Arn, input: &StackInput, aws: &Clients) -> Result<String, CallError> {
    let StackInput { spec, tags, token } = input;
    let (body, url) = template(&spec.template);
    let call = aws.cloudformation.update_stack().stack_name(stack.to_string()).client_request_token(token);
    let call = call.set_template_body(body).set_template_url(url);
    let call = call.set_role_arn(spec.role.as_ref().map(Arn::to_string));
    let call = call.set_parameters(parameters(&spec.parameters)).set_tags(Some(sdk_tags(tags)));
    let call = call.set_capabilities(capabilities(&spec.capabilities));
    let output = call.set_deployment_config(deployment(spec.deployment)).send().await;
    let result = output
        .map(|output| output.stack_id.unwrap_or_default())
        .map_err(|error| CallError::new("cloudformation:UpdateStack", error));
    result.or_else(|error| match ErrorMeaning::of(&error) {
        ErrorMeaning::NothingToUpdate => Ok("no updates are to be performed".to_owned()),
        // An earlier delivery of the same event requested this update.
        ErrorMeaning::TokenUsed => Ok(stack.to_string()),
        _ => Err(error),
    })
}

async fn delete(stack: &Arn, token: &str, mode: Deployment, aws: &Clients) -> Result<String, CallError> {
    let call = aws.cloudformation.delete_stack().stack_name(stack.to_string()).client_request_token(token);
    let express = || DeploymentConfig::builder().mode(DeploymentConfigMode::Express).build();
    let call = call.set_deployment_config((mode == Deployment::Express).then(express));
    let result = call.send().await.map_err(|error| CallError::new("cloudformation:DeleteStack", error));
    match result {
        Ok(_) => Ok(stack.to_string()),
        // An earlier delivery of the same event requested this deletion.
        Err(error) if ErrorMeaning::of(&error) == ErrorMeaning::TokenUsed => Ok(stack.to_string()),
        Err(error) => Err(error),
    }
}

async fn protect(stack: &Arn, enabled: bool, aws: &Clients) -> Result<String, CallError> {
    let call = aws.cloudformation.update_termination_protection().stack_name(stack.to_string());
    let output = call.enable_termination_protection(enabled).send().await;
    output.map_err(|error| CallError::new("cloudformation:UpdateTerminationProtection", error))?;
    Ok(format!("termination protection {}", if enabled { "on" } else { "off" }))
}

/// PutEvents succeeds although its entry fails, so the entry's own error counts.
async fn put_event(event: &OwnEvent, aws: &Clients) -> Result<String, CallError> {
    const PUT_EVENTS: &str = "events:PutEvents";
    let entry = PutEventsRequestEntry::builder().source(SOURCE).detail_type(event.detail_type);
    let entry = entry.resources(event.resource.to_string()).detail(event.detail.to_string()).build();
    let output = aws.events.put_events().entries(entry).send().await;
    let output = output.map_err(|error| CallError::new(PUT_EVENTS, error))?;
    let result = output.entries.unwrap_or_default().into_iter().next();
    let Some(result) = result else {
        return Err(CallError::without_answer(PUT_EVENTS, "the answer has no entry"));
    };
    match result.error_code {
        None => Ok(result.event_id.unwrap_or_default()),
        Some(code) => {
            let message = result.error_message.unwrap_or_default();
            let mut error = CallError::without_answer(PUT_EVENTS, message);
            error.code = Some(code);
            Err(error)
        }
    }
}

async fn comment(effect: &Effect, aws: &Clients) -> Result<String, CallError> {
    let comment = match effect {
        Effect::PostComment { repository, pull_request, before, after, content, token } => {
            let call = aws.codecommit.post_comment_for_pull_request().repository_name(repository);
            let call = call.pull_request_id(pull_request).before_commit_id(before).after_commit_id(after);
            let output = call.content(content).client_request_token(token).send().await;
            output.map_err(|error| CallError::new("codecommit:PostCommentForPullRequest", error))?.comment
        }
        Effect::UpdateComment { comment, content } => {
            let output = aws.codecommit.update_comment().comment_id(comment).content(content).send().await;
            output.map_err(|error| CallError::new("codecommit:UpdateComment", error))?.comment
        }
        _ => unreachable!("`call` calls this function for comments"),
    };
    Ok(comment.and_then(|comment| comment.comment_id).unwrap_or_default())
}

fn template(template: &StackTemplate) -> (Option<String>, Option<String>) {
    match template {
        StackTemplate::Body { text, .. } => (Some(text.clone()), None),
        StackTemplate::Url(url) => (None, Some(url.clone())),
    }
}

/// Express mode disables the rollback by default, so the rollback is asked for: without it, a failed update would leave the
/// stack half-updated ("Deploy AWS CloudFormation stacks faster with express mode", AWS CloudFormation User Guide).
fn deployment(deployment: Deployment) -> Option<DeploymentConfig> {
    let config = || DeploymentConfig::builder().mode(DeploymentConfigMode::Express).disable_rollback(false);
    (deployment == Deployment::Express).then(|| config().build())
}

/// `None` rather than an empty list, which the Query protocol would send as a parameter of its own.
fn parameters(parameters: &[NamedValue]) -> Option<Vec<Parameter>> {
    let parameter =
        |(key, value): &NamedValue| Parameter::builder().parameter_key(key).parameter_value(value).build();
    (!parameters.is_empty()).then(|| parameters.iter().map(parameter).collect())
}

fn sdk_tags(tags: &[NamedValue]) -> Vec<SdkTag> {
    tags.iter().map(|(key, value)| SdkTag::builder().key(key).value(value).build()).collect()
}

fn capabilities(capabilities: &[String]) -> Option<Vec<Capability>> {
    let capability = |name: &String| Capability::from(name.as_str());
    (!capabilities.is_empty()).then(|| capabilities.iter().map(capability).collect())
}
