//! An incident: the one record from the first alarm to the last server, as the table holds it and `pointsman incident` prints it.

mod approval;
mod attempt;
mod clean_up;
mod end;
mod ended_hold;
mod execution;
mod later;
mod order;
mod outage;
mod phase;
mod reading;
mod record;
mod remains;
mod settling;
mod stored;
mod unknown;
mod wave;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::arn::Arn;
use shared::call_error::CallError;
use shared::claim::Claim;
use shared::text::shortened;
use shared::token::client_token;

use crate::alarm::AlarmState;
use crate::interlock::Interlock;
use crate::reported::ReportedState;
use crate::rules::{Mode, RecoveryPlan};
use crate::suppression::Suppression;
use crate::traffic::TrafficMove;

pub use approval::{ApprovalRequest, Approver, IncidentApproval, MOST_REQUESTS, ReadAnswer, digest_of_plan};
pub use attempt::{ChosenSnapshot, DecidedStart, RefusalCause, StartAttempt, StartRefusal, is_lasting};
pub use clean_up::{
    CleanUp, DrillState, LISTED_WITHIN, MOST_CALLS, MOST_INSTANCES, MOST_REMINDERS, TerminateCallRecord,
};
pub use end::{IncidentEnd, launched_of};
pub use ended_hold::{EndedHold, HoldEnd};
pub use execution::{ExecutionStep, IncidentServer, PlanExecution};
pub use later::{AlarmsLater, Later, LaterEntry, LaterEvent, ManualLaunch};
pub use order::RecoveryOrder;
pub use outage::{Flapping, SAME_INCIDENT, STEADY_ALARM, STEADY_OK};
pub use phase::{CLOSING_CODES, IncidentPhase};
pub use reading::SignalReading;
pub use record::{EntryKind, RecordEntry};
pub use remains::Remains;
pub use settling::SettlingState;
pub use wave::{IncidentWave, LaunchRefusal, LaunchTag, WAVE_TAG, WaveCourse, WaveLaunch};

/// The tag of an execution that names the incident that started it.
pub const INCIDENT_TAG: &str = "pointsman:incident";

/// The version of an item's form. Version 1 had one attempt, and interlocks as sentences.
pub const FORMAT: u32 = 2;

/// The most refused attempts that are kept.
const MOST_REFUSED: usize = 10;

/// The longest time between two starts: an operator fixes what DRS refuses.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(16);

/// The longest text from another source: an item of DynamoDB has 400 KB at most.
const LONGEST_TEXT: usize = 500;

/// The record of an incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "stored::IncidentItem", rename_all = "kebab-case")]
pub struct Incident {
    /// The plan's name, the time of the first alarm and a digest of it.
    pub id: String,
    /// The number of writes.
    pub version: u64,
    /// The version of the item's form: [`FORMAT`].
    pub format: u32,
    /// The plan's name.
    pub plan: String,
    /// The ARN of the DRS recovery plan; none if the plan has waves of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drs_plan: Option<Arn>,
    /// When the incident was opened.
    pub opened: Timestamp,
    /// When the outage began: the earliest ALARM of an alarm that is on time, complete and not suppressed. Later changes of the
    /// alarms do not move it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub began: Option<Timestamp>,
    /// The number of outages: an alarm that returns soon belongs to the same incident.
    pub outages: u32,
    /// When the function noticed the last outage, if it is not the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resumed: Option<Timestamp>,
    /// Whether the alarms flap.
    pub flapping: Flapping,
    /// The last readings of the second signal, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub readings: Vec<SignalReading>,
    /// When the incident was closed. An incident without it is open, whatever its phase.
    #[serde(rename = "ended", skip_serializing_if = "Option::is_none")]
    pub closed: Option<Timestamp>,
    /// How the incident reached its last phase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<IncidentEnd>,
    /// When the launch ended. Afterwards the incident stays open until an operator closes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished: Option<Timestamp>,
    /// What happened after the launch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub later: Option<Later>,
    /// What runs in DRS without this incident, if the incident ended without a launch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remains: Option<Remains>,
    /// The operator who closed the incident after its launch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<String>,
    /// The operator who started the drill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drilled_by: Option<String>,
    /// The order of ARC Region switch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<RecoveryOrder>,
    /// The clean-up of the drill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clean_up: Option<CleanUp>,
    /// The number of emails that reminded of the drill's instances.
    #[serde(skip_serializing_if = "is_zero")]
    pub reminders: u32,
    /// The operator who refused the recovery. The incident is closed once DRS is known to have no execution of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_by: Option<String>,
    /// The request for an approval, and the answers that were read.
    #[serde(skip_serializing_if = "IncidentApproval::is_empty")]
    pub approval: IncidentApproval,
    /// The operator who approved the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<Approver>,
    /// The phase.
    pub phase: IncidentPhase,
    /// Drill or recovery, as the rules had it at the last decision.
    pub mode: Mode,
    /// The alarms.
    pub alarms: BTreeMap<Arn, IncidentAlarm>,
    /// What blocks the start.
    pub holds: Vec<Hold>,
    /// The blocks that have ended, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ended_holds: Vec<EndedHold>,
    /// The plan's RPO at the last decision of a start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpo: Option<SignedDuration>,
    /// The starts that were decided and the executions that were adopted, oldest first.
    #[serde(rename = "starts")]
    pub attempts: Vec<StartAttempt>,
    /// The number of starts that were decided.
    #[serde(rename = "attempts")]
    pub decided_count: u32,
    /// The number of starts that launched nothing.
    #[serde(rename = "refused")]
    pub refused_count: u32,
    /// The plan's RTO has passed since the outage began.
    pub over_rto: bool,
    /// The servers, by their ids.
    pub servers: BTreeMap<String, IncidentServer>,
    /// The addresses of servers that a recovery moves, by the servers' ids.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub traffic: BTreeMap<String, TrafficMove>,
    /// The servers' hostnames that DRS knows.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub hostnames: BTreeMap<String, String>,
    /// The waves of a plan without a DRS recovery plan, once its start is decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waves: Option<WaveCourse>,
    /// The events of the incident, in order.
    pub record: Vec<RecordEntry>,
    /// The number of entries for which the record has no room.
    pub unrecorded: u64,
    /// The state that the last email reported.
    #[serde(rename = "told", skip_serializing_if = "Option::is_none")]
    pub reported: Option<ReportedState>,
    /// The invocation that is about to send an email.
    #[serde(rename = "telling", skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// The emails about the current state that SNS did not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unanswered_emails: Option<UnansweredEmails>,
    /// The state that is emailed once it has lasted: there were many emails before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settling: Option<SettlingState>,
}

