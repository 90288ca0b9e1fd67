//! Each interlock through an item of the table and back: an interlock that cannot be read back would be dropped.

use std::collections::BTreeSet;

use dr_failover::alarm::AlarmState;
use dr_failover::facts::{DrsError, JobKind, ProbeFailure, ProbeFailureKind, RecoveryInstance};
use dr_failover::incident::{DecidedStart, Hold, Incident, MissingDetail, RefusalCause};
use dr_failover::interlock::{Interlock, InterlockCode, KillSwitchGap, SecondAlarmGap};
use dr_failover::rules::Mode;
use dr_failover::suppression::Suppression;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shared::arn::Arn;
use shared::call_error::CallError;
use strum::VariantNames;

fn at() -> Timestamp {
    "2026-03-02T10:00:00Z".parse().expect("it is a time")
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn servers() -> Vec<String> {
    vec![text("s-1"), text("s-2")]
}

fn execution() -> Arn {
    "arn:aws:drs:us-east-1:111122223333:recovery-plan-execution/rpe-1".parse().expect("it is an ARN")
}

fn error() -> CallError {
    CallError::without_answer("drs:DescribeJobs", "the connection was closed")
}

fn instances(is_drill: bool) -> Vec<RecoveryInstance> {
    vec![RecoveryInstance { server: text("s-1"), id: text("i-1"), is_drill }]
}

/// The interlocks about the deployment, the alarms and the second signal.
fn of_signals() -> Vec<Interlock> {
    let (alarm, parameter, url) = (text("shop-down"), text("/shop/recovery"), text("https://shop.example"));
    let failure = ProbeFailure { kind: ProbeFailureKind::Name, message: text("no such host") };
    let mute = Suppression::MuteRule { rule: text("maintenance"), until: None };
    let duration = SignedDuration::from_mins(80);
    vec![
        Interlock::KillSwitchOff { parameter: parameter.clone() },
        Interlock::KillSwitchUnclear { parameter: parameter.clone(), found: KillSwitchGap::Absent },
        Interlock::KillSwitchUnclear {
            parameter: parameter.clone(),
            found: KillSwitchGap::Other(text("on")),
        },
        Interlock::KillSwitchUnclear { parameter, found: KillSwitchGap::Unreadable(error()) },
        Interlock::NotifyOnly,
        Interlock::IncidentOpen { incident: text("shop-1") },
        Interlock::ApprovalNeeded { after: None, starts: None, expires: Some(at()) },
        Interlock::ApprovalNeeded { after: Some(duration), starts: Some(at()), expires: None },
        Interlock::ApprovalUnanswered { requests: 10 },
        Interlock::ApprovalUnreadable { parameter: text("/approval"), error: error() },
        Interlock::TimeIsMadeUp,
        Interlock::PlanElsewhere { region: text("us-east-1"), here: text("eu-west-1") },
        Interlock::AlarmUnclear { alarm: alarm.clone(), missing: vec![MissingDetail::Time] },
        Interlock::AlarmUnknown { alarms: vec![alarm.clone()] },
        Interlock::Stale { alarm: alarm.clone(), late: duration, most: duration },
        Interlock::FromTheFuture { alarm: alarm.clone(), early: duration },
        Interlock::Suppressed { alarm: alarm.clone(), by: mute },
        Interlock::SecondAlarmQuiet { alarm: alarm.clone(), state: AlarmState::Ok },
        Interlock::SecondAlarmSuppressed { alarm: alarm.clone(), by: Suppression::WaitPeriod },
        Interlock::SecondAlarmUnreadable { alarm: alarm.clone(), found: SecondAlarmGap::NoData },
        Interlock::SecondAlarmUnreadable { alarm, found: SecondAlarmGap::Unreadable(error()) },
        Interlock::SecondAlarmOld { alarm: text("from-outside"), since: at(), began: at() },
        Interlock::SecondSignalUnconfirmed { agreed: 1, readings: 2, needed: 3, of: 3 },
        Interlock::ProbeAnswered { url: url.clone(), status: 200 },
        Interlock::ProbeNotSent { url, failure },
    ]
}

/// The interlocks about earlier starts, executions, jobs and the DRS plan.
fn of_drs() -> Vec<Interlock> {
    let (status, started, again) = (text("IN_PROGRESS"), at(), at());
    let ended =
        RefusalCause::EndedBeforeAnyStep { error: Some(DrsError { code: None, message: text("no") }) };
    let job = |job_kind| Interlock::JobRunning { job: text("job-1"), job_kind, servers: servers() };
    vec![
        Interlock::CoolingDown { mode: Mode::Drill, started, until: again },
        Interlock::Latched { incident: text("shop-1"), at: started },
        Interlock::RecoveryRunning { execution: execution(), status: status.clone(), started },
        Interlock::DrillRunning { execution: execution(), status: status.clone(), started, incident: None },
        Interlock::ExecutionsUnreadable { error: error() },
        Interlock::JobsUnreadable { error: error() },
        job(JobKind::Drill),
        job(JobKind::Other(text("TERMINATE"))),
        Interlock::InstancesUnreadable { error: error() },
        Interlock::RecoveredAlready { instances: instances(false) },
        Interlock::DrillInstances { instances: instances(true) },
        Interlock::PlanUnreadable { error: error() },
        Interlock::PlanInvalid { status },
        Interlock::PlanEmpty,
        Interlock::TooManyServers { count: 201, most: 200 },
        Interlock::SnapshotsUnreadable { servers: servers(), error: error() },
        Interlock::NoSnapshot { servers: servers(), of: 3 },
        Interlock::OverRpo {
            servers: servers(),
            oldest: SignedDuration::from_mins(20),
            rpo: SignedDuration::from_mins(15),
        },
        Interlock::ReplicationStopped { servers: servers() },
        Interlock::StartRefused { cause: RefusalCause::Refused { error: error() }, again },
        Interlock::StartRefused { cause: ended, again },
        Interlock::Earlier {
            code: InterlockCode::Stale,
            headline: text("late"),
            passes: false,
            because: text("the alarm is late"),
            advice: text("start it"),
        },
    ]
}

/// The interlocks about waves.
fn of_waves() -> Vec<Interlock> {
    let wave = || text("databases");
    vec![
        Interlock::WaveEmpty { waves: vec![wave()] },
        Interlock::WavesTooLarge { count: 301, most: 300 },
        Interlock::WaveBlocked { wave: wave(), servers: servers() },
        Interlock::WaveSlow { wave: wave(), servers: servers(), within: SignedDuration::from_mins(30) },
        Interlock::WaveRefused { wave: wave(), error: error(), again: at() },
        Interlock::WaveAlarmOk { wave: wave() },
    ]
}

fn every() -> Vec<Interlock> {
    of_signals().into_iter().chain(of_drs()).chain(of_waves()).collect()
}

#[test]
fn does_the_test_have_each_interlock() {
    let kinds: BTreeSet<String> =
        every().iter().filter_map(|interlock| json!(interlock)["kind"].as_str().map(str::to_owned)).collect();
    let names: BTreeSet<String> = Interlock::VARIANTS.iter().map(|name| text(name)).collect();
    assert_eq!(kinds, names);
}

#[test]
fn is_each_interlock_read_back_from_holds_and_despite() {
    let mut incident: Incident = serde_json::from_value(json!({
        "id": "shop-1", "version": 1, "plan": "shop", "opened": at(), "phase": "held", "mode": "RECOVERY",
        "drs-plan": "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1", "alarms": {},
    }))
    .expect("it is an incident");
    let start = DecidedStart {
        token: text("token"),
        at: at(),
        mode: Mode::Recovery,
        servers: 2,
        snapshots: Vec::new(),
        despite: every(),
        asked_until: None,
    };
    incident.decide(start, "the start is decided", at());
    incident.holds = every().into_iter().map(|interlock| Hold { interlock, since: at() }).collect();
    let item: serde_dynamo::Item = serde_dynamo::to_item(&incident).expect("it is an item");
    let read: Incident = serde_dynamo::from_item(item).expect("it is read");
    let holds: Vec<Interlock> = read.holds.iter().map(|hold| hold.interlock.clone()).collect();
    assert_eq!(holds, every());
    assert_eq!(read.start().expect("it was decided").despite, every());
    assert_eq!(read, incident);
}
