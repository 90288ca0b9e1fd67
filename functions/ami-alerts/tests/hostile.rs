//! Hostile records: SNS accepts every email, and no text of a record becomes a command.

use ami_alerts::change::SharingChange;
use ami_alerts::decide::AssessedCall;
use ami_alerts::email::CallAlert;
use ami_alerts::event::{Delivery, Event, Parsed, Record, delivery, parse, parse_record};
use ami_alerts::facts::{Facts, ImageDescription, LookUp, LookupError};
use ami_alerts::grantee::Grantee;
use ami_alerts::recorded_call::RecordedCall;
use ami_alerts::revert_plan::{FailedRevert, RevertOutcome};
use ami_alerts::rules::Rules;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use shared::call_error::CallError;
use shared::email::Message;
use shared::home::Home;

const OWN: &str = "111122223333";

fn home() -> Home {
    Home::of("arn:aws:lambda:eu-west-1:111122223333:function:ami-alerts")
}

/// The record of an event, if the event is a recorded call or a log file that begins with one.
fn record(event: &Value) -> Option<Record> {
    let parsed = match delivery(event.clone()) {
        Delivery::One(event) => parse(&event),
        Delivery::Records(records) => parse_record(&records[0]),
        Delivery::Nothing(unrelated) => Ok(Parsed::NotOurs(unrelated)),
    };
    match parsed {
        Ok(Parsed::Ours(Event::Call(record))) => Some(*record),
        _ => None,
    }
}

/// The email about a record, if it reports one.
fn email(record: &Record, facts: &Facts, revert: &RevertOutcome, limit: usize) -> Option<Message> {
    let rules = Rules::default();
    let call = RecordedCall::of(record, &rules).ok()?;
    assert!(!matches!(call.change(), Some(SharingChange::OtherAttribute { .. })));
    let home = home();
    let now = "2026-03-02T10:05:00Z".parse().expect("a time");
    let assessed = AssessedCall::of(&call, facts, &rules, &home, limit, now);
    let alert = CallAlert { call: &call, assessment: &assessed.assessment, facts, revert, home: &home };
    Some(alert.message(limit))
}

fn bytes(message: &Message) -> usize {
    let attributes = message.attributes.iter().map(|(name, value)| name.len() + 6 + value.len());
    message.published_text().len() + attributes.sum::<usize>()
}

/// SNS's requirements for a message (Publish, Amazon SNS API Reference).
fn check(message: &Message, limit: usize) -> Result<(), TestCaseError> {
    let subject = &message.subject;
    prop_assert!((1..100).contains(&subject.chars().count()), "{subject}");
    prop_assert!(
        !subject.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')),
        "{subject}"
    );
    prop_assert!(bytes(message) <= limit, "{} of {limit} bytes", bytes(message));
    let body: Value = serde_json::from_str(message.published_text()).expect("JSON");
    prop_assert!(body["default"].as_str().is_some_and(|form| serde_json::from_str::<Value>(form).is_ok()));
    prop_assert_eq!(body["email"].as_str(), Some(message.text.as_str()));
    prop_assert!(message.attributes.iter().all(|(_, value)| !value.is_empty()));
    let lines = message.text.lines().flat_map(str::chars);
    prop_assert!(!lines.clone().any(|c| c.is_control()), "{}", message.text);
    Ok(())
}

/// Words of a command that no shell changes, and one argument in single quotes that holds JSON or a fixed query.
fn check_command(command: &str) -> Result<(), TestCaseError> {
    let quotes = command.matches('\'').count();
    prop_assert!(quotes == 0 || quotes == 2, "{command}");
    let outside: String = command.split('\'').step_by(2).collect();
    let harmless = |c: char| c.is_ascii_alphanumeric() || " -:=,.@_+".contains(c);
    prop_assert!(outside.chars().all(harmless), "{command}");
    let services = ["aws ec2 ", "aws iam ", "aws cloudtrail "];
    prop_assert!(services.iter().any(|service| command.starts_with(service)), "{command}");
    if let Some(inside) = command.split('\'').nth(1) {
        let is_query = ["Images[].ImageId", "Snapshots[].SnapshotId"].contains(&inside);
        prop_assert!(is_query || serde_json::from_str::<Value>(inside).is_ok(), "{command}");
    }
    Ok(())
}

