//! A plan with three waves: killed at every call, its answers lost, its jobs split and refused. DRS gets one job for each launch.

use local_aws::RecoveryJobNow;

use super::*;

pub(super) const WAVES: &str = r#"
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
[drs]
page-size = 2
[[source-server]]
id = "s-0000000000000db01"
hostname = "db-1"
launch-seconds = 60
snapshots = ["2026-03-02T09:58:00Z"]
[[source-server]]
id = "s-000000000000app01"
hostname = "app-1"
launch-seconds = 60
snapshots = ["2026-03-02T09:58:00Z"]
tags = { Wave = "app" }
[[source-server]]
id = "s-000000000000web01"
hostname = "web-1"
launch-seconds = 60
snapshots = ["2026-03-02T09:58:00Z"]
"#;

pub(super) const THREE: &str = r#"
[[recovery-plan]]
name = "shop"
alarms = ["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down"]
second-signal = { alarm = "shop-from-outside" }
agree = "1 of 1"
mode = "recovery"
rpo = "15m"
waves = [
    { name = "databases", servers = ["s-0000000000000db01"] },
    { name = "applications", tags = { Wave = "app" } },
    { name = "web", servers = ["s-000000000000web01"] },
]
"#;

/// The invocations of a whole recovery: the alarm, and a reconcile each minute.
const INVOCATIONS: usize = 7;

fn three() -> Failover {
    Failover::with_rules(WAVES, THREE)
}

impl Failover {
    /// The invocation of this number.
    fn nth(&self, number: usize) {
        if number == 0 {
            self.invoke(&down(), "one");
        } else {
            self.minutes(1);
        }
    }

    pub(super) fn waves(&self) -> Vec<String> {
        self.aws.recovery_jobs().iter().map(wave_of).collect()
    }

    pub(super) fn command(&self, kind: &str, server: &str) -> Decision {
        let incident = self.incidents().remove(0).id;
        let detail = json!({"incident": incident, "server": server, "by": "Ana"});
        self.invoke(&json!({"source": "pointsman", "detail-type": kind, "detail": detail}), "command")
    }

    pub(super) fn says(&self, start: &str) -> usize {
        self.subjects().iter().filter(|subject| subject.starts_with(start)).count()
    }
}

fn wave_of(job: &RecoveryJobNow) -> String {
    job.tags.get("pointsman:wave").cloned().unwrap_or_default()
}

#[test]
fn three_waves_start_one_after_the_other() {
    let failover = three();
    for (number, waves) in [1, 1, 2, 2, 3, 3, 3].into_iter().enumerate() {
        failover.nth(number);
        assert_eq!(failover.waves().len(), waves, "after the invocation {number}");
    }
    let incident = failover.incidents().remove(0);
    assert_eq!(incident.phase, IncidentPhase::Recovered, "{incident:#?}");
    assert_eq!(failover.waves(), ["1", "2", "3"]);
    let jobs = failover.aws.recovery_jobs();
    assert!(jobs.iter().all(|job| job.tags["pointsman:incident"] == incident.id && !job.is_drill));
    assert!(jobs.iter().all(|job| job.snapshots.len() == 1), "each server has its snapshot");
    assert_eq!((failover.says("STARTED"), failover.says("RECOVERED")), (1, 1), "{:?}", failover.subjects());
}

/// Killed at each call of each invocation, before and after its effect: each wave has one job, and the recovery ends.
#[test]
fn killed_at_any_call_each_wave_has_one_job() {
    let mut kills = 0;
    for number in 0..INVOCATIONS {
        for call in 0..60 {
            let mut made = false;
            for after_effect in [false, true] {
                let failover = three();
                (0..number).for_each(|earlier| failover.nth(earlier));
                if number > 0 {
                    failover.aws.advance(Duration::from_secs(60));
                }
                failover.aws.cut_off_after(call, after_effect);
                failover.invoke(&if number == 0 { down() } else { reconcile() }, "killed");
                made = failover.aws.answer_again();
                if !made {
                    continue;
                }
                kills += 1;
                if number == 0 {
                    failover.aws.advance(Duration::from_secs(60));
                    failover.invoke(&down(), "again");
                }
                failover.minutes(16);
                let what = format!("invocation {number}, call {call}, after its effect: {after_effect}");
                assert_eq!(failover.waves(), ["1", "2", "3"], "{what}");
                let incident = failover.incidents().remove(0);
                assert_eq!(incident.phase, IncidentPhase::Recovered, "{what}: {incident:#?}");
                assert!((1..=2).contains(&failover.says("RECOVERED")), "{what}: {:?}", failover.subjects());
                // After SNS took an email whose answer was lost, a second one follows.
                assert!((1..=2).contains(&failover.says("STARTED")), "{what}: {:?}", failover.subjects());
            }
            if !made {
                break;
            }
        }
    }
    assert!(kills > 100, "{kills} calls were the last");
}

