//! The preflight: what would block a recovery that began now, one fact at a time.

use dr_failover::alarm::AlarmState;
use dr_failover::facts::{
    DrsPlan, KillSwitch, PlanServer, Recoverable, RecoverySnapshot, SecondAlarm, Signals,
};
use dr_failover::latch::{Latch, LatchedStart};
use dr_failover::preflight::{PreflightFacts, Readiness, Subscriptions, evaluate, metrics};
use dr_failover::rules::{RecoveryPlan, read};
use dr_failover::settings::Settings;
use jiff::Timestamp;
use shared::call_error::CallError;
use shared::config::Document;
use shared::decision::Explain as _;

const RULES: &str = r#"
[[recovery-plan]]
name = "shop"
alarms = ["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down"]
second-signal = { alarm = "from-outside" }
plan = "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1"
mode = "recovery"
rpo = "15m"
"#;

fn plan() -> RecoveryPlan {
    read(&Document::new("pointsman.toml", RULES), &mut Vec::new()).plans.remove(0)
}

fn settings() -> Settings {
    Settings {
        topic: "arn:aws:sns:us-east-1:111122223333:on-call".to_owned(),
        table: "incidents".to_owned(),
        kill_switch: "/kill-switch".to_owned(),
        approval: "/approval".to_owned(),
        role: "arn:aws:iam::111122223333:role/dr-failover".to_owned(),
        time_is_made_up: false,
    }
}

fn at(time: &str) -> Timestamp {
    format!("2026-03-02T{time}Z").parse().expect("it is a time")
}

fn server(number: usize) -> PlanServer {
    PlanServer {
        id: format!("s-{number}"),
        step: "all".to_owned(),
        critical: true,
        snapshot: Ok(Some(RecoverySnapshot { id: "pit-1".to_owned(), taken: at("09:58:00") })),
        hostname: Some(format!("web-{number}")),
        replication: None,
    }
}

/// Facts of a plan that is ready.
fn facts(second: SecondAlarm) -> PreflightFacts {
    PreflightFacts {
        latch: Ok(Latch::default()),
        signals: Signals {
            kill_switch: Ok(KillSwitch::Enabled),
            second_alarm: Some(Ok(second)),
            probe: None,
        },
        executions: Ok(Vec::new()),
        recoverable: Recoverable {
            plan: Ok(DrsPlan { status: "ACTIVE".to_owned(), servers: vec![server(1)] }),
            jobs: Ok(Vec::new()),
            instances: Ok(Vec::new()),
        },
        subscriptions: Ok(Subscriptions { confirmed: 1, pending: 1 }),
        denied: Ok(Vec::new()),
    }
}

fn found(change: impl FnOnce(&mut PreflightFacts)) -> Readiness {
    let mut facts = facts(SecondAlarm::Is { state: Some(AlarmState::Ok), since: None, suppressed_by: None });
    change(&mut facts);
    evaluate(&plan(), &settings(), "us-east-1", &facts, at("10:00:20"))
}

fn error() -> CallError {
    CallError::without_answer("iam:SimulatePrincipalPolicy", "AccessDenied")
}

fn codes(change: impl FnOnce(&mut PreflightFacts)) -> String {
    let readiness = found(change);
    let names = |findings: &[dr_failover::preflight::PreflightFinding]| {
        findings.iter().map(|finding| finding.code()).collect::<Vec<_>>().join(" ")
    };
    format!("blocks: {}; unknown: {}", names(&readiness.blocks), names(&readiness.unknown))
}

#[test]
fn what_makes_a_plan_not_ready() {
    let before = LatchedStart { incident: "shop-1".to_owned(), at: at("05:00:00") };
    insta::assert_snapshot!([
        codes(|_| ()),
        codes(|facts| facts.signals.kill_switch = Ok(KillSwitch::Absent)),
        codes(|facts| facts.signals.second_alarm = Some(Ok(SecondAlarm::Absent))),
        codes(|facts| facts.signals.second_alarm = Some(Ok(SecondAlarm::Is {
            state: Some(AlarmState::Alarm), since: None, suppressed_by: None,
        }))),
        codes(|facts| facts.latch = Ok(Latch { recovery: Some(before), ..Latch::default() })),
        codes(|facts| facts.latch = Err(error())),
        codes(|facts| facts.executions = Err(error())),
        codes(|facts| facts.recoverable.plan = Err(error())),
        codes(|facts| facts.recoverable.plan = Ok(DrsPlan { status: "INVALID".to_owned(), servers: vec![server(1)] })),
        codes(|facts| facts.recoverable.plan = Ok(DrsPlan {
            status: "ACTIVE".to_owned(), servers: (0..101).map(server).collect(),
        })),
        codes(|facts| facts.subscriptions = Ok(Subscriptions { confirmed: 0, pending: 0 })),
        codes(|facts| facts.subscriptions = Err(error())),
        codes(|facts| facts.denied = Ok(vec!["drs:StartRecoveryPlanExecution".to_owned()])),
        codes(|facts| facts.denied = Err(error())),
    ].join("\n"), @"");
}

#[test]
fn is_what_could_not_judged_a_metric_of_its_own() {
    let line = metrics("shop", &found(|facts| facts.denied = Err(error())), at("10:00:20"));
    assert_eq!((&line["PreflightNotReady"], &line["PreflightNotJudged"]), (&0.into(), &1.into()));
    let of_format = &line["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(of_format["Dimensions"][0][0], "Plan");
    for metric in of_format["Metrics"].as_array().unwrap() {
        assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric}");
    }
    assert_eq!(line["_aws"]["Timestamp"], at("10:00:20").as_millisecond());
}
