//! The waves of an incident whose plan has no DRS recovery plan: each launch that was decided, with its job.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::call_error::CallError;

use super::{ChosenSnapshot, Incident, IncidentServer, LONGEST_WAIT};

/// The tag of a job that names its wave: `1`, or `1.2` for the second job of a wave.
pub const WAVE_TAG: &str = "pointsman:wave";

/// The waves of an incident.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct WaveCourse {
    /// The waves, in their order. The servers of a wave are those of the incident with the wave's name as step.
    pub waves: Vec<IncidentWave>,
    /// The servers for which no wave waits, and who skipped each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub skipped: BTreeMap<String, String>,
    /// The operator who continues the waves although the alarm is OK.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continued_by: Option<String>,
    /// Why the jobs cannot be read at the moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<CallError>,
}

/// A wave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct IncidentWave {
    /// The name.
    pub name: String,
    /// The time in which its servers should launch.
    pub within: SignedDuration,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Timestamp>,
    /// Its launches: each becomes one job.
    #[serde(default)]
    pub launches: Vec<WaveLaunch>,
}

/// A launch of some servers of a wave. It is written down before DRS is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct WaveLaunch {
    /// The number of the launch in its wave, from 1.
    pub part: u32,
    /// The servers with the snapshots that they are launched from.
    pub snapshots: Vec<ChosenSnapshot>,
    /// When the launch was decided.
    pub at: Timestamp,
    /// Until then DRS may start a job that its list does not show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_until: Option<Timestamp>,
    /// DRS's last refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<LaunchRefusal>,
    /// The job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
}

/// DRS refused a launch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LaunchRefusal {
    /// When.
    pub at: Timestamp,
    /// The number of refusals so far.
    pub count: u32,
    /// DRS's error.
    pub error: CallError,
}

impl WaveLaunch {
    /// Whether DRS refused the launch, and is not being asked again.
    pub fn is_refused(&self, now: Timestamp) -> bool {
        self.job.is_none() && self.refusal.is_some() && self.asked_until.is_none_or(|until| until <= now)
    }
}

impl LaunchRefusal {
    /// Until when DRS is not asked again: a minute, and twice as long after each further refusal.
    pub fn again(&self) -> Timestamp {
        let doubled = self.count.saturating_sub(1).min(10);
        self.at + LONGEST_WAIT.min(SignedDuration::from_mins(1 << doubled))
    }
}

/// A launch of an incident, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LaunchTag {
    /// The number of the wave, from 1.
    pub wave: usize,
    /// The number of the launch in the wave, from 1.
    pub part: u32,
}

impl std::fmt::Display for LaunchTag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.part {
            1 => write!(f, "{}", self.wave),
            part => write!(f, "{}.{part}", self.wave),
        }
    }
}

impl std::str::FromStr for LaunchTag {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (wave, part) = text.split_once('.').unwrap_or((text, "1"));
        Ok(Self { wave: wave.parse()?, part: part.parse()? })
    }
}

impl WaveCourse {
    /// Every launch, with its place.
    pub fn launches(&self) -> impl Iterator<Item = (LaunchTag, &WaveLaunch)> {
        self.waves.iter().zip(1..).flat_map(|(wave, number)| {
            let launches = wave.launches.iter();
            launches.map(move |launch| (LaunchTag { wave: number, part: launch.part }, launch))
        })
    }

    /// The launch at this place.
    pub fn launch(&self, tag: LaunchTag) -> Option<&WaveLaunch> {
        let wave = self.waves.get(tag.wave.checked_sub(1)?)?;
        wave.launches.iter().find(|launch| launch.part == tag.part)
    }

    /// The same, to change it.
    pub fn launch_mut(&mut self, tag: LaunchTag) -> Option<&mut WaveLaunch> {
        let wave = self.waves.get_mut(tag.wave.checked_sub(1)?)?;
        wave.launches.iter_mut().find(|launch| launch.part == tag.part)
    }

    /// The newest launch of a server.
    pub fn launch_of(&self, server: &str) -> Option<(LaunchTag, &WaveLaunch)> {
        let has = |launch: &WaveLaunch| launch.snapshots.iter().any(|chosen| chosen.server == server);
        self.launches().filter(|(_, launch)| has(launch)).last()
    }

    /// Whether DRS may have a job that its list does not show.
    pub fn is_unclear(&self, now: Timestamp) -> bool {
        let is_asked = |launch: &WaveLaunch| launch.asked_until.is_some_and(|until| now < until);
        self.launches().any(|(_, launch)| launch.job.is_none() && is_asked(launch))
    }
}

impl Incident {
    /// Until then DRS may have a job of the start that its list does not show.
    pub fn unclear_until(&self) -> Option<Timestamp> {
        self.waves.as_ref()?;
        self.start()?.asked_until
    }

    /// The servers of a wave.
    pub fn servers_of<'i>(&'i self, wave: &'i str) -> impl Iterator<Item = (&'i String, &'i IncidentServer)> {
        self.servers.iter().filter(move |(_, server)| server.step == wave)
    }

    /// Whether an operator skipped a server.
    pub fn is_skipped(&self, server: &str) -> bool {
        self.waves.as_ref().is_some_and(|course| course.skipped.contains_key(server))
    }

    /// The critical servers of a wave that keep the next wave from its start.
    pub fn awaited<'i>(&'i self, wave: &'i str) -> impl Iterator<Item = (&'i String, &'i IncidentServer)> {
        let is_awaited = |(id, server): &(&String, &IncidentServer)| {
            server.critical && !server.is_launched() && !self.is_skipped(id)
        };
        self.servers_of(wave).filter(is_awaited)
    }

    /// The wave that the incident is at: the first with an awaited server, or else the last that began. With its number, from 1.
    pub fn wave(&self) -> Option<(usize, &IncidentWave)> {
        let course = self.waves.as_ref()?;
        let waves = || (1..).zip(&course.waves);
        let awaited = waves().find(|(_, wave)| self.awaited(&wave.name).next().is_some());
        awaited.or_else(|| waves().filter(|(_, wave)| wave.begun.is_some()).last())
    }

    /// `db-1 (s-0000000000000db01)`: the hostname before the id.
    pub fn host_and_id(&self, server: &str) -> String {
        match self.hostnames.get(server) {
            Some(hostname) => format!("{hostname} ({server})"),
            None => server.to_owned(),
        }
    }
}
