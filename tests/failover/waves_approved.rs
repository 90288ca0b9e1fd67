//! A plan with waves whose start needs an approval, that moves addresses, or that a drill starts.

use super::waves::{THREE, WAVES};
use super::*;

const ANA: &str = "arn:aws:iam::111122223333:user/ana";
const SERVERS: [&str; 3] = ["s-0000000000000db01", "s-000000000000app01", "s-000000000000web01"];

/// The world of the three waves with the parameter of answers.
fn world() -> String {
    format!("{WAVES}[[parameter]]\nname = \"/approval\"\nvalue = \"none\"\n")
}

fn approved(approval: &str) -> Failover {
    let rules =
        THREE.replace("mode = \"recovery\"", &format!("mode = \"recovery\"\napproval = \"{approval}\""));
    Failover::with_rules(&world(), &rules)
}

impl Failover {
    fn set(&self, name: &str, value: &str, by: &str) {
        let (name, value, by) = (name.to_owned(), Some(value.to_owned()), Some(by.to_owned()));
        self.aws.apply(&WorldChange::Parameter { name, value, by });
    }

    /// The operator answers, a moment after the function asked.
    fn answer(&self, value: &str, by: &str) {
        self.aws.advance(Duration::from_secs(1));
        self.set("/approval", value, by);
    }

    /// The value that approves the request which waits for an answer.
    fn approval(&self) -> String {
        let incident = self.incidents().remove(0);
        let request = incident.approval.request.expect("the function asked");
        format!("approve {} {}", incident.id, request.digest)
    }

    fn refusal(&self) -> String {
        format!("refuse {}", self.incidents().remove(0).id)
    }

    fn holds(&self) -> Vec<String> {
        let incident = self.incidents().remove(0);
        incident.holds.iter().map(|hold| hold.interlock.code().name().to_owned()).collect()
    }

    fn phase(&self) -> IncidentPhase {
        self.incidents()[0].phase
    }

    /// The snapshots with which jobs were started.
    fn snapshots(&self) -> Vec<(String, String)> {
        self.aws.recovery_jobs().into_iter().flat_map(|job| job.snapshots).collect()
    }

    fn calls_of(&self, operation: &str) -> usize {
        self.aws.journal().iter().filter(|call| call.operation == operation).count()
    }
}

fn command(kind: &str, incident: &str) -> Value {
    json!({"source": "pointsman", "detail-type": kind, "detail": {"incident": incident, "by": "Ana"}})
}

fn drill() -> Value {
    json!({"source": "pointsman", "detail-type": "drill", "detail": {"plan": "shop", "by": "Ana"}})
}

/// The start after an approval is killed at each call: each wave has one job, from the approved snapshots.
#[test]
fn killed_at_any_call_an_approved_start_has_one_job_for_each_wave() {
    let mut kills = 0;
    for call in 0..60 {
        let mut made = false;
        for after_effect in [false, true] {
            let failover = approved("required");
            failover.invoke(&down(), "one");
            assert_eq!(failover.holds(), ["approval-needed"]);
            let request = failover.incidents().remove(0).approval.request.expect("the function asked");
            failover.aws.advance(Duration::from_secs(60));
            for server in SERVERS {
                failover.aws.apply(&WorldChange::Snapshot { server: server.to_owned() });
            }
            failover.answer(&failover.approval(), ANA);
            failover.aws.cut_off_after(call, after_effect);
            failover.invoke(&reconcile(), "killed");
            made = failover.aws.answer_again();
            if !made {
                continue;
            }
            kills += 1;
            failover.minutes(20);
            let what = format!("call {call}, after its effect: {after_effect}");
            assert_eq!(failover.waves(), ["1", "2", "3"], "{what}");
            assert_eq!(failover.phase(), IncidentPhase::Recovered, "{what}");
            let approved = request.snapshots.iter().map(|one| (one.server.clone(), one.snapshot.clone()));
            assert_eq!(
                failover.snapshots(),
                approved.collect::<Vec<_>>(),
                "{what}: the newer ones do not count"
            );
            assert!(
                (1..=2).contains(&failover.says("STARTED, approved by ana")),
                "{what}: {:?}",
                failover.subjects()
            );
        }
        if !made {
            break;
        }
    }
    assert!(kills > 30, "{kills} calls were the last");
}

