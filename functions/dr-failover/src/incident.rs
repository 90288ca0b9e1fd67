//! An incident: the one record from the first alarm to the last server, as the table holds it and `pointsman incident` prints it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::text::{printable, shortened};
use shared::token::client_token;

use crate::alarm::State;
use crate::rules::Mode;

/// The tag of an execution that says which incident started it.
pub const INCIDENT_TAG: &str = "pointsman:incident";

/// The most entries of the record. What happens after them is counted, not told.
const MOST_ENTRIES: usize = 300;

/// How many more entries there is room for that say how it went, whatever else happened.
const ROOM_FOR_THE_COURSE: usize = 100;

/// What says how it went.
const THE_COURSE: [&str; 7] = ["decided", "started", "over-rto", "person", "ended", "execution", "mail"];

/// How many refusals are kept.
const MOST_REFUSALS: usize = 10;

/// The longest time between two starts: what DRS refuses is mended by people.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(16);

/// The longest text of an entry, and of what others say: an item of DynamoDB has 400 KB at most.
const LONGEST_ENTRY: usize = 500;

/// The record of an incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Incident {
    /// The plan's name, the time of its first alarm and a digest of it.
    pub id: String,
    /// How often it was written.
    pub version: u64,
    /// The plan's name.
    pub plan: String,
    /// The ARN of the DRS recovery plan.
    pub drs_plan: String,
    /// When it was opened.
    pub opened: Timestamp,
    /// When the first of its alarms began to be in ALARM, of those that nothing holds by itself (late, suppressed, incomplete). It
    /// stays, whatever the alarms do since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_because: Option<String>,
    /// Who refused it. It ends when it is known that DRS has nothing of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_by: Option<String>,
    /// Where it stands.
    pub phase: Phase,
    /// Whether it is for real, as the rules had it when it was last decided.
    pub mode: Mode,
    /// Its alarms, by their ARNs.
    pub alarms: BTreeMap<String, AlarmNow>,
    /// What holds it.
    #[serde(default)]
    pub holds: Vec<Hold>,
    /// The start that was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Attempt>,
    /// How many starts were decided.
    #[serde(default)]
    pub attempts: u32,
    /// The last starts that came to nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<Refusal>,
    /// How many starts came to nothing.
    #[serde(default)]
    pub refused: u32,
    /// More time than the plan's RTO has passed since its alarm began.
    #[serde(default)]
    pub over_rto: bool,
    /// What DRS makes of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<Execution>,
    /// The servers, by their ids.
    #[serde(default)]
    pub servers: BTreeMap<String, Server>,
    /// Their hostnames, as far as DRS knows them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hostnames: BTreeMap<String, String>,
    /// What happened, in order.
    #[serde(default)]
    pub record: Vec<Entry>,
    /// How many entries the record has no room for.
    #[serde(default)]
    pub unrecorded: u64,
    /// The state that was mailed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<String>,
    /// Who is about to mail what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telling: Option<Telling>,
}

/// Where an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Something keeps the recovery from starting.
    Held,
    /// The start is decided; DRS has not confirmed it yet.
    Starting,
    /// DRS is at it.
    Running,
    /// It is over: every server of the recovery launched.
    Recovered,
    /// It is over: every server of the drill launched.
    Drilled,
    /// It is over: some servers that matter less did not launch.
    RecoveredInPart,
    /// It is over: the execution failed, or a server that matters did not launch.
    Failed,
    /// It is over: somebody cancelled the execution.
    Cancelled,
    /// It is over: the alarms are OK again, and nothing was started.
    OkAgain,
    /// It is over: a person refused the recovery.
    Refused,
    /// It is over: nothing started it in time.
    AgedOut,
}

impl Phase {
    /// Whether there is something left to decide or to follow.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Held | Self::Starting | Self::Running)
    }

    /// As the table has it.
    pub fn name(self) -> &'static str {
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
}

/// An alarm of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AlarmNow {
    /// Its name.
    pub name: String,
    /// What it said last.
    pub state: State,
    /// Since when it is in that state.
    pub since: Timestamp,
    /// When that was heard.
    pub heard: Timestamp,
    /// When it began to be in ALARM.
    pub began: Timestamp,
    /// How many seconds after it began that was heard.
    pub late_seconds: i64,
    /// What suppresses its actions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed_by: Option<String>,
    /// Until when, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed_until: Option<Timestamp>,
    /// What the event left out that a decision needs: the state before, the time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsaid: Vec<String>,
    /// Why, in CloudWatch's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What holds an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Hold {
    /// Which interlock: `second-signal-quiet`.
    pub code: String,
    /// In a few words, for a subject.
    #[serde(default)]
    pub headline: String,
    /// Whether it can go away without anybody's doing.
    #[serde(default)]
    pub passes: bool,
    /// In a sentence.
    pub because: String,
    /// What a person can do about it.
    pub advice: String,
    /// Since when.
    pub since: Timestamp,
}

