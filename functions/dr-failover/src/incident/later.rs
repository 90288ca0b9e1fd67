//! What happens after the launch of an incident, until an operator closes it: alarms, retries, launches by hand, lost instances.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::arn::Arn;
use shared::decision::Explain;
use shared::text::{count, list_at_most, noun, verb};

use super::{EntryKind, Incident, IncidentPhase, unknown};
use crate::reported::ReportedState;
use crate::rules::Mode;

/// The most events that are kept. Earlier ones are in the record.
const MOST_EVENTS: usize = 50;

/// The most names in a sentence.
const MOST_NAMES: usize = 5;

/// The course of an incident after its launch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Later {
    /// The last event about the alarms.
    pub alarms: AlarmsLater,
    /// The number of events about the alarms.
    pub alarm_changes: u32,
    /// The number of all events: each is emailed once.
    pub count: u32,
    /// The events, oldest first.
    #[serde(deserialize_with = "unknown::known")]
    pub events: Vec<LaterEntry>,
    /// The executions and jobs that no further event names: those of others that an event named, and replaced ones of the incident.
    pub seen: BTreeSet<String>,
    /// The servers whose instance no longer exists.
    pub gone: BTreeSet<String>,
}

/// The alarms of an incident after its launch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmsLater {
    /// As they were when the launch ended.
    #[default]
    AsLaunched,
    /// Every alarm is OK.
    Ok,
    /// An alarm entered ALARM since.
    Again,
}

/// An event with its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LaterEntry {
    /// When the function observed the event.
    pub at: Timestamp,
    /// The event.
    pub event: LaterEvent,
}

/// An event after the launch. Each has a code of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum LaterEvent {
    /// Every alarm is OK, while launched servers run.
    OkAfterLaunch { launched: usize },
    /// An alarm entered ALARM: it joins the incident, and starts nothing.
    AlarmAfterLaunch { alarms: Vec<String> },
    /// The execution is in progress again, or has ended in another way than before.
    StepRetried { status: String },
    /// An operator started the plan again, with the incident's tag.
    StartedAgain { execution: Arn },
    /// An operator started servers of the plan without the incident's tag.
    LaunchedByHand { launch: ManualLaunch },
    /// Instances that the recovery launched no longer exist.
    ServersGone { servers: Vec<String>, names: Vec<String> },
    /// An operator closed the incident while an alarm was in ALARM.
    ClosedInAlarm { by: String, alarms: Vec<String> },
}

/// A launch by another principal than this function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum ManualLaunch {
    /// An execution of the DRS plan.
    Execution { arn: Arn, mode: Option<Mode>, status: String },
    /// A job for single servers.
    Job { id: String, is_drill: bool, servers: Vec<String> },
}

impl ManualLaunch {
    /// The ARN or the id.
    pub fn id(&self) -> String {
        match self {
            Self::Execution { arn, .. } => arn.to_string(),
            Self::Job { id, .. } => id.clone(),
        }
    }
}

impl fmt::Display for ManualLaunch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Execution { arn, mode, status } => {
                let mode = mode.map_or("execution", Mode::name);
                write!(f, "the {mode} {arn} of the DRS plan, which is {status}")
            }
            Self::Job { id, is_drill, servers } => {
                let kind = if *is_drill { "drill" } else { "recovery" };
                write!(f, "the {kind} job {id} of {}", list_at_most(servers, MOST_NAMES))
            }
        }
    }
}