/// Emails about one state that SNS may have sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct UnansweredEmails {
    /// The state that they report.
    pub state: ReportedState,
    /// Their number.
    pub count: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// An alarm of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct IncidentAlarm {
    /// The name.
    pub name: String,
    /// The last known state.
    pub state: AlarmState,
    /// Since when the alarm has been in that state.
    pub since: Timestamp,
    /// When the event about that state arrived.
    pub heard: Timestamp,
    /// When the alarm entered ALARM.
    pub began: Timestamp,
    /// The delay of the event about that, in seconds.
    pub late_seconds: i64,
    /// What suppresses the alarm's actions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed_by: Option<Suppression>,
    /// The end of the suppression, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed_until: Option<Timestamp>,
    /// The details that a decision needs and that the event lacked.
    #[serde(default, rename = "unsaid", skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<MissingDetail>,
    /// Why the alarm is in its state, in CloudWatch's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the alarm was deleted. It reports no further change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Timestamp>,
}

/// A detail that an alarm event lacked. The aliases are the texts of items of format 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingDetail {
    /// The alarm's previous state.
    #[serde(alias = "the state it was in before")]
    PreviousState,
    /// The time of the change.
    #[serde(alias = "since when it is in ALARM")]
    Time,
    /// A detail that a later version of the function wrote down. It blocks the start as well.
    #[serde(other)]
    Other,
}

/// An interlock that blocks an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Hold {
    /// The interlock.
    pub interlock: Interlock,
    /// Since when an interlock with this code blocks the incident.
    pub since: Timestamp,
}

impl Incident {
    /// A new incident of a plan.
    pub fn opened(id: String, plan: &RecoveryPlan, now: Timestamp) -> Self {
        Self {
            id,
            version: 0,
            format: FORMAT,
            plan: plan.name.clone(),
            drs_plan: plan.drs_plan.clone(),
            opened: now,
            began: None,
            outages: 1,
            resumed: None,
            flapping: Flapping::No,
            readings: Vec::new(),
            closed: None,
            end: None,
            finished: None,
            later: None,
            remains: None,
            closed_by: None,
            drilled_by: None,
            order: None,
            clean_up: None,
            reminders: 0,
            refused_by: None,
            approval: IncidentApproval::default(),
            approved_by: None,
            phase: IncidentPhase::Held,
            mode: Mode::Recovery,
            alarms: BTreeMap::new(),
            holds: Vec::new(),
            ended_holds: Vec::new(),
            rpo: None,
            attempts: Vec::new(),
            decided_count: 0,
            refused_count: 0,
            over_rto: false,
            servers: BTreeMap::new(),
            traffic: BTreeMap::new(),
            hostnames: BTreeMap::new(),
            waves: None,
            record: Vec::new(),
            unrecorded: 0,
            reported: None,
            claim: None,
            unanswered_emails: None,
            settling: None,
        }
    }

    /// The id of the incident that an alarm opens: the same id for the same change of state.
    pub fn id_of(plan: &str, alarm: &Arn, at: Timestamp) -> String {
        let digest = client_token([plan, &alarm.to_string(), &at.to_string()]);
        format!("{plan}-{}-{}", at.strftime("%Y%m%dT%H%M%SZ"), &digest[..8])
    }