/// The answer to a StartRecovery is lost, before or after its effect.
#[test]
fn a_lost_answer_of_each_wave_starts_no_second_job() {
    for call in 1..=3 {
        for after_effect in [false, true] {
            let fault = format!(
                "[[fault]]\noperation = \"StartRecovery\"\ncall = {call}\nanswer = \"cut\"\nafter-effect = {after_effect}\n"
            );
            let failover = Failover::with_rules(&format!("{WAVES}{fault}"), THREE);
            failover.invoke(&down(), "one");
            failover.minutes(16);
            let what = format!("call {call}, after its effect: {after_effect}");
            assert_eq!(failover.waves(), ["1", "2", "3"], "{what}");
            assert_eq!(failover.incidents()[0].phase, IncidentPhase::Recovered, "{what}");
        }
    }
}

/// DRS's list of jobs cannot be read while an answer is missing: DRS is not asked again.
#[test]
fn while_the_jobs_cannot_be_read_nothing_is_asked_again() {
    let faults = "[[fault]]\noperation = \"StartRecovery\"\ncall = 1\nanswer = \"cut\"\nafter-effect = true\n\
                  [[fault]]\noperation = \"DescribeJobs\"\ncalls = [3, 4, 5, 6, 7, 8, 9, 10]\nanswer = \"InternalServerException\"\nstatus = 500\n";
    let failover = Failover::with_rules(&format!("{WAVES}{faults}"), THREE);
    failover.invoke(&down(), "one");
    failover.minutes(7);
    assert_eq!(failover.waves(), ["1"]);
    failover.minutes(10);
    assert_eq!(failover.waves(), ["1", "2", "3"]);
    assert_eq!(failover.incidents()[0].phase, IncidentPhase::Recovered);
}

/// The SDK makes the call once, although its answer is an error that it retries elsewhere.
#[test]
fn the_sdk_does_not_retry_a_start() {
    let fault = "[[fault]]\noperation = \"StartRecovery\"\ncall = 1\nanswer = \"InternalServerException\"\nstatus = 500\n";
    let mut failover = Failover::with_rules(&format!("{WAVES}{fault}"), THREE);
    let retries = RetryConfig::standard().with_max_attempts(3);
    failover.clients =
        Clients::new(&config(&failover.aws.endpoint()).into_builder().retry_config(retries).build());
    failover.invoke(&down(), "one");
    let calls = failover.aws.journal();
    assert_eq!(calls.iter().filter(|call| call.operation == "StartRecovery").count(), 1);
    assert_eq!(failover.says("UNCERTAIN"), 1, "{:?}", failover.subjects());
    failover.minutes(12);
    assert_eq!(failover.waves(), ["1", "2", "3"]);
}

/// A hundred servers in a job: the rest of a wave is a second job, whose refusal is retried.
#[test]
fn a_large_wave_is_split_and_a_refused_part_is_asked_for_again() {
    let mut world = WAVES.replace("page-size = 2", "page-size = 100");
    let ids: Vec<String> = (0..130).map(|number| format!("s-{number:017}")).collect();
    for id in &ids {
        use std::fmt::Write as _;
        let _ = write!(
            world,
            "[[source-server]]\nid = \"{id}\"\nlaunch-seconds = 60\nsnapshots = [\"2026-03-02T09:58:00Z\"]\n"
        );
    }
    world.push_str(
        "[[fault]]\noperation = \"StartRecovery\"\ncall = 2\nanswer = \"ServiceQuotaExceededException\"\nstatus = 402\n",
    );
    let rules = THREE.replace(
        "servers = [\"s-0000000000000db01\"]",
        &format!("servers = {}", serde_json::to_string(&ids).expect("these are strings")),
    );
    let failover = Failover::with_rules(&world, &rules);
    failover.invoke(&down(), "one");
    assert_eq!(failover.waves(), ["1"]);
    failover.minutes(2);
    assert_eq!(failover.waves(), ["1", "1.2"]);
    let servers: Vec<usize> = failover.aws.recovery_jobs().iter().map(|job| job.servers.len()).collect();
    assert_eq!(servers, [100, 30]);
    failover.minutes(8);
    assert_eq!(failover.waves(), ["1", "1.2", "2", "3"]);
    assert_eq!(failover.incidents()[0].phase, IncidentPhase::Recovered);
}

/// A critical server fails: the next wave waits, and a command launches the server again, or skips it.
#[test]
fn an_operator_launches_a_failed_server_again_or_skips_it() {
    let world = WAVES.replace("hostname = \"db-1\"", "hostname = \"db-1\"\nlaunch = \"FAILED\"");
    let database = "s-0000000000000db01";
    for (command, waves, ends) in [
        ("retry-server", vec!["1", "1.2", "2", "3"], IncidentPhase::Recovered),
        ("skip-server", vec!["1", "2", "3"], IncidentPhase::RecoveredInPart),
    ] {
        let failover = Failover::with_rules(&world, THREE);
        failover.invoke(&down(), "one");
        failover.minutes(4);
        assert_eq!(failover.waves(), ["1"], "the next wave waits");
        let subject = failover.subjects().pop().expect("the operator is paged");
        assert!(subject.contains("db-1 failed"), "{subject}");
        failover
            .aws
            .apply(&WorldChange::Launch { server: database.to_owned(), result: "LAUNCHED".to_owned() });
        failover.command(command, database);
        // Lambda delivers the command twice.
        failover.command(command, database);
        failover.minutes(9);
        assert_eq!(failover.waves(), waves, "{command}");
        assert_eq!(failover.incidents()[0].phase, ends, "{command}");
    }
}

