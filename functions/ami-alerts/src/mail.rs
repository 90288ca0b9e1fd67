//! The mail about a call: a subject, a text for a phone, a form for machines, and attributes to filter by.

mod advice;
mod command;
pub mod found;
mod headline;
mod machine;
pub mod mask;

mod sentence;
mod text;

use shared::text::{printable, shortened};

use crate::actor::Actor;
use crate::change::{Change, Resource};
use crate::decide::Judgement;
use crate::event::Record;
use crate::facts::Facts;
use crate::grantee::Grantee;
use crate::origin::Origin;
use shared::home::Home;

pub use headline::action;
pub use shared::email::{Attribute, Message};

/// The longest name, or other text of an event, in a mail.
const LONGEST: usize = 300;

/// The most grantees, tags and the like that are listed.
const MOST: usize = 20;

/// Everything that a mail about a call tells.
#[derive(Debug, Clone)]
pub struct Story<'a> {
    /// The call.
    pub record: &'a Record,
    /// What it changed; none for a call that only a rule names.
    pub change: Option<&'a Change>,
    /// What it means.
    pub judgement: &'a Judgement<'a>,
    /// What was looked up.
    pub facts: &'a Facts,
    /// Who made it.
    pub actor: &'a Actor,
    /// Where it came from.
    pub origin: &'a Origin,
    /// What was undone.
    pub reverted: &'a Reverted,
    /// Where the function runs.
    pub home: &'a Home,
    /// The members of the record that a rule wants to be shown.
    pub shown: &'a [String],
}

/// What became of what was to be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reverted {
    /// Nothing was to be.
    NotWanted,
    /// These were shut out again.
    Done(Vec<Grantee>),
    /// These were to be, and the call failed; why.
    Failed(Vec<Grantee>, String),
    /// A rule asks for it, and it was not tried; why.
    Held(String),
}

impl Reverted {
    /// A word for filters, where it was tried.
    pub fn name(&self) -> Option<&'static str> {
        match self {
            Self::NotWanted => None,
            Self::Done(_) => Some("reverted"),
            Self::Failed(..) => Some("failed"),
            Self::Held(_) => Some("held"),
        }
    }
}

impl Story<'_> {
    /// The mail, in at most `limit` bytes with its attributes.
    pub fn message(&self, limit: usize) -> Message {
        shared::email::within(limit, headline::subject(self), self.attributes(), |detail| {
            (text::text(self, detail), machine::form(self, detail))
        })
    }

    fn resource(&self) -> Option<&Resource> {
        self.change.and_then(Change::resource)
    }

    /// The region of the call.
    fn region(&self) -> &str {
        self.record.region.as_deref().unwrap_or(&self.home.region)
    }

    /// `prod`, else the account's id, else that it is not known.
    fn account(&self) -> String {
        match (self.facts.alias.seen(), &self.record.account) {
            (Some(Some(alias)), _) => plain(alias),
            (_, Some(id)) => plain(id),
            (_, None) => "an account that the event does not name".to_owned(),
        }
    }

    fn attributes(&self) -> Vec<Attribute> {
        let id = self.resource().and_then(|resource| resource.id.clone());
        let record = self.record;
        shared::email::attributes([
            ("severity", Some(self.judgement.severity.to_string())),
            ("action", Some(action(self.judgement, self.change).to_owned())),
            ("outcome", Some(record.outcome.name().to_owned())),
            ("image", id),
            ("account", record.account.clone()),
            ("region", Some(self.region().to_owned())),
            ("event-name", Some(record.name.clone())),
            ("event-id", record.id.clone()),
            ("revert", self.reverted.name().map(str::to_owned)),
        ])
    }
}

/// A text of an event as it may stand in a line of a mail.
fn plain(text: &str) -> String {
    shortened(&printable(&mask::masked_text(text)), LONGEST)
}

/// `a, b and 3 more`.
fn listed(names: &[String], most: usize) -> String {
    let more = names.len().saturating_sub(most);
    match (more, names) {
        (0, [only]) => only.clone(),
        (0, [before @ .., last]) => format!("{} and {last}", before.join(", ")),
        (_, names) => format!("{} and {more} more", names[..most].join(", ")),
    }
}
