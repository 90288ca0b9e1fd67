//! How bad a change is: from good news to everybody in the world.

use std::fmt;

use serde::Serialize;

/// How bad a change is, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nobody gained anything that they should not have, or somebody lost it.
    Info,
    /// An organizational unit that no rule trusts; somebody tried what would be worse.
    Low,
    /// An organization that no rule trusts.
    Medium,
    /// An account that no rule trusts.
    High,
    /// Everybody.
    Critical,
}

impl Severity {
    /// Every severity with its name, least first.
    pub const ALL: [(&str, Self); 5] = [
        ("info", Self::Info),
        ("low", Self::Low),
        ("medium", Self::Medium),
        ("high", Self::High),
        ("critical", Self::Critical),
    ];
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, _) = Self::ALL[*self as usize];
        f.pad(name)
    }
}
