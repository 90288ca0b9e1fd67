//! ami-alerts in a local account: one email for an event, reverts, the daily scan, and a fault at every call.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ami_alerts::aws::Clients;
use ami_alerts::rules::Rules;
use ami_alerts::settings::Settings;
use local_aws::{AwsWorld, LocalAws};
use serde_json::{Value, json};
use shared::config::Document;
use shared::decision::{Decision, Verdict};
use shared::lambda::{Invocation, PassingTime};
use tempfile::TempDir;

use crate::account::config;
use crate::faults::{ANSWERS, at_once};

const IMAGE: &str = "ami-0123456789abcdef0";

const SNAPSHOT: &str = "snap-0123456789abcdef0";

const WORLD: &str = r#"
now = "2026-03-02T10:00:05Z"
[account]
alias = "prod"
caller = "arn:aws:sts::111122223333:assumed-role/ami-alerts-role/ami-alerts"
[[image]]
id = "ami-0123456789abcdef0"
name = "base-image-2026"
public = true
shared-with = ["444455556666", "777788889999"]
[[snapshot]]
id = "snap-0123456789abcdef0"
public = true
shared-with = ["444455556666", "777788889999"]
[[table]]
name = "alerts"
hash = { name = "pk", type = "S" }
range = { name = "sk", type = "S" }
"#;

const RULES: &str = r#"
[[image-alert]]
trusted-accounts = ["777788889999"]
revert = "untrusted"
"#;

/// An account with the function.
struct Alerts {
    aws: LocalAws,
    rules: Rules,
    settings: Settings,
    clients: Clients,
    time_left: Duration,
    _folder: TempDir,
}

impl Alerts {
    fn new(world: &str, rules: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("world.toml");
        std::fs::write(&file, world).expect("the folder is ours");
        let aws =
            LocalAws::start(AwsWorld::read(&file).expect("the world is right")).expect("a port is free");
        let mut problems = Vec::new();
        let rules = ami_alerts::rules::read(&Document::new("pointsman.toml", rules), &mut problems);
        assert_eq!(problems, []);
        let topic = "arn:aws:sns:us-east-1:111122223333:alerts";
        Self {
            clients: Clients::new(&config(&aws.endpoint())),
            settings: Settings::new(topic, "alerts", "", "").expect("right settings"),
            rules,
            aws,
            time_left: Duration::from_secs(300),
            _folder: folder,
        }
    }

    /// The decision of one invocation.
    fn invoke(&self, event: &Value, request: &str) -> Decision {
        runtime().block_on(Box::pin(self.handled(event, request)))
    }

    async fn handled(&self, event: &Value, request: &str) -> Decision {
        let invocation = Invocation {
            now: self.aws.now(),
            deadline: Instant::now() + self.time_left,
            request_id: request.to_owned(),
            function_arn: "arn:aws:lambda:us-east-1:111122223333:function:ami-alerts".to_owned(),
            time: PassingTime::Set,
            ..Invocation::by_hand(false)
        };
        let handled =
            ami_alerts::handle(event.clone(), invocation, &self.rules, &self.settings, &self.clients);
        handled.await.expect("the event is well formed")
    }

    /// Delivers an event as Lambda does: a failed invocation is retried twice, with the same request id.
    fn deliver(&self, event: &Value, request: &str) -> Vec<Decision> {
        let mut decisions = Vec::new();
        for _ in 0..3 {
            decisions.push(self.invoke(event, request));
            if decisions.last().is_some_and(|decision| decision.failures().next().is_none()) {
                break;
            }
        }
        decisions
    }

    fn subjects(&self) -> Vec<String> {
        self.aws.emails().into_iter().map(|mail| mail.subject).collect()
    }

    /// The grantees of the image, beside its owner.
    fn grantees(&self) -> Vec<String> {
        let image = self.aws.image(IMAGE).expect("it is there");
        let everyone = image.public.then(|| "all".to_owned());
        everyone.into_iter().chain(image.shared_with).collect()
    }

