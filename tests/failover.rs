//! dr-failover in an account of its own: killed at every call and run again, two alarms at once, the record.

mod drills;
mod waves;
mod waves_approved;

use std::time::{Duration, Instant};

use aws_config::retry::RetryConfig;
use dr_failover::aws::Clients;
use dr_failover::incident::{Incident, IncidentPhase};
use dr_failover::rules::Rules;
use dr_failover::settings::Settings;
use local_aws::{AwsWorld, LocalAws, WorldChange};
use serde_json::{Value, json};
use shared::config::Document;
use shared::decision::Decision;
use shared::lambda::Invocation;
use tempfile::TempDir;

use crate::account::config;

const ALARM: &str = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down";
const SLOW: &str = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-slow";
const TABLE: &str = "incidents";

const WORLD: &str = r#"
now = "2026-03-02T10:00:20Z"
[[table]]
name = "incidents"
hash = { name = "pk" }
range = { name = "sk" }
[[parameter]]
name = "/kill-switch"
value = "enabled"
[[alarm]]
name = "shop-from-outside"
state = "ALARM"
[[source-server]]
id = "s-0000000000000db01"
launch-seconds = 120
snapshots = ["2026-03-02T09:58:00Z"]
[[recovery-plan]]
name = "shop"
arn = "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-0a1b2c3d4e5f60718"
[[recovery-plan.step]]
name = "databases"
servers = ["s-0000000000000db01"]
"#;

const RULES: &str = r#"
[[recovery-plan]]
name = "shop"
alarms = [
    "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down",
    "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-slow",
]
second-signal = { alarm = "shop-from-outside" }
agree = "1 of 1"
plan = "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-0a1b2c3d4e5f60718"
mode = "recovery"
rpo = "15m"
"#;

/// An account with the function in it.
struct Failover {
    aws: LocalAws,
    rules: Rules,
    settings: Settings,
    clients: Clients,
    _folder: TempDir,
}

impl Failover {
    fn new(world: &str) -> Self {
        Self::with_rules(world, RULES)
    }

    fn with_rules(world: &str, rules: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("world.toml");
        std::fs::write(&file, world).expect("the folder is ours");
        let aws =
            LocalAws::start(AwsWorld::read(&file).expect("the world is right")).expect("a port is free");
        let mut problems = Vec::new();
        let rules = dr_failover::rules::read(&Document::new("pointsman.toml", rules), &mut problems);
        assert_eq!(problems, []);
        let settings = Settings {
            topic: "arn:aws:sns:us-east-1:111122223333:on-call".to_owned(),
            table: TABLE.to_owned(),
            kill_switch: "/kill-switch".to_owned(),
            approval: "/approval".to_owned(),
            role: "arn:aws:iam::111122223333:role/dr-failover".to_owned(),
            time_is_made_up: false,
        };
        // A killed invocation does not retry its calls.
        let config = config(&aws.endpoint()).into_builder().retry_config(RetryConfig::disabled()).build();
        Self { clients: Clients::new(&config), settings, rules, aws, _folder: folder }
    }

    fn invocation(&self, request: &str, dry_run: bool) -> Invocation {
        Invocation {
            now: self.aws.now(),
            deadline: Instant::now() + Duration::from_secs(60),
            time_left: Duration::from_secs(60),
            request_id: request.to_owned(),
            function_arn: "arn:aws:lambda:us-east-1:111122223333:function:dr-failover".to_owned(),
            ..Invocation::by_hand(dry_run)
        }
    }

    async fn handled(&self, event: &Value, request: &str) -> Decision {
        let invocation = self.invocation(request, false);
        let handled =
            dr_failover::handle(event.clone(), invocation, &self.rules, &self.settings, &self.clients);
        Box::pin(handled).await.expect("the event is well formed")
    }

    fn invoke(&self, event: &Value, request: &str) -> Decision {
        runtime().block_on(self.handled(event, request))
    }

