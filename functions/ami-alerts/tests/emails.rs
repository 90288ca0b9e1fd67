//! What an email states: what a record and the function's own calls prove, what a look-up saw, and which lines and commands it
//! offers.

use ami_alerts::decide::AssessedCall;
use ami_alerts::email::CallAlert;
use ami_alerts::event::{Event, Parsed, Record, parse};
use ami_alerts::facts::{Encrypted, Facts, ImageDescription, LookUp};
use ami_alerts::grantee::Grantee;
use ami_alerts::history::{CallHistory, EndedFinding};
use ami_alerts::memory::{FindingClass, Proof, ProvenTime};
use ami_alerts::recorded_call::RecordedCall;
use ami_alerts::revert_plan::RevertOutcome;
use ami_alerts::rules::Rules;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::home::Home;

const OWN: &str = "111122223333";
const IMAGE: &str = "ami-0123456789abcdef0";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn record(request: &Value, id: &str) -> Record {
    let event = json!({"source": "aws.ec2", "detail-type": "AWS API Call via CloudTrail", "detail": {
        "eventName": "ModifyImageAttribute", "eventSource": "ec2.amazonaws.com", "recipientAccountId": OWN,
        "awsRegion": "us-east-1", "eventID": id, "eventTime": "2026-03-02T10:51:20Z",
        "userIdentity": {"type": "IAMUser", "userName": "alice", "accountId": OWN},
        "requestParameters": {"imageId": IMAGE, "launchPermission": request}}});
    let Ok(Parsed::Ours(Event::Call(record))) = parse(&event) else { panic!("no call") };
    *record
}

fn facts(now: &[&str]) -> Facts {
    Facts {
        image: LookUp::Found(Some(ImageDescription { id: IMAGE.into(), ..ImageDescription::default() })),
        permissions: LookUp::Found(now.iter().map(|name| Grantee::of(name)).collect()),
        permissions_at: Some(at("2026-03-02T10:52:00Z")),
        ..Facts::default()
    }
}

fn text(record: &Record, facts: &Facts, revert: &RevertOutcome, history: Option<CallHistory>) -> String {
    let (rules, home) =
        (Rules::default(), Home::of("arn:aws:lambda:us-east-1:111122223333:function:ami-alerts"));
    let call = RecordedCall::of(record, &rules).expect("a call that is reported");
    let now = at("2026-03-02T10:52:00Z");
    let mut assessed = AssessedCall::of(&call, facts, &rules, &home, 262_144, now);
    if let Some(history) = history {
        assessed.assessment.history = history;
    }
    let alert = CallAlert { call: &call, assessment: &assessed.assessment, facts, revert, home: &home };
    alert.message(262_144).text
}

fn share(name: &str) -> Value {
    let item = if name == "all" { json!({"group": name}) } else { json!({"userId": name}) };
    json!({"add": {"items": [item]}})
}

fn moment(time: &str, event: &str, actor: &str) -> ProvenTime {
    ProvenTime::recorded(at(time), Some(event), actor)
}

fn ended(opened: Option<ProvenTime>, closed: ProvenTime) -> CallHistory {
    let ended = EndedFinding {
        class: FindingClass::Exposed,
        grantees: vec![Grantee::Everyone],
        opened,
        confirmed: Some(at("2026-03-02T10:30:00Z")),
        closed,
        severity: None,
    };
    CallHistory { ended: vec![ended], ..CallHistory::default() }
}

