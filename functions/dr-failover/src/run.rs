//! One invocation: the rules, the settings, the clients, and where and when the function runs.

use jiff::Timestamp;
use shared::home::Home;
use shared::lambda::Invocation;

use crate::aws::Clients;
use crate::rules::{RecoveryPlan, Rules};
use crate::settings::Settings;
use crate::step::StepContext;
use crate::store::IncidentStore;

/// One invocation.
#[derive(Debug, Clone)]
pub(crate) struct Run<'a> {
    /// The recovery plans.
    pub(crate) rules: &'a Rules,
    /// The deployment's settings.
    pub(crate) settings: &'a Settings,
    /// The clients.
    pub(crate) aws: &'a Clients,
    /// The invocation.
    pub(crate) invocation: Invocation,
    /// Where the function runs.
    pub(crate) home: Home,
    /// By then the invocation has ended.
    pub(crate) ends: Timestamp,
}

impl<'a> Run<'a> {
    /// The surroundings of a step of this plan.
    pub(crate) fn context<'c>(&'c self, plan: &'c RecoveryPlan) -> StepContext<'c> {
        StepContext {
            plan,
            settings: self.settings,
            home: &self.home,
            request: &self.invocation.request_id,
            ends: self.ends,
            now: self.invocation.now,
        }
    }

    /// The table.
    pub(crate) fn store(&self) -> IncidentStore<'a> {
        IncidentStore::new(&self.aws.dynamodb, &self.settings.table)
    }

    /// The topic for the emails about a plan.
    pub(crate) fn topic(&self, plan: &RecoveryPlan) -> String {
        plan.topic.as_ref().map_or_else(|| self.settings.topic.clone(), ToString::to_string)
    }
}