    /// The accounts and groups that can use the snapshot, beside its owner.
    fn grantees_of_the_snapshot(&self) -> Vec<String> {
        let call = self.clients.ec2("us-east-1").describe_snapshot_attribute().snapshot_id(SNAPSHOT);
        let call = call.attribute("createVolumePermission".into());
        let answer = runtime().block_on(call.send()).expect("it is ours");
        let permissions = answer.create_volume_permissions().iter();
        permissions
            .filter_map(|one| {
                one.user_id.clone().or(one.group.as_ref().map(|group| group.as_str().to_owned()))
            })
            .collect()
    }

    /// Answers that EC2 gave to the removal of permissions.
    fn removals(&self) -> usize {
        let is_removal =
            |operation: &str| operation.starts_with("Modify") && operation.ends_with("Attribute");
        self.aws.journal().iter().filter(|call| is_removal(&call.operation)).count()
    }
}

/// The world without its snapshot.
fn world_of_one_image() -> String {
    let (before, rest) = WORLD.split_once("[[snapshot]]").expect("a snapshot");
    let (_, after) = rest.split_once("[[table]]").expect("a table");
    format!("{before}[[table]]{after}")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn event(id: &str, change: Value) -> Value {
    json!({"source": "aws.ec2", "detail-type": "AWS API Call via CloudTrail", "account": "111122223333",
        "region": "us-east-1", "detail": {
            "eventName": "ModifyImageAttribute", "eventSource": "ec2.amazonaws.com", "eventID": id,
            "eventTime": "2026-03-02T10:00:00Z", "awsRegion": "us-east-1", "recipientAccountId": "111122223333",
            "sourceIPAddress": "203.0.113.5",
            "userIdentity": {"type": "IAMUser", "userName": "alice", "accountId": "111122223333"},
            "requestParameters": {"imageId": IMAGE, "attributeType": "launchPermission", "launchPermission": change}}})
}

/// A share with everyone, with an untrusted account and with a trusted one.
fn shared() -> Value {
    event(
        "e-1",
        json!({"add": {"items": [{"group": "all"}, {"userId": "444455556666"}, {"userId": "777788889999"}]}}),
    )
}

/// The same share of a snapshot.
fn shared_snapshot() -> Value {
    let mut event = shared();
    let change = event["detail"]["requestParameters"]["launchPermission"].take();
    event["detail"]["eventName"] = json!("ModifySnapshotAttribute");
    event["detail"]["requestParameters"] = json!({"snapshotId": SNAPSHOT,
        "attributeType": "CREATE_VOLUME_PERMISSION", "createVolumePermission": change});
    event
}

fn reconcile() -> Value {
    json!({"source": "pointsman", "detail-type": "reconcile"})
}

#[test]
fn is_a_repeated_event_emailed_once() {
    let alerts = Alerts::new(WORLD, RULES);
    alerts.deliver(&shared(), "one");
    let again = alerts.deliver(&shared(), "two");
    assert_eq!(alerts.subjects().len(), 1);
    assert!(again[0].reasons.iter().any(|reason| reason.because.code == "mailed-already"), "{again:#?}");
    alerts.deliver(&event("e-2", json!({"add": {"items": [{"group": "all"}]}})), "three");
    assert_eq!(alerts.subjects().len(), 2, "another event has an email of its own");
}

#[test]
fn does_a_redriven_event_send_the_email_that_failed() {
    let fault = "[[fault]]\noperation = \"Publish\"\nanswer = \"AuthorizationError\"\ncalls = [1, 2, 3]\n";
    let alerts = Alerts::new(&format!("{WORLD}{fault}"), RULES);
    assert_eq!(alerts.deliver(&shared(), "one").len(), 3);
    assert_eq!(alerts.subjects(), [""; 0]);
    alerts.deliver(&shared(), "redriven");
    assert_eq!(alerts.subjects().len(), 1);
}

#[test]
fn is_an_event_that_another_invocation_claimed_emailed_when_the_claim_ends() {
    let held = "[[table.items]]\npk = \"event#e-1\"\nsk = \"mail\"\nstate = \"claimed\"\nowner = \"another\"\nuntil = UNTIL\n";
    // 10:00:05 of that day; this invocation has 5 minutes.
    let now = 1_772_445_605;
    for (until, waits) in [(now, false), (now + 1, true), (now + 200, true)] {
        let world = WORLD.to_owned() + &held.replace("UNTIL", &until.to_string());
        let alerts = Alerts::new(&world, RULES);
        let decided = alerts.deliver(&shared(), "one");
        assert_eq!((alerts.subjects().len(), decided.len()), (1, 1), "{decided:#?}");
        let waited = decided[0].notes.iter().any(|note| note.because.code == "waited");
        assert_eq!(waited, waits, "{decided:#?}");
    }
    let world = WORLD.to_owned() + &held.replace("UNTIL", &(now + 3_600).to_string());
    let alerts = Alerts::new(&world, RULES);
    let decided = alerts.deliver(&shared(), "one");
    assert_eq!((alerts.subjects().len(), decided.len()), (0, 3), "the retries are not used up: {decided:#?}");
}

#[test]
fn is_an_event_that_arrives_twice_at_once_emailed_once_and_no_invocation_fails() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let alerts = Alerts::new(WORLD, RULES);
    let event = shared();
    let both = async { tokio::join!(alerts.handled(&event, "one"), alerts.handled(&event, "two")) };
    let (one, two) = runtime.block_on(Box::pin(both));
    assert_eq!(alerts.subjects().len(), 1, "{one:#?}{two:#?}");
    for decision in [&one, &two] {
        assert_eq!(decision.failures().count(), 0, "{one:#?}{two:#?}");
    }
    let is_skipped =
        |decision: &Decision| decision.reasons.iter().any(|reason| reason.because.code == "mailed-already");
    assert!(is_skipped(&one) != is_skipped(&two), "{one:#?}{two:#?}");
}

