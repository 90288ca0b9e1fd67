//! The step of an incident after its launch: what it reads and when, what it reports once, and how it is closed.

use std::collections::BTreeMap;

use dr_failover::alarm::AlarmState;
use dr_failover::facts::{
    ExecutionProgress, Facts, FoundExecution, LaterFacts, LaunchJob, RecoveryInstance, ServerLaunch,
    StepProgress, StepServer,
};
use dr_failover::incident::{Incident, IncidentPhase};
use dr_failover::latch::{Latch, LatchedStart};
use dr_failover::reported::ReportedState;
use dr_failover::rules::{Mode, RecoveryPlan, read};
use dr_failover::settings::Settings;
use dr_failover::step::{Input, KnownPlan, MissingFact, Step, StepContext, step};
use jiff::Timestamp;
use serde_json::json;
use shared::arn::Arn;
use shared::call_error::CallError;
use shared::config::Document;
use shared::home::Home;

const ALARM: &str = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down";

const RULES: &str = r#"
[[recovery-plan]]
name = "shop"
alarms = ["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down"]
second-signal = { alarm = "from-outside" }
plan = "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1"
mode = "recovery"
rpo = "15m"
"#;

fn at(time: &str) -> Timestamp {
    format!("2026-03-02T{time}Z").parse().expect("it is a time")
}

fn execution(number: u32) -> Arn {
    format!("arn:aws:drs:us-east-1:111122223333:recovery-plan-execution/rpe-{number}")
        .parse()
        .expect("it is an ARN")
}

/// An incident whose launch ended at 10:10 with one server, and whose email was sent.
fn launched(mode: Mode) -> KnownPlan {
    let phase = if mode == Mode::Drill { "drilled" } else { "recovered" };
    let incident: Incident = serde_json::from_value(json!({
        "id": "shop-1", "version": 1, "plan": "shop", "opened": at("10:00:00"), "phase": phase, "mode": mode,
        "drs-plan": "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1", "alarms": {},
        "finished": at("10:10:00"), "told": phase, "later": {},
        "starts": [{"execution": {"arn": execution(1), "mode": mode, "status": "COMPLETED", "started": at("10:01:00"),
            "steps": [{"name": "all", "status": "COMPLETED", "since": at("10:10:00")}]}}],
        "servers": {"s-1": {"critical": true, "step": "all", "job": "job-1", "status": "LAUNCHED", "instance": "i-1",
            "since": at("10:09:00")}},
    }))
    .expect("it is an incident");
    let mut latch = Latch::default();
    *latch.open_of_mut(mode) = Some(incident.id.clone());
    KnownPlan { latch, incident: Some(incident) }
}

fn progress(status: &str, step: &str, job: &str, launch: &str) -> ExecutionProgress {
    let seen = ServerLaunch { status: launch.to_owned(), instance: Some("i-1".to_owned()) };
    let server = StepServer { id: "s-1".to_owned(), critical: true, job: Some(job.to_owned()) };
    ExecutionProgress {
        status: status.to_owned(),
        error: None,
        steps: vec![StepProgress {
            name: "all".to_owned(),
            status: step.to_owned(),
            error: None,
            servers: vec![server],
        }],
        launches: BTreeMap::from([((job.to_owned(), "s-1".to_owned()), seen)]),
    }
}

/// Nothing changed since the launch.
fn unchanged() -> LaterFacts {
    LaterFacts {
        progress: Some(Ok(progress("COMPLETED", "COMPLETED", "job-1", "LAUNCHED"))),
        executions: Ok(Vec::new()),
        jobs: Ok(Vec::new()),
        instances: Ok(vec![RecoveryInstance {
            server: "s-1".to_owned(),
            id: "i-1".to_owned(),
            is_drill: false,
        }]),
    }
}

fn found(number: u32, incident: Option<&str>) -> FoundExecution {
    FoundExecution {
        arn: execution(number),
        mode: Some(Mode::Recovery),
        status: "IN_PROGRESS".to_owned(),
        started: at("10:30:00"),
        incident: incident.map(str::to_owned),
    }
}

fn stepped(known: &KnownPlan, input: Input<'_>, facts: &Facts, now: Timestamp) -> Result<Step, MissingFact> {
    let plan: RecoveryPlan = read(&Document::new("pointsman.toml", RULES), &mut Vec::new()).plans.remove(0);
    let settings = Settings {
        topic: "arn:aws:sns:us-east-1:111122223333:on-call".to_owned(),
        table: "incidents".to_owned(),
        kill_switch: "/kill-switch".to_owned(),
        approval: "/approval".to_owned(),
        role: "arn:aws:iam::111122223333:role/dr-failover".to_owned(),
        time_is_made_up: false,
    };
    let home = Home::of("arn:aws:lambda:us-east-1:111122223333:function:dr-failover");
    let context = StepContext {
        plan: &plan,
        settings: &settings,
        home: &home,
        request: "one",
        ends: now + jiff::SignedDuration::from_mins(5),
        now,
    };
    step(known, input, facts, &context)
}

