//! Every call of ami-alerts fails once, before or after its effect: usage reports, Security Hub, organizations, other accounts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ami_alerts::settings::OptionalCalls;
use serde_json::{Value, json};
use shared::decision::Decision;

use super::{Alerts, IMAGE, RULES, WORLD, event, reconcile, shared, shared_snapshot};
use crate::faults::{ANSWERS, at_once};

/// An account of the organization, and two instances of an outsider.
fn world(faults: &str) -> String {
    let account = r#"organization = "arn:aws:organizations::111122223333:organization/o-abcde12345"
organization-accounts = ["777788889999"]
caller ="#;
    let usage = "usage = [{ account = \"444455556666\", count = 2 }]\npublic = true";
    let world = WORLD.replacen("caller =", account, 1).replacen("public = true", usage, 1);
    format!("{world}{faults}")
}

const ORGANIZATION: &str = "[[image-alert]]\ntrusted-organizations = [\"o-abcde12345\"]\n";

/// The calls that need a parameter of the template. None of them fails an invocation.
const OPTIONAL: [&str; 6] = [
    "BatchImportFindings",
    "CreateImageUsageReport",
    "DescribeAccount",
    "DescribeImageUsageReportEntries",
    "DescribeImageUsageReports",
    "GetImageAncestry",
];

/// An account with every optional call, and with a role of another account.
fn alerts(faults: &str, rules: &str) -> Alerts {
    let mut alerts = Alerts::new(&world(faults), rules);
    alerts.settings.optional = OptionalCalls { usage_reports: true, ancestry: true, security_hub: true };
    alerts.settings.accounts = vec!["999988887777".to_owned()];
    alerts
}

/// A share, and the daily scans of the next two days.
fn three_days(alerts: &Alerts) -> Vec<Decision> {
    let mut decisions = alerts.deliver(&shared(), "one");
    for request in ["two", "three"] {
        alerts.aws.advance(Duration::from_secs(86_400));
        decisions.extend(alerts.deliver(&reconcile(), request));
    }
    decisions
}

/// How often each operation is called.
fn counts(alerts: &Alerts) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for call in alerts.aws.journal() {
        *counts.entry(call.operation).or_insert(0) += 1;
    }
    counts
}

type OneFault = (String, u64, &'static str, bool);

/// Each call fails in a way that the SDK does not repeat, and in one that hides its effect. The SDK's repetition covers the others.
fn each_fault(counts: BTreeMap<String, u64>) -> Vec<OneFault> {
    let calls = counts.into_iter().flat_map(|(operation, count)| {
        let operation = std::iter::repeat(operation);
        operation.zip(1..=count)
    });
    let answers = ANSWERS
        .into_iter()
        .filter(|(answer, after)| *answer == "AccessDeniedException" || (*answer == "cut" && *after));
    let faults = calls.flat_map(|(operation, call)| {
        let of_call = |(answer, after)| (operation.clone(), call, answer, after);
        answers.clone().map(of_call).collect::<Vec<_>>()
    });
    faults.collect()
}

fn fault((operation, call, answer, after): &OneFault) -> String {
    format!(
        "[[fault]]\noperation = \"{operation}\"\ncall = {call}\nanswer = \"{answer}\"\nafter-effect = {after}\n"
    )
}

/// The states of the findings in Security Hub, by the last part of their ids.
fn in_security_hub(alerts: &Alerts) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = alerts.aws.findings();
    let image = findings.iter().filter(|finding| text(&finding["Id"]).contains(IMAGE));
    image
        .map(|finding| {
            let id = text(&finding["Id"]);
            let at = id.find(IMAGE).unwrap_or_default() + IMAGE.len() + 1;
            (id[at..].to_owned(), text(&finding["RecordState"]))
        })
        .collect()
}

/// The usage reports that EC2 created: requests with the same token are one.
fn usage_reports(alerts: &Alerts) -> usize {
    let journal = alerts.aws.journal();
    let requests =
        journal.iter().filter(|call| call.operation == "CreateImageUsageReport" && call.took_effect);
    requests.map(|call| call.input["ClientToken"].to_string()).collect::<BTreeSet<_>>().len()
}