#[test]
fn does_an_end_say_how_long_and_by_which_call() {
    let removal = record(&json!({"remove": {"items": [{"group": "all"}]}}), "event-2");
    let opened = moment("2026-03-02T10:04:12Z", "event-1", "alice");
    let closed = moment("2026-03-02T10:51:20Z", "event-2", "bob");
    let shown = |history| text(&removal, &facts(&[]), &RevertOutcome::NotPlanned, Some(history));
    let known = shown(ended(Some(opened.clone()), closed.clone()));
    let expected = "This image was public from 10:04 to 10:51 UTC, 47 minutes; treat what is in it as read. This call ended it.";
    assert!(known.contains(expected), "{known}");
    let unknown = shown(ended(None, closed));
    assert!(unknown.contains("public at least from 10:30 to 10:51 UTC, 21 minutes"), "{unknown}");
    let by_other = shown(ended(Some(opened.clone()), moment("2026-03-03T11:04:12Z", "event-3", "carol")));
    let expected = "public from 2026-03-02 10:04 to 2026-03-03 11:04 UTC, 1 day and 1 hour; treat what is in it as read. A call of \
                    carol at 2026-03-03 11:04:12 UTC ended it (event event-3).";
    assert!(by_other.contains(expected), "{by_other}");
    let seen = ProvenTime { at: at("2026-03-02T10:51:20Z"), proof: Proof::LookUp };
    let seen = shown(ended(Some(opened), seen));
    assert!(
        seen.contains("at most 47 minutes") && seen.contains("No record says which call ended it"),
        "{seen}"
    );
}

#[test]
fn does_a_look_up_prove_no_reversal() {
    for (request, now) in [
        (share("all"), &[][..]),
        (share("444455556666"), &[][..]),
        (json!({"remove": {"items": [{"group": "all"}]}}), &["all"][..]),
    ] {
        let shown = text(&record(&request, "event-1"), &facts(now), &RevertOutcome::NotPlanned, None);
        let shown = shown.split("WHAT TO DO").next().expect("the sentences");
        for claim in ["since", "was revoked", "granted again after", "Nothing is left"] {
            assert!(!shown.contains(&format!("{claim} ")), "{claim}: {shown}");
        }
        assert!(shown.contains("at 10:52:00 UTC"), "{shown}");
    }
}

#[test]
fn does_an_email_state_what_the_function_removed_although_ec2_still_lists_it() {
    let everyone = vec![Grantee::Everyone];
    let record = record(&share("all"), "event-1");
    let shown = text(&record, &facts(&["all"]), &RevertOutcome::Revoked(everyone.clone()), None);
    assert!(
        shown.contains("This function removed the access that the call granted to every AWS account."),
        "{shown}"
    );
    assert!(shown.contains("EC2 can list removed access for some time"), "{shown}");
    assert!(!shown.contains("Every AWS account can launch"), "{shown}");
    let before = RevertOutcome::RevokedBefore(everyone, at("2026-03-02T10:51:30Z"));
    let retried = text(&record, &facts(&[]), &before, None);
    assert!(retried.contains("at 10:51:30 UTC. Its first email was not sent."), "{retried}");
}

#[test]
fn is_encryption_stated_once_and_as_far_as_it_goes() {
    let with = |encrypted| {
        let image =
            ImageDescription { id: IMAGE.into(), encrypted: Some(encrypted), ..ImageDescription::default() };
        Facts { image: LookUp::Found(Some(image)), ..facts(&["444455556666"]) }
    };
    let shown = |encrypted| {
        let record = record(&share("444455556666"), "event-1");
        text(&record, &with(encrypted), &RevertOutcome::NotPlanned, None)
    };
    let partly = shown(Encrypted::Partly);
    assert!(
        partly.contains("and read its unencrypted disks (seen")
            && partly.contains("the KMS key protects only the encrypted ones"),
        "{partly}"
    );
    let all = shown(Encrypted::Yes);
    assert!(!all.contains("read its disks") && all.matches("KMS key").count() == 1, "{all}");
    assert!(!shown(Encrypted::No).contains("KMS"));
}

#[test]
fn is_a_read_of_disks_of_unknown_encryption_no_fact() {
    let shown = |name: &str| {
        text(&record(&share(name), "event-1"), &facts(&[name]), &RevertOutcome::NotPlanned, None)
    };
    assert!(shown("444455556666").contains("and read its disks, unless they are encrypted (seen"));
    assert!(shown("all").contains("and read its disks (seen"), "EC2 makes no encrypted image public");
}

