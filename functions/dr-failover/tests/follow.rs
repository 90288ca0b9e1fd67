//! What an execution comes to: COMPLETED is no success by itself, and FAILED may have launched nothing.

use std::collections::BTreeMap;

use dr_failover::follow::{LaunchSeen, Progress, StepSeen, apply, came_to_nothing};
use dr_failover::incident::{Execution, Incident};
use dr_failover::rules::Mode;
use jiff::Timestamp;
use serde_json::json;

const JOB: &str = "drsjob-1";

fn now() -> Timestamp {
    "2026-03-02T10:10:00Z".parse().expect("it is a time")
}

fn incident(mode: Mode) -> Incident {
    let mut incident: Incident =
        serde_json::from_value(json!({"id": "shop-1", "version": 1, "plan": "shop", "drs-plan": "arn",
        "opened": "2026-03-02T10:00:00Z", "phase": "running", "mode": "RECOVERY", "alarms": {}}))
        .expect("it is an incident");
    incident.execution = Some(Execution {
        arn: "arn".to_owned(),
        mode,
        status: "IN_PROGRESS".to_owned(),
        started: now(),
        adopted: false,
        error: None,
        unreadable: None,
        unreadable_since: None,
        steps: Vec::new(),
    });
    incident
}

/// One step with a critical server and an optional one.
fn progress(status: &str, step: &str, critical: Option<&str>, optional: Option<&str>) -> Progress {
    let servers = [("db", true, critical), ("web", false, optional)];
    let job = |launch: Option<&str>| launch.map(|_| JOB.to_owned());
    let launches = servers.iter().filter_map(|(id, _, launch)| {
        let seen = LaunchSeen { status: (*launch)?.to_owned(), instance: None };
        Some(((JOB.to_owned(), (*id).to_owned()), seen))
    });
    Progress {
        status: status.to_owned(),
        error: None,
        launches: launches.collect::<BTreeMap<_, _>>(),
        steps: vec![StepSeen {
            name: "all".to_owned(),
            status: step.to_owned(),
            error: None,
            servers: servers.map(|(id, critical, launch)| (id.to_owned(), critical, job(launch))).to_vec(),
        }],
    }
}

fn comes_to(mode: Mode, progress: &Progress) -> String {
    if let Some(why) = came_to_nothing(progress) {
        return format!("nothing: {why}");
    }
    let mut incident = incident(mode);
    apply(&mut incident, progress, now());
    let last = incident.record.last().map(|entry| entry.what.clone()).unwrap_or_default();
    if incident.phase.is_open() { "running".to_owned() } else { last }
}

#[test]
fn an_execution_is_what_its_servers_are() {
    let of = |status, step, critical, optional| {
        comes_to(Mode::Recovery, &progress(status, step, critical, optional))
    };
    const LAUNCHED: Option<&str> = Some("LAUNCHED");
    const FAILED: Option<&str> = Some("FAILED");
    insta::assert_snapshot!([
        of("COMPLETED", "COMPLETED", LAUNCHED, LAUNCHED),
        comes_to(Mode::Drill, &progress("COMPLETED", "COMPLETED", LAUNCHED, LAUNCHED)),
        of("COMPLETED", "COMPLETED", LAUNCHED, FAILED),
        of("COMPLETED", "COMPLETED", FAILED, LAUNCHED),
        of("COMPLETED", "COMPLETED", Some("TERMINATED"), LAUNCHED),
        of("COMPLETED", "COMPLETED", LAUNCHED, Some("IN_PROGRESS")),
        of("COMPLETED", "SKIPPED", None, None),
        of("IN_PROGRESS", "EXECUTING", LAUNCHED, FAILED),
        of("FAILED", "FAILED", FAILED, LAUNCHED),
        of("FAILED", "FAILED", None, None),
        of("FAILED", "NOT_STARTED", None, None),
        of("TIMED_OUT", "TIMED_OUT", LAUNCHED, Some("IN_PROGRESS")),
        of("CANCELLING", "EXECUTING", LAUNCHED, Some("IN_PROGRESS")),
        of("CANCELLED", "COMPLETED", LAUNCHED, LAUNCHED),
        of("A_NEW_STATUS", "EXECUTING", LAUNCHED, LAUNCHED),
    ].join("\n"), @r"
    recovered: 2 of 2 servers launched
    drilled: 2 of 2 servers launched
    recovered-in-part: 1 of 2 servers launched
    failed: DRS says COMPLETED, but 1 of 2 servers launched
    failed: DRS says COMPLETED, but 1 of 2 servers launched
    running
    recovered-in-part: 0 of 2 servers launched
    running
    failed: the execution failed
    failed: the execution failed
    nothing: DRS does not say why
    failed: DRS gave the execution up after 24 hours: what it is launching goes on, later steps do not run
    running
    cancelled: somebody cancelled the execution
    running
    ");
}
