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
use shared::lambda::Invocation;
use tempfile::TempDir;

use crate::account::config;
use crate::faults::{ANSWERS, at_once};

const IMAGE: &str = "ami-0123456789abcdef0";

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
            _folder: folder,
        }
    }

    /// The decision of one invocation.
    fn invoke(&self, event: &Value, request: &str) -> Decision {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let invocation = Invocation {
            now: self.aws.now(),
            deadline: Instant::now() + Duration::from_secs(300),
            request_id: request.to_owned(),
            function_arn: "arn:aws:lambda:us-east-1:111122223333:function:ami-alerts".to_owned(),
            ..Invocation::by_hand(false)
        };
        let handled =
            ami_alerts::handle(event.clone(), invocation, &self.rules, &self.settings, &self.clients);
        runtime.block_on(Box::pin(handled)).expect("the event is well formed")
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
fn does_an_event_fail_while_another_invocation_has_claimed_it() {
    let held = "[[table.items]]\npk = \"event#e-1\"\nsk = \"mail\"\nstate = \"claimed\"\nowner = \"another\"\nuntil = UNTIL\n";
    // 10:00:05 of that day.
    for (until, emails) in [(1_772_445_606, 0), (1_772_445_605, 1)] {
        let world = WORLD.to_owned() + &held.replace("UNTIL", &until.to_string());
        let alerts = Alerts::new(&world, RULES);
        let decided = alerts.deliver(&shared(), "one");
        assert_eq!(alerts.subjects().len(), emails, "{decided:#?}");
        assert_eq!(decided.len(), if emails == 0 { 3 } else { 1 }, "{decided:#?}");
    }
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
    let alerts = Alerts::new(WORLD, "[[image-alert]]\ntrusted-accounts = [\"777788889999\"]\n");
    for _ in 0..2 {
        alerts.deliver(&reconcile(), "daily");
    }
    assert_eq!(alerts.subjects(), ["1 image is public: us-east-1 in prod"]);
    // An event about the same share has an email of its own, and the daily scan does not report the share again.
    alerts.deliver(&event("e-1", json!({"add": {"items": [{"userId": "444455556666"}]}})), "one");
    alerts.deliver(&reconcile(), "daily");
    assert_eq!(alerts.subjects().len(), 2);
}

#[test]
fn does_the_daily_scan_report_a_share_that_was_revoked_and_granted_again() {
    let alerts =
        Alerts::new(WORLD, "[[image-alert]]\ntrusted-accounts = [\"444455556666\", \"777788889999\"]\n");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let everyone = |operation: &str| {
        let call = alerts.clients.ec2("us-east-1").modify_image_attribute().image_id(IMAGE);
        let call = call.attribute("launchPermission").operation_type(operation.into()).user_groups("all");
        runtime.block_on(call.send()).expect("it is ours");
    };
    alerts.deliver(&reconcile(), "one");
    everyone("remove");
    alerts.deliver(&reconcile(), "two");
    everyone("add");
    alerts.deliver(&reconcile(), "three");
    assert_eq!(alerts.subjects(), ["1 image is public: us-east-1 in prod"; 2]);
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
    let alerts = Alerts::new(WORLD, "[[image-alert]]\ntrusted-accounts = [\"777788889999\"]\n");
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
    for (rules, event) in [(RULES, shared()), ("", reconcile())] {
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
            let two = (operation == "Publish" && *after)
                || alerts.subjects().iter().any(|subject| subject.contains("] NOT REVERTED"));
            // The daily scan reports an image again once it can read all of its grantees.
            let read_in_part = rules.is_empty() && operation == "DescribeImageAttribute";
            let without_memory = matches!(operation.as_str(), "UpdateItem" | "PutItem" | "Query");
            let most = if two || without_memory || read_in_part { 2 } else { 1 };
            assert!((1..=most).contains(&emails), "{fault}{emails} emails\n{decided:#?}{again:#?}");
            if !rules.is_empty() {
                assert_eq!(alerts.grantees(), ["777788889999"], "{fault}{decided:#?}");
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
