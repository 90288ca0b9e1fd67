//! The effects that a decision asks for: one call to AWS each, with its token and its tags.

use jiff::Timestamp;
use notification::Publication;
use serde_json::{Map, Value, json};
use shared::arn::Arn;
use shared::email::Message;
use shared::token::client_token;

use crate::facts::Facts;
use crate::identity::{COMMIT, DIGEST, NamedValue};
use crate::keep::KEEP;
use crate::notify::SOURCE;
use crate::roll_out::RollOutId;
use crate::rules::{Deployment, StackSpec, is_reserved};
use crate::run::BranchInput;
use crate::stack::{BranchStack, stack_name};

/// How much of a digest an update's token shows.
const SHOWN_DIGEST: usize = 16;

/// One call, with nothing left to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// CreateStack.
    Create {
        /// The stack's name.
        name: String,
        /// Template, parameters, tags and token.
        input: StackInput,
        /// Whether the stack gets termination protection.
        protected: bool,
    },
    /// UpdateStack.
    Update {
        /// The stack's id.
        stack: Arn,
        /// Template, parameters, tags and token.
        input: StackInput,
    },
    /// DeleteStack.
    Delete {
        /// The stack's id.
        stack: Arn,
        /// The client request token.
        token: String,
        /// How CloudFormation deletes the stack.
        deployment: Deployment,
    },
    /// UpdateTerminationProtection.
    Protect {
        /// The stack's id.
        stack: Arn,
        /// Enabled or disabled.
        enabled: bool,
    },
    /// PutEvents: one event on the default bus.
    PutEvent(OwnEvent),
    /// PostCommentForPullRequest.
    PostComment {
        /// The repository's name.
        repository: String,
        /// The pull request's id.
        pull_request: String,
        /// The commit of the destination branch.
        before: String,
        /// The commit of the source branch.
        after: String,
        /// The comment.
        content: String,
        /// The client request token.
        token: String,
    },
    /// UpdateComment.
    UpdateComment {
        /// The comment's id.
        comment: String,
        /// The new content.
        content: String,
    },
    /// Publish: an email.
    Publish {
        /// The ARN of the topic.
        topic: String,
        /// The email.
        message: Message,
    },
}

/// An event of this function, for the event bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnEvent {
    /// The detail type.
    pub detail_type: &'static str,
    /// The ARN of the resource that the event is about.
    pub resource: Arn,
    /// The detail.
    pub detail: Value,
}

/// The input that CreateStack and UpdateStack have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackInput {
    /// Template, parameters, role and capabilities.
    pub spec: StackSpec,
    /// All tags.
    pub tags: Vec<NamedValue>,
    /// The client request token.
    pub token: String,
}

impl shared::act::Effect for Effect {
    fn call(&self) -> &'static str {
        match self {
            Self::Create { .. } => "cloudformation:CreateStack",
            Self::Update { .. } => "cloudformation:UpdateStack",
            Self::Delete { .. } => "cloudformation:DeleteStack",
            Self::Protect { .. } => "cloudformation:UpdateTerminationProtection",
            Self::PutEvent(_) => "events:PutEvents",
            Self::PostComment { .. } => "codecommit:PostCommentForPullRequest",
            Self::UpdateComment { .. } => "codecommit:UpdateComment",
            Self::Publish { .. } => notification::PUBLISH,
        }
    }

    fn subject(&self) -> String {
        match self {
            Self::Create { name, .. } => name.clone(),
            Self::Update { stack, .. } | Self::Delete { stack, .. } | Self::Protect { stack, .. } => {
                stack_name(stack).to_owned()
            }
            Self::PutEvent(OwnEvent { detail_type, resource, .. }) => {
                format!("{detail_type} {}", stack_name(resource))
            }
            Self::PostComment { repository, pull_request, .. } => format!("{repository} {pull_request}"),
            Self::UpdateComment { comment, .. } => comment.clone(),
            Self::Publish { topic, message } => Publication { topic, message }.subject(),
        }
    }

    fn input(&self) -> Value {
        match self {
            Self::Create { name, input, protected } => {
                let mut shown = input.shown(name);
                shown["EnableTerminationProtection"] = json!(protected);
                shown
            }
            Self::Update { stack, input } => input.shown(&stack.to_string()),
            Self::Delete { stack, token, deployment } => {
                let mut shown = json!({"StackName": stack, "ClientRequestToken": token});
                if *deployment == Deployment::Express {
                    shown["DeploymentConfig"] = json!({"Mode": "EXPRESS"});
                }
                shown
            }
            Self::Protect { stack, enabled } => {
                json!({"StackName": stack, "EnableTerminationProtection": enabled})
            }
            Self::PutEvent(OwnEvent { detail_type, resource, detail }) => {
                json!({"Source": SOURCE, "DetailType": detail_type, "Resources": [resource], "Detail": detail})
            }
            Self::PostComment { repository, pull_request, before, after, content, token } => json!({
                "repositoryName": repository,
                "pullRequestId": pull_request,
                "beforeCommitId": before,
                "afterCommitId": after,
                "content": content,
                "clientRequestToken": token,
            }),
            Self::UpdateComment { comment, content } => json!({"commentId": comment, "content": content}),
            Self::Publish { topic, message } => Publication { topic, message }.input(),
        }
    }
}