#[test]
fn does_a_log_file_that_fails_in_part_send_the_rest_once() {
    let record = |id: &str, change: Value| event(id, change)["detail"].clone();
    let everyone = || json!({"add": {"items": [{"group": "all"}]}});
    let account = || json!({"add": {"items": [{"userId": "444455556666"}]}});
    let file =
        json!({"Records": [record("e-1", everyone()), record("e-2", account()), record("e-1", everyone())]});
    // The second email fails in each try.
    let fault = "[[fault]]\noperation = \"Publish\"\nanswer = \"AuthorizationError\"\ncalls = [2, 3]\n";
    let alerts = Alerts::new(&format!("{WORLD}{fault}"), "");
    let decided = alerts.deliver(&file, "one");
    assert_eq!((alerts.subjects().len(), decided.len()), (2, 3), "{decided:#?}");
    alerts.deliver(&file, "two");
    assert_eq!(alerts.subjects().len(), 2, "each record was emailed");
}

#[test]
fn does_a_revert_revoke_exactly_the_untrusted_grantees() {
    let alerts = Alerts::new(WORLD, RULES);
    alerts.deliver(&shared(), "one");
    assert_eq!(alerts.grantees(), ["777788889999"]);
    assert_eq!(
        alerts.subjects(),
        [
            "[CRITICAL us-east-1] Reverted: image made public: base-ima… (ami-0123456789abcdef0), prod, by alice"
        ]
    );
}

#[test]
fn do_two_reverts_of_one_image_at_once_each_revoke_their_own_share() {
    let alerts = Alerts::new(WORLD, RULES);
    let public = event("e-1", json!({"add": {"items": [{"group": "all"}]}}));
    let account = event("e-2", json!({"add": {"items": [{"userId": "444455556666"}]}}));
    runtime().block_on(async {
        tokio::join!(
            Box::pin(alerts.handled(&public, "one")),
            Box::pin(alerts.handled(&account, "two")),
            // The same event at the same time: one of the two has the claim.
            Box::pin(alerts.handled(&public, "three"))
        )
    });
    assert_eq!(alerts.grantees(), ["777788889999"]);
    let subjects = alerts.subjects();
    assert_eq!(subjects.len(), 2, "{subjects:?}");
    assert!(subjects.iter().all(|subject| subject.contains("] Reverted: ")), "{subjects:?}");
}

/// A share with 1,200 accounts: three calls.
fn shared_widely() -> Value {
    let items: Vec<Value> =
        (0..1_200).map(|n| json!({"userId": format!("{}", 400_000_000_000u64 + n)})).collect();
    event("e-1", json!({"add": {"items": items}}))
}

