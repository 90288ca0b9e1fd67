//! Every form of an alarm, whole, with what AWS may leave out left out, and spoilt.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::alarm::{AfterMuteWindow, AlarmChange, AlarmEvent, AlarmForm, AlarmState};
use crate::suppression::Suppression;

const ARN: &str = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down";

fn data() -> Value {
    json!({
        "alarmName": "shop-down",
        "configuration": {"metrics": [{"id": "m1", "metricStat": {"period": 60, "stat": "Minimum"}}]},
        "state": {"value": "ALARM", "reason": "because", "reasonData": "{}", "timestamp": "2026-03-02T10:00:00.123+0000"},
        "previousState": {"value": "OK", "reason": "", "timestamp": "2026-03-01T10:00:00.000+0000"},
    })
}

fn by_event_bridge(detail: Value) -> Value {
    json!({"version": "0", "id": "1", "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch",
        "account": "111122223333", "time": "2026-03-02T10:00:01Z", "region": "eu-west-1", "resources": [ARN],
        "detail": detail})
}

fn by_itself(data: Value) -> Value {
    json!({"source": "aws.cloudwatch", "alarmArn": ARN, "accountId": "111122223333",
        "time": "2026-03-02T10:00:01.000+0000", "region": "eu-west-1", "alarmData": data})
}

fn message() -> Value {
    json!({"AlarmName": "shop-down", "AlarmDescription": null, "AWSAccountId": "111122223333", "NewStateValue": "ALARM",
        "NewStateReason": "because", "StateChangeTime": "2026-03-02T10:00:00.123+0000", "Region": "EU (Ireland)",
        "AlarmArn": ARN, "OldStateValue": "OK", "Trigger": {"MetricName": "HealthCheckStatus", "Period": 86400}})
}

fn by_sns(message: &Value) -> Value {
    json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": message.to_string()}}]})
}