/// An approval that could not take effect before the request expired starts nothing.
#[test]
fn an_approval_that_expires_before_the_start_is_asked_for_again() {
    let failover = approved("required");
    failover.invoke(&down(), "one");
    failover.set("/kill-switch", "disabled", ANA);
    failover.answer(&failover.approval(), ANA);
    failover.minutes(5);
    assert!(failover.incidents()[0].approved_by.is_some());
    failover.minutes(26);
    failover.set("/kill-switch", "enabled", ANA);
    failover.minutes(2);
    let incident = failover.incidents().remove(0);
    assert_eq!((incident.approval.asked_count, incident.approved_by), (2, None));
    assert_eq!(failover.waves(), [""; 0]);
    failover.answer(&failover.approval(), ANA);
    failover.minutes(9);
    assert_eq!(failover.waves(), ["1", "2", "3"]);
}

/// An operator refuses with the parameter after the first wave: no further wave starts, also while its answer is in doubt.
#[test]
fn a_refusal_after_the_first_wave_gives_the_others_up() {
    for (fault, waves) in [
        ("", vec!["1"]),
        (
            "[[fault]]\noperation = \"StartRecovery\"\ncall = 1\nanswer = \"cut\"\nafter-effect = true\n",
            vec!["1"],
        ),
    ] {
        let rules = THREE.replace("mode = \"recovery\"", "mode = \"recovery\"\napproval = \"required\"");
        let failover = Failover::with_rules(&format!("{}{fault}", world()), &rules);
        failover.invoke(&down(), "one");
        failover.answer(&failover.approval(), ANA);
        failover.invoke(&reconcile(), "two");
        failover.answer(&failover.refusal(), ANA);
        failover.minutes(8);
        assert_eq!(failover.waves(), waves, "{fault}");
        let incident = failover.incidents().remove(0);
        assert_eq!(incident.phase, IncidentPhase::Failed, "{fault}");
        assert_eq!(incident.refused_by.as_deref(), Some(ANA), "{fault}");
        assert_eq!(
            incident.launched(),
            1,
            "{fault}: a job cannot be cancelled, and its server is in the record"
        );
    }
}

/// Without an answer the recovery starts after ten minutes; with a refusal it never does.
#[test]
fn waves_start_after_ten_minutes_unless_an_operator_refuses() {
    let failover = approved("after 10m");
    failover.invoke(&down(), "one");
    failover.minutes(9);
    assert_eq!(failover.waves(), [""; 0]);
    failover.minutes(10);
    assert_eq!(failover.waves(), ["1", "2", "3"]);
    let failover = approved("after 10m");
    failover.invoke(&down(), "one");
    failover.minutes(5);
    failover.answer(&failover.refusal(), ANA);
    failover.minutes(15);
    assert_eq!((failover.waves(), failover.phase()), (Vec::<String>::new(), IncidentPhase::Refused));
}

/// In mode notify an approval starts the waves, and none without it.
#[test]
fn an_approval_starts_the_waves_of_a_plan_in_mode_notify() {
    let failover = Failover::with_rules(&world(), &THREE.replace("\"recovery\"", "\"notify\""));
    failover.invoke(&down(), "one");
    failover.minutes(3);
    assert_eq!((failover.waves(), failover.holds()), (Vec::<String>::new(), vec!["notify-only".to_owned()]));
    failover.answer(&failover.approval(), ANA);
    failover.minutes(9);
    assert_eq!((failover.waves().len(), failover.phase()), (3, IncidentPhase::Recovered));
}

/// The function's own role, another digest, and an unknown principal start nothing.
#[test]
fn answers_that_do_not_count_start_no_wave() {
    let failover = approved("required");
    failover.invoke(&down(), "one");
    let approval = failover.approval();
    failover.answer(&approval, "arn:aws:sts::111122223333:assumed-role/dr-failover/session");
    failover.minutes(1);
    failover.answer(&format!("{approval}0"), ANA);
    failover.minutes(1);
    failover.answer(&approval, "unknown");
    failover.minutes(1);
    assert_eq!(failover.waves(), [""; 0]);
    let record: Vec<String> = failover.incidents()[0].record.iter().map(|entry| entry.what.clone()).collect();
    assert_eq!(record.iter().filter(|what| what.contains("does not count")).count(), 3, "{record:#?}");
    // The right answer still counts.
    failover.answer(&approval, ANA);
    failover.minutes(9);
    assert_eq!(failover.waves(), ["1", "2", "3"]);
}

