//! Reads items of every format. Format 1 had one attempt with one execution, and interlocks, ends and errors as sentences.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use shared::arn::Arn;
use shared::call_error::CallError;
use shared::claim::Claim;

use super::{
    Approver, ChosenSnapshot, CleanUp, DecidedStart, EndedHold, FORMAT, Flapping, Hold, Incident,
    IncidentAlarm, IncidentApproval, IncidentEnd, IncidentPhase, IncidentServer, Later, PlanExecution,
    RecordEntry, RecoveryOrder, RefusalCause, Remains, SettlingState, SignalReading, StartAttempt,
    StartRefusal, UnansweredEmails, WaveCourse, unknown,
};
use crate::interlock::{Interlock, InterlockCode};
use crate::reported::ReportedState;
use crate::rules::Mode;
use crate::traffic::TrafficMove;

/// An incident as an item of any format has it.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct IncidentItem {
    id: String,
    version: u64,
    plan: String,
    drs_plan: Option<Arn>,
    opened: Timestamp,
    began: Option<Timestamp>,
    #[serde(default = "one")]
    outages: u32,
    resumed: Option<Timestamp>,
    #[serde(default)]
    flapping: Flapping,
    #[serde(default)]
    readings: Vec<SignalReading>,
    ended: Option<Timestamp>,
    #[serde(default, deserialize_with = "unknown::end")]
    end: Option<IncidentEnd>,
    finished: Option<Timestamp>,
    later: Option<Later>,
    remains: Option<Remains>,
    closed_by: Option<String>,
    drilled_by: Option<String>,
    order: Option<RecoveryOrder>,
    clean_up: Option<CleanUp>,
    #[serde(default)]
    reminders: u32,
    refused_by: Option<String>,
    #[serde(default)]
    approval: IncidentApproval,
    approved_by: Option<Approver>,
    phase: IncidentPhase,
    mode: Mode,
    alarms: BTreeMap<Arn, IncidentAlarm>,
    #[serde(default)]
    holds: Vec<HoldItem>,
    #[serde(default, deserialize_with = "unknown::known")]
    ended_holds: Vec<EndedHold>,
    rpo: Option<SignedDuration>,
    #[serde(default)]
    starts: Vec<StartAttempt>,
    #[serde(default)]
    attempts: u32,
    #[serde(default)]
    refused: u32,
    #[serde(default)]
    over_rto: bool,
    #[serde(default)]
    servers: BTreeMap<String, IncidentServer>,
    #[serde(default)]
    traffic: BTreeMap<String, TrafficItem>,
    #[serde(default)]
    hostnames: BTreeMap<String, String>,
    waves: Option<WaveCourse>,
    #[serde(default)]
    record: Vec<RecordEntry>,
    #[serde(default)]
    unrecorded: u64,
    told: Option<ReportedState>,
    telling: Option<Claim>,
    unanswered_emails: Option<UnansweredEmails>,
    settling: Option<SettlingState>,
    /// Format 1.
    ended_because: Option<String>,
    /// Format 1.
    attempt: Option<AttemptItem>,
    /// Format 1.
    #[serde(default)]
    refusals: Vec<RefusalItem>,
    /// Format 1.
    execution: Option<PlanExecution>,
}

/// The address of a server.
#[derive(Deserialize)]
#[serde(untagged)]
enum TrafficItem {
    Known(Box<TrafficMove>),
    /// A status that a later version of the function wrote.
    Unknown(IgnoredAny),
}

/// Items of earlier versions have one outage.
fn one() -> u32 {
    1
}

/// A hold of any format.
#[derive(Deserialize)]
#[serde(untagged)]
enum HoldItem {
    Typed(Hold),
    Sentences(HoldSentences),
    /// An interlock that a later version of the function wrote.
    Unknown(IgnoredAny),
}

/// A hold of format 1.
#[derive(Deserialize)]
struct HoldSentences {
    code: String,
    #[serde(default)]
    headline: String,
    #[serde(default)]
    passes: bool,
    because: String,
    advice: String,
    since: Timestamp,
}

/// The attempt of format 1.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct AttemptItem {
    token: String,
    at: Timestamp,
    mode: Mode,
    servers: usize,
    snapshots: Vec<ChosenSnapshot>,
    #[serde(default)]
    despite: Vec<String>,
    error: Option<String>,
    asked_until: Option<Timestamp>,
}

/// A refusal of format 1.
#[derive(Deserialize)]
struct RefusalItem {
    at: Timestamp,
    error: String,
    execution: Option<Arn>,
}

