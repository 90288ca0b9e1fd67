//! The phase of an incident. An incident is open until it has `closed`, whatever its phase: a recovery that was launched can
//! stay open.

use serde::{Deserialize, Serialize};
use strum::VariantArray;

/// The phase of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::VariantArray)]
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

/// The number of phases in which an incident can be closed.
const CLOSING_COUNT: usize = {
    let (mut count, mut index) = (0, 0);
    while index < IncidentPhase::VARIANTS.len() {
        count += IncidentPhase::VARIANTS[index].can_close() as usize;
        index += 1;
    }
    count
};

/// The names of these phases, which are the codes of the reasons about closed incidents.
pub const CLOSING_CODES: [&str; CLOSING_COUNT] = {
    let mut codes = [""; CLOSING_COUNT];
    let (mut count, mut index) = (0, 0);
    while index < IncidentPhase::VARIANTS.len() {
        let phase = IncidentPhase::VARIANTS[index];
        if phase.can_close() {
            codes[count] = phase.name();
            count += 1;
        }
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

    /// Whether an incident can be closed in this phase. An email reports such a phase once, by its name.
    pub const fn can_close(self) -> bool {
        match self {
            Self::Held | Self::Starting | Self::Running => false,
            Self::Recovered
            | Self::Drilled
            | Self::RecoveredInPart
            | Self::Failed
            | Self::Cancelled
            | Self::OkAgain
            | Self::Refused
            | Self::AgedOut => true,
        }
    }

    /// The phase in which an incident can be closed that has this name.
    pub fn closing_named(name: &str) -> Option<Self> {
        Self::VARIANTS.iter().copied().find(|phase| phase.can_close() && phase.name() == name)
    }
}