/// A tag moves a server to another wave after the request: what was approved had another order.
#[test]
fn a_tag_that_moves_a_server_makes_another_request() {
    let rules = THREE.replace("mode = \"recovery\"", "mode = \"recovery\"\napproval = \"required\"").replace(
        "{ name = \"web\", servers = [\"s-000000000000web01\"] }",
        "{ name = \"web\", servers = [\"s-000000000000web01\"], tags = { Wave = \"web\" } }",
    );
    let failover = Failover::with_rules(
        &format!(
            "{}[[source-server]]\nid = \"s-000000000000app02\"\ntags = {{ Wave = \"app\" }}\nsnapshots = [\"2026-03-02T09:58:00Z\"]\n",
            world()
        ),
        &rules,
    );
    failover.invoke(&down(), "one");
    let before = failover.approval();
    let tags = [("Wave".to_owned(), "web".to_owned())].into();
    failover
        .aws
        .apply(&WorldChange::SourceServer { server: "s-000000000000app02".to_owned(), tags: Some(tags) });
    failover.answer(&before, ANA);
    failover.minutes(1);
    assert_eq!(failover.waves(), [""; 0]);
    assert_ne!(failover.approval(), before);
    failover.answer(&failover.approval(), ANA);
    failover.minutes(9);
    let jobs = failover.aws.recovery_jobs();
    assert_eq!(jobs[1].servers, ["s-000000000000app01"]);
    assert_eq!(jobs[2].servers.len(), 2);
}

/// A server receives the tag, or loses it, after the start: the waves are those that were checked.
#[test]
fn a_tag_that_changes_after_the_start_changes_no_wave() {
    let world = format!(
        "{WAVES}[[source-server]]\nid = \"s-000000000000app02\"\nsnapshots = [\"2026-03-02T09:58:00Z\"]\n"
    );
    let failover = Failover::with_rules(&world, THREE);
    failover.invoke(&down(), "one");
    let tags = [("Wave".to_owned(), "app".to_owned())].into();
    failover
        .aws
        .apply(&WorldChange::SourceServer { server: "s-000000000000app02".to_owned(), tags: Some(tags) });
    let none = Some(std::collections::BTreeMap::new());
    failover.aws.apply(&WorldChange::SourceServer { server: SERVERS[1].to_owned(), tags: none });
    failover.minutes(9);
    let servers: Vec<String> = failover.aws.recovery_jobs().into_iter().flat_map(|job| job.servers).collect();
    assert_eq!(servers, SERVERS);
    assert_eq!(failover.phase(), IncidentPhase::Recovered);
}

/// A server is removed from DRS after the start: DRS refuses its wave, and the email has the command that skips it.
#[test]
fn a_server_that_is_removed_between_two_waves_is_skipped_by_an_operator() {
    let failover = Failover::with_rules(WAVES, THREE);
    failover.invoke(&down(), "one");
    failover.aws.apply(&WorldChange::SourceServer { server: SERVERS[1].to_owned(), tags: None });
    failover.minutes(5);
    assert_eq!((failover.waves(), failover.holds()), (vec!["1".to_owned()], vec!["wave-refused".to_owned()]));
    let email = failover.aws.emails().pop().expect("the operator is paged");
    assert!(
        email.message.contains("skip-server") && email.message.contains("NO further wave"),
        "{}",
        email.message
    );
    failover.command("skip-server", SERVERS[1]);
    failover.minutes(6);
    assert_eq!((failover.waves().len(), failover.phase()), (2, IncidentPhase::RecoveredInPart));
}

