//! Owns one stack: its goal, its status, its resources and its events.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::deployment::DeploymentConfig;
use super::operation_events::{Operation, ValidationRecord};
use crate::bus::{Bus, BusEvent};
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

/// A status by its name; `None` if there is no such status.
pub(crate) fn known_status(name: &str) -> Option<&'static str> {
    STATUSES.iter().copied().find(|status| *status == name)
}

/// Whether a status ends by itself. A review waits for an operator; imports are not served.
pub(crate) fn ends_by_itself(status: &str) -> bool {
    status.ends_with("_IN_PROGRESS") && !status.starts_with("REVIEW") && !status.starts_with("IMPORT")
}

/// The requested state of a stack.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Goal {
    /// In its long form.
    pub(crate) template: Value,
    /// The request's values, and the defaults of the others.
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) role: Option<String>,
    pub(crate) capabilities: Vec<String>,
}

/// A created resource.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StackResource {
    pub(crate) logical: String,
    pub(crate) kind: String,
    pub(crate) physical: String,
    pub(crate) properties: Value,
    /// The resource is kept when its stack is deleted.
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
pub(crate) struct StackRecord {
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
    pub(crate) made: Vec<StackResource>,
    pub(crate) outputs: Vec<Output>,
    /// The goal and the resources that a failed update returns to.
    pub(crate) before: Option<(Goal, Vec<StackResource>)>,
    pub(crate) protected: bool,
    /// The id of the stack that this one is nested in.
    pub(crate) parent: Option<String>,
    /// The token of the operation in progress, or of the last one.
    pub(crate) token: Option<String>,
    /// The operation in progress, or the last one.
    pub(crate) operation: Operation,
    /// The configuration of the last operation.
    pub(crate) deployment: DeploymentConfig,
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
    pub(crate) operation: Operation,
    /// A failed validation, which only DescribeEvents has.
    pub(crate) validation: Option<ValidationRecord>,
    pub(crate) at: Timestamp,
}

/// A time, and the bus for its events.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) at: Timestamp,
    pub(crate) bus: &'a Bus,
    /// When a status that begins now ends.
    pub(crate) ends: Timestamp,
}

impl StackRecord {
    /// A stack that nothing was done to yet.
    pub(crate) fn new(name: &str, region: &str, nth: usize, created: Timestamp) -> StackRecord {
        let uuid = ids::uuid(&["stack", name, region, &nth.to_string()]);
        StackRecord {
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
            operation: Operation::default(),
            deployment: DeploymentConfig::default(),
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
        self.ends = ends_by_itself(status).then_some(now.ends);
        let (name, id) = (self.name.clone(), self.id.clone());
        self.event(now.at, (&name, "AWS::CloudFormation::Stack", &id), status, reason.as_deref());
        let mut detail = json!({
            "stack-id": self.id,
            "status-details": {"status": status, "status-reason": reason.as_deref().unwrap_or_default()},
        });
        if let Some(token) = &self.token {
            detail["client-request-token"] = json!(token);
        }
        now.bus.put(BusEvent {
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
            operation: self.operation.clone(),
            validation: None,
            at,
        });
    }

    /// Begins an operation: the events from now on are its events.
    pub(crate) fn begin(&mut self, kind: &'static str) {
        let count = self.events.len().to_string();
        self.operation = Operation { id: ids::uuid(&["operation", &self.id, &count]), kind };
    }

    /// Adds a failed validation of a resource: its logical id and type.
    pub(super) fn failed_validation(
        &mut self,
        at: Timestamp,
        (logical, kind): (&str, &str),
        failed: ValidationRecord,
    ) {
        self.event(at, (logical, kind, ""), "", None);
        if let Some(event) = self.events.last_mut() {
            event.validation = Some(failed);
        }
    }
}