impl From<IncidentItem> for Incident {
    fn from(item: IncidentItem) -> Self {
        let mode = item.mode;
        let mut attempts: Vec<StartAttempt> =
            item.refusals.into_iter().map(|refusal| refused(refusal, mode)).collect();
        attempts.extend(item.starts);
        attempts.extend(current(item.attempt, item.execution));
        let earlier = item.ended_because.map(|text| IncidentEnd::Earlier { text });
        Self {
            id: item.id,
            version: item.version,
            format: FORMAT,
            plan: item.plan,
            drs_plan: item.drs_plan,
            opened: item.opened,
            began: item.began,
            outages: item.outages,
            resumed: item.resumed,
            flapping: item.flapping,
            readings: item.readings,
            closed: item.ended,
            end: item.end.or(earlier),
            finished: item.finished,
            later: item.later,
            remains: item.remains,
            closed_by: item.closed_by,
            drilled_by: item.drilled_by,
            order: item.order,
            clean_up: item.clean_up,
            reminders: item.reminders,
            refused_by: item.refused_by,
            approval: item.approval,
            approved_by: item.approved_by,
            phase: item.phase,
            mode,
            alarms: item.alarms,
            holds: item.holds.into_iter().filter_map(hold).collect(),
            ended_holds: item.ended_holds,
            rpo: item.rpo,
            attempts,
            decided_count: item.attempts,
            refused_count: item.refused,
            over_rto: item.over_rto,
            servers: item.servers,
            traffic: item
                .traffic
                .into_iter()
                .filter_map(|(server, item)| Some((server, moved(item)?)))
                .collect(),
            hostnames: item.hostnames,
            waves: item.waves,
            record: item.record,
            unrecorded: item.unrecorded,
            reported: item.told,
            claim: item.telling,
            unanswered_emails: item.unanswered_emails,
            settling: item.settling,
        }
    }
}

/// An address with a status that is unknown here is dropped: it is looked up again.
fn moved(item: TrafficItem) -> Option<TrafficMove> {
    match item {
        TrafficItem::Known(moved) => Some(*moved),
        TrafficItem::Unknown(IgnoredAny) => None,
    }
}

/// A hold with a code or a kind that is unknown here is dropped: the interlocks are re-evaluated every minute.
fn hold(item: HoldItem) -> Option<Hold> {
    match item {
        HoldItem::Typed(hold) => Some(hold),
        HoldItem::Sentences(HoldSentences { code, headline, passes, because, advice, since }) => {
            let code: InterlockCode = code.parse().ok()?;
            Some(Hold { interlock: Interlock::Earlier { code, headline, passes, because, advice }, since })
        }
        HoldItem::Unknown(IgnoredAny) => None,
    }
}

fn current(attempt: Option<AttemptItem>, execution: Option<PlanExecution>) -> Option<StartAttempt> {
    if attempt.is_none() && execution.is_none() {
        return None;
    }
    let unanswered = attempt.as_ref().and_then(|attempt| attempt.error.clone()).map(start_error);
    Some(StartAttempt { start: attempt.map(start), unanswered, execution, refusal: None })
}

fn start(item: AttemptItem) -> DecidedStart {
    let earlier = |because: String| Interlock::Earlier {
        code: InterlockCode::OverRpo,
        headline: String::new(),
        passes: true,
        because,
        advice: String::new(),
    };
    DecidedStart {
        token: item.token,
        at: item.at,
        mode: item.mode,
        servers: item.servers,
        snapshots: item.snapshots,
        despite: item.despite.into_iter().map(earlier).collect(),
        asked_until: item.asked_until,
    }
}

fn refused(item: RefusalItem, mode: Mode) -> StartAttempt {
    let execution = item.execution.map(|arn| PlanExecution {
        arn,
        mode,
        status: "FAILED".to_owned(),
        started: item.at,
        adopted: false,
        error: None,
        unreadable: None,
        unreadable_since: None,
        steps: Vec::new(),
    });
    let cause = RefusalCause::Earlier { text: item.error };
    let refusal = Some(StartRefusal { at: item.at, cause });
    StartAttempt { start: None, unanswered: None, execution, refusal }
}

fn start_error(text: String) -> CallError {
    CallError::without_answer("drs:StartRecoveryPlanExecution", text)
}

/// The error of an execution that cannot be read: as a value, or as the text of format 1.
pub(super) fn call_error<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<CallError>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Text(String),
        Value(CallError),
    }
    Ok(Option::<Stored>::deserialize(deserializer)?.map(|stored| match stored {
        Stored::Text(text) => CallError::without_answer("drs:GetRecoveryPlanExecution", text),
        Stored::Value(error) => error,
    }))
}
