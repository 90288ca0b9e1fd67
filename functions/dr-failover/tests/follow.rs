//! The end of an execution: COMPLETED alone is no success, and FAILED may have launched nothing.

use std::collections::BTreeMap;

use dr_failover::facts::{ExecutionProgress, ServerLaunch, StepProgress, StepServer};
use dr_failover::incident::{Incident, PlanExecution};
use dr_failover::rules::Mode;
use dr_failover::step::follow::{follow, refusal};
use jiff::Timestamp;
use serde_json::json;

const JOB: &str = "drsjob-1";

fn now() -> Timestamp {
    "2026-03-02T10:10:00Z".parse().expect("it is a time")
}

fn incident(mode: Mode) -> Incident {
    let mut incident: Incident =
        serde_json::from_value(json!({"id": "shop-1", "version": 1, "plan": "shop", "drs-plan": "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1",
        "opened": "2026-03-02T10:00:00Z", "phase": "running", "mode": "RECOVERY", "alarms": {}}))
        .expect("it is an incident");
    let execution = PlanExecution {
        arn: "arn:aws:drs:us-east-1:111122223333:recovery-plan-execution/rpe-1"
            .parse()
            .expect("it is an ARN"),
        mode,
        status: "IN_PROGRESS".to_owned(),
        started: now(),
        adopted: false,
        error: None,
        unreadable: None,
        unreadable_since: None,
        steps: Vec::new(),
    };
    incident.run(execution, now());
    incident
}

/// One step with a critical server and an optional one.
fn progress(status: &str, step: &str, critical: Option<&str>, optional: Option<&str>) -> ExecutionProgress {
    let servers = [("db", true, critical), ("web", false, optional)];
    let job = |launch: Option<&str>| launch.map(|_| JOB.to_owned());
    let launches = servers.iter().filter_map(|(id, _, launch)| {
        let seen = ServerLaunch { status: (*launch)?.to_owned(), instance: None };
        Some(((JOB.to_owned(), (*id).to_owned()), seen))
    });
    ExecutionProgress {
        status: status.to_owned(),
        error: None,
        launches: launches.collect::<BTreeMap<_, _>>(),
        steps: vec![StepProgress {
            name: "all".to_owned(),
            status: step.to_owned(),
            error: None,
            servers: servers
                .map(|(id, critical, launch)| StepServer { id: id.to_owned(), critical, job: job(launch) })
                .to_vec(),
        }],
    }
}

fn comes_to(mode: Mode, progress: &ExecutionProgress) -> String {
    if refusal(progress).is_some() {
        return "launched nothing".to_owned();
    }
    let mut incident = incident(mode);
    follow(&mut incident, progress, now());
    if incident.finished.is_none() {
        "running".to_owned()
    } else {
        format!("{}: {}/2", incident.phase.name(), incident.launched())
    }
}

#[test]
fn how_does_an_incident_end_with_these_servers() {
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
    recovered: 2/2
    drilled: 2/2
    recovered-in-part: 1/2
    failed: 1/2
    failed: 1/2
    running
    recovered-in-part: 0/2
    running
    failed: 1/2
    failed: 0/2
    launched nothing
    failed: 1/2
    running
    cancelled: 2/2
    running
    ");
}