/// DRS has deleted the snapshot of a later wave: the operator launches the server from its newest one.
#[test]
fn a_snapshot_that_is_deleted_between_two_waves_is_replaced_by_an_operator() {
    let failover = Failover::with_rules(WAVES, THREE);
    failover.invoke(&down(), "one");
    failover.aws.apply(&WorldChange::NoSnapshots { server: SERVERS[1].to_owned() });
    failover.minutes(2);
    failover.aws.apply(&WorldChange::Snapshot { server: SERVERS[1].to_owned() });
    failover.minutes(3);
    assert_eq!(failover.holds(), ["wave-refused"]);
    let email = failover.aws.emails().pop().expect("the operator is paged");
    assert!(email.message.contains("retry-server"), "{}", email.message);
    failover.command("retry-server", SERVERS[1]);
    failover.minutes(8);
    assert_eq!(
        (failover.waves(), failover.phase()),
        (["1", "2", "3"].map(str::to_owned).to_vec(), IncidentPhase::Recovered)
    );
}

/// Commands at odd moments change nothing.
#[test]
fn commands_at_odd_moments_start_nothing() {
    let world = WAVES.replace("value = \"enabled\"", "value = \"disabled\"");
    let failover = Failover::with_rules(&world, THREE);
    failover.invoke(&down(), "one");
    let codes = |decision: &Decision| -> Vec<String> {
        decision.reasons.iter().map(|reason| reason.because.code.clone()).collect()
    };
    assert!(codes(&failover.command("skip-server", SERVERS[0])).contains(&"nothing-of-that-name".to_owned()));
    failover.set("/kill-switch", "enabled", ANA);
    failover.minutes(1);
    // An unknown server, one that is being launched, and one whose wave has not begun.
    assert!(
        codes(&failover.command("skip-server", "s-99999999999999999"))
            .contains(&"nothing-of-that-name".to_owned())
    );
    for server in SERVERS {
        assert!(
            codes(&failover.command("retry-server", server)).contains(&"server-kept".to_owned()),
            "{server}"
        );
    }
    failover.minutes(2);
    assert!(
        codes(&failover.command("skip-server", SERVERS[0])).contains(&"server-kept".to_owned()),
        "it is launched"
    );
    failover.command("skip-server", SERVERS[2]);
    failover.command("skip-server", SERVERS[2]);
    failover.minutes(6);
    assert_eq!((failover.waves().len(), failover.phase()), (2, IncidentPhase::RecoveredInPart));
    for kind in ["skip-server", "retry-server"] {
        assert!(
            codes(&failover.command(kind, SERVERS[2])).contains(&"nothing-of-that-name".to_owned()),
            "{kind}"
        );
    }
    failover.minutes(3);
    assert_eq!(failover.waves().len(), 2);
}

/// 201 servers are three jobs. DRS refuses one of them: the others are launched, and no server twice.
#[test]
fn a_wave_of_201_servers_is_three_jobs_of_which_one_is_refused() {
    use std::fmt::Write as _;
    let mut world = WAVES.replace("page-size = 2", "page-size = 100");
    let ids: Vec<String> = (0..201).map(|number| format!("s-{number:017}")).collect();
    for id in &ids {
        let _ = write!(
            world,
            "[[source-server]]\nid = \"{id}\"\nlaunch-seconds = 60\nsnapshots = [\"2026-03-02T09:58:00Z\"]\n"
        );
    }
    let list = serde_json::to_string(&ids).expect("these are strings");
    let rules = THREE.replace("servers = [\"s-0000000000000db01\"]", &format!("servers = {list}"));
    for (call, first) in [(1, ["1.2", "1.3", "1"]), (2, ["1", "1.3", "1.2"]), (3, ["1", "1.2", "1.3"])] {
        let fault = format!(
            "[[fault]]\noperation = \"StartRecovery\"\ncall = {call}\nanswer = \"ThrottlingException\"\nstatus = 400\n"
        );
        let failover = Failover::with_rules(&format!("{world}{fault}"), &rules);
        failover.invoke(&down(), "one");
        assert_eq!(failover.waves().len(), 2, "call {call}");
        assert_eq!(failover.calls_of("StartRecovery"), 3, "call {call}");
        failover.minutes(8);
        assert_eq!(failover.waves()[..3], first, "call {call}");
        assert_eq!(failover.waves()[3..], ["2", "3"], "call {call}");
        let mut servers: Vec<String> =
            failover.aws.recovery_jobs().into_iter().flat_map(|job| job.servers).collect();
        servers.sort_unstable();
        let count = servers.len();
        servers.dedup();
        assert_eq!((count, servers.len()), (203, 203), "call {call}");
        assert_eq!(failover.phase(), IncidentPhase::Recovered, "call {call}");
    }
}