#[test]
fn is_no_rule_claimed_that_allows_access_which_has_ended() {
    let by_bob = moment("2026-03-02T10:51:50Z", "event-2", "bob");
    let history = CallHistory { removed_since: vec![(Grantee::Everyone, by_bob)], ..CallHistory::default() };
    let shown =
        text(&record(&share("all"), "event-1"), &facts(&[]), &RevertOutcome::NotPlanned, Some(history));
    assert!(shown.starts_with("The access of every AWS account was removed later."), "{shown}");
    assert!(!shown.contains("A rule allows"), "{shown}");
    assert!(shown.contains("replace the secrets that the image contains"), "{shown}");
}

#[test]
fn are_grantees_that_ec2_lists_in_part_one_sentence() {
    let items: Vec<Value> =
        (0..100).map(|number| json!({"userId": format!("{:012}", 400_000_000_000_u64 + number)})).collect();
    let record = record(&json!({"add": {"items": items}}), "event-1");
    let shown = text(&record, &facts(&["400000000003"]), &RevertOutcome::NotPlanned, None);
    let first = shown.lines().next().expect("a line");
    assert!(first.contains("and 95 more can launch this image"), "{first}");
    assert!(first.contains("EC2 listed 1 of these 100 at 10:52:00 UTC"), "{first}");
    assert!(!shown.contains("may be able to"), "{shown}");
}

#[test]
fn is_no_command_promised_that_an_email_does_not_contain() {
    let mut unknown = record(&share("all"), "event-1");
    for (region, request) in [("evil/", share("all")), ("evil/", share("x'y"))] {
        unknown.region = Some(region.to_owned());
        unknown.detail["requestParameters"]["launchPermission"] = request;
        let shown = text(&unknown, &facts(&["all"]), &RevertOutcome::NotPlanned, None);
        let steps = shown.split("FACTS").next().expect("the steps");
        assert!(!steps.contains("aws ec2"), "{shown}");
        assert!(!steps.contains("access now with the command below"), "{shown}");
        assert!(!steps.contains("all access with the command below"), "{shown}");
    }
}

#[test]
fn do_the_offered_lines_trust_exactly_the_grantees_of_the_share() {
    for name in ["all", "444455556666"] {
        let record = record(&share(name), "event-1");
        let shown = text(&record, &facts(&[name]), &RevertOutcome::NotPlanned, None);
        let lines =
            shown.lines().skip_while(|line| *line != "[[image-alert]]").take_while(|line| !line.is_empty());
        let table: toml::Table = toml::from_str(&lines.collect::<Vec<_>>().join("\n")).expect("TOML");
        let rule = &table["image-alert"][0];
        assert_eq!(rule["images"][0].as_str(), Some(IMAGE));
        assert_eq!(rule.get("public").and_then(toml::Value::as_bool), (name == "all").then_some(true));
        let accounts = rule.get("trusted-accounts").map(|accounts| accounts[0].as_str().expect("an id"));
        assert_eq!(accounts, (name != "all").then_some(name));
    }
}

#[test]
fn are_ten_thousand_grantees_one_sentence() {
    let items: Vec<Value> = (0..10_000)
        .map(|number| json!({"userId": format!("{:012}", 400_000_000_000_u64 + number)}))
        .collect();
    let record = record(&json!({"add": {"items": items}}), "event-1");
    let names: Vec<String> =
        (0..10_000).map(|number| format!("{:012}", 400_000_000_000_u64 + number)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let shown = text(&record, &facts(&names), &RevertOutcome::NotPlanned, None);
    let first = shown.lines().next().expect("a line");
    assert!(
        first.starts_with("AWS accounts 400000000000, ") && first.contains("and 9995 more can launch"),
        "{first}"
    );
    assert_eq!(
        shown.lines().filter(|line| line.contains("9995 more")).count(),
        2,
        "the sentence and the row: {shown}"
    );
}
