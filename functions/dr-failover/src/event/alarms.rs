//! The three forms of an alarm, told apart by their keys: EventBridge's event, the alarm's own action, SNS's notification.
//!
//! "Alarm events and EventBridge" and "Invoke a Lambda function from an alarm" (Amazon CloudWatch User Guide) show the first two, which have
//! the same inner part; what SNS delivers is a string that holds JSON, and may hold any of the others, too.

use serde_json::Value;

use super::said;
use super::time::moment;
use crate::alarm::{Alarm, Form, State};

/// Forms lie in each other: an event in a notification in a notification. Deeper than this nobody nests them.
const DEEPEST: usize = 3;

/// The alarms of an event, none if it says that it is about something else, or why it cannot be read.
pub(super) fn read(event: &Value) -> Result<Vec<Alarm>, String> {
    nested(event, DEEPEST)
}

fn nested(event: &Value, deeper: usize) -> Result<Vec<Alarm>, String> {
    let Value::Object(members) = event else {
        return Err(format!("the event {}, not an object", said(Some(event))));
    };
    if let Some(records) = members.get("Records") {
        return notifications(records, deeper);
    }
    // One record by itself, or what SNS posts: somebody's queue or pipe unpacked it.
    if members.contains_key("Sns") || (members.contains_key("Message") && !members.contains_key("AlarmName"))
    {
        return notification_of(event, "", deeper);
    }
    if members.contains_key("AlarmName") || members.contains_key("NewStateValue") {
        return notification(event).map(|alarm| vec![alarm]);
    }
    if members.contains_key("alarmData") || members.contains_key("alarmArn") {
        let arn = text(event, "/alarmArn");
        return alarm(&event["alarmData"], Form::Direct, arn, event).map(|alarm| vec![alarm]);
    }
    // Of a topic that others notify, too.
    if super::of_something_else(event).is_some() {
        return Ok(Vec::new());
    }
    if let Some(detail) = members.get("detail") {
        let arn = text(event, "/resources/0");
        return alarm(detail, Form::EventBridge, arn, event).map(|alarm| vec![alarm]);
    }
    if members.is_empty() {
        return Err("the event is empty".to_owned());
    }
    let names: Vec<&str> = members.keys().take(10).map(String::as_str).collect();
    Err(format!("it has no form that an alarm comes in; its members are: {}", names.join(", ")))
}

/// SNS invokes a function with one record; more are read all the same, and one that cannot be read fails them all.
fn notifications(records: &Value, deeper: usize) -> Result<Vec<Alarm>, String> {
    let records = records.as_array().filter(|records| !records.is_empty());
    let records = records.ok_or_else(|| "Records is not a list with something in it".to_owned())?;
    let mut alarms = Vec::new();
    for (index, record) in records.iter().enumerate() {
        alarms.extend(notification_of(record, &format!("Records[{index}]."), deeper)?);
    }
    Ok(alarms)
}

/// What a notification holds: as SNS hands it to a function, as it comes through SQS, or as SNS posts it.
fn notification_of(record: &Value, place: &str, deeper: usize) -> Result<Vec<Alarm>, String> {
    let (at, message) = ["/Sns/Message", "/body", "/Message"]
        .into_iter()
        .find_map(|pointer| Some((pointer, record.pointer(pointer)?)))
        .map_or(("/Sns/Message", None), |(pointer, message)| (pointer, Some(message)));
    let at = format!("{place}{}", at.trim_start_matches('/').replace('/', "."));
    let Some(Value::String(message)) = message else { return Err(format!("{at} {}", said(message))) };
    let message: Value = serde_json::from_str(message)
        .map_err(|error| format!("{at} is not JSON ({error}): {}", shared::text::shortened(message, 300)))?;
    if deeper == 0 {
        return Err(format!("{at} holds a message in a message in a message"));
    }
    let by_sns = nested(&message, deeper - 1).map_err(|why| format!("{at}: {why}"))?;
    Ok(by_sns.into_iter().map(|alarm| Alarm { form: Form::Sns, ..alarm }).collect())
}

