//! The plans: which alarms may start a recovery, what must agree, what is recovered, and what holds it. Read from
//! `[[recovery-plan]]` tables, checked, and only then of these types.

mod read;

use std::fmt;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use shared::config::{Code, Place};

pub use read::{CODES, TABLE, read};

/// Every problem code that this function's tables can have, those of any table included.
pub fn codes() -> impl Iterator<Item = Code> {
    shared::config::CODES.iter().chain(CODES).copied()
}

/// All plans, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// One a `[[recovery-plan]]` table.
    pub plans: Vec<Plan>,
}

impl Rules {
    /// The plan of that name.
    pub fn plan(&self, name: &str) -> Option<&Plan> {
        self.plans.iter().find(|plan| plan.name == name)
    }
}

/// One `[[recovery-plan]]` table.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its name: part of keys, of incidents' ids and of commands.
    pub name: String,
    /// The ARNs of the alarms that may start it.
    pub alarms: Vec<String>,
    /// What must agree, all of it.
    pub second_signal: SecondSignal,
    /// The ARN of the DRS recovery plan.
    pub drs_plan: String,
    /// Whether it is for real.
    pub mode: Mode,
    /// How old the newest recovery snapshot may be when the alarm began.
    pub rpo: SignedDuration,
    /// What happens when it is older.
    pub over_rpo: OverRpo,
    /// How long after the alarm began it should be over; when it is not, somebody is told.
    pub rto: SignedDuration,
    /// How long after a start there is no other.
    pub cool_down: SignedDuration,
    /// How late an alarm may come.
    pub stale_after: SignedDuration,
    /// How long an incident stays open that nothing starts.
    pub give_up_after: SignedDuration,
    /// The topic for its mails, where it is not the deployment's.
    pub topic: Option<String>,
    /// Where the table stands.
    pub place: Place,
    /// The bytes of the file where some values stand.
    pub named_at: NamedAt,
}

/// Where values stand that `check` compares with the template.
#[derive(Debug, Clone)]
pub struct NamedAt {
    /// `plan`.
    pub drs_plan: std::ops::Range<usize>,
    /// `topic`.
    pub topic: Option<std::ops::Range<usize>>,
    /// `alarms`, one by one.
    pub alarms: Vec<std::ops::Range<usize>>,
}

/// What must agree with the alarm: one of them or both, each of them seen from the recovery region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecondSignal {
    /// An alarm of the recovery region, by its name.
    pub alarm: Option<String>,
    /// The URL of the endpoint, which is asked from the recovery region.
    pub probe: Option<String>,
}

/// Whether a recovery is for real, by DRS's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Mode {
    /// Servers are launched to see whether they can be.
    Drill,
    /// Servers are launched to take over.
    Recovery,
}

impl Mode {
    /// `drill`, `recovery`, as sentences and rules have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Drill => "drill",
            Self::Recovery => "recovery",
        }
    }

    /// As DRS has it.
    pub fn drs(self) -> &'static str {
        match self {
            Self::Drill => "DRILL",
            Self::Recovery => "RECOVERY",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What happens when the newest recovery snapshot is older than the RPO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverRpo {
    /// The recovery waits for a person.
    Hold,
    /// It starts all the same, and says what is lost.
    Proceed,
}
