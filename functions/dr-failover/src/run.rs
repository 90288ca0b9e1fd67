//! One invocation: the rules, the settings, the clients, and where and when it runs.

use jiff::Timestamp;
use notification::{Publication, publish};
use shared::decision::{Action, ActionResult, Verdict};
use shared::email::Message;
use shared::home::Home;
use shared::lambda::Invocation;
use shared::report::Report;

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

    /// Publishes an email, unless this is a dry run.
    pub async fn publish(&self, topic: &str, message: &Message) -> Action {
        publish(Publication { topic, message }, self.invocation.executor, &self.aws.sns).await.action
    }

    /// The same, told in what comes of `subject`. Gives whether it was taken.
    pub async fn mail(&self, subject: &str, topic: &str, message: &Message, report: &mut Report) -> bool {
        let action = self.publish(topic, message).await;
        let failed = match &action.result {
            ActionResult::Failed(error) => Some(error.clone()),
            _ => None,
        };
        report.actions.push(action);
        let is_taken = failed.is_none();
        if let Some(error) = failed {
            report.reason(Verdict::Fail, subject, &Because::MailFailed { error });
        }
        is_taken
    }
}