    /// Reconciles, minute by minute.
    fn minutes(&self, count: usize) {
        for minute in 0..count {
            self.aws.advance(Duration::from_secs(60));
            self.invoke(&reconcile(), &format!("minute {minute}"));
        }
    }

    fn subjects(&self) -> Vec<String> {
        self.aws.emails().into_iter().map(|mail| mail.subject).collect()
    }

    /// The starts that took effect: their modes.
    fn started(&self) -> Vec<String> {
        self.aws.recovery_executions().into_iter().map(|execution| execution.mode).collect()
    }

    fn incidents(&self) -> Vec<Incident> {
        let items = self.aws.items(TABLE).expect("there is the table");
        let incidents = items.into_iter().filter(|item| item["id"].is_object());
        incidents.map(|item| dr_failover::store::incident_of_item(item).expect("it is one")).collect()
    }
}

/// The command line, built.
fn pointsman() -> std::path::PathBuf {
    pointsman::workspace::build(&crate::repository::root(), "pointsman").expect("it builds")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn alarm(arn: &str, value: &str, at: &str) -> Value {
    let name = arn.rsplit(':').next().expect("an ARN has a name");
    let before = if value == "ALARM" { "OK" } else { "ALARM" };
    json!({"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change", "account": "111122223333",
        "region": "eu-west-1", "time": at, "resources": [arn], "detail": {"alarmName": name,
        "state": {"value": value, "timestamp": at, "reason": "because"}, "previousState": {"value": before}}})
}

fn down() -> Value {
    alarm(ALARM, "ALARM", "2026-03-02T10:00:00.000+0000")
}

fn reconcile() -> Value {
    json!({"source": "pointsman", "detail-type": "reconcile"})
}

/// How many calls a whole start takes, so that each of them can be the last.
fn calls_of_a_start() -> u64 {
    let failover = Failover::new(WORLD);
    failover.invoke(&down(), "one");
    failover.aws.journal().len() as u64
}

/// Killed at each call, before and after its effect; then Lambda tries the event again, or only reconcile comes.
#[test]
fn killed_at_any_call_it_recovers_once_and_says_so() {
    let calls = calls_of_a_start();
    assert!(calls >= 14, "a start takes {calls} calls");
    for call in 0..calls {
        for after_effect in [false, true] {
            for tried_again in [true, false] {
                let failover = Failover::new(WORLD);
                failover.aws.cut_off_after(call, after_effect);
                failover.invoke(&down(), "one");
                assert!(failover.aws.answer_again(), "call {call} was made");
                let what =
                    format!("call {call}, after its effect: {after_effect}, tried again: {tried_again}");
                if tried_again {
                    failover.aws.advance(Duration::from_secs(60));
                    failover.invoke(&down(), "one");
                } else if failover.incidents().is_empty() {
                    // The event was not written down: there is Lambda's retry, and then its queue.
                    continue;
                }
                failover.minutes(8);
                assert_eq!(failover.started(), ["RECOVERY"], "{what}");
                let subjects = failover.subjects();
                let says = |start: &str| subjects.iter().filter(|subject| subject.starts_with(start)).count();
                // An invocation that was killed after SNS took its email is followed by a second email.
                assert!((1..=2).contains(&says("STARTED")), "{what}: {subjects:?}");
                assert_eq!(says("RECOVERED"), 1, "{what}: {subjects:?}");
                assert_eq!(failover.incidents()[0].phase, IncidentPhase::Recovered, "{what}");
            }
        }
    }
}

/// The same while it is followed, and when it ends.
#[test]
fn killed_while_it_follows_it_goes_on_and_says_how_it_ended() {
    for call in 0..10 {
        for after_effect in [false, true] {
            let failover = Failover::new(WORLD);
            failover.invoke(&down(), "one");
            failover.aws.advance(Duration::from_secs(240));
            failover.aws.cut_off_after(call, after_effect);
            failover.invoke(&reconcile(), "two");
            if !failover.aws.answer_again() {
                continue;
            }
            failover.minutes(3);
            assert_eq!(failover.started(), ["RECOVERY"]);
            let subjects = failover.subjects();
            let says = subjects.iter().filter(|subject| subject.starts_with("RECOVERED")).count();
            assert!((1..=2).contains(&says), "call {call}, {after_effect}: {subjects:?}");
        }
    }
}

const ADDRESS: &str = "eipalloc-0a1b2c3d4e5f60718";

/// The world and the rules with an address of the server.
fn with_address(more: &str) -> Failover {
    let address = format!("[[address]]\nallocation = \"{ADDRESS}\"\nip = \"203.0.113.10\"\n{more}");
    let key = format!("addresses = {{ \"s-0000000000000db01\" = \"{ADDRESS}\" }}\n");
    Failover::with_rules(&format!("{WORLD}{address}"), &format!("{RULES}{key}"))
}

/// Killed at each call of the move, before and after its effect: the address is associated exactly once.
#[test]
fn killed_while_it_moves_traffic_it_moves_the_address_once() {
    let mut kills = 0;
    for call in 0..20 {
        for after_effect in [false, true] {
            let failover = with_address("");
            failover.invoke(&down(), "one");
            failover.aws.advance(Duration::from_secs(240));
            failover.aws.cut_off_after(call, after_effect);
            failover.invoke(&reconcile(), "killed");
            if !failover.aws.answer_again() {
                continue;
            }
            kills += 1;
            failover.minutes(4);
            let what = format!("call {call}, after its effect: {after_effect}");
            let address = failover.aws.addresses().remove(0);
            assert_eq!(address.associations, 1, "{what}");
            assert!(address.instance.is_some(), "{what}");
            let incident = failover.incidents().remove(0);
            assert!(incident.has_moved_traffic(), "{what}: {:?}", incident.traffic);
            let subjects = failover.subjects();
            let says = subjects.iter().filter(|subject| subject.starts_with("TRAFFIC MOVED")).count();
            assert!((1..=2).contains(&says), "{what}: {subjects:?}");
        }
    }
    assert!(kills >= 26, "{kills} calls were the last");
}

/// An operator disassociates the address after the move: the function does not move it once more.
#[test]
fn an_address_that_an_operator_took_back_stays_there() {
    let failover = with_address("");
    failover.invoke(&down(), "one");
    failover.minutes(5);
    assert_eq!(failover.aws.addresses()[0].associations, 1);
    failover.aws.apply(&WorldChange::Address { allocation: ADDRESS.to_owned(), instance: None });
    failover.minutes(5);
    let address = failover.aws.addresses().remove(0);
    assert_eq!((address.instance, address.associations), (None, 1));
}

/// Two invocations at the same moment ask EC2 for the same association, which has it once.
#[test]
fn two_reconciles_at_the_same_moment_move_the_address_once() {
    for _ in 0..5 {
        let failover = with_address("");
        failover.invoke(&down(), "one");
        failover.aws.advance(Duration::from_secs(240));
        let (one, two) = (reconcile(), reconcile());
        runtime()
            .block_on(async { tokio::join!(failover.handled(&one, "two"), failover.handled(&two, "three")) });
        failover.minutes(2);
        assert_eq!(failover.aws.addresses()[0].associations, 1);
        let subjects = failover.subjects();
        let says = subjects.iter().filter(|subject| subject.starts_with("TRAFFIC MOVED")).count();
        assert_eq!(says, 1, "{subjects:?}");
    }
}

/// DRS ends the execution before its first step, because a snapshot is missing. An invocation that is killed at any call, while it
/// observes that or asks DRS again, launches the servers once.
#[test]
fn an_execution_that_launched_nothing_is_asked_for_again_and_once() {
    let database = || "s-0000000000000db01".to_owned();
    let mut kills = 0;
    for minute in 1..=2 {
        for call in 0..20 {
            for after_effect in [false, true] {
                let failover = Failover::new(WORLD);
                failover.invoke(&down(), "one");
                failover.aws.apply(&WorldChange::NoSnapshots { server: database() });
                failover.aws.advance(Duration::from_secs(30));
                failover.aws.apply(&WorldChange::Snapshot { server: database() });
                failover.minutes(minute - 1);
                failover.aws.advance(Duration::from_secs(60));
                failover.aws.cut_off_after(call, after_effect);
                failover.invoke(&reconcile(), "killed");
                if !failover.aws.answer_again() {
                    continue;
                }
                kills += 1;
                failover.minutes(10);
                let what = format!("minute {minute}, call {call}, after its effect: {after_effect}");
                assert_eq!(
                    failover.started(),
                    ["RECOVERY", "RECOVERY"],
                    "{what}: the first launched nothing"
                );
                let incident = failover.incidents().remove(0);
                assert_eq!(
                    (incident.phase, incident.refused_attempts().count()),
                    (IncidentPhase::Recovered, 1),
                    "{what}"
                );
                let says =
                    |start| failover.subjects().iter().filter(|subject| subject.starts_with(start)).count();
                assert_eq!(says("RECOVERED"), 1, "{what}: {:?}", failover.subjects());
            }
        }
    }
    assert!(kills > 30, "{kills} calls were the last");
}

fn well() -> Value {
    alarm(ALARM, "OK", "2026-03-02T10:00:30.000+0000")
}

/// The alarm goes into OK while another invocation waits for DRS's answer: DRS starts the plan all the same, and the execution is followed.
#[test]
fn an_alarm_that_is_ok_while_drs_is_asked_ends_nothing() {
    let slow = "[[fault]]\noperation = \"StartRecoveryPlanExecution\"\ncall = 1\ndelay = 1500\n";
    let failover = Failover::new(&format!("{WORLD}{slow}"));
    let (down, well) = (down(), well());
    let asked = || failover.aws.journal().iter().any(|call| call.operation == "StartRecoveryPlanExecution");
    let decisions = runtime().block_on(async {
        tokio::join!(failover.handled(&down, "one"), async {
            while !asked() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            failover.handled(&well, "two").await
        })
    });
    let codes: Vec<&str> = decisions.1.reasons.iter().map(|reason| reason.because.code.as_str()).collect();
    assert_eq!(codes, ["being-asked"]);
    assert!(decisions.0.actions.iter().any(|action| action.call == "drs:StartRecoveryPlanExecution"));
    failover.minutes(5);
    assert_eq!(failover.started(), ["RECOVERY"]);
    let incident = failover.incidents().remove(0);
    assert_eq!(incident.phase, IncidentPhase::Recovered);
    let subjects = failover.subjects();
    assert!(!subjects.iter().any(|subject| subject.starts_with("OVER")), "{subjects:?}");
    assert!(
        subjects.last().is_some_and(|last| last.starts_with("RECOVERED, but the alarm is OK")),
        "{subjects:?}"
    );
}

/// The final email of an incident was not sent, and the alarm returns soon: the incident is open again, and its end is not reported.
#[test]
fn an_outage_soon_after_an_unreported_one_belongs_to_its_incident() {
    let world = WORLD.replace(r#"value = "enabled""#, r#"value = "disabled""#);
    let fault = "[[fault]]\noperation = \"Publish\"\ncall = 2\nanswer = \"InternalError\"\nstatus = 500\n";
    let failover = Failover::new(&format!("{world}{fault}"));
    failover.invoke(&down(), "one");
    failover.invoke(&well(), "two");
    failover.invoke(&alarm(ALARM, "ALARM", "2026-03-02T10:00:50.000+0000"), "three");
    failover.minutes(2);
    let phases: Vec<IncidentPhase> = failover.incidents().iter().map(|incident| incident.phase).collect();
    assert_eq!(phases, [IncidentPhase::Held]);
    let subjects = failover.subjects();
    let says = |start: &str| subjects.iter().filter(|subject| subject.starts_with(start)).count();
    assert_eq!((says("NOT STARTED"), says("FLAPPING"), says("OVER")), (1, 1, 0), "{subjects:?}");
}

/// The table fails after DRS started the plan: the email does not ask the operator to start it once more.
#[test]
fn a_start_that_cannot_be_recorded_is_reported_as_a_start() {
    let failover = Failover::new(&format!(
        "{WORLD}[[fault]]\noperation = \"TransactWriteItems\"\ncalls = [2, 3, 4]\nanswer = \"InternalServerError\"\nstatus = 500\n"
    ));
    failover.invoke(&down(), "one");
    let subjects = failover.subjects();
    assert_eq!(subjects, ["STARTED, not recorded: recovery of shop: the table does not answer"]);
    failover.minutes(6);
    assert_eq!(failover.started(), ["RECOVERY"]);
    assert_eq!(failover.incidents()[0].phase, IncidentPhase::Recovered);
}

/// The operator refuses the recovery while DRS's answer to the start is unknown.
#[test]
fn a_refusal_counts_unless_drs_has_started_it() {
    for (after_effect, ends) in [(false, IncidentPhase::Refused), (true, IncidentPhase::Recovered)] {
        let fault = format!(
            "[[fault]]\noperation = \"StartRecoveryPlanExecution\"\ncall = 1\nanswer = \"cut\"\nafter-effect = {after_effect}\n"
        );
        let failover = Failover::new(&format!("{WORLD}{fault}"));
        failover.invoke(&down(), "one");
        let incident = failover.incidents().remove(0);
        let refuse = json!({"source": "pointsman", "detail-type": "refuse",
            "detail": {"incident": incident.id, "by": "Ana"}});
        failover.invoke(&refuse, "two");
        failover.minutes(6);
        assert_eq!(failover.incidents()[0].phase, ends, "after its effect: {after_effect}");
        assert_eq!(failover.started().len(), usize::from(after_effect));
    }
}

/// When a region fails, many plans are blocked at once, and each waits for a probe without an answer.
#[test]
fn a_plan_that_waits_keeps_no_other_waiting() {
    let other = RULES
        .replace("name = \"shop\"", "name = \"bank\"")
        .replace("rp-0a1b2c3d4e5f60718", "rp-0a1b2c3d4e5f60719");
    let slow = "[[fault]]\noperation = \"GetItem\"\ncall = 1\ndelay = 1500\n";
    let world = WORLD.replace(r#"value = "enabled""#, r#"value = "disabled""#);
    let failover = Failover::with_rules(&format!("{world}{slow}"), &format!("{RULES}{other}"));
    let decision = failover.invoke(&down(), "one");
    let subjects: Vec<&str> = decision.reasons.iter().map(|reason| reason.subject.as_str()).collect();
    assert_eq!(subjects, ["shop", "bank"], "the report has the order of the rules");
    let journal = failover.aws.journal();
    let waited = journal.iter().find(|call| call.operation == "GetItem").expect("the table is read");
    let waited = waited.input["Key"]["pk"]["S"].as_str().expect("it has a key").trim_start_matches("plan#");
    let published: Vec<&str> = journal
        .iter()
        .filter(|call| call.operation == "Publish")
        .filter_map(|call| call.input["MessageAttributes"]["plan"]["StringValue"].as_str())
        .collect();
    assert_eq!(published.len(), 2);
    assert_eq!(published[1], waited, "the other plan was reported first");
}

#[test]
fn a_plan_whose_turn_comes_too_late_fails_the_invocation() {
    let failover = Failover::new(WORLD);
    let invocation =
        Invocation { deadline: Instant::now() + Duration::from_secs(5), ..failover.invocation("one", false) };
    let handled =
        dr_failover::handle(down(), invocation, &failover.rules, &failover.settings, &failover.clients);
    let decision = runtime().block_on(Box::pin(handled)).expect("the event is well formed");
    assert_eq!(decision.reasons[0].because.code, "no-time");
    assert_eq!(decision.failures().count(), 1, "Lambda tries it again");
    assert_eq!(failover.aws.journal().len(), 0);
}

#[test]
fn two_alarms_at_the_same_moment_recover_once() {
    for _ in 0..10 {
        let failover = Failover::new(WORLD);
        let slow = alarm(SLOW, "ALARM", "2026-03-02T10:00:01.000+0000");
        let down = down();
        runtime().block_on(async {
            tokio::join!(failover.handled(&down, "one"), failover.handled(&slow, "two"));
        });
        failover.minutes(1);
        assert_eq!(failover.started(), ["RECOVERY"]);
        let incidents = failover.incidents();
        assert_eq!(incidents.len(), 1, "{incidents:#?}");
        assert_eq!(incidents[0].alarms.len(), 2);
        let started = failover.subjects().iter().filter(|subject| subject.starts_with("STARTED")).count();
        assert_eq!(started, 1, "{:?}", failover.subjects());
    }
}

#[test]
fn an_event_and_a_reconcile_at_the_same_moment_mail_a_hold_once() {
    for _ in 0..10 {
        let failover = Failover::new(&WORLD.replace(r#"value = "enabled""#, r#"value = "disabled""#));
        let (down, reconcile) = (down(), reconcile());
        runtime().block_on(async {
            tokio::join!(failover.handled(&down, "one"), failover.handled(&reconcile, "two"));
        });
        failover.minutes(2);
        assert_eq!(failover.subjects(), ["NOT STARTED: recovery of shop: recoveries are switched off"]);
    }
}

#[test]
fn a_dry_run_starts_writes_and_emails_nothing() {
    let failover = Failover::new(WORLD);
    let invocation = failover.invocation("one", true);
    let (rules, settings, clients) = (&failover.rules, &failover.settings, &failover.clients);
    let decision = runtime()
        .block_on(Box::pin(dr_failover::handle(down(), invocation, rules, settings, clients)))
        .expect("the event is well formed");
    assert_eq!(decision.reasons[0].because.code, "start");
    let calls: Vec<&str> = decision.actions.iter().map(|action| action.call.as_str()).collect();
    assert_eq!(calls, ["drs:StartRecoveryPlanExecution"], "{:#?}", decision.actions);
    assert_eq!((failover.started().len(), failover.subjects().len()), (0, 0));
    assert_eq!(failover.aws.items(TABLE), Some(Vec::new()));
}

/// From the first alarm to the last server, and every email between them.
#[test]
fn the_record_has_all_that_happened_and_pointsman_prints_it() {
    let failover = Failover::new(WORLD);
    failover.aws.apply(&WorldChange::Alarm {
        name: "shop-from-outside".to_owned(),
        state: "OK".to_owned(),
        suppressed_by: None,
    });
    failover.invoke(&down(), "one");
    failover.aws.apply(&WorldChange::Alarm {
        name: "shop-from-outside".to_owned(),
        state: "ALARM".to_owned(),
        suppressed_by: None,
    });
    failover.minutes(5);
    let incident = failover.incidents().remove(0);
    let text = pointsman::incident::text(&incident);
    let read = std::process::Command::new(pointsman())
        .args(["incident", &incident.id, "--table", TABLE])
        .env("AWS_ENDPOINT_URL", failover.aws.endpoint())
        .envs([("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")])
        .output()
        .expect("it runs");
    assert_eq!(String::from_utf8_lossy(&read.stdout), text, "{}", String::from_utf8_lossy(&read.stderr));
    for line in [
        "recovery of shop, recovered",
        "event received           +20s",
        "start decided            +1m 20s",
        "DRS started              +1m 20s",
        "first server launched    +4m 20s",
        "last server launched     +4m 20s",
        "s-0000000000000db01  LAUNCHED",
        "blocked: the second signal does not agree",
        "email sent: RECOVERED, traffic not moved: shop: 1 of 1 server launched",
        "second-signal-quiet from 2026-03-02T10:00:20Z",
        "(1m): no check blocked, and the",
        "taken at 2026-03-02T09:58:00Z",
        "within the RPO of 15m",
        "closed                   open",
    ] {
        assert!(text.contains(line), "`{line}` is not in\n{text}");
    }
}
