//! Elastic Disaster Recovery over real HTTP: a plan is started once, progresses with the clock, and ends as the world
//! sets it.

use std::time::Duration;

use local_aws::{LocalAws, WorldChange};
use serde_json::{Value, json};

use crate::client::{Client, WorldText};

const PLAN: &str = "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1";
const DB: &str = "s-0000000000000db01";
const WEB: &str = "s-000000000000web01";

const RECOVERY: &str = r#"
now = "2026-03-02T10:00:00Z"
[drs]
page-size = 1
[[source-server]]
id = "s-0000000000000db01"
launch-seconds = 300
snapshots = ["2026-03-02T09:50:00Z", { taken = "2026-03-02T09:40:00Z", id = "pit-00000000000000001" }, { expected = "2026-03-02T10:10:00Z" }]
[[source-server]]
id = "s-000000000000web01"
launch-seconds = 60
snapshots = ["2026-03-02T09:50:00Z"]
[[recovery-plan]]
name = "shop"
arn = "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1"
[[recovery-plan.step]]
name = "databases"
servers = ["s-0000000000000db01"]
[[recovery-plan.step]]
name = "settle"
wait-minutes = 2
[[recovery-plan.step]]
name = "web"
optional = ["s-000000000000web01"]
[[recovery-plan]]
name = "broken"
arn = "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-2"
status = "INVALID"
[[recovery-plan]]
name = "empty"
arn = "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-4"
[[recovery-plan]]
name = "databases alone"
arn = "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-5"
[[recovery-plan.step]]
name = "databases"
servers = ["s-0000000000000db01"]
"#;

struct DrsClient {
    aws: LocalAws,
    client: Client,
}

fn start(world: &str) -> DrsClient {
    let aws = LocalAws::start(WorldText::of(world)).unwrap();
    let client = Client::new(&aws.endpoint());
    DrsClient { aws, client }
}

impl DrsClient {
    fn ok(&self, operation: &str, input: Value) -> Value {
        let (status, code, body) = self.client.drs(operation, &input);
        assert!(matches!(status, 200 | 201), "{operation}: {status} {code} {body}");
        body
    }

    fn refused(&self, operation: &str, input: Value) -> (u16, String) {
        let (status, code, _) = self.client.drs(operation, &input);
        (status, code)
    }

