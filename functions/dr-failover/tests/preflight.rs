//! The preflight: what would block a recovery that began now, one fact at a time.

use std::collections::BTreeMap;

use dr_failover::alarm::AlarmState;
use dr_failover::facts::{
    DrsPlan, FoundAddress, FoundAssociation, KillSwitch, PlanServer, Read, Recoverable, RecoverySnapshot,
    SecondAlarm, Signals,
};
use dr_failover::latch::{Latch, LatchedStart};
use dr_failover::preflight::{PreflightFacts, Readiness, Subscriptions, evaluate, metrics, needs_answers};
use dr_failover::rules::{PlanMode, RecoveryPlan, ServerAddress, Wave, read};
use dr_failover::settings::Settings;
use jiff::{SignedDuration, Timestamp};
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
        answers: None,
        addresses: None,
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
    format!("[{}] [{}]", names(&readiness.blocks), names(&readiness.unknown))
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
    ].join("\n"), @r"
    [] []
    [kill-switch-unclear] []
    [second-signal-unreadable] []
    [signal-in-alarm] []
    [latched] []
    [table-unreadable] []
    [executions-unreadable] []
    [plan-unreadable] []
    [plan-invalid] []
    [over-quota] []
    [topic-unconfirmed] []
    [] [topic-unreadable]
    [role-denied] []
    [] [role-not-simulated]
    ");
}

/// A plan with the address of `s-1`, and of a server that it may not launch.
fn with_addresses(server: &str, found: Read<BTreeMap<String, FoundAddress>>) -> String {
    let mut plan = plan();
    plan.addresses = vec![ServerAddress { server: server.to_owned(), allocation: "eipalloc-1".to_owned() }];
    let mut facts = facts(SecondAlarm::Is { state: Some(AlarmState::Ok), since: None, suppressed_by: None });
    facts.addresses = Some(found);
    let readiness = evaluate(&plan, &settings(), "us-east-1", &facts, at("10:00:20"));
    let codes = readiness.blocks.iter().chain(&readiness.unknown).map(|finding| finding.code());
    codes.collect::<Vec<_>>().join(" ")
}

#[test]
fn is_each_address_of_the_plan_reserved_for_its_server() {
    let address = |association| FoundAddress { ip: "203.0.113.10".to_owned(), association };
    let found = |association| Ok(BTreeMap::from([("eipalloc-1".to_owned(), address(association))]));
    let held = FoundAssociation { id: None, instance: Some("i-1".to_owned()), interface: None };
    assert_eq!(with_addresses("s-1", found(None)), "");
    assert_eq!(with_addresses("s-1", Ok(BTreeMap::new())), "reserved-address-missing");
    assert_eq!(with_addresses("s-1", found(Some(held))), "reserved-address-in-use");
    assert_eq!(with_addresses("s-9", found(None)), "reserved-address-unused");
    assert_eq!(with_addresses("s-1", Err(error())), "reserved-addresses-unreadable");
}

#[test]
fn can_the_answers_of_operators_be_read_where_a_recovery_waits_for_them() {
    let mut notify = plan();
    notify.mode = PlanMode::Notify;
    assert!(needs_answers(&notify, at("10:00:20")) && !needs_answers(&plan(), at("10:00:20")));
    assert_eq!(codes(|facts| facts.answers = Some(Err(error()))), "[approval-unreadable] []");
    assert_eq!(codes(|facts| facts.answers = Some(Ok(1))), "[] []");
}

/// The emails of the open incident report the second signal.
#[test]
fn does_an_open_incident_explain_the_second_signal() {
    let alarm = SecondAlarm::Is { state: Some(AlarmState::Alarm), since: None, suppressed_by: None };
    let readiness = found(|facts| {
        facts.signals.second_alarm = Some(Ok(alarm));
        facts.latch = Ok(Latch { open: Some("shop-1".to_owned()), ..Latch::default() });
    });
    assert_eq!(readiness.blocks, []);
    assert_eq!(readiness.remarks[0].code(), "open-incident");
}

/// A wave of more servers than a job takes has several jobs.
#[test]
fn does_the_quota_of_a_plan_not_count_for_waves() {
    let mut plan = plan();
    plan.waves = vec![Wave {
        name: "all".to_owned(),
        servers: Vec::new(),
        tags: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
        optional: Vec::new(),
        within: SignedDuration::from_mins(30),
    }];
    let mut facts = facts(SecondAlarm::Is { state: Some(AlarmState::Ok), since: None, suppressed_by: None });
    facts.recoverable.plan =
        Ok(DrsPlan { status: "ACTIVE".to_owned(), servers: (0..101).map(server).collect() });
    let readiness = evaluate(&plan, &settings(), "us-east-1", &facts, at("10:00:20"));
    assert_eq!(readiness.blocks, []);
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