/// `AlarmName`, `NewStateValue`, and what goes with them. `Region` is a name for people; only the ARN says the region.
fn notification(message: &Value) -> Result<Alarm, String> {
    let arn = text(message, "/AlarmArn").map(tidy);
    let name = text(message, "/AlarmName").or_else(|| name_of(arn.as_deref()?));
    let name = name.ok_or_else(|| format!("AlarmName {}", said(message.get("AlarmName"))))?;
    Ok(Alarm {
        form: Form::Sns,
        arn,
        name,
        account: text(message, "/AWSAccountId"),
        state: state(message, "/NewStateValue")?,
        previous: text(message, "/OldStateValue").and_then(|name| State::named(&name)),
        at: text(message, "/StateChangeTime").and_then(|time| moment(&time)),
        suppressed_by: text(message, "/ActionsSuppressedBy"),
        suppressed_until: None,
        // A composite alarm notifies when it acts: after a wait for its suppressor it is in ALARM already.
        was_suppressed: message.get("AlarmRule").is_some(),
        reason: text(message, "/NewStateReason"),
    })
}

/// `detail` of EventBridge, `alarmData` of the alarm's own action.
fn alarm(data: &Value, form: Form, arn: Option<String>, event: &Value) -> Result<Alarm, String> {
    let within = if form == Form::Direct { "alarmData" } else { "detail" };
    if !data.is_object() {
        return Err(format!("{within} {}", said((!data.is_null()).then_some(data))));
    }
    let arn = arn.map(tidy).filter(|arn| name_of(arn).is_some());
    let name = text(data, "/alarmName").or_else(|| name_of(arn.as_deref()?));
    let name = name.ok_or_else(|| format!("{within}.alarmName {}", said(data.get("alarmName"))))?;
    let account = text(event, "/account").or_else(|| text(event, "/accountId"));
    let region = text(event, "/region");
    let made =
        || Some(format!("arn:aws:cloudwatch:{}:{}:alarm:{name}", region.as_deref()?, account.as_deref()?));
    Ok(Alarm {
        form,
        arn: arn.or_else(made),
        account,
        state: state(data, "/state/value").map_err(|why| format!("{within}.{why}"))?,
        previous: text(data, "/previousState/value").and_then(|name| State::named(&name)),
        at: text(data, "/state/timestamp")
            .and_then(|time| moment(&time))
            .or_else(|| moment(&text(event, "/time")?)),
        suppressed_by: text(data, "/state/actionsSuppressedBy").or_else(|| muted_by(data)),
        suppressed_until: text(data, "/muteDetail/muteWindowEnd").and_then(|time| moment(&time)),
        was_suppressed: text(data, "/previousState/actionsSuppressedBy").is_some(),
        reason: text(data, "/state/reason"),
        name,
    })
}

/// The mute rule that keeps the alarm from acting; its state changes all the same ("Alarm events and EventBridge", Amazon CloudWatch
/// User Guide).
fn muted_by(data: &Value) -> Option<String> {
    let detail = data.get("muteDetail").filter(|detail| detail.is_object())?;
    let rule = text(detail, "/mutedByArn").unwrap_or_default();
    let until = text(detail, "/muteWindowEnd").map(|end| format!(" until {end}")).unwrap_or_default();
    Some(format!("mute rule {}{until}", rule.rsplit(':').next().unwrap_or_default()))
}

fn state(of: &Value, pointer: &str) -> Result<State, String> {
    let value = of.pointer(pointer);
    let named = value.and_then(Value::as_str).and_then(State::named);
    named.ok_or_else(|| {
        let field = pointer.trim_start_matches('/').replace('/', ".");
        format!("{field} {}, not OK, ALARM or INSUFFICIENT_DATA", said(value))
    })
}

/// A text that is there and not empty.
fn text(of: &Value, pointer: &str) -> Option<String> {
    of.pointer(pointer)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// An ARN without the spaces that samples which are passed around have between its parts. A name may have its own.
fn tidy(arn: String) -> String {
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    match parts.split_last() {
        Some((name, before)) if before.len() == 6 => {
            let before: Vec<&str> = before.iter().map(|part| part.trim()).collect();
            format!("{}:{name}", before.join(":"))
        }
        _ => arn,
    }
}

/// The alarm's name in its ARN; none if it is the ARN of something else.
fn name_of(arn: &str) -> Option<String> {
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    match parts[..] {
        ["arn", _, "cloudwatch", _, _, "alarm", name] if !name.is_empty() => Some(name.to_owned()),
        _ => None,
    }
}
