//! The recovery plans: the alarms that may start a recovery, the second signal, the DRS recovery plan and the limits. They are
//! read from `[[recovery-plan]]` tables and checked before they have these types.

mod read;
mod waves;

use std::fmt;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use shared::arn::Arn;
use shared::config::Place;

pub use read::{CODES, TABLE, read};
pub use waves::{MOST_WAVE_SERVERS, WAVE};

/// All recovery plans, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// One for each `[[recovery-plan]]` table.
    pub plans: Vec<RecoveryPlan>,
    /// The plans that are rows of a table and cannot be read.
    pub broken: Vec<BrokenPlan>,
}

/// A plan that cannot be read.
#[derive(Debug, Clone)]
pub struct BrokenPlan {
    /// The place of the plan.
    pub place: Place,
    /// The ARNs of its alarms; none if they cannot be read, so that it may have any.
    pub alarms: Option<Vec<Arn>>,
}

impl BrokenPlan {
    /// Whether the plan may name an alarm.
    pub fn may_name(&self, is_it: impl Fn(&Arn) -> bool) -> bool {
        self.alarms.as_ref().is_none_or(|alarms| alarms.iter().any(is_it))
    }
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
    /// The readings of the second signal that must agree.
    pub agree: Agreement,
    /// The ARN of the DRS recovery plan; none if the plan has waves of its own.
    pub drs_plan: Option<Arn>,
    /// The waves of source servers, in their order; empty if a DRS recovery plan has the order.
    pub waves: Vec<Wave>,
    /// The effect of a confirmed alarm.
    pub mode: PlanMode,
    /// Whether the start of a recovery waits for an operator's approval.
    pub approval: Approval,
    /// The Elastic IP addresses that recovered servers receive.
    pub addresses: Vec<ServerAddress>,
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

impl RecoveryPlan {
    /// Whether both plans may launch the same server: they have the same DRS plan, or waves that can have it.
    pub fn may_share_a_server(&self, other: &Self) -> bool {
        let has_tags = |plan: &Self| plan.waves.iter().any(|wave| !wave.tags.is_empty());
        let servers = |plan: &'_ Self| -> Vec<String> {
            plan.waves.iter().flat_map(|wave| wave.servers.iter().cloned()).collect()
        };
        match (&self.drs_plan, &other.drs_plan) {
            (Some(own), Some(others)) => own == others,
            (None, None) => {
                let others = servers(other);
                has_tags(self)
                    || has_tags(other)
                    || servers(self).iter().any(|server| others.contains(server))
            }
            _ => false,
        }
    }
}

/// The places of values that `pointsman check` compares with the template.
#[derive(Debug, Clone)]
pub struct PlanPlaces {
    /// `plan`.
    pub drs_plan: Option<std::ops::Range<usize>>,
    /// `topic`.
    pub topic: Option<std::ops::Range<usize>>,
    /// `alarms`, one by one.
    pub alarms: Vec<std::ops::Range<usize>>,
    /// The allocation ids of `addresses`, one by one.
    pub addresses: Vec<std::ops::Range<usize>>,
    /// The source servers of `waves`: the ids, and `*` for the servers with a wave's tags.
    pub waves: Vec<(String, std::ops::Range<usize>)>,
}

/// The second signal: an alarm, a probe or both, each observed from the recovery region. All of them must agree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecondSignal {
    /// The name of an alarm in the recovery region.
    pub alarm: Option<String>,
    /// The URL that the function probes from the recovery region.
    pub probe: Option<String>,
}

/// The readings of the second signal that must agree: `3 of 3`, each about a minute after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// The number of readings that agree.
    pub needed: u32,
    /// The number of latest readings that count.
    pub of: u32,
}

impl Agreement {
    /// Three in a row: one bad minute is no outage.
    pub const DEFAULT: Self = Self { needed: 3, of: 3 };
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.needed, self.of)
    }
}

/// A wave of a plan without a DRS recovery plan. The next wave starts when each critical server of this one is launched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wave {
    /// The name, which is unique in its plan.
    pub name: String,
    /// The ids of the source servers.
    pub servers: Vec<String>,
    /// The tags that every source server of the wave has; empty if the ids name them all.
    pub tags: std::collections::BTreeMap<String, String>,
    /// The ids of the servers without which the next wave may start.
    pub optional: Vec<String>,
    /// The time in which the wave's servers should launch. An email reports that it passed.
    pub within: SignedDuration,
}

/// An Elastic IP address that the instance of a recovered server receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    /// The source server's id.
    pub server: String,
    /// The allocation id of the address: `eipalloc-...`.
    pub allocation: String,
}

/// Whether the start of a recovery waits for an operator's approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Approval {
    /// It does not.
    #[default]
    None,
    /// It waits until an operator approves.
    Required,
    /// It waits until an operator approves, or until this time has passed without a refusal.
    After(SignedDuration),
}

/// The effect of a confirmed alarm. No alarm starts a drill: a drill cannot be stopped, and blocks a recovery meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanMode {
    /// An email reports the outage and has the command that starts the recovery.
    Notify,
    /// The recovery starts.
    Recovery,
}

impl PlanMode {
    /// The name in rules.
    pub fn name(self) -> &'static str {
        match self {
            Self::Notify => "notify",
            Self::Recovery => "recovery",
        }
    }
}

impl fmt::Display for PlanMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
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
