//! The email about a recorded call: subject, text for a phone, JSON for programs, and attributes for filter policies.

mod access;
mod ancestry;
mod block;
mod command;
mod credentials;
mod ended;
mod headline;
mod instructions;
mod json_form;
pub mod mask;
mod named;
mod revert;
mod rows;
pub mod scan;
mod sentence;
pub(crate) mod span;
mod subject;
mod text;
mod trusted_lines;
pub mod usage;

use jiff::Timestamp;
use shared::email::{Attribute, Message};
use shared::home::Home;
use shared::text::{printable, shortened};

use crate::assess::Assessment;
use crate::change::{ResourceKind, SharedResource, SharingChange};
use crate::facts::{Encrypted, Facts, SnapshotDescription};
use crate::finding::FindingKind;
use crate::grantee::Grantee;
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
        shared::email::within(limit, subject::subject(self), self.attributes(), |detail| {
            (text::text(self, detail), json_form::form(self, detail))
        })
    }

    fn resource(&self) -> Option<&SharedResource> {
        self.call.resource()
    }

    /// The kind of the image or snapshot.
    fn kind(&self) -> ResourceKind {
        self.resource().map_or(ResourceKind::Image, |resource| resource.kind)
    }

    fn snapshot(&self) -> Option<&SnapshotDescription> {
        self.facts.snapshot.found()?.as_ref()
    }

    /// The name of the image, or the tag `Name` of the snapshot.
    fn name(&self) -> Option<&str> {
        if let Some(image) = self.facts.image() {
            return image.name.as_deref();
        }
        let mut tags = self.snapshot()?.tags.iter();
        tags.find(|(key, value)| key == "Name" && !value.is_empty()).map(|(_, name)| name.as_str())
    }

    /// The encryption of the image's disks, or of the snapshot.
    fn encryption(&self) -> Option<Encrypted> {
        let of_snapshot = self.snapshot().and_then(|snapshot| snapshot.encrypted);
        let of_snapshot = of_snapshot.map(|is| if is { Encrypted::Yes } else { Encrypted::No });
        self.facts.image().and_then(|image| image.encrypted).or(of_snapshot)
    }

    /// Whether the record does not say which permissions changed.
    fn is_unknown_change(&self) -> bool {
        let mut kinds = self.assessment.findings.iter().map(|finding| &finding.kind);
        kinds.any(|kind| matches!(kind, FindingKind::UnknownChange(_)))
    }

    /// Whether the email is about public access, granted or existing.
    fn is_about_public_access(&self) -> bool {
        self.assessment.findings.iter().any(|finding| match &finding.kind {
            FindingKind::Shared(_, grantees) | FindingKind::ExposedNow(_, grantees) => {
                grantees.contains(&Grantee::Everyone)
            }
            _ => false,
        })
    }

    /// The time of the call.
    fn call_time(&self) -> Option<Timestamp> {
        self.call.record.time.as_deref()?.parse().ok()
    }

    /// A time, with its date unless it is the date of the call.
    fn moment(&self, at: Timestamp) -> String {
        span::moment(at, self.call_time())
    }

    /// The time of the look-ups.
    fn seen_at(&self) -> Option<String> {
        self.facts.permissions_at.map(|at| self.moment(at))
    }

    /// ` (seen at 10:05:12 UTC)`.
    fn seen(&self) -> String {
        self.seen_at().map(|at| format!(" (seen at {at})")).unwrap_or_default()
    }

    /// Whether this function or a later record removed the access of a grantee.
    fn has_ended(&self, grantee: &Grantee) -> bool {
        let since = &self.assessment.history.removed_since;
        self.revert.revoked().contains(grantee) || since.iter().any(|(ended, _)| ended == grantee)
    }

    /// Of these grantees, those that the look-up listed.
    fn listed(&self, grantees: &[Grantee]) -> Vec<Grantee> {
        let now = self.facts.permissions.found().map_or(&[][..], Vec::as_slice);
        grantees.iter().filter(|grantee| now.contains(grantee)).cloned().collect()
    }

    /// The actor's name. The record of a used snapshot names the account only.
    fn actor_name(&self) -> String {
        match self.call.change() {
            Some(SharingChange::SnapshotUsed { by: Some(by), .. }) => format!("account {}", plain(by)),
            _ => plain(&self.call.actor.name),
        }
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

/// The text of an error for the middle of a sentence: without its full stop.
fn clause(text: &str) -> String {
    plain(text.trim_end_matches('.'))
}

/// A text from an event, made safe for one line of an email.
fn plain(text: &str) -> String {
    shortened(&printable(&mask::masked_text(text)), LONGEST)
}