/// Hostile texts, and texts of AWS.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("ami-0123456789abcdef0".to_owned()),
        Just("444455556666".to_owned()),
        Just("all".to_owned()),
        Just("AWS Internal".to_owned()),
        Just("x\r\nSubject: y\r\n\r\n".to_owned()),
        Just("\u{202e}txt.exe\u{0}\u{1b}[2J".to_owned()),
        Just("'; reboot; '".to_owned()),
        Just("-rf".to_owned()),
        Just("=reboot".to_owned()),
        Just("alice".to_owned()),
        Just("IAMUser".to_owned()),
        Just("AssumedRole".to_owned()),
        Just("Root".to_owned()),
        Just("AKIAIOSFODNN7EXAMPLE".to_owned()),
        Just("2026-03-02T10:04:12Z".to_owned()),
        Just("us-east-1".to_owned()),
        Just("é🚂".repeat(400)),
        Just("arn:aws:organizations::777788889999:organization/o-a1b2c3d4e5".to_owned()),
        "\\PC{0,40}",
        ".{0,12}",
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Names of members that the function reads, and others.
fn key() -> impl Strategy<Value = String> {
    let known = [
        "imageId",
        "snapshotId",
        "launchPermission",
        "createVolumePermission",
        "add",
        "remove",
        "items",
        "userId",
        "group",
        "organizationArn",
        "organizationalUnitArn",
        "attributeType",
        "operationType",
        "userIds",
        "omitted",
        "type",
        "userName",
        "arn",
        "principalId",
        "accountId",
        "invokedBy",
        "sessionContext",
        "sessionIssuer",
        "attributes",
        "mfaAuthenticated",
        "accessKeyId",
        "sessionToken",
        "XRequest",
    ];
    prop_oneof![4 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => text()]
}

fn event() -> impl Strategy<Value = Value> {
    let members = [
        "userIdentity",
        "requestParameters",
        "responseElements",
        "errorCode",
        "errorMessage",
        "sourceIPAddress",
        "userAgent",
        "eventID",
        "eventTime",
        "awsRegion",
        "recipientAccountId",
        "resources",
        "vpcEndpointId",
        "additionalEventData",
    ];
    let names = prop::sample::select(ami_alerts::change::UNDERSTOOD.to_vec());
    let detail = prop::collection::vec((prop::sample::select(members.to_vec()), value()), 0..10);
    (names, detail).prop_map(|(name, detail)| {
        let mut members: Map<String, Value> =
            detail.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        members.insert("eventName".into(), name.into());
        members.insert("eventSource".into(), "ec2.amazonaws.com".into());
        json!({"source": "aws.ec2", "detail-type": "AWS API Call via CloudTrail", "detail": members})
    })
}