#[test]
fn does_one_fault_at_any_call_lose_no_use_and_no_finding_of_security_hub() {
    let quiet = alerts("", ORGANIZATION);
    three_days(&quiet);
    let (expected, reports) = (in_security_hub(&quiet), usage_reports(&quiet));
    let active = |name: &str| expected.get(name).is_some_and(|state| state == "ACTIVE");
    assert!(active("exposed/all") && active("used/444455556666"), "{expected:?}");
    let calls = counts(&quiet);
    assert!(OPTIONAL.iter().all(|operation| calls.contains_key(*operation)), "{calls:?}");
    // The other calls fail in the tests of shares and reverts.
    let table = ["GetItem", "PutItem", "Publish", "Query", "TransactWriteItems", "UpdateItem"];
    let is_new = |operation: &String| OPTIONAL.iter().chain(&table).any(|one| one == operation);
    let calls = calls.into_iter().filter(|(operation, _)| is_new(operation));
    at_once(each_fault(calls.collect()), |one| {
        let fault = fault(one);
        let alerts = alerts(&fault, ORGANIZATION);
        let decisions = three_days(&alerts);
        // A last scan without a fault does what was missed.
        alerts.aws.advance(Duration::from_secs(86_400));
        alerts.deliver(&reconcile(), "four");
        let subjects = alerts.subjects();
        let emails = |words: &str| subjects.iter().filter(|subject| subject.contains(words)).count();
        let most = if one.0 == "Publish" { 2 } else { 1 };
        let used = emails("other account") + emails("outside account");
        assert!((1..=2).contains(&used), "{fault}{subjects:?}");
        assert!((1..=most).contains(&emails("Image made public")), "{fault}{subjects:?}");
        for (id, state) in &expected {
            assert_eq!(in_security_hub(&alerts).get(id), Some(state), "{fault}{decisions:#?}");
        }
        assert!(usage_reports(&alerts) <= reports + 1, "{fault}{} reports", usage_reports(&alerts));
        if OPTIONAL.contains(&one.0.as_str()) {
            assert!(decisions.iter().all(|decision| decision.failures().next().is_none()), "{fault}");
        }
    });
}

#[test]
fn is_an_optional_call_that_never_works_stated_and_the_email_sent_before_it() {
    at_once(OPTIONAL.to_vec(), |operation| {
        let denied = format!("[[fault]]\noperation = \"{operation}\"\nanswer = \"AccessDeniedException\"\n");
        let alerts = alerts(&denied, ORGANIZATION);
        let decisions = three_days(&alerts);
        let shown = format!("{decisions:#?}");
        assert!(shown.contains("AccessDeniedException"), "{operation}: {shown}");
        assert!(
            decisions.iter().all(|decision| decision.failures().next().is_none()),
            "{operation}: {shown}"
        );
        let journal = alerts.aws.journal();
        let at = |name: &str| journal.iter().position(|call| call.operation == name);
        let (email, call) = (at("Publish").expect("an email"), at(operation).expect("a call"));
        assert!(email < call || ["DescribeAccount", "GetImageAncestry"].contains(operation), "{operation}");
    });
}

const OTHER_ACCOUNT: &str = r#"
[[image-alert]]
revert = "untrusted"
[[account]]
id = "999988887777"
role = "arn:aws:iam::999988887777:role/pointsman-ami-alerts"
"#;

/// An account whose image is shared, and a role in it.
fn other_account(faults: &str) -> Alerts {
    let role = "[[role]]\narn = \"arn:aws:iam::999988887777:role/pointsman-ami-alerts\"\n";
    let owner = "owner = \"999988887777\"\nname = \"base";
    let world = WORLD.replacen("name = \"base", owner, 1);
    let mut alerts = Alerts::new(&format!("{world}{role}{faults}"), OTHER_ACCOUNT);
    alerts.settings.accounts = vec!["999988887777".to_owned()];
    alerts
}

fn shared_by_another_account() -> Value {
    let mut event = event("e-1", json!({"add": {"items": [{"group": "all"}, {"userId": "444455556666"}]}}));
    event["account"] = json!("999988887777");
    event["detail"]["recipientAccountId"] = json!("999988887777");
    event["detail"]["userIdentity"]["accountId"] = json!("999988887777");
    event
}