#[test]
fn does_a_revert_stop_after_an_error_that_the_next_call_would_meet_too() {
    for (answer, calls) in
        [("UnauthorizedOperation", 1), ("InvalidAMIID.NotFound", 1), ("InvalidParameter", 3)]
    {
        let fault = format!("[[fault]]\noperation = \"ModifyImageAttribute\"\nanswer = \"{answer}\"\n");
        let alerts = Alerts::new(&format!("{WORLD}{fault}"), RULES);
        let decided = alerts.invoke(&shared_widely(), "one");
        assert_eq!(alerts.removals(), calls, "{answer}");
        let failed = decided.reasons.iter().find(|reason| reason.because.code == "revert-failed");
        assert!(
            failed.is_some_and(|failed| failed.because.sentence.contains("and 1190 more")),
            "{decided:#?}"
        );
        assert!(alerts.subjects()[0].contains("] NOT REVERTED: "), "{:?}", alerts.subjects());
    }
}

#[test]
fn does_a_revert_leave_time_for_the_email() {
    let mut alerts = Alerts::new(WORLD, RULES);
    alerts.time_left = Duration::from_secs(50);
    alerts.invoke(&shared(), "one");
    assert_eq!(alerts.removals(), 0);
    assert!(alerts.subjects()[0].contains("] NOT REVERTED: "), "{:?}", alerts.subjects());
    assert!(alerts.aws.emails()[0].message.contains("no time was left for the call"));
}

#[test]
fn is_a_share_that_was_granted_again_after_a_revert_not_revoked_by_the_retry() {
    let fault = "[[fault]]\noperation = \"Publish\"\nanswer = \"AuthorizationError\"\ncalls = [1]\n";
    let alerts = Alerts::new(&format!("{WORLD}{fault}"), RULES);
    let first = alerts.invoke(&shared(), "one");
    assert!(first.failures().next().is_some(), "{first:#?}");
    // The operator shares the image again; that call has an event of its own.
    let call = alerts.clients.ec2("us-east-1").modify_image_attribute().image_id(IMAGE);
    let call = call.attribute("launchPermission").operation_type("add".into()).user_ids("444455556666");
    runtime().block_on(call.send()).expect("it is ours");
    let removals = alerts.removals();
    let again = alerts.invoke(&shared(), "one");
    assert!(again.reasons.iter().any(|reason| reason.because.code == "reverted-before"), "{again:#?}");
    assert_eq!(
        (alerts.removals(), alerts.grantees()),
        (removals, vec!["777788889999".into(), "444455556666".into()])
    );
    assert!(
        alerts.aws.emails()[0].message.contains("This function removed the access of"),
        "the email says who reverted it"
    );
}

#[test]
fn is_a_muted_share_whose_grantees_are_unknown_still_reported_after_its_revert() {
    let rules = "[[image-alert]]\nmute-below = \"medium\"\nrevert = \"public\"\n";
    let fault = "[[fault]]\noperation = \"Publish\"\nanswer = \"AuthorizationError\"\ncalls = [1]\n";
    let alerts = Alerts::new(&format!("{}{fault}", WORLD.replace("shared-with", "# shared-with")), rules);
    let mut omitted = shared();
    omitted["detail"]["requestParameters"] = json!({"omitted": true, "imageId": IMAGE});
    alerts.deliver(&omitted, "one");
    assert_eq!(alerts.grantees(), [""; 0]);
    assert_eq!(alerts.subjects().len(), 1, "the retry sees a private image, and the revert is reported");
    assert!(
        alerts.subjects()[0].starts_with("[CRITICAL us-east-1] Reverted: "),
        "the image was public until the revert: {:?}",
        alerts.subjects()
    );
}

#[test]
fn is_the_functions_own_revert_not_emailed_but_that_of_others() {
    let alerts = Alerts::new(WORLD, RULES);
    let mut own = event("e-9", json!({"remove": {"items": [{"group": "all"}]}}));
    own["detail"]["userIdentity"] = json!({"type": "AssumedRole",
        "arn": "arn:aws:sts::111122223333:assumed-role/ami-alerts-role/another-session"});
    let decided = alerts.deliver(&own, "one");
    assert_eq!(decided[0].reasons[0].because.code, "own-call");
    assert_eq!(alerts.subjects(), [""; 0]);
    own["detail"]["userIdentity"]["arn"] = json!("arn:aws:sts::111122223333:assumed-role/someone/s");
    own["detail"]["eventID"] = json!("e-10");
    alerts.deliver(&own, "two");
    assert_eq!(alerts.subjects().len(), 1);
}

