//! A recorded call that this function reports: its change or the rule that names it, its actor and its origin. Pure.

use serde_json::Value;
use shared::decision::Verdict;
use shared::home::Home;
use shared::report::Report;
use shared::token::client_token;

use crate::actor::Actor;
use crate::because::Because;
use crate::change::{ResourceKind, SharedResource, SharingChange};
use crate::event::{Record, UnrelatedEvent};
use crate::origin::Origin;
use crate::rules::{CallRule, Rules};

/// The longest event id that becomes part of a key unchanged.
const LONGEST_ID: usize = 128;

/// A recorded call that this function reports.
#[derive(Debug, Clone)]
pub struct RecordedCall<'a> {
    /// The record.
    pub record: &'a Record,
    /// Why the call is reported.
    pub topic: Topic<'a>,
    /// The principal that made the call.
    pub actor: Actor,
    /// The address or service that the call came from.
    pub origin: Origin,
}

/// Why a call is reported.
#[derive(Debug, Clone)]
pub enum Topic<'a> {
    /// The call changed, or attempted to change, the grantees of something.
    Sharing(SharingChange),
    /// An `[[api-alert]]` rule names the call.
    Named(&'a CallRule),
}

/// A call that is not reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedCall {
    subject: String,
    because: Box<Because>,
}

impl SkippedCall {
    /// Whether the call is about no access, and no rule names it.
    pub fn is_unrelated(&self) -> bool {
        matches!(*self.because, Because::NotOurs(_))
    }

    /// The report of the call.
    pub fn report(&self) -> Report {
        Report::of(Verdict::Skip, &self.subject, self.because.as_ref())
    }
}

impl<'a> RecordedCall<'a> {
    /// The call of a record.
    ///
    /// # Errors
    /// When the call grants no access and no rule names it.
    pub fn of(record: &'a Record, rules: &'a Rules) -> Result<Self, SkippedCall> {
        let rule = rules.calls.iter().find(|rule| rule.names(&record.source, &record.name));
        let topic = match (SharingChange::of(record), rule) {
            // A rule that names the call asks for a report of every attribute.
            (Some(SharingChange::OtherAttribute { .. }) | None, Some(rule)) => Topic::Named(rule),
            (Some(SharingChange::OtherAttribute { resource, attribute }), None) => {
                let subject = resource.id.unwrap_or_else(|| "event".to_owned());
                let because = Box::new(Because::OtherAttribute { attribute });
                return Err(SkippedCall { subject, because });
            }
            (Some(SharingChange::SnapshotUsed { resource, by: Some(account), .. }), _)
                if record.account.as_ref() == Some(&account) =>
            {
                let subject = resource.id.unwrap_or_else(|| "event".to_owned());
                return Err(SkippedCall { subject, because: Box::new(Because::OwnUse { account }) });
            }
            (Some(change), _) => Topic::Sharing(change),
            (None, None) => {
                let event =
                    UnrelatedEvent::OtherCall { name: record.name.clone(), service: record.source.clone() };
                let because = Box::new(Because::NotOurs(event));
                return Err(SkippedCall { subject: "event".to_owned(), because });
            }
        };
        Ok(Self { record, topic, actor: Actor::of(record), origin: Origin::of(record) })
    }

    /// The change, unless the call is reported because a rule names it.
    pub fn change(&self) -> Option<&SharingChange> {
        match &self.topic {
            Topic::Sharing(change) => Some(change),
            Topic::Named(_) => None,
        }
    }

    /// The `[[api-alert]]` rule that names the call.
    pub fn call_rule(&self) -> Option<&'a CallRule> {
        match &self.topic {
            Topic::Sharing(_) => None,
            Topic::Named(rule) => Some(rule),
        }
    }

    /// The image or snapshot that the call changed.
    pub fn resource(&self) -> Option<&SharedResource> {
        self.change().and_then(SharingChange::resource)
    }

    /// The region of the call.
    pub fn region<'s>(&'s self, home: &'s Home) -> &'s str {
        self.record.region.as_deref().unwrap_or(&home.region)
    }

    /// The subject of the call's reasons.
    pub fn subject(&self) -> String {
        match self.change() {
            Some(SharingChange::PublicAccessBlock { of, .. }) => {
                let region = self.record.region.as_deref().unwrap_or("an unknown region");
                format!("{}s of {region}", of.name())
            }
            Some(change) => {
                let id = change.resource().and_then(|resource| resource.id.as_deref());
                let kind = change.resource().map_or(ResourceKind::Image, |resource| resource.kind);
                id.map_or_else(|| format!("{} without an id", kind.with_article()), str::to_owned)
            }
            None => self.record.name.clone(),
        }
    }

    /// Whether this function may have made the call: it only removes permissions of images and snapshots, of its own account
    /// or through a role of another one.
    pub fn may_be_own(&self, rules: &Rules, home: &Home) -> bool {
        let Some(SharingChange::Permissions(permissions)) = self.change() else { return false };
        let only_removes = permissions.is_known && permissions.added.is_empty() && !permissions.reset;
        let reverts = rules.images.iter().any(|rule| rule.revert.is_some());
        let is_here = self
            .record
            .account
            .as_deref()
            .is_some_and(|account| account == home.account || rules.role_of(account).is_some());
        only_removes && reverts && is_here
    }

    /// The key of the event in the table: from the event's id, or from the whole record if it has none.
    pub fn key(&self) -> String {
        let is_plain = |id: &str| id.len() <= LONGEST_ID && id.bytes().all(|byte| byte.is_ascii_graphic());
        match self.record.id.as_deref() {
            Some(id) if is_plain(id) => format!("event#{id}"),
            Some(id) => format!("event#sha256-{}", client_token([id])),
            None => {
                let record = Value::from(self.record.detail.clone()).to_string();
                format!("event#sha256-{}", client_token([record.as_str()]))
            }
        }
    }
}