fn alarm_of(event: &Value) -> AlarmEvent {
    match parse(event) {
        Ok(Parsed::Ours(Event::Alarms(mut alarms))) if alarms.len() == 1 => match alarms.remove(0) {
            AlarmNotice::Change(alarm) => *alarm,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_three_forms_say_the_same() {
    let forms = [
        (AlarmForm::EventBridge, by_event_bridge(data())),
        (AlarmForm::Direct, by_itself(data())),
        (AlarmForm::Sns, by_sns(&message())),
    ];
    for (form, event) in forms {
        let alarm = alarm_of(&event);
        assert_eq!((alarm.form, alarm.arn.as_deref(), alarm.name.as_str()), (form, Some(ARN), "shop-down"));
        assert_eq!((alarm.state, alarm.previous), (AlarmState::Alarm, Some(AlarmState::Ok)));
        assert_eq!(alarm.at, "2026-03-02T10:00:00.123Z".parse().ok());
        assert_eq!(alarm.change(), AlarmChange::Into);
    }
}

/// What types that are made for these events refuse, or take for something else.
#[test]
fn what_only_some_alarms_have_is_not_asked_for() {
    let with = |member: &str, value: Value| {
        let mut data = data();
        data[member] = value;
        data
    };
    let without = |pointer: &str, member: &str| {
        let mut data = data();
        data.pointer_mut(pointer).and_then(Value::as_object_mut).map(|object| object.remove(member));
        data
    };
    let variants = [
        with(
            "configuration",
            json!({"metrics": [{"id": "e1", "expression": "SUM(METRICS())", "returnData": true}]}),
        ),
        with("configuration", json!({"alarmRule": "ALARM(a)"})),
        with("configuration", json!({"metrics": [{"metricStat": {"period": 86400}}]})),
        with("configuration", Value::Null),
        with("unheardOf", json!({"a": [1, 2]})),
        without("", "configuration"),
        without("/state", "reason"),
        without("/state", "reasonData"),
        without("/previousState", "timestamp"),
    ];
    for data in variants {
        for event in
            [by_event_bridge(data.clone()), by_itself(data.clone()), by_sns(&by_event_bridge(data.clone()))]
        {
            assert_eq!(alarm_of(&event).change(), AlarmChange::Into, "{event}");
        }
    }
    for member in ["Trigger", "AlarmDescription", "Region", "AlarmArn", "AWSAccountId", "NewStateReason"] {
        let mut message = message();
        message.as_object_mut().map(|object| object.remove(member));
        let alarm = alarm_of(&by_sns(&message));
        assert_eq!(alarm.change(), AlarmChange::Into, "without {member}");
        assert!(alarm.is_of(&ARN.parse().unwrap()), "without {member}");
    }
}

#[test]
fn an_alarm_without_its_arn_is_known_by_name_and_account() {
    let mut event = by_event_bridge(data());
    event["resources"] = json!([]);
    assert_eq!(alarm_of(&event).arn.as_deref(), Some(ARN), "made of the region, the account and the name");
    let mut message = message();
    message["AlarmArn"] = Value::Null;
    let alarm = alarm_of(&by_sns(&message));
    assert!(alarm.is_of(&ARN.parse().unwrap()));
    assert!(
        !alarm.is_of(&"arn:aws:cloudwatch:eu-west-1:444455556666:alarm:shop-down".parse().unwrap()),
        "another account's"
    );
    assert!(
        !alarm.is_of(&"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop".parse().unwrap()),
        "another alarm"
    );
}

/// Samples that are passed around have spaces where a formatter put them.
#[test]
fn spaces_in_an_arn_and_a_time_do_not_count() {
    let mut event = by_itself(data());
    event["alarmArn"] = json!("arn:aws:cloudwatch:eu-west-1: 111122223333:alarm:shop-down");
    event["alarmData"]["state"]["timestamp"] = json!("2026-03-02T10: 00: 00.123+0000");
    let alarm = alarm_of(&event);
    assert_eq!(alarm.arn.as_deref(), Some(ARN));
    assert_eq!(alarm.at, "2026-03-02T10:00:00.123Z".parse().ok());
}

#[test]
fn is_an_arn_with_a_blank_before_it_the_alarms() {
    let mut notification = message();
    notification["AlarmArn"] = json!(format!(" {ARN}"));
    assert_eq!(alarm_of(&by_sns(&notification)).arn.as_deref(), Some(ARN));
    let mut event = by_event_bridge(data());
    event["resources"] = json!([format!(" {ARN}")]);
    assert_eq!(alarm_of(&event).arn.as_deref(), Some(ARN));
}

#[test]
fn does_a_notification_with_another_arn_fall_back_to_name_and_account() {
    for other in ["arn:aws:sns:eu-west-1:111122223333:alarms", "shop-down", " arn:aws"] {
        let mut notification = message();
        notification["AlarmArn"] = json!(other);
        let alarm = alarm_of(&by_sns(&notification));
        assert_eq!(alarm.arn, None, "{other}");
        assert!(alarm.is_of(&ARN.parse().unwrap()), "{other}");
    }
}

#[test]
fn only_a_change_into_alarm_is_one() {
    let change = |state: &str, previous: Value| {
        let mut data = data();
        data["state"]["value"] = json!(state);
        data["previousState"] = previous;
        alarm_of(&by_event_bridge(data)).change()
    };
    assert_eq!(change("ALARM", json!({"value": "INSUFFICIENT_DATA"})), AlarmChange::Into);
    assert_eq!(change("ALARM", json!({"value": "ALARM"})), AlarmChange::Again);
    assert_eq!(
        change("ALARM", json!({"value": "ALARM", "actionsSuppressedBy": "WaitPeriod"})),
        AlarmChange::Into
    );
    assert_eq!(change("ALARM", Value::Null), AlarmChange::Unsure);
    assert_eq!(change("ALARM", json!({"value": "NEW_STATE"})), AlarmChange::Unsure);
    assert_eq!(change("OK", json!({"value": "ALARM"})), AlarmChange::Over);
    assert_eq!(change("INSUFFICIENT_DATA", json!({"value": "ALARM"})), AlarmChange::Unknown);
}

#[test]
fn what_may_be_an_alarm_and_cannot_be_read_is_not_dropped() {
    let mut no_state = by_event_bridge(data());
    no_state["detail"]["state"] = json!({"value": "alarm"});
    let mut transformed = by_event_bridge(data());
    transformed["detail"] = json!("the shop is down");
    let events = [
        json!({}),
        json!([]),
        json!("ALARM"),
        Value::Null,
        no_state,
        transformed,
        json!({"alarmArn": ARN}),
        json!({"Records": []}),
        json!({"Records": [{"Sns": {}}]}),
        by_sns(&json!("the shop is down")),
        by_sns(&by_sns(&by_sns(&by_sns(&by_sns(&message()))))),
        json!({"name": "shop-down", "status": "ALARM"}),
    ];
    for event in events {
        assert!(matches!(parse(&event), Ok(Parsed::NotUnderstood(_))), "{event}");
    }
}

#[test]
fn what_is_no_alarm_is_told_apart() {
    let mut made = by_event_bridge(data());
    made["detail-type"] = json!("CloudWatch Alarm Configuration Change");
    let push = json!({"source": "aws.codecommit", "detail-type": "CodeCommit Repository State Change", "detail": {}});
    for event in [made, push] {
        assert!(matches!(parse(&event), Ok(Parsed::NotOurs(_))), "{event}");
    }
    let launch = json!({"source": "aws.drs", "detail-type": "DRS Source Server Launch Result"});
    assert!(matches!(parse(&launch), Ok(Parsed::Ours(Event::Launch(_)))));
}

#[test]
fn a_persons_word_says_who_and_what() {
    let word =
        |kind: &str, detail: Value| json!({"source": "pointsman", "detail-type": kind, "detail": detail});
    let refused = parse(&word("refuse", json!({"incident": "shop-1"})));
    assert_eq!(refused.unwrap_err().to_string(), "detail.by is missing from the event");
    let copied = parse(&word("clear-latch", json!({"plan": "shop", "by": "YOUR NAME"})));
    assert!(
        copied.unwrap_err().to_string().contains("the name of the operator"),
        "a command whose placeholder was kept"
    );
    let unknown = parse(&word("start", json!({}))).unwrap_err().to_string();
    assert!(unknown.contains("skip-server, retry-server, continue or clear-latch"), "{unknown}");
}

/// Any JSON, some of it under names that alarms have.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop_oneof![Just("ALARM".to_owned()), Just(ARN.to_owned()), ".{0,12}"].prop_map(Value::from),
    ];
    let name = prop::sample::select(vec![
        "detail",
        "alarmData",
        "state",
        "value",
        "Records",
        "Sns",
        "Message",
        "AlarmName",
        "NewStateValue",
        "resources",
    ]);
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(name.clone(), inner, 0..4).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    /// Every event is read, recognised as another kind, or emailed; none panics, and no alarm lacks a state.
    #[test]
    fn nothing_is_dropped(event in anything()) {
        if let Ok(Parsed::Ours(Event::Alarms(alarms))) = parse(&event) {
            prop_assert!(!alarms.is_empty());
        }
    }

    /// One member of an alarm is something else: it is read still, or the function emails the operator. It is never recognised
    /// as another kind of event.
    #[test]
    fn a_spoilt_alarm_is_read_or_emailed(pointer in prop::sample::select(vec![
        "/detail", "/detail/state", "/detail/state/value", "/detail/state/timestamp", "/detail/previousState",
        "/detail/previousState/value", "/detail/alarmName", "/detail/configuration", "/resources", "/resources/0",
        "/account", "/region", "/time",
    ]), with in anything()) {
        let mut event = by_event_bridge(data());
        if let Some(place) = event.pointer_mut(pointer) {
            *place = with;
        }
        let parsed = parse(&event).expect("an alarm is no error");
        prop_assert!(!matches!(parsed, Parsed::NotOurs(_)), "{event}");
    }
}

/// A queue in between, a pipe or an HTTPS endpoint unpacks or wraps what SNS sends.
#[test]
fn a_notification_is_read_however_it_is_wrapped() {
    let message = message().to_string();
    let posted = json!({"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:111122223333:alarms", "Message": message});
    for event in [
        by_sns(&self::message()),
        json!({"EventSource": "aws:sns", "Sns": posted}),
        posted.clone(),
        json!({"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": message}]}),
        json!({"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": posted.to_string()}]}),
        by_sns(&by_event_bridge(data())),
        json!({"Records": [{"body": by_event_bridge(data()).to_string()}]}),
    ] {
        let alarm = alarm_of(&event);
        assert_eq!(
            (alarm.form, alarm.name.as_str(), alarm.state),
            (AlarmForm::Sns, "shop-down", AlarmState::Alarm),
            "{event}"
        );
    }
    let Ok(Parsed::NotUnderstood(why)) =
        parse(&json!({"Type": "Notification", "Message": "shop-down is down"}))
    else {
        panic!("it is text")
    };
    assert!(why.starts_with("Message is not JSON"), "{why}");
}

