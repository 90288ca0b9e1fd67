//! The phase of an incident. An incident is open until it has `closed`, whatever its phase: a recovery that was launched can
//! stay open.

use serde::{Deserialize, Serialize};

/// The phase of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentPhase {
    /// An interlock blocks the start.
    Held,
    /// The start is decided; DRS has not confirmed it yet.
    Starting,
    /// The execution is in progress.
    Running,
    /// Every server of the recovery is launched.
    Recovered,
    /// Every server of the drill is launched.
    Drilled,
    /// Some optional servers are not launched.
    RecoveredInPart,
    /// The execution failed, or a critical server did not launch.
    Failed,
    /// An operator cancelled the execution.
    Cancelled,
    /// The alarms are OK again, and nothing was started.
    OkAgain,
    /// The operator refused the recovery.
    Refused,
    /// No start was possible in time.
    AgedOut,
}

/// The phases in which an incident can be closed.
const CLOSING: [IncidentPhase; 8] = [
    IncidentPhase::Recovered,
    IncidentPhase::Drilled,
    IncidentPhase::RecoveredInPart,
    IncidentPhase::Failed,
    IncidentPhase::Cancelled,
    IncidentPhase::OkAgain,
    IncidentPhase::Refused,
    IncidentPhase::AgedOut,
];

/// The names of these phases, which are the codes of the reasons about closed incidents.
pub const CLOSING_CODES: [&str; 8] = {
    let mut codes = [""; 8];
    let mut index = 0;
    while index < codes.len() {
        codes[index] = CLOSING[index].name();
        index += 1;
    }
    codes
};

impl IncidentPhase {
    /// The name in items, attributes and reason codes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Recovered => "recovered",
            Self::Drilled => "drilled",
            Self::RecoveredInPart => "recovered-in-part",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::OkAgain => "ok-again",
            Self::Refused => "refused",
            Self::AgedOut => "aged-out",
        }
    }

    /// The phase in which an incident can be closed that has this name.
    pub fn closing_named(name: &str) -> Option<Self> {
        CLOSING.into_iter().find(|phase| phase.name() == name)
    }
}
