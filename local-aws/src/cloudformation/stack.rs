//! One stack: what it is made of, its status, its events.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::bus::{Bus, Happened};
use crate::ids;
use crate::service::ACCOUNT;

/// The values of StackStatus.
pub(crate) const STATUSES: &[&str] = &[
    "CREATE_IN_PROGRESS",
    "CREATE_FAILED",
    "CREATE_COMPLETE",
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_FAILED",
    "ROLLBACK_COMPLETE",
    "DELETE_IN_PROGRESS",
    "DELETE_FAILED",
    "DELETE_COMPLETE",
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "REVIEW_IN_PROGRESS",
    "IMPORT_IN_PROGRESS",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_IN_PROGRESS",
    "IMPORT_ROLLBACK_FAILED",
    "IMPORT_ROLLBACK_COMPLETE",
];

/// A status by its name; `None` when there is no such status.
pub(crate) fn known_status(name: &str) -> Option<&'static str> {
    STATUSES.iter().copied().find(|status| *status == name)
}

/// Whether a status ends by itself. A review waits for a person; imports are not served.
pub(crate) fn walks(status: &str) -> bool {
    status.ends_with("_IN_PROGRESS") && !status.starts_with("REVIEW") && !status.starts_with("IMPORT")
}

/// What a stack is to be, as it was asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Goal {
    /// In its long form.
    pub(crate) template: Value,
    /// As they were given, and the defaults of the others.
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) role: Option<String>,
    pub(crate) capabilities: Vec<String>,
}

/// A resource that was made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Made {
    pub(crate) logical: String,
    pub(crate) kind: String,
    pub(crate) physical: String,
    pub(crate) properties: Value,
    /// It stays when its stack goes.
    pub(crate) retained: bool,
}

/// An output, worked out.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) description: Option<String>,
    pub(crate) export: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Stack {
    /// Its ARN.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) status: &'static str,
    pub(crate) reason: Option<String>,
    /// When the status ends, if it ends by itself.
    pub(crate) ends: Option<Timestamp>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Option<Timestamp>,
    pub(crate) deleted: Option<Timestamp>,
    pub(crate) goal: Goal,
    pub(crate) made: Vec<Made>,
    pub(crate) outputs: Vec<Output>,
    /// What an update goes back to when it fails.
    pub(crate) before: Option<(Goal, Vec<Made>)>,
    pub(crate) protected: bool,
    /// The id of the stack that this one is nested in.
    pub(crate) parent: Option<String>,
    /// Of the operation under way, or of the last one.
    pub(crate) token: Option<String>,
    /// Oldest first.
    pub(crate) events: Vec<StackEvent>,
}

#[derive(Debug, Clone)]
pub(crate) struct StackEvent {
    pub(crate) id: String,
    pub(crate) logical: String,
    pub(crate) physical: String,
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) at: Timestamp,
}

/// A time, and where its events go.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) at: Timestamp,
    pub(crate) bus: &'a Bus,
    /// When a status that begins now ends.
    pub(crate) ends: Timestamp,
}

impl Stack {
    /// A stack that nothing was done to yet.
    pub(crate) fn new(name: &str, region: &str, nth: usize, created: Timestamp) -> Stack {
        let uuid = ids::uuid(&["stack", name, region, &nth.to_string()]);
        Stack {
            id: format!("arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{name}/{uuid}"),
            name: name.to_owned(),
            region: region.to_owned(),
            status: "REVIEW_IN_PROGRESS",
            reason: None,
            ends: None,
            created,
            updated: None,
            deleted: None,
            goal: Goal::default(),
            made: Vec::new(),
            outputs: Vec::new(),
            before: None,
            protected: false,
            parent: None,
            token: None,
            events: Vec::new(),
        }
    }

    /// A deleted stack's name is free, and only its id finds it.
    pub(crate) fn is_living(&self) -> bool {
        self.status != "DELETE_COMPLETE"
    }

    /// Enters a status: it is in the stack's events, and on the event bus.
    pub(super) fn enter(&mut self, now: Moment<'_>, status: &'static str, reason: Option<String>) {
        self.status = status;
        self.ends = walks(status).then_some(now.ends);
        let (name, id) = (self.name.clone(), self.id.clone());
        self.event(now.at, (&name, "AWS::CloudFormation::Stack", &id), status, reason.as_deref());
        let mut detail = json!({
            "stack-id": self.id,
            "status-details": {"status": status, "status-reason": reason.as_deref().unwrap_or_default()},
        });
        if let Some(token) = &self.token {
            detail["client-request-token"] = json!(token);
        }
        now.bus.put(Happened {
            source: "aws.cloudformation",
            detail_type: "CloudFormation Stack Status Change",
            region: &self.region,
            at: now.at,
            resource: &self.id,
            detail,
        });
        self.reason = reason;
    }

    /// Adds an event of a resource: its logical id, type and physical id.
    pub(super) fn event(
        &mut self,
        at: Timestamp,
        (logical, kind, physical): (&str, &str, &str),
        status: &str,
        reason: Option<&str>,
    ) {
        let count = self.events.len().to_string();
        self.events.push(StackEvent {
            id: ids::uuid(&["stack event", &self.id, &count]),
            logical: logical.to_owned(),
            physical: physical.to_owned(),
            kind: kind.to_owned(),
            status: status.to_owned(),
            reason: reason.map(str::to_owned),
            token: self.token.clone(),
            at,
        });
    }
}