/// A start that was decided, written down before DRS is asked, so that it can be asked again for the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Attempt {
    /// The client token.
    pub token: String,
    /// When it was decided.
    pub at: Timestamp,
    /// Whether it is for real.
    pub mode: Mode,
    /// How many servers the plan launches.
    pub servers: usize,
    /// The snapshots that were checked.
    pub snapshots: Vec<Chosen>,
    /// What is not as it should be, and did not hold it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub despite: Vec<String>,
    /// What DRS said to it so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Until then an invocation may be asking DRS for it, which has not said yet what came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_until: Option<Timestamp>,
}

/// A start that came to nothing: nothing was launched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Refusal {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub error: String,
    /// The execution that DRS ended before any step of it ran; none where DRS refused to make one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
}

/// The recovery snapshot that a server is launched from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Chosen {
    /// The source server's id.
    pub server: String,
    /// The snapshot's id.
    pub snapshot: String,
    /// When it was taken.
    pub taken: Timestamp,
}

/// An execution of the DRS recovery plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Execution {
    /// Its ARN.
    pub arn: String,
    /// Whether it is for real.
    pub mode: Mode,
    /// As DRS has it: `IN_PROGRESS`.
    pub status: String,
    /// When DRS started it.
    pub started: Timestamp,
    /// It was found running, with this incident's tag.
    #[serde(default)]
    pub adopted: bool,
    /// What DRS says is wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// It could not be looked at; why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable_since: Option<Timestamp>,
    /// Its steps, in their order.
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// A step of an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Step {
    /// Its name.
    pub name: String,
    /// As DRS has it: `EXECUTING`.
    pub status: String,
    /// Since when it was seen so.
    pub since: Timestamp,
    /// What DRS says is wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A server of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Server {
    /// Whether its failure fails the plan.
    pub critical: bool,
    /// The step that launches it.
    pub step: String,
    /// The job that launches it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// As DRS has it: `LAUNCHED`; `NOT_STARTED` before there is a job.
    pub status: String,
    /// What was launched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Since when it was seen so.
    pub since: Timestamp,
}

impl Server {
    /// Whether it is there.
    pub fn is_launched(&self) -> bool {
        self.status == "LAUNCHED"
    }

    /// Whether it will not be there.
    pub fn has_failed(&self) -> bool {
        matches!(self.status.as_str(), "FAILED" | "TERMINATED")
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Entry {
    /// When it was seen.
    pub at: Timestamp,
    /// What kind of thing, for who reads times: `alarm`, `held`, `decided`, `started`, `server`, `mail`, `ended`.
    pub kind: String,
    /// What.
    pub what: String,
}

/// Who is about to mail what. A claim that was not kept is free again at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Telling {
    /// The state that is mailed.
    pub state: String,
    /// Lambda's request id.
    pub by: String,
    /// The end of the claim.
    pub until: Timestamp,
}

impl Incident {
    /// The id of the incident that an alarm opens: the same for the same transition.
    pub fn id_of(plan: &str, alarm: &str, at: Timestamp) -> String {
        let digest = client_token([plan, alarm, &at.to_string()]);
        format!("{plan}-{}-{}", at.strftime("%Y%m%dT%H%M%SZ"), &digest[..8])
    }

    /// The plan's name in an id.
    pub fn plan_of(id: &str) -> Option<&str> {
        let (rest, digest) = id.rsplit_once('-')?;
        let (plan, time) = rest.rsplit_once('-')?;
        (digest.len() == 8 && time.len() == 16 && !plan.is_empty()).then_some(plan)
    }

    /// Writes down what happened. Of what there is much of (servers, alarms that flap), what has no room is counted.
    pub fn note(&mut self, at: Timestamp, kind: &str, what: impl AsRef<str>) {
        let room = if THE_COURSE.contains(&kind) { ROOM_FOR_THE_COURSE } else { 0 };
        if self.record.len() >= MOST_ENTRIES + room {
            self.unrecorded += 1;
            return;
        }
        let what = shortened(&printable(what.as_ref()), LONGEST_ENTRY);
        // What is tried in vain each minute is one entry.
        if self.record.last().is_some_and(|last| last.kind == kind && last.what == what) {
            return;
        }
        self.record.push(Entry { at, kind: kind.to_owned(), what });
    }

    /// What somebody else said, as the record holds it.
    pub fn said(text: &str) -> String {
        shortened(text, LONGEST_ENTRY)
    }

    /// Ends it.
    pub fn end(&mut self, phase: Phase, at: Timestamp, why: &str) {
        self.phase = phase;
        self.ended = Some(at);
        self.ended_because = Some(Self::said(why));
        // What held an incident that was given up or refused is worth knowing afterwards.
        if !matches!(phase, Phase::AgedOut | Phase::Refused) {
            self.holds.clear();
        }
        self.note(at, "ended", format!("{}: {why}", phase.name()));
    }

    /// Back to where nothing was started: DRS launched nothing.
    pub fn refused(&mut self, refusal: Refusal) {
        self.phase = Phase::Held;
        self.attempt = None;
        self.execution = None;
        self.servers.clear();
        self.refusals.push(refusal);
        self.refused += 1;
        if self.refusals.len() > MOST_REFUSALS {
            self.refusals.remove(0);
        }
    }

