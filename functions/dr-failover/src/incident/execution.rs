//! An execution of the DRS recovery plan and its servers, as an incident keeps them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::arn::Arn;
use shared::call_error::CallError;

use super::stored;
use crate::facts::{DrsError, FoundExecution};
use crate::rules::Mode;

/// An execution of the DRS recovery plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanExecution {
    /// The ARN.
    pub arn: Arn,
    /// Drill or recovery.
    pub mode: Mode,
    /// The status, with DRS's name: `IN_PROGRESS`.
    pub status: String,
    /// When DRS started the execution.
    pub started: Timestamp,
    /// The execution was found in progress, with this incident's tag.
    #[serde(default)]
    pub adopted: bool,
    /// The error that DRS reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<DrsError>,
    /// Why the execution cannot be read at the moment.
    #[serde(default, deserialize_with = "stored::call_error", skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<CallError>,
    /// Since when the execution cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable_since: Option<Timestamp>,
    /// The steps, in their order.
    #[serde(default)]
    pub steps: Vec<ExecutionStep>,
}

/// A step of an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExecutionStep {
    /// The name.
    pub name: String,
    /// The status, with DRS's name: `EXECUTING`.
    pub status: String,
    /// When that status was first observed.
    pub since: Timestamp,
    /// The error that DRS reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<DrsError>,
}

/// A server of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct IncidentServer {
    /// Whether the plan fails if the server does not launch.
    pub critical: bool,
    /// The step that launches the server.
    pub step: String,
    /// The job that launches the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The launch status, with DRS's name: `LAUNCHED`; `NOT_STARTED` before there is a job.
    pub status: String,
    /// The instance that was launched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// When that status was first observed.
    pub since: Timestamp,
}

impl IncidentServer {
    /// Whether the server is launched.
    pub fn is_launched(&self) -> bool {
        self.status == "LAUNCHED"
    }

    /// Whether DRS is still launching the server.
    pub fn is_launching(&self) -> bool {
        self.job.is_some() && !self.is_launched() && !self.has_failed()
    }

    /// Whether the launch failed.
    pub fn has_failed(&self) -> bool {
        matches!(self.status.as_str(), "FAILED" | "TERMINATED")
    }
}

impl PlanExecution {
    /// An execution that DRS reports, in the mode `otherwise` if DRS's mode is unknown here.
    pub fn found(found: &FoundExecution, otherwise: Mode, adopted: bool) -> Self {
        Self {
            arn: found.arn.clone(),
            mode: found.mode.unwrap_or(otherwise),
            status: found.status.clone(),
            started: found.started,
            adopted,
            error: None,
            unreadable: None,
            unreadable_since: None,
            steps: Vec::new(),
        }
    }
}
