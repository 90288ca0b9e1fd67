//! One invocation: the rules, the settings, the clients, and what the event says for all branches.

use jiff::Timestamp;
use shared::lambda::Invocation;

use crate::aws::Clients;
use crate::identity::Subject;
use crate::question::Question;
use crate::rules::Rules;
use crate::settings::Settings;

/// What every branch of an invocation is decided with.
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
    /// When the event says that somebody was at the branch.
    pub alive: Option<Timestamp>,
    /// The event's time; the invocation's for an event without one. It tells the tokens of two events apart.
    pub event: String,
}

impl<'a> Run<'a> {
    /// What is asked about a branch.
    pub fn question<'q>(&'q self, subject: &'q Subject) -> Question<'q>
    where
        'a: 'q,
    {
        Question {
            subject,
            rules: self.rules,
            prefix: &self.settings.prefix,
            now: self.invocation.now,
            alive: self.alive,
            event: &self.event,
        }
    }
}