/// DRS throttles a start: the SDK, which retries other calls, does not repeat it.
#[test]
fn a_throttled_start_is_one_call() {
    for (answer, status) in [
        ("ThrottlingException", 400),
        ("ThrottlingException", 429),
        ("TooManyRequestsException", 429),
        ("InternalServerException", 500),
    ] {
        let fault = format!(
            "[[fault]]\noperation = \"StartRecovery\"\ncall = 1\nanswer = \"{answer}\"\nstatus = {status}\n"
        );
        let mut failover = Failover::with_rules(&format!("{WAVES}{fault}"), THREE);
        let retries = RetryConfig::standard().with_max_attempts(3);
        failover.clients =
            Clients::new(&config(&failover.aws.endpoint()).into_builder().retry_config(retries).build());
        failover.invoke(&down(), "one");
        assert_eq!(failover.calls_of("StartRecovery"), 1, "{answer} {status}");
        failover.minutes(14);
        assert_eq!(failover.waves(), ["1", "2", "3"], "{answer} {status}");
    }
}

const ADDRESS: &str = "eipalloc-0a1b2c3d4e5f60718";

/// The address of a server in the last wave: killed at each call after the waves, it is associated once and not before their end.
#[test]
fn killed_at_any_call_after_the_waves_the_address_moves_once() {
    let world = format!("{WAVES}[[address]]\nallocation = \"{ADDRESS}\"\nip = \"203.0.113.10\"\n");
    let rules = format!("{THREE}addresses = {{ \"{}\" = \"{ADDRESS}\" }}\n", SERVERS[2]);
    let mut kills = 0;
    for call in 0..40 {
        let mut made = false;
        for after_effect in [false, true] {
            let failover = Failover::with_rules(&world, &rules);
            failover.invoke(&down(), "one");
            failover.minutes(5);
            assert_eq!(failover.aws.addresses()[0].associations, 0, "the last wave is in progress");
            failover.aws.advance(Duration::from_secs(60));
            failover.aws.cut_off_after(call, after_effect);
            failover.invoke(&reconcile(), "killed");
            made = failover.aws.answer_again();
            if !made {
                continue;
            }
            kills += 1;
            failover.minutes(8);
            let what = format!("call {call}, after its effect: {after_effect}");
            let address = failover.aws.addresses().remove(0);
            assert_eq!((address.associations, address.instance.is_some()), (1, true), "{what}");
            assert_eq!(failover.waves(), ["1", "2", "3"], "{what}");
            assert!(failover.incidents()[0].has_moved_traffic(), "{what}");
        }
        if !made {
            break;
        }
    }
    assert!(kills > 20, "{kills} calls were the last");
}

/// A drill of the waves, killed at each call of its start: each wave has one job of a drill, and no address moves.
#[test]
fn a_drill_of_waves_that_is_killed_at_any_call_is_one_drill() {
    let world = format!("{WAVES}[[address]]\nallocation = \"{ADDRESS}\"\nip = \"203.0.113.10\"\n");
    let rules = format!("{THREE}addresses = {{ \"{}\" = \"{ADDRESS}\" }}\n", SERVERS[0]);
    let mut kills = 0;
    for call in 0..40 {
        let mut made = false;
        for after_effect in [false, true] {
            let failover = Failover::with_rules(&world, &rules);
            failover.aws.cut_off_after(call, after_effect);
            failover.invoke(&drill(), "one");
            made = failover.aws.answer_again();
            if !made {
                continue;
            }
            kills += 1;
            failover.aws.advance(Duration::from_secs(60));
            failover.invoke(&drill(), "one");
            failover.minutes(16);
            let what = format!("call {call}, after its effect: {after_effect}");
            assert_eq!(failover.waves(), ["1", "2", "3"], "{what}");
            assert!(failover.aws.recovery_jobs().iter().all(|job| job.is_drill), "{what}");
            assert_eq!((failover.incidents().len(), failover.phase()), (1, IncidentPhase::Drilled), "{what}");
            assert!((1..=2).contains(&failover.says("DRILL PASSED")), "{what}: {:?}", failover.subjects());
            assert_eq!(failover.aws.addresses()[0].associations, 0, "{what}");
        }
        if !made {
            break;
        }
    }
    assert!(kills > 20, "{kills} calls were the last");
}