impl Effect {
    /// The email, if the effect publishes one.
    pub fn message(self) -> Option<Message> {
        match self {
            Self::Publish { message, .. } => Some(message),
            _ => None,
        }
    }
}

impl StackInput {
    /// The input as a decision shows it.
    fn shown(&self, stack: &str) -> Value {
        let Self { spec, tags, token } = self;
        let object = |pairs: &[NamedValue]| -> Value {
            pairs.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>().into()
        };
        let mut shown = json!({
            "StackName": stack,
            "Template": spec.template.to_string(),
            "Parameters": object(&spec.parameters),
            "Tags": object(tags),
            "Capabilities": spec.capabilities,
            "ClientRequestToken": token,
        });
        if spec.deployment == Deployment::Express {
            shown["DeploymentConfig"] = json!({"Mode": "EXPRESS", "DisableRollback": false});
        }
        if let Some(role) = &spec.role {
            shown["RoleARN"] = json!(role);
        }
        shown
    }
}

/// The creation of the branch's stack.
pub(crate) fn create(input: &BranchInput<'_>, spec: StackSpec, commit: &str) -> Effect {
    let name = input.branch.stack_name(input.prefix);
    let token = format!("create-{}", client_token([name.as_str(), input.event_time]));
    let tags = tags(input, &[], &spec, commit);
    let protected = input.rules.protect(input.branch);
    Effect::Create { name, input: StackInput { spec, tags, token }, protected }
}

/// Whether a token is that of an update to `spec`.
pub(crate) fn is_update_to(token: &str, spec: &StackSpec) -> bool {
    token.starts_with(&update_token_prefix(spec))
}

/// An update's token begins with the digest that it updates to, so that the stack's events show which update failed.
fn update_token_prefix(spec: &StackSpec) -> String {
    format!("update-{}-", &spec.digest[..SHOWN_DIGEST])
}

/// The update of an existing stack to `spec`.
pub(crate) fn update(
    input: &BranchInput<'_>,
    facts: &Facts,
    stack: &BranchStack,
    spec: StackSpec,
    commit: &str,
    roll_out: Option<&RollOutId>,
) -> Effect {
    let [id, changed, _] = stack.moment();
    // A rollback that an operator continued may leave the time of the update unchanged.
    let last = facts.last_event.as_ref().and_then(|event| event.time);
    let last = last.map(|time| time.to_string()).unwrap_or_default();
    let token = client_token([id.as_str(), &changed, &last]);
    let roll_out = roll_out.map(|id| format!("{id}-")).unwrap_or_default();
    let token = format!("{}{roll_out}{token}", update_token_prefix(&spec));
    let tags = tags(input, &stack.tags, &spec, commit);
    Effect::Update { stack: stack.id.clone(), input: StackInput { spec, tags, token } }
}

/// Our tags, the rule's tags, then the tags of others and the operator's `pointsman:keep`: an update replaces all of them.
fn tags(input: &BranchInput<'_>, existing: &[NamedValue], spec: &StackSpec, commit: &str) -> Vec<NamedValue> {
    let mut tags = input.branch.tags(input.prefix);
    // A tag's value is never empty.
    tags.extend((!commit.is_empty()).then(|| (COMMIT.to_owned(), commit.to_owned())));
    tags.push((DIGEST.to_owned(), spec.digest.clone()));
    tags.extend(spec.tags.iter().cloned());
    let others =
        existing.iter().filter(|(key, _)| (key == KEEP || !is_reserved(key)) && !key.starts_with("aws:"));
    let others: Vec<NamedValue> = others
        .filter(|(key, _)| !tags.iter().any(|(known, _)| known.eq_ignore_ascii_case(key)))
        .cloned()
        .collect();
    tags.extend(others);
    tags
}

/// The deletion of a stack. `previous` is the time of the previous attempt: a used token has no effect again.
pub(crate) fn delete(stack: &BranchStack, previous: Option<Timestamp>, deployment: Deployment) -> Effect {
    let [id, changed, deleted] = stack.moment();
    let previous = previous.map(|time| time.to_string()).unwrap_or_default();
    let token = client_token([id.as_str(), &changed, &deleted, &previous]);
    Effect::Delete { stack: stack.id.clone(), token: format!("delete-{token}"), deployment }
}