impl Explain for LaterEvent {
    fn code(&self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for LaterEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OkAfterLaunch { launched: 0 } => f.write_str("every alarm is OK again"),
            Self::OkAfterLaunch { launched } => {
                let (servers, run) = (count(*launched, "launched server"), verb(*launched, "runs", "run"));
                write!(f, "every alarm is OK again, and {servers} {run}: both sites may take writes")
            }
            Self::AlarmAfterLaunch { alarms } => {
                let (alarm, names) = (noun(alarms.len(), "alarm"), list_at_most(alarms, MOST_NAMES));
                let joins = verb(alarms.len(), "joins", "join");
                write!(
                    f,
                    "the {alarm} {names} entered ALARM after the launch and {joins} the open incident: nothing starts"
                )
            }
            Self::StepRetried { status } => {
                write!(f, "an operator retried or skipped a step: the execution is {status}")
            }
            Self::StartedAgain { execution } => {
                write!(f, "an operator started the plan again with the incident's tag: {execution}")
            }
            Self::LaunchedByHand { launch } => {
                write!(f, "another principal started {launch}, without this incident's tag")
            }
            Self::ServersGone { names, .. } => {
                let (server, names) = (noun(names.len(), "server"), list_at_most(names, MOST_NAMES));
                write!(f, "the launched {server} {names} no longer {}", verb_exists(self))
            }
            Self::ClosedInAlarm { by, alarms } => {
                let (alarm, names) = (noun(alarms.len(), "alarm"), list_at_most(alarms, MOST_NAMES));
                let is = verb(alarms.len(), "is", "are");
                write!(
                    f,
                    "{by} closed the incident while the {alarm} {names} {is} in ALARM: nothing starts until an alarm has been OK \
                     and enters ALARM again"
                )
            }
        }
    }
}

fn verb_exists(event: &LaterEvent) -> &'static str {
    match event {
        LaterEvent::ServersGone { names, .. } => verb(names.len(), "exists", "exist"),
        _ => "exist",
    }
}

impl Incident {
    /// Writes an event down: it is recorded, and emailed once.
    pub fn happened(&mut self, event: LaterEvent, at: Timestamp) {
        self.note(at, EntryKind::AfterLaunch, event.to_string());
        let later = self.later.get_or_insert_default();
        later.count += 1;
        later.events.push(LaterEntry { at, event });
        if later.events.len() > MOST_EVENTS {
            later.events.remove(0);
        }
    }

    /// The events after the launch, oldest first.
    pub fn events_after_launch(&self) -> &[LaterEntry] {
        self.later.as_ref().map_or(&[], |later| &later.events)
    }

    /// The events that no email has reported, once an email has reported the phase itself.
    pub fn news(&self) -> &[LaterEntry] {
        let Some(later) = &self.later else { return &[] };
        let reported = match self.reported.as_ref().map(ReportedState::without_traffic) {
            Some(ReportedState::Ended(phase)) if *phase == self.phase => 0,
            Some(ReportedState::AfterLaunch { phase, count }) if *phase == self.phase => *count,
            _ => return &[],
        };
        let new = usize::try_from(later.count.saturating_sub(reported)).unwrap_or(MOST_EVENTS);
        &later.events[later.events.len().saturating_sub(new)..]
    }

    /// The execution is in progress again: it is followed as before.
    pub fn resume(&mut self, event: LaterEvent, at: Timestamp) {
        self.happened(event, at);
        (self.phase, self.finished, self.end) = (IncidentPhase::Running, None, None);
    }

    /// The names of the alarms that are in ALARM.
    pub fn alarming(&self) -> Vec<String> {
        let alarming = self.alarms.values().filter(|alarm| alarm.state == crate::alarm::AlarmState::Alarm);
        alarming.map(|alarm| alarm.name.clone()).collect()
    }

    /// The host's name of a server, or else its id.
    pub fn short_name(&self, id: &str) -> String {
        self.hostnames.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }

    /// Whether the instance that the recovery launched for a server no longer exists.
    pub fn is_gone(&self, id: &str) -> bool {
        self.later.as_ref().is_some_and(|later| later.gone.contains(id))
    }

    /// The number of launched servers whose instance still exists.
    pub fn still_there(&self) -> usize {
        let launched = self.servers.iter().filter(|(_, server)| server.is_launched());
        launched.filter(|(id, _)| !self.is_gone(id)).count()
    }
}