#[test]
fn two_invocations_at_once_start_a_wave_once() {
    for _ in 0..5 {
        let failover = three();
        failover.invoke(&down(), "one");
        failover.aws.advance(Duration::from_secs(120));
        let reconcile = reconcile();
        runtime().block_on(async {
            tokio::join!(failover.handled(&reconcile, "two"), failover.handled(&reconcile, "three"));
        });
        assert_eq!(failover.waves(), ["1", "2"]);
    }
}

/// The incident of the largest plan fits into an item of 400 KB.
#[test]
fn an_incident_with_the_most_servers_fits_into_an_item() {
    use std::fmt::Write as _;
    let (mut world, mut ids) = (WAVES.replace("page-size = 2", "page-size = 100"), Vec::new());
    for number in 0..dr_failover::rules::MOST_WAVE_SERVERS - 2 {
        let id = format!("s-{number:017}");
        let _ = write!(
            world,
            "[[source-server]]\nid = \"{id}\"\nhostname = \"{}\"\nlaunch-seconds = 60\nsnapshots = [\"2026-03-02T09:58:00Z\"]\n",
            "h".repeat(63)
        );
        ids.push(id);
    }
    let list = serde_json::to_string(&ids).expect("these are strings");
    let rules = THREE.replace("servers = [\"s-0000000000000db01\"]", &format!("servers = {list}"));
    let failover = Failover::with_rules(&world, &rules);
    failover.invoke(&down(), "one");
    failover.minutes(9);
    let incident = failover.incidents().remove(0);
    assert_eq!((incident.phase, incident.launched()), (IncidentPhase::Recovered, ids.len() + 2));
    let size = serde_json::to_string(&incident).expect("it is JSON").len();
    // A full record has 400 entries of 500 characters.
    assert!(size < 200 * 1024, "{size} bytes");
}

/// Another principal launches a server of a later wave: a second launch would delete its instance, so the wave waits.
#[test]
fn a_server_that_another_principal_launched_is_not_launched_again() {
    use aws_sdk_drs::types::StartRecoveryRequestSourceServer;
    let failover = three();
    failover.invoke(&down(), "one");
    let server = StartRecoveryRequestSourceServer::builder().source_server_id("s-000000000000web01").build();
    let started = failover.clients.drs.start_recovery().source_servers(server.expect("the id is set")).send();
    runtime().block_on(started).expect("no job has the server");
    failover.minutes(5);
    assert_eq!(failover.waves(), ["1", "", "2"]);
    let codes: Vec<String> =
        failover.incidents()[0].holds.iter().map(|hold| hold.interlock.code().name().to_owned()).collect();
    assert_eq!(codes, ["recovered-already"]);
    failover.command("skip-server", "s-000000000000web01");
    assert_eq!(failover.incidents()[0].phase, IncidentPhase::RecoveredInPart);
}

/// Only the word of an operator leaves an application half recovered.
#[test]
fn a_kill_switch_that_cannot_be_read_stops_no_further_wave() {
    let fault = "[[fault]]\noperation = \"GetParameter\"\ncalls = [2, 3, 4, 5, 6, 7]\nanswer = \"InternalServerError\"\nstatus = 500\n";
    let failover = Failover::with_rules(&format!("{WAVES}{fault}"), THREE);
    failover.invoke(&down(), "one");
    failover.minutes(8);
    assert_eq!(failover.waves(), ["1", "2", "3"]);
}

/// Jobs that DRS refuses as Throttling or by a quota count as refused: DRS is asked again, and no email says UNCERTAIN.
#[test]
fn a_refused_first_wave_is_no_uncertain_start() {
    for code in
        ["ConflictException", "ServiceQuotaExceededException", "ThrottlingException", "AccessDeniedException"]
    {
        let fault = format!(
            "[[fault]]\noperation = \"StartRecovery\"\ncall = 1\nanswer = \"{code}\"\nstatus = 400\n"
        );
        let failover = Failover::with_rules(&format!("{WAVES}{fault}"), THREE);
        failover.invoke(&down(), "one");
        assert_eq!((failover.says("UNCERTAIN"), failover.says("NOT STARTED")), (0, 1), "{code}");
        failover.minutes(9);
        assert_eq!(failover.waves(), ["1", "2", "3"], "{code}");
    }
}
