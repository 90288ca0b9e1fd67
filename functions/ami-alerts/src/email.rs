//! The email about a recorded call: subject, text for a phone, JSON for programs, and attributes for filter policies.

mod ancestry;
mod command;
mod headline;
mod instructions;
mod json_form;
pub mod mask;
mod period;
mod revert;
pub mod scan;
mod sentence;
mod text;
pub mod usage;

use shared::email::{Attribute, Message};
use shared::home::Home;
use shared::text::{printable, shortened};

use crate::assess::Assessment;
use crate::change::SharedResource;
use crate::facts::Facts;
use crate::recorded_call::RecordedCall;
use crate::revert_plan::RevertOutcome;
use headline::action;

/// The most characters of a name or another text from an event.
const LONGEST: usize = 300;

/// The most items of a list of grantees or tags.
const MOST: usize = 20;

/// A recorded call with everything that its email reports.
#[derive(Debug, Clone)]
pub struct CallAlert<'a> {
    /// The call.
    pub call: &'a RecordedCall<'a>,
    /// Its assessment.
    pub assessment: &'a Assessment<'a>,
    /// The facts.
    pub facts: &'a Facts,
    /// The result of the revert.
    pub revert: &'a RevertOutcome,
    /// Where the function runs.
    pub home: &'a Home,
}

impl CallAlert<'_> {
    /// The email, in at most `limit` bytes with its attributes.
    pub fn message(&self, limit: usize) -> Message {
        shared::email::within(limit, headline::subject(self), self.attributes(), |detail| {
            (text::text(self, detail), json_form::form(self, detail))
        })
    }

    fn resource(&self) -> Option<&SharedResource> {
        self.call.resource()
    }

    /// The region of the call.
    fn region(&self) -> &str {
        self.call.region(self.home)
    }

    /// The account's alias, or else its id.
    fn account(&self) -> String {
        match (self.facts.alias.found(), &self.call.record.account) {
            (Some(Some(alias)), _) => plain(alias),
            (_, Some(id)) => plain(id),
            (_, None) => "an unknown account".to_owned(),
        }
    }

    fn attributes(&self) -> Vec<Attribute> {
        let id = self.resource().and_then(|resource| resource.id.clone());
        let record = self.call.record;
        shared::email::attributes([
            ("severity", Some(self.assessment.severity.to_string())),
            ("action", Some(action(self).to_owned())),
            ("outcome", Some(record.outcome.name().to_owned())),
            ("image", id),
            ("account", record.account.clone()),
            ("region", Some(self.region().to_owned())),
            ("event-name", Some(record.name.clone())),
            ("event-id", record.id.clone()),
            ("revert", self.revert.name().map(str::to_owned)),
        ])
    }
}

/// A text from an event, made safe for one line of an email.
fn plain(text: &str) -> String {
    shortened(&printable(&mask::masked_text(text)), LONGEST)
}