#[test]
fn an_alarm_that_a_rule_mutes_is_suppressed_until_the_rule_ends() {
    let mut muted = data();
    muted["muteDetail"] = json!({"mutedByArn": "arn:aws:cloudwatch:eu-west-1:111122223333:alarm-mute-rule:deployment",
        "muteWindowStart": "2026-03-02T09:00:00.000+0000", "muteWindowEnd": "2026-03-02T11:00:00.000+0000"});
    for event in [by_event_bridge(muted.clone()), by_itself(muted)] {
        let alarm = alarm_of(&event);
        let until = Some("2026-03-02T11:00:00.000+0000".to_owned());
        assert_eq!(alarm.suppressed_by, Some(Suppression::MuteRule { rule: "deployment".to_owned(), until }));
        assert_eq!(alarm.suppressed_until, "2026-03-02T11:00:00Z".parse().ok());
        assert_eq!(alarm.change(), AlarmChange::Into);
    }
}

#[test]
fn what_others_notify_by_the_same_topic_is_no_alarm() {
    let pipeline = json!({"source": "aws.codepipeline", "detail-type": "CodePipeline Pipeline Execution State Change",
        "detail": {"pipeline": "shop", "state": "FAILED"}});
    assert!(matches!(parse(&by_sns(&pipeline)), Ok(Parsed::NotOurs(_))));
    let text = json!({"Records": [{"Sns": {"Message": "shop is down"}}]});
    assert!(matches!(parse(&text), Ok(Parsed::NotUnderstood(_))), "it may mean an alarm");
}

