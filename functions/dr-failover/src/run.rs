//! One invocation: the rules, the settings, the clients, and where and when it runs.

use jiff::Timestamp;
use shared::aws::told;
use shared::decision::{Action, ActionResult, DRY_RUN, Verdict};
use shared::home::Home;
use shared::lambda::Invocation;
use shared::mail::Message;
use shared::outcome::Outcome;

use crate::aws::Clients;
use crate::because::Because;
use crate::rules::Rules;
use crate::settings::Settings;
use crate::store::Store;

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

    /// Publishes a message, unless it is a dry run.
    pub async fn publish(&self, topic: &str, message: &Message) -> Action {
        let action = |result| Action {
            call: "sns:Publish".to_owned(),
            subject: message.subject.clone(),
            input: message.shown(topic),
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

    /// The same, told in what comes of `subject`. Gives whether it was taken.
    pub async fn mail(&self, subject: &str, topic: &str, message: &Message, outcome: &mut Outcome) -> bool {
        let action = self.publish(topic, message).await;
        let failed = match &action.result {
            ActionResult::Failed(error) => Some(error.clone()),
            _ => None,
        };
        outcome.actions.push(action);
        let is_taken = failed.is_none();
        if let Some(error) = failed {
            outcome.because(Verdict::Fail, subject, &Because::MailFailed { error });
        }
        is_taken
    }
}