    /// The plan's name in an id.
    pub fn plan_of(id: &str) -> Option<&str> {
        let (rest, digest) = id.rsplit_once('-')?;
        let (plan, time) = rest.rsplit_once('-')?;
        (digest.len() == 8 && time.len() == 16 && !plan.is_empty()).then_some(plan)
    }

    /// A text from another source, as long as an item keeps it.
    pub fn bounded(text: &str) -> String {
        shortened(text, LONGEST_TEXT)
    }

    /// An error, with a message as long as an item keeps it.
    pub fn bounded_error(error: &CallError) -> CallError {
        let mut bounded = error.clone();
        bounded.message = Self::bounded(&error.message);
        bounded
    }

    /// Whether the incident can still change: it is decided or followed.
    pub fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// Closes the incident.
    pub fn close(&mut self, phase: IncidentPhase, at: Timestamp, end: IncidentEnd) {
        self.phase = phase;
        self.closed = Some(at);
        // The interlocks of an incident that was given up or refused explain it afterwards.
        if !matches!(phase, IncidentPhase::AgedOut | IncidentPhase::Refused) {
            let because = if phase == IncidentPhase::OkAgain { HoldEnd::AlarmsOk } else { HoldEnd::Closed };
            self.end_holds(at, because);
        }
        self.note(at, EntryKind::Ended, format!("the incident is closed as {}: {end}", phase.name()));
        self.end = Some(end);
    }

    /// Ends the launch. The incident stays open, so that what follows is recorded and emailed.
    pub fn finish(&mut self, phase: IncidentPhase, at: Timestamp, end: IncidentEnd) {
        self.phase = phase;
        self.finished = Some(at);
        self.end_holds(at, HoldEnd::Finished);
        let alarms = if self.is_over() { AlarmsLater::Ok } else { AlarmsLater::AsLaunched };
        self.later.get_or_insert_default().alarms = alarms;
        self.note(at, EntryKind::Ended, format!("the {} is {}: {end}", self.mode, phase.name()));
        self.end = Some(end);
    }

    /// Closes the incident after its launch, for an operator.
    pub fn close_by(&mut self, by: &str, at: Timestamp) {
        let by = Self::bounded(by);
        self.note(at, EntryKind::Operator, format!("{by} closes the incident"));
        if self.is_alarming() {
            self.happened(LaterEvent::ClosedInAlarm { by: by.clone(), alarms: self.alarming() }, at);
        }
        (self.closed, self.closed_by) = (Some(at), Some(by));
    }

    /// When the outage began.
    pub fn began(&self) -> Timestamp {
        let is_ok = |alarm: &&IncidentAlarm| alarm.state == AlarmState::Ok;
        let earliest = |alarms: Vec<&IncidentAlarm>| alarms.into_iter().map(|alarm| alarm.began).min();
        let of_alarms = || {
            let (over, lasting): (Vec<_>, Vec<_>) = self.alarms.values().partition(is_ok);
            earliest(lasting).or_else(|| earliest(over))
        };
        self.began.or_else(of_alarms).unwrap_or(self.opened)
    }

    /// Whether an alarm is in ALARM.
    pub fn is_alarming(&self) -> bool {
        self.alarms.values().any(|alarm| alarm.state == AlarmState::Alarm)
    }

    /// Whether every alarm is OK. A drill has no alarm, and an ordered recovery needs none.
    pub fn is_over(&self) -> bool {
        self.mode == Mode::Recovery
            && !self.is_ordered()
            && self.alarms.values().all(|alarm| alarm.state == AlarmState::Ok)
    }

    /// The number of servers that are launched.
    pub fn launched(&self) -> usize {
        self.servers.values().filter(|server| server.is_launched()).count()
    }

    /// The servers whose launch failed, in order.
    pub fn failed(&self) -> impl Iterator<Item = (&String, &IncidentServer)> {
        self.servers.iter().filter(|(_, server)| server.has_failed())
    }

    /// The servers that are not launched, in order.
    pub fn missing(&self) -> impl Iterator<Item = (&String, &IncidentServer)> {
        self.servers.iter().filter(|(_, server)| !server.is_launched())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounded_error_keeps_its_authorization_id() {
        let message =
            format!("{}with the following authorization id: abcdefgh1234", "a".repeat(LONGEST_TEXT));
        let error = CallError::without_answer("drs:DescribeJobs", message);
        let bounded = Incident::bounded_error(&Incident::bounded_error(&error));
        assert!(bounded.to_string().contains("abcdefgh1234"), "{bounded}");
        assert!(bounded.message.len() < LONGEST_TEXT + 100);
    }

    #[test]
    fn which_plan_does_an_id_name() {
        let at: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        let arn =
            |name: &str| format!("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{name}").parse().unwrap();
        let id = Incident::id_of("shop-eu", &arn("a"), at);
        assert!(id.starts_with("shop-eu-20260302T100000Z-"), "{id}");
        assert_eq!(Incident::plan_of(&id), Some("shop-eu"));
        assert_eq!(Incident::plan_of("shop"), None);
        assert_ne!(id, Incident::id_of("shop-eu", &arn("b"), at));
    }
}
