//! Whatever a record holds, something true is said of it, and SNS takes the mail.

use ami_alerts::actor::Actor;
use ami_alerts::change::Change;
use ami_alerts::decide::judge;
use ami_alerts::event::{Event, Parsed, Record, parse};
use ami_alerts::facts::{Facts, Image, Look};
use ami_alerts::grantee::Grantee;
use ami_alerts::mail::{Message, Reverted, Story};
use ami_alerts::origin::Origin;
use ami_alerts::rules::Rules;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use shared::home::Home;

const OWN: &str = "111122223333";

fn home() -> Home {
    Home::of("arn:aws:lambda:eu-west-1:111122223333:function:ami-alerts")
}

/// The record of an event, if it is one that is looked at.
fn record(event: &Value) -> Option<Record> {
    match parse(event) {
        Ok(Parsed::Ours(Event::Call(record))) => Some(*record),
        _ => None,
    }
}

/// The mail about a record, if it is about something that is mailed.
fn mail(record: &Record, facts: &Facts, reverted: &Reverted, limit: usize) -> Option<Message> {
    let change = Change::of(record).filter(|change| !matches!(change, Change::OtherAttribute { .. }))?;
    let rules = Rules::default();
    let judgement = judge(record, &change, facts, &rules, OWN);
    let (actor, origin, home) = (Actor::of(record), Origin::of(record), home());
    let story = Story {
        record,
        change: Some(&change),
        judgement: &judgement,
        facts,
        actor: &actor,
        origin: &origin,
        reverted,
        home: &home,
        shown: &[],
    };
    Some(story.message(limit))
}

fn bytes(message: &Message) -> usize {
    let attributes = message.attributes.iter().map(|(name, value)| name.len() + 6 + value.len());
    message.published_text().len() + attributes.sum::<usize>()
}

/// What SNS asks of a message (Publish, Amazon SNS API Reference).
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

/// Texts that somebody may have written to do harm, and some that AWS writes.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("ami-0123456789abcdef0".to_owned()),
        Just("444455556666".to_owned()),
        Just("all".to_owned()),
        Just("AWS Internal".to_owned()),
        Just("x\r\nSubject: y\r\n\r\n".to_owned()),
        Just("\u{202e}txt.exe\u{0}\u{1b}[2J".to_owned()),
        Just("'; reboot; '".to_owned()),
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

/// Names that the function asks for, and others.
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
            let unseen = || format!("AccessDenied: {alias}");
            return Facts {
                alias: Look::Unseen(unseen()),
                image: Look::Unseen(unseen()),
                permissions: Look::Unseen(unseen()),
                block: Look::Unseen(unseen()),
            };
        }
        let tags = vec![(name.clone(), alias.clone())];
        let image = Image { id: "ami-1".into(), name: Some(name), tags, ..Image::default() };
        Facts {
            alias: Look::Seen(Some(alias)),
            image: Look::Seen(Some(image)),
            permissions: Look::Seen(grantees),
            block: Look::Seen("unblocked".into()),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sns_takes_the_mail_whatever_the_record_holds(
        event in event(),
        facts in facts(),
        failed in any::<bool>(),
        limit in prop_oneof![Just(262_144usize), 1_500usize..20_000],
    ) {
        let record = record(&event).expect("a call");
        let reverted = if failed {
            Reverted::Failed(vec![Grantee::Everyone], "x\r\n".into())
        } else {
            Reverted::NotWanted
        };
        if let Some(message) = mail(&record, &facts, &reverted, limit) {
            check(&message, limit)?;
        }
    }

    #[test]
    fn no_event_whatever_it_is_ends_in_a_panic(event in value()) {
        if let Some(record) = record(&event) {
            mail(&record, &Facts::default(), &Reverted::NotWanted, 262_144);
        }
    }

    #[test]
    fn nothing_of_a_record_becomes_a_command(event in event(), facts in facts()) {
        let record = record(&event).expect("a call");
        if let Some(message) = mail(&record, &facts, &Reverted::NotWanted, 262_144) {
            let commands = message.text.lines().filter(|line| line.starts_with("aws ec2 "));
            for command in commands {
                // Words of a command, and one argument in single quotes.
                let quotes = command.matches('\'').count();
                prop_assert!(quotes == 0 || quotes == 2, "{command}");
                let outside: String = command.split('\'').step_by(2).collect();
                let harmless = |c: char| c.is_ascii_alphanumeric() || " -".contains(c);
                prop_assert!(outside.chars().all(harmless), "{command}");
            }
        }
    }
}

#[test]
fn ten_thousand_accounts_are_counted_and_fit() {
    let items: Vec<Value> =
        (0..10_000).map(|number| json!({"userId": format!("{:012}", 400_000_000_000u64 + number)})).collect();
    let event = json!({"source": "aws.ec2", "detail-type": "AWS API Call via CloudTrail", "account": OWN, "detail": {
        "eventName": "ModifyImageAttribute", "eventSource": "ec2.amazonaws.com", "eventID": "e-1",
        "requestParameters": {"imageId": "ami-0123456789abcdef0", "launchPermission": {"add": {"items": items}}}}});
    let record = record(&event).expect("a call");
    let message = mail(&record, &Facts::default(), &Reverted::NotWanted, 262_144).expect("a mail");
    check(&message, 262_144).expect("SNS takes it");
    assert!(
        message.subject.starts_with("Image shared with 10000 accounts: ami-0123456789abcdef0"),
        "{}",
        message.subject
    );
    assert!(message.text.contains("Shortened, since its"), "{}", message.text);
    let form: Value = serde_json::from_str(message.published_text()).expect("JSON");
    let form: Value = serde_json::from_str(form["default"].as_str().expect("a text")).expect("JSON");
    assert_eq!(form["added"]["count"], 10_000);
    assert_eq!(form["isShortened"], true);
}

#[test]
fn each_member_of_the_form_for_machines_is_in_the_document() {
    let event = json!({"source": "aws.ec2", "detail-type": "AWS API Call via CloudTrail",
        "detail": {"eventName": "ResetImageAttribute"}});
    let record = record(&event).expect("a call");
    let message = mail(&record, &Facts::default(), &Reverted::NotWanted, 262_144).expect("a mail");
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