fn facts() -> impl Strategy<Value = Facts> {
    let grantees = prop::collection::vec(text().prop_map(|text| Grantee::of(&text)), 0..6);
    (text(), text(), grantees, any::<bool>()).prop_map(|(name, alias, grantees, seen)| {
        if !seen {
            let error = || LookupError::Call(CallError::without_answer("ec2:DescribeImages", alias.clone()));
            return Facts {
                alias: LookUp::Failed(error()),
                image: LookUp::Failed(error()),
                permissions: LookUp::Failed(error()),
                block: LookUp::Failed(error()),
                ..Facts::default()
            };
        }
        let tags = vec![(name.clone(), alias.clone())];
        let image =
            ImageDescription { id: "ami-1".into(), name: Some(name), tags, ..ImageDescription::default() };
        Facts {
            alias: LookUp::Found(Some(alias)),
            image: LookUp::Found(Some(image)),
            permissions: LookUp::Found(grantees),
            permissions_at: Some(jiff::Timestamp::UNIX_EPOCH),
            block: LookUp::Found("unblocked".into()),
            ..Facts::default()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn does_sns_accept_the_email_about_any_record(
        event in event(),
        facts in facts(),
        failed in any::<bool>(),
        limit in prop_oneof![Just(262_144usize), 1_500usize..20_000],
    ) {
        let record = record(&event).expect("a call");
        let revert = if failed {
            RevertOutcome::Failed(FailedRevert {
                revoked: vec![Grantee::of("444455556666")],
                left: vec![Grantee::Everyone],
                error: CallError::without_answer("ec2:ModifyImageAttribute", "x\r\n"),
            })
        } else {
            RevertOutcome::NotPlanned
        };
        if let Some(message) = email(&record, &facts, &revert, limit) {
            check(&message, limit)?;
        }
    }

    #[test]
    fn does_no_log_file_end_in_a_panic(values in prop::collection::vec(value(), 0..4)) {
        if let Delivery::Records(records) = delivery(json!({"Records": values})) {
            records.iter().for_each(|record| drop(parse_record(record)));
        }
    }

    #[test]
    fn does_no_event_end_in_a_panic(event in value()) {
        if let Some(record) = record(&event) {
            email(&record, &Facts::default(), &RevertOutcome::NotPlanned, 262_144);
        }
    }

    #[test]
    fn does_no_text_of_a_record_become_a_command(event in event(), facts in facts()) {
        let record = record(&event).expect("a call");
        if let Some(message) = email(&record, &facts, &RevertOutcome::NotPlanned, 262_144) {
            for command in message.text.lines().filter(|line| line.starts_with("aws ")) {
                check_command(command)?;
            }
        }
    }
}

#[test]
fn does_a_share_with_ten_thousand_accounts_fit() {
    let items: Vec<Value> =
        (0..10_000).map(|number| json!({"userId": format!("{:012}", 400_000_000_000u64 + number)})).collect();
    let event = json!({"source": "aws.ec2", "detail-type": "AWS API Call via CloudTrail", "account": OWN, "detail": {
        "eventName": "ModifyImageAttribute", "eventSource": "ec2.amazonaws.com", "eventID": "e-1",
        "requestParameters": {"imageId": "ami-0123456789abcdef0", "launchPermission": {"add": {"items": items}}}}});
    let record = record(&event).expect("a call");
    let message = email(&record, &Facts::default(), &RevertOutcome::NotPlanned, 262_144).expect("an email");
    check(&message, 262_144).expect("SNS takes it");
    assert!(
        message
            .subject
            .starts_with("[HIGH eu-west-1] Image shared with 10000 accounts: ami-0123456789abcdef0"),
        "{}",
        message.subject
    );
    assert!(message.text.contains("Shortened, because its"), "{}", message.text);
    let form: Value = serde_json::from_str(message.published_text()).expect("JSON");
    let form: Value = serde_json::from_str(form["default"].as_str().expect("a text")).expect("JSON");
    assert_eq!(form["added"]["count"], 10_000);
    assert_eq!(form["isShortened"], true);
}

#[test]
fn is_each_member_of_the_json_form_documented() {
    let event = json!({"source": "aws.ec2", "detail-type": "AWS API Call via CloudTrail",
        "detail": {"eventName": "ResetImageAttribute"}});
    let record = record(&event).expect("a call");
    let message = email(&record, &Facts::default(), &RevertOutcome::NotPlanned, 262_144).expect("an email");
    let body: Value = serde_json::from_str(message.published_text()).expect("JSON");
    let form: Value = serde_json::from_str(body["default"].as_str().expect("a text")).expect("JSON");
    let page = include_str!("../../../docs/ami-alerts.md");
    let (_, page) = page.split_once("### For machines").expect("the section is there");
    let names = form.as_object().expect("an object").keys().map(String::as_str);
    let attributes = message.attributes.iter().map(|(name, _)| *name);
    for name in names.chain(attributes) {
        assert!(page.contains(&format!("`{name}`")), "docs/ami-alerts.md lacks `{name}`");
    }
}