/// The codes of a reconcile with these facts, and the state afterwards.
fn reconciled(
    known: &KnownPlan,
    mode: Mode,
    change: impl FnOnce(&mut LaterFacts),
) -> (Vec<String>, KnownPlan) {
    let mut later = unchanged();
    change(&mut later);
    let facts = Facts { later: Some(later), ..Facts::default() };
    let step = stepped(known, Input::Reconcile(mode), &facts, at("10:40:00")).expect("it has every fact");
    (step.reasons.iter().map(|reason| reason.because.code.clone()).collect(), step.known)
}

fn recovery(change: impl FnOnce(&mut LaterFacts)) -> Vec<String> {
    reconciled(&launched(Mode::Recovery), Mode::Recovery, change).0
}

#[test]
fn what_is_reported_after_the_launch() {
    let job = |is_tagged| LaunchJob {
        id: "job-2".to_owned(),
        is_drill: false,
        started: at("10:30:00"),
        servers: vec!["s-1".to_owned()],
        is_tagged,
    };
    let retried = |status, step, job| Some(Ok(progress(status, step, job, "LAUNCHED")));
    assert_eq!(recovery(|_| ()), ["launched"]);
    assert_eq!(recovery(|later| later.instances = Ok(Vec::new())), ["servers-gone"]);
    assert_eq!(recovery(|later| later.executions = Ok(vec![found(2, None)])), ["launched-by-hand"]);
    assert_eq!(recovery(|later| later.executions = Ok(vec![found(2, Some("other-1"))])), ["launched"]);
    assert_eq!(recovery(|later| later.executions = Ok(vec![found(2, Some("shop-1"))]))[0], "started-again");
    assert_eq!(recovery(|later| later.jobs = Ok(vec![job(false)])), ["launched-by-hand"]);
    // A job of a wave has the incident's tag, and a job of an execution is reported with its execution.
    assert_eq!(recovery(|later| later.jobs = Ok(vec![job(true)])), ["launched"]);
    assert_eq!(
        recovery(|later| (later.executions, later.jobs) = (Ok(vec![found(2, None)]), Ok(vec![job(false)]))),
        ["launched-by-hand"]
    );
    assert_eq!(
        recovery(|later| later.progress = retried("IN_PROGRESS", "EXECUTING", "job-2"))[0],
        "step-retried"
    );
    assert_eq!(
        recovery(|later| later.progress = retried("COMPLETED", "COMPLETED", "job-2"))[0],
        "step-retried"
    );
    // DRS reports a server that is terminated later as TERMINATED: that is no retry.
    let terminated = || Some(Ok(progress("COMPLETED", "COMPLETED", "job-1", "TERMINATED")));
    assert_eq!(recovery(|later| later.progress = terminated()), ["launched"]);
    let error = || CallError::without_answer("drs:DescribeRecoveryInstances", "the connection was closed");
    assert_eq!(recovery(|later| later.instances = Err(error())), ["later-unreadable"]);
}

#[test]
fn is_an_event_reported_once() {
    let gone = |later: &mut LaterFacts| later.instances = Ok(Vec::new());
    let (_, known) = reconciled(&launched(Mode::Recovery), Mode::Recovery, gone);
    let state = known.incident.as_ref().and_then(ReportedState::unreported);
    assert_eq!(state.map(|state| state.to_string()).as_deref(), Some("recovered: later 1"));
    assert_eq!(reconciled(&known, Mode::Recovery, gone).0, ["launched"]);
}

#[test]
fn are_the_instances_of_a_drill_expected_to_be_terminated() {
    let gone = |later: &mut LaterFacts| later.instances = Ok(Vec::new());
    assert_eq!(reconciled(&launched(Mode::Drill), Mode::Drill, gone).0, ["launched"]);
}

#[test]
fn is_an_execution_with_the_tag_followed_again() {
    let again = |later: &mut LaterFacts| later.executions = Ok(vec![found(2, Some("shop-1"))]);
    let (_, known) = reconciled(&launched(Mode::Recovery), Mode::Recovery, again);
    let incident = known.incident.expect("it is open");
    assert_eq!((incident.phase, incident.finished), (IncidentPhase::Running, None));
    assert_eq!(incident.execution().map(|execution| execution.arn.clone()), Some(execution(2)));
    assert!(known.latch.recovery.is_some());
}

#[test]
fn how_often_is_drs_read_after_the_launch() {
    let reads = |now: Timestamp| {
        let step =
            stepped(&launched(Mode::Recovery), Input::Reconcile(Mode::Recovery), &Facts::default(), now);
        matches!(step, Err(MissingFact::Later(_)))
    };
    let minutes = |from: Timestamp| {
        (0..60).filter(|minute| reads(from + jiff::SignedDuration::from_mins(*minute))).count()
    };
    let day = |day: i64| at("10:10:00") + jiff::SignedDuration::from_hours(24 * day);
    assert_eq!(minutes(at("11:00:00")), 60);
    assert_eq!(minutes(day(1)), 4);
    assert_eq!(minutes(day(8)), 1);
}