#[test]
fn does_the_daily_scan_report_a_share_once_until_it_changes() {
    let alerts =
        Alerts::new(&world_of_one_image(), "[[image-alert]]\ntrusted-accounts = [\"777788889999\"]\n");
    for _ in 0..2 {
        alerts.deliver(&reconcile(), "daily");
    }
    assert_eq!(alerts.subjects(), ["[CRITICAL us-east-1] 1 image is public, in prod"]);
    // An event about the same share has an email of its own, and the daily scan does not report the share again.
    alerts.deliver(&event("e-1", json!({"add": {"items": [{"userId": "444455556666"}]}})), "one");
    alerts.deliver(&reconcile(), "daily");
    assert_eq!(alerts.subjects().len(), 2);
}

#[test]
fn does_the_daily_scan_report_a_share_that_was_revoked_and_granted_again() {
    let rules = "[[image-alert]]\ntrusted-accounts = [\"444455556666\", \"777788889999\"]\n";
    let alerts = Alerts::new(&world_of_one_image(), rules);
    let runtime = runtime();
    let everyone = |operation: &str| {
        let call = alerts.clients.ec2("us-east-1").modify_image_attribute().image_id(IMAGE);
        let call = call.attribute("launchPermission").operation_type(operation.into()).user_groups("all");
        runtime.block_on(call.send()).expect("it is ours");
    };
    alerts.deliver(&reconcile(), "one");
    everyone("remove");
    alerts.aws.advance(Duration::from_secs(3_600));
    alerts.deliver(&reconcile(), "two");
    everyone("add");
    alerts.deliver(&reconcile(), "three");
    let (found, ended) = (
        "[CRITICAL us-east-1] 1 image is public, in prod",
        "[INFO us-east-1] Findings about 1 image ended, in prod",
    );
    assert_eq!(alerts.subjects(), [found, ended, found]);
}

#[test]
fn does_an_email_fit_a_topic_of_any_size() {
    for limit in [1_500, 2_000, 5_000, 40_000] {
        let world = format!("{WORLD}[sns]\nmaximum-message-size = {limit}\n");
        let mut alerts = Alerts::new(&world, RULES);
        alerts.settings.limit = limit;
        let items: Vec<Value> =
            (0..2_000).map(|n| json!({"userId": format!("{}", 400_000_000_000u64 + n)})).collect();
        let decided = alerts.deliver(&event("e-1", json!({"add": {"items": items}})), "one");
        assert_eq!(alerts.subjects().len(), 1, "{limit}: {decided:#?}");
    }
    let alerts = Alerts::new(&format!("{WORLD}[sns]\nmaximum-message-size = 2000\n"), RULES);
    let decided = alerts.deliver(&shared(), "one");
    assert!(
        format!("{decided:?}").contains("Message too long"),
        "the topic is smaller than the setting says"
    );
}

#[test]
fn does_the_daily_scan_skip_a_share_that_an_event_reported() {
    let alerts =
        Alerts::new(&world_of_one_image(), "[[image-alert]]\ntrusted-accounts = [\"777788889999\"]\n");
    alerts.deliver(&shared(), "one");
    alerts.deliver(&reconcile(), "daily");
    assert_eq!(alerts.subjects().len(), 1);
    assert!(alerts.subjects()[0].contains("Image made public"), "{:?}", alerts.subjects());
}

/// The calls of a delivery without faults, with their numbers.
fn quiet(rules: &str, event: &Value) -> BTreeMap<String, usize> {
    let alerts = Alerts::new(WORLD, rules);
    alerts.deliver(event, "one");
    let mut counts = BTreeMap::new();
    for call in alerts.aws.journal() {
        *counts.entry(call.operation).or_insert(0) += 1;
    }
    counts
}

