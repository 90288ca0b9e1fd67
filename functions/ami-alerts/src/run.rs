//! One invocation: the rules, the settings, the clients, and where and when it runs.

use shared::claim::Claim;
use shared::home::Home;
use shared::lambda::Invocation;

use crate::alert_table::AlertTable;
use crate::aws::Clients;
use crate::gather::AccountAccess;
use crate::memory_table::MemoryTable;
use crate::rules::Rules;
use crate::settings::Settings;

/// What every step of an invocation uses.
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
    /// How it reaches the account of the event.
    pub access: AccountAccess,
}

impl Run<'_> {
    /// The table, if the function has one.
    pub fn table(&self) -> Option<AlertTable<'_>> {
        let name = self.settings.table.as_deref()?;
        Some(AlertTable { client: &self.aws.dynamodb, name })
    }

    /// The items of images and snapshots, if the function has a table.
    pub fn memories(&self) -> Option<MemoryTable<'_>> {
        let name = self.settings.table.as_deref()?;
        Some(MemoryTable { client: &self.aws.dynamodb, name })
    }

    /// This invocation's claim of the event `key`.
    pub fn claim(&self, key: String) -> Claim {
        Claim { what: key, by: self.invocation.request_id.clone(), until: self.invocation.ends() }
    }
}