    /// Until when DRS is not asked again: a minute after its first refusal, twice as long after each further one.
    pub fn waits_until(&self) -> Option<Timestamp> {
        let last = self.refusals.last()?;
        let doubled = self.refused.saturating_sub(1).min(10);
        Some(last.at + LONGEST_WAIT.min(SignedDuration::from_mins(1 << doubled)))
    }

    /// Until when DRS ended executions of this incident before any step of them ran: none of those that began before counts.
    pub fn void_until(&self) -> Option<Timestamp> {
        let void = self.refusals.iter().filter(|refusal| refusal.execution.is_some());
        void.map(|refusal| refusal.at).max()
    }

    /// When its first alarm began.
    pub fn began(&self) -> Timestamp {
        let of_alarms = || self.alarms.values().map(|alarm| alarm.began).min();
        self.began.or_else(of_alarms).unwrap_or(self.opened)
    }

    /// Whether an alarm of it is in ALARM.
    pub fn is_alarming(&self) -> bool {
        self.alarms.values().any(|alarm| alarm.state == State::Alarm)
    }

    /// Whether every alarm of it is OK.
    pub fn is_over(&self) -> bool {
        self.alarms.values().all(|alarm| alarm.state == State::Ok)
    }

    /// The servers that will not be there, in order.
    pub fn failed(&self) -> impl Iterator<Item = (&String, &Server)> {
        self.servers.iter().filter(|(_, server)| server.has_failed())
    }

    /// How old the data of what was started is: when the oldest of its snapshots was taken.
    pub fn data_of(&self) -> Option<Timestamp> {
        self.attempt.as_ref()?.snapshots.iter().map(|chosen| chosen.taken).min()
    }

    /// The servers that are not there, in order.
    pub fn missing(&self) -> impl Iterator<Item = (&String, &Server)> {
        self.servers.iter().filter(|(_, server)| !server.is_launched())
    }

    /// What is mailed once: it changes when a person should know of it.
    pub fn state(&self) -> String {
        match self.phase {
            Phase::Held => {
                let mut codes: Vec<&str> = self.holds.iter().map(|hold| hold.code.as_str()).collect();
                codes.sort_unstable();
                codes.dedup();
                format!("held: {}{}", codes.join(" "), self.lateness())
            }
            Phase::Starting => {
                let refused = self.attempt.as_ref().is_some_and(|attempt| attempt.error.is_some());
                if !self.holds.is_empty() {
                    return format!("starting: unseen{}", self.lateness());
                }
                if refused {
                    format!("starting: no answer{}", self.lateness())
                } else {
                    "starting".to_owned()
                }
            }
            Phase::Running => {
                let failed: Vec<&str> = self.failed().map(|(id, _)| id.as_str()).collect();
                let unseen = self.execution.as_ref().is_some_and(|execution| execution.unreadable.is_some());
                let over = if self.is_over() { " alarm-ok" } else { "" };
                let unseen = if unseen { " unseen" } else { "" };
                format!("running:{over}{unseen} {}{}", failed.join(" "), self.lateness())
            }
            ended => ended.name().to_owned(),
        }
    }

    /// That the RTO is over is told once, too.
    fn lateness(&self) -> &'static str {
        if self.over_rto { " over-rto" } else { "" }
    }

    /// Whether DRS only checks the servers again, after it refused a start before: until it launches one there is nothing to
    /// tell.
    pub fn is_checked_again(&self) -> bool {
        let is_created = self.execution.as_ref().is_some_and(|execution| execution.status == "CREATED");
        let is_seen = self.execution.as_ref().is_some_and(|execution| execution.unreadable.is_none());
        let was_late = self.told.as_deref().is_some_and(|told| told.contains("over-rto"));
        let is_quiet = is_created && is_seen && (!self.over_rto || was_late) && !self.is_over();
        self.phase == Phase::Running && is_quiet && self.refused > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_its_plan() {
        let at: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        let id = Incident::id_of("shop-eu", "arn", at);
        assert!(id.starts_with("shop-eu-20260302T100000Z-"), "{id}");
        assert_eq!(Incident::plan_of(&id), Some("shop-eu"));
        assert_eq!(Incident::plan_of("shop"), None);
        assert_ne!(id, Incident::id_of("shop-eu", "another", at));
    }

    #[test]
    fn however_much_happened_there_is_room_for_how_it_ended() {
        let at: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        let mut incident: Incident =
            serde_json::from_value(serde_json::json!({"id": "shop-1", "version": 1, "plan": "shop",
            "drs-plan": "arn", "opened": at, "phase": "running", "mode": "RECOVERY", "alarms": {}}))
            .unwrap();
        for number in 0..1_000 {
            incident.note(at, "server", format!("server {number} is LAUNCHED"));
            incident.note(at, "not-mailed", "not mailed: STARTED");
        }
        incident.end(Phase::Recovered, at, "1000 of 1000 servers launched");
        assert_eq!(incident.ended_because.as_deref(), Some("1000 of 1000 servers launched"));
        assert_eq!(incident.record.last().unwrap().kind, "ended");
        assert!(incident.record.len() <= MOST_ENTRIES + 1 && incident.unrecorded > 0);
    }
}