#[test]
fn does_one_fault_at_any_call_hide_no_share_of_another_account() {
    let quiet = other_account("");
    quiet.deliver(&shared_by_another_account(), "one");
    assert_eq!(quiet.grantees(), ["777788889999"]);
    let calls = counts(&quiet);
    assert!(calls.contains_key("AssumeRole"), "{calls:?}");
    at_once(each_fault(calls), |one| {
        let fault = fault(one);
        let alerts = other_account(&fault);
        let decisions = alerts.deliver(&shared_by_another_account(), "one");
        let emails = alerts.aws.emails();
        assert!((1..=2).contains(&emails.len()), "{fault}{decisions:#?}");
        let last = emails.last().expect("an email");
        let is_reverted = alerts.grantees() == ["777788889999"];
        let says_so = last.subject.contains("] Reverted: ");
        assert_eq!(is_reverted, says_so, "{fault}{}\n{}", last.subject, last.message);
        // Only a role that is refused leaves the share as it is, and the email says so.
        assert!(is_reverted || last.message.contains("AccessDeniedException"), "{fault}{}", last.message);
        assert!(is_reverted || one.0 == "AssumeRole", "{fault}{decisions:#?}");
    });
}

#[test]
fn does_a_dry_run_change_nothing() {
    let private = event("e-3", json!({"remove": {"items": [{"group": "all"}, {"userId": "777788889999"}]}}));
    let file = json!({"Records": [shared()["detail"].clone(), private["detail"].clone()]});
    let mut alerts = alerts("", &format!("{RULES}trusted-organizations = [\"o-abcde12345\"]\n"));
    let mut snapshot = shared_snapshot();
    snapshot["detail"]["eventID"] = json!("e-2");
    let mut operations = BTreeSet::new();
    for is_dry_run in [true, false, true] {
        alerts.is_dry_run = is_dry_run;
        let before = alerts.aws.journal().len();
        for event in [shared(), snapshot.clone(), private.clone(), file.clone(), reconcile()] {
            alerts.invoke(&event, "one");
            alerts.aws.advance(Duration::from_secs(86_400));
        }
        let called = alerts.aws.journal().split_off(before).into_iter().map(|call| call.operation);
        let reads = ["Describe", "Get", "List", "Query", "AssumeRole"];
        let changing: BTreeSet<String> =
            called.filter(|name| !reads.iter().any(|read| name.starts_with(read))).collect();
        if is_dry_run {
            assert_eq!(changing, BTreeSet::new());
        } else {
            operations = changing;
        }
    }
    let expected = [
        "BatchImportFindings",
        "ModifyImageAttribute",
        "ModifySnapshotAttribute",
        "Publish",
        "PutItem",
        "TransactWriteItems",
        "UpdateItem",
    ];
    assert!(expected.iter().all(|operation| operations.contains(*operation)), "{operations:?}");
}

#[test]
fn are_many_calls_about_one_image_at_once_all_remembered() {
    let accounts: Vec<String> = (0..16).map(|n| format!("{}", 400_000_000_000u64 + n)).collect();
    let alerts = Alerts::new(WORLD, "");
    super::runtime().block_on(async {
        let mut calls = Vec::new();
        for (at, account) in accounts.iter().enumerate() {
            let share = event(&format!("e-{at}"), json!({"add": {"items": [{"userId": account}]}}));
            let alerts = &alerts;
            calls.push(async move { alerts.handled(&share, &format!("r-{at}")).await });
        }
        let decisions = futures(calls).await;
        for decision in decisions {
            let forgotten = decision.notes.iter().find(|note| note.because.code == "finding-not-remembered");
            assert!(forgotten.is_none(), "{decision:#?}");
        }
    });
    assert_eq!(alerts.subjects().len(), 16);
    let remembered = format!("{:?}", alerts.aws.items("alerts"));
    let missing: Vec<&String> = accounts.iter().filter(|account| !remembered.contains(*account)).collect();
    assert_eq!(missing, Vec::<&String>::new());
}