    fn started(&self, more: Value) -> (u16, String, Value) {
        let mut input = json!({"recoveryPlanArn": PLAN, "mode": "RECOVERY", "clientToken": "t1"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.client.drs("StartRecoveryPlanExecution", &input)
    }

    fn arn(&self) -> String {
        self.aws.recovery_executions().pop().unwrap().arn
    }

    fn status(&self) -> String {
        let asked = json!({"recoveryPlanExecutionArn": self.arn()});
        let execution = self.ok("GetRecoveryPlanExecution", asked)["recoveryPlanExecution"].clone();
        execution["status"].as_str().unwrap().to_owned()
    }

    fn steps(&self) -> Vec<String> {
        let mut input = json!({"recoveryPlanExecutionArn": self.arn()});
        let mut steps = Vec::new();
        loop {
            let page = self.ok("ListRecoveryPlanExecutionSteps", input.clone());
            let found = page["recoveryPlanExecutionSteps"].as_array().unwrap();
            steps.extend(found.iter().map(|step| step["status"].as_str().unwrap().to_owned()));
            let Some(next) = page.get("nextToken") else { return steps };
            input["nextToken"] = next.clone();
        }
    }

    fn minutes(&self, minutes: u64) {
        self.aws.advance(Duration::from_secs(60 * minutes));
    }
}

#[test]
fn a_start_with_its_token_again_is_the_same_one_and_another_is_a_conflict() {
    let drs = start(RECOVERY);
    let (status, _, first) = drs.started(json!({"tags": {"incident": "i-1"}}));
    assert_eq!((status, &first["recoveryPlanExecution"]["status"]), (201, &json!("CREATED")));
    assert_eq!(drs.started(json!({"tags": {"incident": "i-1"}})).2, first);
    let conflict = |more| {
        let (status, code, _) = drs.started(more);
        assert_eq!((status, code.as_str()), (409, "ConflictException"));
    };
    conflict(json!({"mode": "DRILL", "tags": {"incident": "i-1"}}));
    conflict(json!({"clientToken": "t2"}));
    drs.minutes(20);
    assert_eq!(drs.status(), "COMPLETED");
    assert_eq!(drs.started(json!({"tags": {"incident": "i-1"}})).0, 201, "also when it is over");
    assert_eq!(drs.aws.recovery_executions().len(), 1);
    assert_eq!(drs.started(json!({"clientToken": "t2"})).0, 201);
    let whole = drs.ok(
        "GetRecoveryPlanExecution",
        json!({"recoveryPlanExecutionArn": first["recoveryPlanExecution"]["recoveryPlanExecutionArn"]}),
    );
    assert_eq!(whole["recoveryPlanExecution"]["tags"], json!({"incident": "i-1"}));
    let listed = drs.ok("ListRecoveryPlanExecutions", json!({"recoveryPlanArn": PLAN}));
    assert!(listed["recoveryPlanExecutions"][0].get("tags").is_none(), "a summary has no tags");
    assert!(listed.get("nextToken").is_some(), "there are two, one a page");
}

#[test]
fn steps_follow_each_other_and_each_launch_is_an_event() {
    let drs = start(RECOVERY);
    drs.started(json!({}));
    assert_eq!(drs.steps(), ["NOT_STARTED", "NOT_STARTED", "NOT_STARTED"]);
    drs.minutes(1);
    assert_eq!((drs.status().as_str(), drs.steps()[0].as_str()), ("IN_PROGRESS", "EXECUTING"));
    drs.minutes(5);
    assert_eq!(drs.steps(), ["COMPLETED", "WAITING", "NOT_STARTED"]);
    drs.minutes(2);
    assert_eq!(drs.steps(), ["COMPLETED", "COMPLETED", "EXECUTING"]);
    drs.aws.apply(&WorldChange::Launch { server: WEB.to_owned(), result: "FAILED".to_owned() });
    drs.minutes(2);
    assert_eq!(
        (drs.status().as_str(), drs.steps()[2].as_str()),
        ("COMPLETED", "COMPLETED"),
        "it was optional"
    );
    let events = drs.aws.take_events();
    let answered: Vec<(&str, &str)> = events
        .iter()
        .map(|event| {
            (
                event["resources"][0].as_str().unwrap().rsplit('/').next().unwrap(),
                event["detail"]["state"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(answered, [(DB, "RECOVERY_LAUNCH_SUCCEEDED"), (WEB, "RECOVERY_LAUNCH_FAILED")]);
    let jobs = drs.ok("DescribeJobs", json!({"maxResults": 5}));
    assert_eq!(jobs["items"][0]["participatingServers"][0]["launchStatus"], "FAILED");
    assert_eq!(jobs["items"][0]["status"], "COMPLETED", "a job is that also when a launch failed");
}

#[test]
fn a_critical_server_that_fails_fails_the_execution() {
    let drs = start(&RECOVERY.replace("launch-seconds = 300", "launch-seconds = 300\nlaunch = \"FAILED\""));
    drs.started(json!({}));
    drs.minutes(7);
    assert_eq!(
        (drs.status().as_str(), drs.steps()),
        ("FAILED", ["FAILED", "NOT_STARTED", "NOT_STARTED"].map(str::to_owned).to_vec())
    );
}

/// The result of an execution of the plan in a slightly different world, and the reason.
fn outcome(from: &str, to: &str, more: Value) -> (String, Vec<String>, Value) {
    let world = RECOVERY.replace(from, to);
    assert!(world != RECOVERY, "`{from}` is in the world");
    let drs = start(&world);
    assert_eq!(drs.started(more).0, 201);
    drs.minutes(1);
    let asked = json!({"recoveryPlanExecutionArn": drs.arn()});
    let error = drs.ok("GetRecoveryPlanExecution", asked)["recoveryPlanExecution"]["errorDetail"].clone();
    (drs.status(), drs.steps(), error["message"].clone())
}

/// AWS: "Validation is all or nothing, and impact levels do not apply to it."
#[test]
fn one_server_that_cannot_be_launched_keeps_all_of_them_from_it() {
    const WEB_HAS: &str = "launch-seconds = 60\nsnapshots = [\"2026-03-02T09:50:00Z\"]";
    for (from, to, why) in [
        (WEB_HAS, "launch-seconds = 60", "no consistent recovery snapshot"),
        (WEB_HAS, "snapshots = [{ expected = \"2026-03-02T10:10:00Z\" }]", "no consistent recovery snapshot"),
        (
            "launch-seconds = 60",
            "launch-seconds = 60\nreplication = \"DISCONNECTED\"",
            "is DISCONNECTED and cannot be recovered",
        ),
        (
            "[[recovery-plan]]\nname = \"broken\"",
            "[[recovery-job]]\nservers = [\"s-000000000000web01\"]\ntype = \"TERMINATE\"\nstarted = \"2026-03-02T09:00:00Z\"\n\
             [[recovery-plan]]\nname = \"broken\"",
            "which is STARTED",
        ),
    ] {
        let (status, steps, error) = outcome(from, to, json!({}));
        assert_eq!(
            (status.as_str(), &steps[..]),
            ("FAILED", &["NOT_STARTED"; 3].map(str::to_owned)[..]),
            "{to}"
        );
        assert!(
            error.as_str().is_some_and(|error| error.contains(why) && error.contains(WEB)),
            "{to}: {error}"
        );
    }
    let stalled = outcome("launch-seconds = 60", "launch-seconds = 60\nreplication = \"STALLED\"", json!({}));
    assert_eq!(stalled.0, "IN_PROGRESS", "a source that is down is what this is for");
}

#[test]
fn a_named_snapshot_is_checked_again_when_its_step_starts() {
    let of =
        |snapshot: &str| json!({"sourceServers": [{"sourceServerID": WEB, "recoverySnapshotID": snapshot}]});
    let (status, _, error) = outcome("seconds = 300", "seconds = 301", of("pit-00000000000000009"));
    assert_eq!((status.as_str(), error.as_str().is_some()), ("FAILED", true), "{error}");
    let drs = start(RECOVERY);
    let known = drs.ok("DescribeRecoverySnapshots", json!({"sourceServerID": WEB}));
    drs.started(of(known["items"][0]["snapshotID"].as_str().unwrap()));
    drs.minutes(5);
    drs.aws.apply(&WorldChange::NoSnapshots { server: WEB.to_owned() });
    drs.minutes(5);
    assert_eq!((drs.status(), drs.steps()[2].as_str()), ("FAILED".to_owned(), "FAILED"));
}

#[test]
fn after_24_hours_it_is_given_up_and_what_is_launching_goes_on() {
    let drs = start(&RECOVERY.replace("launch-seconds = 300", "launch-seconds = 90000"));
    drs.started(json!({}));
    drs.minutes(24 * 60 - 1);
    assert_eq!(drs.status(), "IN_PROGRESS");
    drs.minutes(1);
    assert_eq!(drs.status(), "TIMED_OUT");
    assert_eq!(drs.steps(), ["TIMED_OUT", "NOT_STARTED", "NOT_STARTED"]);
    drs.minutes(120);
    let jobs = drs.ok("DescribeJobs", json!({"maxResults": 5}));
    assert_eq!(jobs["items"][0]["participatingServers"][0]["launchStatus"], "LAUNCHED");
    assert_eq!((drs.status(), jobs["items"].as_array().unwrap().len()), ("TIMED_OUT".to_owned(), 1));
}

#[test]
fn what_drs_would_refuse_is_refused() {
    let drs = start(RECOVERY);
    let of = |server: &str, snapshot: &str| json!({"sourceServers": [{"sourceServerID": server, "recoverySnapshotID": snapshot}]});
    let expected = drs.ok("DescribeRecoverySnapshots", json!({"sourceServerID": DB, "order": "DESC"}));
    let expected = &expected["items"][0];
    assert!(expected.get("timestamp").is_none(), "it is only expected: {expected}");
    let many: Vec<Value> = (0..201)
        .map(|_| json!({"sourceServerID": DB, "recoverySnapshotID": "pit-00000000000000001"}))
        .collect();
    let another = |plan: &str| json!({"recoveryPlanArn": PLAN.replace("rp-1", plan), "clientToken": plan});
    for more in [
        of("s-00000000000000099", "pit-00000000000000001"),
        of(DB, "snap-0000000000000000"),
        json!({"sourceServers": many}),
        json!({"mode": "REAL"}),
        another("rp-4"),
        json!({"recoveryPlanArn": "shop"}),
    ] {
        let (status, code, _) = drs.started(more.clone());
        assert_eq!((status, code.as_str()), (400, "ValidationException"), "{more}");
    }
    let (status, code, answered) = drs.started(another("rp-2"));
    assert_eq!((status, code.as_str()), (409, "ConflictException"));
    assert!(answered["message"].as_str().unwrap().contains("is in status INVALID"), "{answered}");
    let gone = json!({"recoveryPlanArn": PLAN.replace("rp-1", "rp-3")});
    assert_eq!(drs.refused("GetRecoveryPlan", gone), (404, "ResourceNotFoundException".to_owned()));
    let unknown = json!({"sourceServerID": "s-00000000000000099"});
    assert_eq!(
        drs.refused("DescribeRecoverySnapshots", unknown),
        (404, "ResourceNotFoundException".to_owned())
    );
    assert_eq!(drs.started(of(DB, "pit-00000000000000001")).0, 201);
    let (status, code, answered) = drs.started(another("rp-5"));
    assert_eq!((status, code.as_str()), (409, "ConflictException"));
    assert!(answered["message"].as_str().unwrap().contains(DB), "another plan has the server: {answered}");
    let cold = start("[drs]\ninitialized = false\n");
    assert_eq!(cold.refused("DescribeJobs", json!({})), (400, "UninitializedAccountException".to_owned()));
}

/// A job without a plan: it has its tags, launches its servers, and no other job has them meanwhile.
#[test]
fn a_job_without_a_plan_keeps_the_quotas_and_its_servers() {
    use std::fmt::Write as _;
    let mut world = "now = \"2026-03-02T10:00:00Z\"\n[drs]\npage-size = 300\n".to_owned();
    for number in 0..220 {
        let _ = write!(
            world,
            "[[source-server]]\nid = \"s-{number:017}\"\nlaunch-seconds = 60\nsnapshots = [\"2026-03-02T09:50:00Z\"]\n\
             tags = {{ Wave = \"{}\" }}\n",
            number % 2
        );
    }
    let drs = start(&world);
    let servers = |range: std::ops::Range<u32>| -> Value {
        range.map(|number| json!({"sourceServerID": format!("s-{number:017}")})).collect()
    };
    let input = |range| json!({"sourceServers": servers(range), "tags": {"pointsman:wave": "1"}});
    assert_eq!(drs.refused("StartRecovery", input(0..0)).1, "ValidationException");
    assert_eq!(drs.refused("StartRecovery", input(0..201)).1, "ValidationException");
    assert_eq!(drs.refused("StartRecovery", input(0..101)).1, "ServiceQuotaExceededException");
    let unknown = json!({"sourceServers": [{"sourceServerID": "s-0000000000000none"}]});
    assert_eq!(drs.refused("StartRecovery", unknown).1, "ResourceNotFoundException");
    let job = drs.ok("StartRecovery", input(0..100))["job"].clone();
    assert_eq!((&job["status"], &job["initiatedBy"]), (&json!("PENDING"), &json!("START_RECOVERY")));
    assert_eq!(drs.refused("StartRecovery", input(99..100)).1, "ConflictException");
    for number in 100..119 {
        drs.ok("StartRecovery", input(number..number + 1));
    }
    assert_eq!(drs.refused("StartRecovery", input(119..120)).1, "ServiceQuotaExceededException");
    let jobs = drs.ok("DescribeJobs", json!({}))["items"].clone();
    let jobs = jobs.as_array().unwrap();
    assert!(jobs.len() == 20 && jobs.iter().all(|job| job["tags"] == json!({"pointsman:wave": "1"})));
    drs.minutes(2);
    let first = drs.ok("DescribeJobs", json!({"filters": {"jobIDs": [job["jobID"]]}}))["items"][0].clone();
    assert_eq!(first["status"], "COMPLETED");
    assert_eq!(first["participatingServers"][0]["launchStatus"], "LAUNCHED");
    let drill = json!({"sourceServers": servers(0..1), "isDrill": true});
    assert_eq!(drs.ok("StartRecovery", drill)["job"]["initiatedBy"], "START_DRILL");
    let servers = drs.ok("DescribeSourceServers", json!({}))["items"].clone();
    assert_eq!((&servers[0]["tags"], &servers[1]["tags"]), (&json!({"Wave": "0"}), &json!({"Wave": "1"})));
}
