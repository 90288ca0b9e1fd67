//! One invocation: the rules, the settings, the clients, and where and when it runs.

use notification::{Publication, publish};
use shared::decision::Action;
use shared::home::Home;
use shared::lambda::Invocation;

use crate::aws::Clients;
use crate::ledger::{Claimant, Ledger};
use crate::mail::Message;
use crate::rules::Rules;
use crate::settings::Settings;

/// What everything of an invocation is done with.
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// The rules.
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
    /// The table, if there is one.
    pub fn ledger(&self) -> Option<Ledger<'_>> {
        let table = self.settings.table.as_deref()?;
        Some(Ledger { client: &self.aws.dynamodb, table })
    }

    /// Who asks the table.
    pub fn claimant(&self) -> Claimant<'_> {
        Claimant {
            request: &self.invocation.request_id,
            now: self.invocation.now,
            until: self.invocation.ends(),
        }
    }

    /// Publishes an email, unless this is a dry run.
    pub async fn publish(&self, message: &Message) -> Action {
        let publication = Publication { topic: &self.settings.topic, message };
        publish(publication, self.invocation.executor, &self.aws.sns).await.action
    }
}
