//! The recovery plans: the alarms that may start a recovery, the second signal, the DRS recovery plan and the limits. They are
//! read from `[[recovery-plan]]` tables and checked before they have these types.

mod read;

use std::fmt;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use shared::arn::Arn;
use shared::config::Place;

pub use read::{CODES, TABLE, read};

/// All recovery plans, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// One for each `[[recovery-plan]]` table.
    pub plans: Vec<RecoveryPlan>,
}

impl Rules {
    /// The plan with this name.
    pub fn plan(&self, name: &str) -> Option<&RecoveryPlan> {
        self.plans.iter().find(|plan| plan.name == name)
    }
}

/// One `[[recovery-plan]]` table.
#[derive(Debug, Clone)]
pub struct RecoveryPlan {
    /// The name, which is part of keys, incident ids and commands.
    pub name: String,
    /// The ARNs of the alarms that may start it.
    pub alarms: Vec<Arn>,
    /// The second signal, which must agree with the alarm.
    pub second_signal: SecondSignal,
    /// The ARN of the DRS recovery plan.
    pub drs_plan: Arn,
    /// Drill or recovery.
    pub mode: Mode,
    /// The recovery point objective: the greatest age of the newest recovery snapshot when the alarm began.
    pub rpo: SignedDuration,
    /// The policy for older snapshots.
    pub over_rpo: OverRpo,
    /// The recovery time objective, from the moment the alarm began. An email reports that it passed.
    pub rto: SignedDuration,
    /// The time after a start in which no other one starts.
    pub cool_down: SignedDuration,
    /// The greatest delay of an alarm event.
    pub stale_after: SignedDuration,
    /// The time after which an incident without a start is given up.
    pub give_up_after: SignedDuration,
    /// The topic for the plan's emails; none for the deployment's topic.
    pub topic: Option<Arn>,
    /// The place of the table.
    pub place: Place,
    /// The places of some values, as bytes of the file.
    pub named_at: PlanPlaces,
}

/// The places of values that `pointsman check` compares with the template.
#[derive(Debug, Clone)]
pub struct PlanPlaces {
    /// `plan`.
    pub drs_plan: std::ops::Range<usize>,
    /// `topic`.
    pub topic: Option<std::ops::Range<usize>>,
    /// `alarms`, one by one.
    pub alarms: Vec<std::ops::Range<usize>>,
}

/// The second signal: an alarm, a probe or both, each observed from the recovery region. All of them must agree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecondSignal {
    /// The name of an alarm in the recovery region.
    pub alarm: Option<String>,
    /// The URL that the function probes from the recovery region.
    pub probe: Option<String>,
}

/// Drill or recovery, with DRS's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Mode {
    /// DRS launches servers as a test.
    Drill,
    /// DRS launches servers that take over.
    Recovery,
}

impl Mode {
    /// `drill`, `recovery`: the name in sentences and rules.
    pub fn name(self) -> &'static str {
        match self {
            Self::Drill => "drill",
            Self::Recovery => "recovery",
        }
    }

    /// The name in DRS.
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

/// The policy when the newest recovery snapshot is older than the RPO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverRpo {
    /// The recovery is blocked.
    Hold,
    /// The recovery starts, and the email names the age.
    Proceed,
}