/// The samples of "Alarm events and EventBridge" and "Amazon SNS event destinations" (Amazon CloudWatch User Guide), shortened.
#[test]
fn a_contributor_is_not_its_alarm() {
    let contributor =
        json!({"id": "6d442278dba546f6", "attributes": {"TableName": "example-dynamodb-table-name"}});
    let mut of_one = data();
    of_one["alarmContributor"] = contributor;
    of_one.as_object_mut().map(|data| data.remove("previousState"));
    let mut by_bus = by_event_bridge(of_one.clone());
    by_bus["detail-type"] = json!("CloudWatch Alarm Contributor State Change");
    let mut notified = message();
    notified["AlarmContributorId"] = json!("6d442278dba546f6");
    let mut bare = by_event_bridge(json!({}));
    bare["detail-type"] = json!("CloudWatch Alarm Contributor State Change");
    for event in [by_bus.clone(), by_itself(of_one), by_sns(&notified), by_sns(&by_bus), bare] {
        let parsed = parse(&event).unwrap();
        let one = vec![AlarmNotice::Contributor("shop-down".to_owned())];
        assert_eq!(parsed, Parsed::Ours(Event::Alarms(one)), "{event}");
    }
    notified["AlarmContributorId"] = Value::Null;
    assert_eq!(alarm_of(&by_sns(&notified)).change(), AlarmChange::Into);
}

#[test]
fn which_change_of_a_configuration_is_read() {
    let changed = |operation: &str| {
        let mut event = by_event_bridge(data());
        event["detail-type"] = json!("CloudWatch Alarm Configuration Change");
        event["detail"]["operation"] = json!(operation);
        event
    };
    for event in [changed("delete"), by_sns(&changed("delete"))] {
        let Ok(Parsed::Ours(Event::Alarms(notices))) = parse(&event) else { panic!("{event}") };
        let [AlarmNotice::Deleted(deleted)] = &notices[..] else { panic!("{notices:?}") };
        assert!(deleted.is_of(&ARN.parse().unwrap()));
        assert_eq!(deleted.at, "2026-03-02T10:00:01Z".parse().ok());
    }
    for operation in ["create", "update", ""] {
        assert!(matches!(parse(&changed(operation)), Ok(Parsed::NotOurs(_))), "{operation}");
    }
}

#[test]
fn an_action_after_a_mute_window_is_late_since_the_window_ended() {
    let mut muted = message();
    muted["ActionExecutedAfterMuteWindow"] = json!(true);
    let now = "2026-03-02T11:00:20Z".parse().unwrap();
    let alarm = alarm_of(&by_sns(&muted));
    assert_eq!(alarm.after_mute, Some(AfterMuteWindow { sent: None }));
    assert_eq!(alarm.late(now).as_secs(), 0, "SNS did not report when it sent the notification");
    let mut dated = by_sns(&muted);
    dated["Records"][0]["Sns"]["Timestamp"] = json!("2026-03-02T11:00:00.000Z");
    assert_eq!(alarm_of(&dated).late(now).as_secs(), 20);
    let posted = json!({"Type": "Notification", "Message": muted.to_string(), "Timestamp": "2026-03-02T11:00:00.000Z"});
    let queued = json!({"messageId": "1", "eventSource": "aws:sqs", "body": posted.to_string()});
    assert_eq!(alarm_of(&queued).late(now).as_secs(), 20);
    for value in [json!(false), json!("true"), Value::Null] {
        muted["ActionExecutedAfterMuteWindow"] = value;
        assert_eq!(alarm_of(&by_sns(&muted)).late(now).as_mins(), 60, "{muted}");
    }
}
