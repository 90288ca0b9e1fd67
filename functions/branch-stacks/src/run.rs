//! One invocation: the rules, the settings, the clients, and what the event says for the branches it concerns.

use jiff::Timestamp;
use shared::claim::Claim;
use shared::lambda::Invocation;
use shared::push::{Change, Push};

use crate::aws::Clients;
use crate::brake::DeletionPolicy;
use crate::identity::BranchId;
use crate::reports::{ClaimedReport, ReportKey, ReportTable};
use crate::rules::Rules;
use crate::settings::Settings;

/// The common input of every decision in an invocation.
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// The rules.
    pub rules: &'a Rules,
    /// The deployment's settings.
    pub settings: &'a Settings,
    /// The clients.
    pub aws: &'a Clients,
    /// The invocation.
    pub invocation: &'a Invocation,
    /// When the event shows that the branch was in use.
    pub active_at: Option<Timestamp>,
    /// The event's time; the invocation's for an event without one. It makes the tokens of two events differ.
    pub event_time: String,
}

/// The input of a decision about one branch, before any fact is read.
#[derive(Debug, Clone, Copy)]
pub struct BranchInput<'a> {
    /// The branch.
    pub branch: &'a BranchId,
    /// The rules.
    pub rules: &'a Rules,
    /// The prefix of stack names, which is also the owner in the stacks' tags.
    pub prefix: &'a str,
    /// Now.
    pub now: Timestamp,
    /// When the event shows that the branch was in use: it was pushed, or its stack, now deleted, was created.
    pub active_at: Option<Timestamp>,
    /// The event's time, for the token of a creation.
    pub event_time: &'a str,
    /// Whether the stack of an existing branch may be deleted.
    pub deletions: DeletionPolicy<'a>,
}

impl<'a> Run<'a> {
    /// A run for an event without a time of its own.
    pub fn new(
        rules: &'a Rules,
        settings: &'a Settings,
        aws: &'a Clients,
        invocation: &'a Invocation,
    ) -> Self {
        let event_time = invocation.now.to_string();
        Self { rules, settings, aws, invocation, active_at: None, event_time }
    }

    /// The same for an event of this time; an empty time changes nothing.
    #[must_use]
    pub fn at_time(self, time: &str) -> Self {
        if time.is_empty() { self } else { Self { event_time: time.to_owned(), ..self } }
    }

    /// The same for a push, which shows that the branch is in use unless the push deletes it.
    #[must_use]
    pub fn at_push(self, push: &Push) -> Self {
        let active_at = push.moment().filter(|_| push.change != Change::Deleted);
        Self { active_at, ..self }.at_time(&push.time)
    }

    /// The table of reports.
    pub fn table(&self) -> ReportTable<'_> {
        ReportTable { client: &self.aws.dynamodb, name: &self.settings.table }
    }

    /// This invocation's claim of a report.
    pub fn claim(&self, key: &ReportKey) -> Claim {
        Claim { what: key.to_string(), by: self.invocation.request_id.clone(), until: self.invocation.ends() }
    }

    /// A report that this invocation has claimed.
    pub fn claimed<'r>(&'r self, key: &'r ReportKey) -> ClaimedReport<'r> {
        let (table, by, now) = (self.table(), self.invocation.request_id.as_str(), self.invocation.now);
        ClaimedReport { table, key, by, now }
    }

    /// The input of the decision about a branch.
    pub fn input<'q>(&'q self, branch: &'q BranchId) -> BranchInput<'q>
    where
        'a: 'q,
    {
        BranchInput {
            branch,
            rules: self.rules,
            prefix: &self.settings.prefix,
            now: self.invocation.now,
            active_at: self.active_at,
            event_time: &self.event_time,
            deletions: DeletionPolicy::Wait,
        }
    }
}
