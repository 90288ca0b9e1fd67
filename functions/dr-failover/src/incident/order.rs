//! The order of ARC Region switch to recover a plan.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::token::client_token;

use super::Incident;
use crate::rules::Mode;

/// The execution of Region switch that ordered the recovery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RecoveryOrder {
    /// The ARN of Region switch's plan.
    pub switch_plan: String,
    /// The id of its execution.
    pub execution: String,
    /// The name of the step.
    pub step: String,
    /// When the order arrived.
    pub at: Timestamp,
}

impl Incident {
    /// The id of the incident that an order opens.
    pub fn id_of_order(plan: &str, execution: &str, at: Timestamp) -> String {
        let digest = client_token([plan, "region-switch", execution]);
        format!("{plan}-{}-{}", at.strftime("%Y%m%dT%H%M%SZ"), &digest[..8])
    }

    /// What the times of the incident are counted from, in a word: the alarm, the order, or the command of a drill.
    pub fn first_cause(&self) -> &'static str {
        match self.mode {
            Mode::Drill => "command",
            Mode::Recovery if self.alarms.is_empty() && self.is_ordered() => "order",
            Mode::Recovery => "alarm",
        }
    }

    /// Whether Region switch ordered the recovery: then no alarm and no second signal has to confirm it.
    pub fn is_ordered(&self) -> bool {
        self.order.is_some()
    }
}
