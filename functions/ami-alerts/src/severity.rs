//! The severity of a change: from information to critical.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::call_outcome::CallOutcome;

/// The severity of a change, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No untrusted grantee gained access, or a grantee lost access.
    Info,
    /// Shared with an untrusted organizational unit; or an unsuccessful attempt at a worse change.
    Low,
    /// Shared with an untrusted organization.
    Medium,
    /// Shared with an untrusted account.
    High,
    /// Shared with everyone.
    Critical,
}

impl Severity {
    /// Every severity with its name, lowest first.
    pub const ALL: [(&str, Self); 5] = [
        ("info", Self::Info),
        ("low", Self::Low),
        ("medium", Self::Medium),
        ("high", Self::High),
        ("critical", Self::Critical),
    ];

    /// The severity of a change after a call with this outcome. An attempt without success has a severity of its own.
    #[must_use]
    pub fn after(self, outcome: &CallOutcome) -> Self {
        match (outcome.succeeded(), self) {
            (true, severity) => severity,
            (false, Self::Critical) => Self::Medium,
            (false, Self::High) => Self::Low,
            (false, _) => Self::Info,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, _) = Self::ALL[*self as usize];
        f.pad(name)
    }
}
