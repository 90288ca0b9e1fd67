//! One invocation: the rules, the settings, the clients, and where and when it runs.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use shared::aws::told;
use shared::decision::{Action, ActionResult};
use shared::home::Home;
use shared::lambda::Invocation;
use shared::mail::Message;

use crate::aws::Clients;
use crate::rules::Rules;
use crate::settings::Settings;
use crate::store::Store;

/// What a dry run says of what it leaves out.
pub const DRY_RUN: &str = "dry run";

/// The most characters of a mail's text that a decision holds.
const TEXT_IN_DECISION: usize = 3_000;

/// What everything of an invocation is done with.
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// The plans.
    pub rules: &'a Rules,
    /// The deployment's settings.
    pub settings: &'a Settings,
    /// The clients.
    pub aws: &'a Clients,
    /// The invocation.
    pub invocation: Invocation,
    /// Where it runs.
    pub home: Home,
}

impl Run<'_> {
    /// The moment to decide as of.
    pub fn now(&self) -> Timestamp {
        self.invocation.now
    }

    /// The table.
    pub fn store(&self) -> Store<'_> {
        Store { client: &self.aws.dynamodb, table: &self.settings.table }
    }

    /// When this invocation has ended for sure.
    pub fn ends(&self) -> Timestamp {
        let left = self.invocation.deadline.saturating_duration_since(Instant::now());
        let left = SignedDuration::try_from(left).unwrap_or(SignedDuration::from_mins(15));
        self.invocation.now + left + SignedDuration::from_secs(1)
    }

    /// Publishes a message, unless it is a dry run.
    pub async fn publish(&self, topic: &str, message: &Message) -> Action {
        let action = |result| Action {
            call: "sns:Publish".to_owned(),
            subject: message.subject.clone(),
            input: shown(topic, message),
            result,
        };
        if self.invocation.dry_run {
            return action(ActionResult::NotCalled(DRY_RUN.to_owned()));
        }
        let mut call = self.aws.sns.publish().topic_arn(topic).subject(&message.subject);
        for (name, value) in &message.attributes {
            let attribute = aws_sdk_sns::types::MessageAttributeValue::builder();
            let attribute = attribute.data_type("String").string_value(value).build();
            call = call.message_attributes(*name, attribute.expect("the type is set"));
        }
        match call.message_structure("json").message(&message.body).send().await {
            Ok(output) => action(ActionResult::Done(output.message_id.unwrap_or_default())),
            Err(error) => action(ActionResult::Failed(told(&error))),
        }
    }
}

fn shown(topic: &str, message: &Message) -> Value {
    let attributes = message.attributes.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
    json!({
        "TopicArn": topic,
        "Subject": message.subject,
        "Message": shared::text::shortened(&message.text, TEXT_IN_DECISION),
        "MessageAttributes": attributes.collect::<Map<_, _>>(),
    })
}