#[test]
fn does_one_fault_at_any_call_lose_no_email_and_no_revert() {
    for (rules, event) in [(RULES, shared()), (RULES, shared_snapshot()), ("", reconcile())] {
        let calls = quiet(rules, &event).into_iter();
        let each =
            calls.flat_map(|(operation, count)| (1..=count).map(move |call| (operation.clone(), call)));
        let faults = each.flat_map(|(operation, call)| {
            ANSWERS.map(|(answer, after)| (operation.clone(), call, answer, after))
        });
        at_once(faults.collect(), |(operation, call, answer, after)| {
            let fault = format!(
                "[[fault]]\noperation = \"{operation}\"\ncall = {call}\nanswer = \"{answer}\"\nafter-effect = {after}\n"
            );
            let alerts = Alerts::new(&format!("{WORLD}{fault}"), rules);
            let decided = alerts.deliver(&event, "one");
            let again = alerts.deliver(&event, "two");
            assert!(alerts.aws.journal().iter().any(|call| call.injected), "the fault happened: {fault}");
            let emails = alerts.subjects().len();
            // SNS has no idempotency token: an email whose answer was lost is sent again. A revert that fails first and
            // succeeds later has two emails.
            let is_failed = |subject: &String| {
                ["] NOT REVERTED", "] REVERT FAILED"].iter().any(|words| subject.contains(words))
            };
            let two = (operation == "Publish" && *after) || alerts.subjects().iter().any(is_failed);
            // The daily scan reports an image again once it can read all of its grantees.
            let reads = ["DescribeImageAttribute", "DescribeSnapshotAttribute"];
            let read_in_part = rules.is_empty() && reads.contains(&operation.as_str());
            let without_memory = matches!(
                operation.as_str(),
                "UpdateItem" | "PutItem" | "Query" | "GetItem" | "TransactWriteItems"
            );
            let most = if two || without_memory || read_in_part { 2 } else { 1 };
            assert!((1..=most).contains(&emails), "{fault}{emails} emails\n{decided:#?}{again:#?}");
            if event == shared() {
                assert_eq!(alerts.grantees(), ["777788889999"], "{fault}{decided:#?}");
            } else if event == shared_snapshot() {
                assert_eq!(alerts.grantees_of_the_snapshot(), ["777788889999"], "{fault}{decided:#?}");
            }
            // Whatever fails, an email says that this function reverted the share.
            if !rules.is_empty() {
                let says_so = |subject: &String| subject.contains("] Reverted: ");
                assert!(alerts.subjects().iter().any(says_so), "{fault}{:?}", alerts.subjects());
            }
            // An email that could not be confirmed leaves the claim of the first invocation.
            let is_held =
                |last: &Decision| last.failures().all(|reason| reason.because.code == "being-mailed");
            let held_is_right = operation == "UpdateItem";
            let is_settled =
                |last: &Decision| last.failures().next().is_none() || (held_is_right && is_held(last));
            assert!(again.last().is_some_and(is_settled), "{fault}{again:#?}");
        });
    }
}

#[test]
fn is_a_call_that_never_works_reported_and_the_email_sent() {
    let operations = quiet(RULES, &shared()).into_keys();
    at_once(operations.collect(), |operation| {
        let fault = format!("[[fault]]\noperation = \"{operation}\"\nanswer = \"AccessDeniedException\"\n");
        let alerts = Alerts::new(&format!("{WORLD}{fault}"), RULES);
        let decided = alerts.deliver(&shared(), "one");
        let failed =
            |decision: &Decision| decision.reasons.iter().any(|reason| reason.verdict == Verdict::Fail);
        match operation.as_str() {
            "Publish" => assert!(decided.iter().all(failed) && decided.len() == 3),
            "ModifyImageAttribute" => {
                assert!(decided.iter().all(failed));
                assert_eq!(
                    alerts.subjects(),
                    [
                        "[CRITICAL us-east-1] NOT REVERTED: image made public: ami-0123456789abcdef0, prod, by alice"
                    ]
                );
            }
            _ => {
                assert_eq!(alerts.subjects().len(), 1, "{operation}: {decided:#?}");
                let shown = format!("{decided:#?}");
                assert!(shown.contains("AccessDenied"), "{operation} is not reported: {shown}");
            }
        }
    });
}