/// The recovery with its alarm, in ALARM since before the launch.
fn alarming() -> KnownPlan {
    let mut known = launched(Mode::Recovery);
    let mut incident = json!(known.incident);
    incident["alarms"] = json!({ALARM: {"name": "shop-down", "state": "ALARM", "since": at("10:00:00"),
        "heard": at("10:00:10"), "began": at("10:00:00"), "late-seconds": 10}});
    known.incident = serde_json::from_value(incident).expect("it is an incident");
    known.latch.recovery = Some(LatchedStart { incident: "shop-1".to_owned(), at: at("10:01:00") });
    known
}

/// A day after the launch DRS is not read each minute. An email that both sites run needs it nevertheless.
#[test]
fn is_drs_read_when_an_email_counts_the_servers() {
    let mut known = alarming();
    let later = |minutes: i64| at("10:10:00") + jiff::SignedDuration::from_mins(24 * 60 + minutes);
    let reconcile =
        |known: &KnownPlan, facts: &Facts, now| stepped(known, Input::Reconcile(Mode::Recovery), facts, now);
    assert!(reconcile(&known, &Facts::default(), later(1)).is_ok(), "nothing changed");
    let alarm = known.incident.as_mut().and_then(|incident| incident.alarms.values_mut().next());
    alarm.expect("it has an alarm").state = AlarmState::Ok;
    assert!(matches!(reconcile(&known, &Facts::default(), later(1)), Err(MissingFact::Later(_))));
    let facts =
        Facts { later: Some(LaterFacts { instances: Ok(Vec::new()), ..unchanged() }), ..Facts::default() };
    let step = reconcile(&known, &facts, later(1)).expect("it has every fact");
    let sentences: Vec<&str> = step.reasons.iter().map(|reason| reason.because.sentence.as_str()).collect();
    assert_eq!(sentences, ["the launched server s-1 no longer exists", "every alarm is OK again"]);
}

/// The emails contain `clear-latch`, so it works while the incident stays open after its launch.
#[test]
fn does_clear_latch_close_a_launched_incident() {
    let clear = Input::ClearLatch { by: "Ana" };
    let step = stepped(&alarming(), clear, &Facts::default(), at("10:40:00")).expect("it has every fact");
    assert_eq!(
        step.reasons.iter().map(|reason| reason.because.code.as_str()).collect::<Vec<_>>(),
        ["latch-cleared"]
    );
    let incident = step.known.incident.expect("it is known");
    assert_eq!(incident.closed_by.as_deref(), Some("Ana"));
    assert!(step.known.latch.recovery.is_none() && step.known.latch.open_of(Mode::Recovery).is_none());
}

#[test]
fn how_is_an_incident_closed() {
    let close = |known: &KnownPlan, id: &str, is_stored| {
        let facts = Facts { is_stored, ..Facts::default() };
        let input = Input::Close { incident: id, by: "Ana" };
        let step = stepped(known, input, &facts, at("10:40:00")).expect("it has every fact");
        let verdicts =
            step.reasons.iter().map(|reason| format!("{} {}", reason.verdict, reason.because.code));
        (verdicts.collect::<Vec<_>>().join(", "), step.known)
    };
    for mode in [Mode::Recovery, Mode::Drill] {
        let (reasons, known) = close(&launched(mode), "shop-1", None);
        assert_eq!(reasons, "update incident-closed");
        assert_eq!(known.latch.open_of(mode), None, "the next alarm opens another incident");
        let known = KnownPlan { incident: None, ..known };
        assert_eq!(close(&known, "shop-1", Some(true)).0, "skip closed-already");
        assert_eq!(close(&known, "shop-2", Some(false)).0, "fail nothing-of-that-name");
    }
}

#[test]
fn is_an_incident_after_its_launch_read_back_without_unknown_events() {
    let gone = |later: &mut LaterFacts| {
        (later.instances, later.executions) = (Ok(Vec::new()), Ok(vec![found(2, None)]));
    };
    let (_, known) = reconciled(&launched(Mode::Recovery), Mode::Recovery, gone);
    let incident = known.incident.expect("it is open");
    let item: serde_dynamo::Item = serde_dynamo::to_item(&incident).expect("it is an item");
    assert_eq!(serde_dynamo::from_item::<_, Incident>(item).expect("it is read"), incident);
    let mut whole = json!(incident);
    whole["later"]["events"][0]["event"] = json!({"kind": "comet"});
    whole["ended-holds"] = json!([
        {"interlock": {"kind": "plan-empty"}, "since": at("10:00:00"), "until": at("10:01:00"), "because": "comet"},
        {"interlock": {"kind": "comet"}, "since": at("10:00:00"), "until": at("10:01:00"), "because": "passed"},
    ]);
    let read: Incident = serde_json::from_value(whole).expect("it is read");
    assert_eq!((read.events_after_launch().len(), read.ended_holds.len()), (1, 1));
}