/// All at once on this thread.
async fn futures(calls: Vec<impl Future<Output = Decision>>) -> Vec<Decision> {
    let mut calls: Vec<_> = calls.into_iter().map(Box::pin).collect();
    let mut done: Vec<Decision> = Vec::new();
    std::future::poll_fn(|context| {
        calls.retain_mut(|call| match call.as_mut().poll(context) {
            std::task::Poll::Ready(decision) => {
                done.push(decision);
                false
            }
            std::task::Poll::Pending => true,
        });
        if calls.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}

#[test]
fn does_a_revert_in_three_calls_say_what_is_left_whichever_call_fails() {
    for (kind, share) in [("Image", super::shared_widely()), ("Snapshot", snapshot_shared_widely())] {
        for failing in ["[1]", "[2]", "[3]", "[1, 2, 3]", "[1, 5]", "[2, 3, 4]"] {
            let fault = format!(
                "[[fault]]\noperation = \"Modify{kind}Attribute\"\nanswer = \"InvalidParameter\"\ncalls = {failing}\n"
            );
            let alerts = Alerts::new(&format!("{}{fault}", shared_with_many()), RULES);
            let decisions = alerts.deliver(&share, "one");
            let left = if kind == "Image" { alerts.grantees() } else { alerts.grantees_of_the_snapshot() };
            let subjects = alerts.subjects();
            let is_all = left.iter().all(|one| ["all", "777788889999"].contains(&one.as_str()));
            assert!(is_all, "{failing}{subjects:?}{decisions:#?}");
            let first =
                if failing.starts_with("[1, 2, 3") { "] NOT REVERTED: " } else { "] REVERTED IN PART: " };
            assert!(subjects[0].contains(first), "{failing}{subjects:?}");
            let last = &alerts.aws.emails()[subjects.len() - 1];
            assert!(last.subject.contains("] Reverted: "), "{failing}{subjects:?}");
            assert!(last.message.contains("and 1195 more"), "{failing}{}", last.message);
        }
    }
}

fn shared_with_many() -> String {
    let accounts: Vec<String> = (0..1_200).map(|n| format!("\"{}\"", 400_000_000_000u64 + n)).collect();
    let with = format!("shared-with = [{}, ", accounts.join(", "));
    WORLD.replace("shared-with = [\"444455556666\", ", &with)
}

fn snapshot_shared_widely() -> Value {
    let mut event = shared_snapshot();
    event["detail"]["requestParameters"]["createVolumePermission"] =
        super::shared_widely()["detail"]["requestParameters"]["launchPermission"].clone();
    event
}

/// A region with many images and snapshots, of which the last ones are public.
fn many() -> String {
    let mut world = String::new();
    for n in 0..400 {
        let public = if n == 399 { "public = true" } else { "" };
        world += &format!("[[image]]\nid = \"ami-{n:017x}\"\nname = \"i\"\n{public}\n");
    }
    for n in 0..1_500 {
        let public = if n == 1_499 { "public = true" } else { "" };
        world += &format!("[[snapshot]]\nid = \"snap-{n:017x}\"\n{public}\n");
    }
    let (account, table) = WORLD.split_once("[[image]]").expect("it has an image");
    format!("{account}{world}[[table]]{}", table.split_once("[[table]]").expect("it has a table").1)
}

#[test]
fn are_the_public_ones_among_many_found_whenever_the_scan_stops() {
    let quiet = Alerts::new(&many(), "");
    quiet.deliver(&reconcile(), "one");
    let calls = counts(&quiet);
    assert_eq!(
        (calls["DescribeImageAttribute"], calls["DescribeSnapshotAttribute"]),
        (400, 1_900),
        "each image has a snapshot"
    );
    // Two lists of each kind, in pages of a thousand, and a description of the public snapshot.
    assert_eq!((calls["DescribeImages"], calls["DescribeSnapshots"]), (2, 4));
    let throttled = ["Image", "Snapshot"].map(|kind| {
        format!("[[fault]]\noperation = \"Describe{kind}Attribute\"\nanswer = \"RequestLimitExceeded\"\n")
    });
    let mut late = Alerts::new(&many(), "");
    late.time_left = Duration::from_secs(20);
    for alerts in [late, Alerts::new(&format!("{}{}", many(), throttled.concat()), "")] {
        let decisions = alerts.deliver(&reconcile(), "one");
        assert_eq!(decisions.len(), 1, "{decisions:#?}");
        let email = &alerts.aws.emails()[0];
        assert!(email.subject.contains("1 image and 1 snapshot are public"), "{}", email.subject);
        let shown = format!("{decisions:#?}");
        assert!(shown.contains("400 images") && shown.contains("1900 snapshots"), "{shown}");
    }
}

/// Runs an invocation until the first call that has no answer, as if Lambda had killed it there.
fn killed(alerts: &Alerts, event: &Value, after: u64, has_effect: bool) {
    alerts.aws.cut_off_after(after, has_effect);
    let is_cut = async {
        while !alerts.aws.journal().iter().any(|call| call.injected) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    super::runtime().block_on(async {
        tokio::select! {
            _ = Box::pin(alerts.handled(event, "one")) => {}
            () = is_cut => {}
        }
    });
    alerts.aws.answer_again();
    assert!(alerts.aws.journal().iter().any(|call| call.injected), "it was killed");
}

#[test]
fn does_an_invocation_that_is_killed_at_any_call_lose_no_revert_and_say_who_made_it() {
    for (world, share) in [
        (WORLD.to_owned(), shared()),
        (WORLD.to_owned(), shared_snapshot()),
        (shared_with_many(), super::shared_widely()),
    ] {
        let new = || Alerts::new(&world, RULES);
        let quiet = new();
        quiet.deliver(&share, "one");
        let calls = quiet.aws.journal().len() as u64;
        let kills = (0..calls).flat_map(|after| [(after, false), (after, true)]);
        at_once(kills.collect(), |(after, has_effect)| {
            let alerts = new();
            killed(&alerts, &share, *after, *has_effect);
            let decisions = alerts.deliver(&share, "one");
            let subjects = alerts.subjects();
            let emailed = alerts.aws.emails().iter().map(|email| email.message.clone()).collect::<String>();
            assert!((1..=2).contains(&subjects.len()), "{after} {has_effect} {subjects:?}{decisions:#?}");
            let is_reverted = |subject: &String| subject.contains("] Reverted: ");
            assert!(subjects.iter().all(is_reverted), "{after} {has_effect} {subjects:?}{decisions:#?}");
            assert!(emailed.contains("This function removed the access"), "{after} {has_effect} {emailed}");
            assert_eq!(grantees(&alerts), grantees(&quiet), "{after} {has_effect}");
            let last = decisions.last().expect("a decision");
            assert_eq!(last.failures().count(), 0, "{after} {has_effect} {last:#?}");
        });
    }
}

fn grantees(alerts: &Alerts) -> [Vec<String>; 2] {
    [alerts.grantees(), alerts.grantees_of_the_snapshot()]
}

#[test]
fn does_every_email_of_the_scan_fit_a_topic_of_any_size() {
    let accounts: Vec<String> = (0..200).map(|n| format!("{}", 400_000_000_000u64 + n)).collect();
    let shared_with = format!("shared-with = [\"{}\"]", accounts.join("\", \""));
    let used = |account: &String| format!("{{ account = \"{account}\", count = 1 }}");
    let usage = accounts.iter().map(used).collect::<Vec<_>>().join(", ");
    let mut images = String::new();
    for n in 0..30 {
        images += &format!("[[image]]\nid = \"ami-{n:017x}\"\nname = \"{}\"\n", "n".repeat(128));
        images += &format!("{shared_with}\nusage = [{usage}]\n");
    }
    for limit in [1_500, 5_000, 262_144] {
        let world = format!("{WORLD}{images}[sns]\nmaximum-message-size = {limit}\n");
        let mut alerts = Alerts::new(&world, "");
        alerts.settings.limit = limit;
        alerts.settings.optional.usage_reports = true;
        for request in ["one", "two"] {
            let decisions = alerts.deliver(&reconcile(), request);
            assert_eq!((decisions.len(), decisions[0].failures().count()), (1, 0), "{limit}: {decisions:#?}");
            alerts.aws.advance(Duration::from_secs(86_400));
        }
        let subjects = alerts.subjects();
        let used = subjects.iter().filter(|subject| subject.contains("used by")).count();
        assert!(used == 2 && subjects.len() >= 4, "{limit}: {subjects:?}");
    }
}

#[test]
fn does_a_scan_without_time_left_send_its_email_and_leave_the_table_to_the_next_one() {
    let mut alerts = Alerts::new(WORLD, "");
    alerts.time_left = Duration::from_secs(4);
    let decisions = alerts.deliver(&reconcile(), "one");
    assert_eq!((alerts.subjects().len(), decisions.len()), (1, 1), "{decisions:#?}");
    assert!(!counts(&alerts).contains_key("TransactWriteItems"));
    assert!(format!("{decisions:#?}").contains("no time was left to write it"), "{decisions:#?}");
    alerts.time_left = Duration::from_secs(300);
    for request in ["two", "three"] {
        alerts.deliver(&reconcile(), request);
    }
    assert_eq!(alerts.subjects().len(), 2, "the next scan remembers what it emails");
}