/// The clean-up of such a drill, killed at each call: every instance is terminated by one job, and the drill is closed.
#[test]
fn a_clean_up_after_waves_that_is_killed_at_any_call_leaves_nothing() {
    let mut kills = 0;
    for call in 0..30 {
        let mut made = false;
        for after_effect in [false, true] {
            let failover = Failover::with_rules(WAVES, THREE);
            failover.invoke(&drill(), "one");
            failover.minutes(10);
            let clean_up = command("clean-up", &failover.incidents()[0].id);
            failover.aws.cut_off_after(call, after_effect);
            failover.invoke(&clean_up, "clean");
            made = failover.aws.answer_again();
            if !made {
                continue;
            }
            kills += 1;
            failover.aws.advance(Duration::from_secs(60));
            failover.invoke(&clean_up, "clean");
            failover.minutes(6);
            let what = format!("call {call}, after its effect: {after_effect}");
            let closed = failover.incidents().remove(0);
            let clean_up = closed.clean_up.as_ref().expect("it was asked for");
            assert!(
                closed.closed.is_some() && clean_up.remaining.is_empty(),
                "{what}: {:?}",
                failover.subjects()
            );
            assert_eq!(clean_up.found.len(), 3, "{what}");
            let journal = failover.aws.journal();
            let jobs = journal
                .iter()
                .filter(|call| call.operation == "TerminateRecoveryInstances" && call.took_effect);
            assert_eq!(jobs.count(), 1, "{what}");
        }
        if !made {
            break;
        }
    }
    assert!(kills > 10, "{kills} calls were the last");
}

/// An operator skips a slow server of a drill, or gives the drill up while it launches: the clean-up terminates that server, too.
#[test]
fn a_server_of_a_drill_that_launches_after_the_waves_is_cleaned_up() {
    let slow = WAVES.replacen(
        "hostname = \"web-1\"\nlaunch-seconds = 60",
        "hostname = \"web-1\"\nlaunch-seconds = 1200",
        1,
    );
    for kind in ["skip-server", "refuse"] {
        let failover = Failover::with_rules(&slow, THREE);
        failover.invoke(&drill(), "one");
        failover.minutes(8);
        assert_eq!(failover.waves().len(), 3);
        match kind {
            "refuse" => {
                // The last wave has begun: its job continues.
                failover.invoke(&command(kind, &failover.incidents()[0].id), "refuse");
            }
            _ => {
                failover.command(kind, SERVERS[2]);
            }
        }
        failover.minutes(1);
        assert!(failover.incidents()[0].finished.is_some(), "{kind}: {:?}", failover.phase());
        failover.invoke(&command("clean-up", &failover.incidents()[0].id), "clean");
        failover.minutes(40);
        let closed = failover.incidents().remove(0);
        assert!(closed.closed.is_some(), "{kind}: {:?}", failover.subjects());
        assert_eq!(closed.clean_up.expect("it was asked for").found.len(), 3, "{kind}");
    }
}

/// A skipped server of a recovery that DRS launches late is in the record, and its address moves.
#[test]
fn a_skipped_server_that_launches_late_is_recorded() {
    let slow = WAVES.replacen(
        "hostname = \"app-1\"\nlaunch-seconds = 60",
        "hostname = \"app-1\"\nlaunch-seconds = 1200",
        1,
    );
    let failover = Failover::with_rules(&slow, THREE);
    failover.invoke(&down(), "one");
    failover.minutes(5);
    failover.command("skip-server", SERVERS[1]);
    failover.minutes(6);
    assert_eq!((failover.phase(), failover.incidents()[0].launched()), (IncidentPhase::RecoveredInPart, 2));
    failover.minutes(20);
    assert_eq!(failover.incidents()[0].launched(), 3);
}
