//! The three forms of an alarm event, distinguished by their keys: EventBridge's event, the alarm's own action, SNS's
//! notification.
//!
//! "Alarm events and EventBridge" and "Invoke a Lambda function from an alarm" (Amazon CloudWatch User Guide) show the first two, which
//! have the same inner part. An SNS notification is a string that holds JSON, and may hold any of the other forms.

use jiff::Timestamp;
use serde_json::Value;
use shared::arn::Arn;

use super::description;
use super::time::moment;
use crate::alarm::{AfterMuteWindow, AlarmEvent, AlarmForm, AlarmNotice, AlarmState, DeletedAlarm};
use crate::suppression::Suppression;

/// The most levels of forms that are read: an event in a notification in a notification.
const DEEPEST: usize = 3;

/// The alarms of an event, none if the event is about something else, or why the event cannot be read.
pub(super) fn read(event: &Value) -> Result<Vec<AlarmNotice>, String> {
    nested(event, DEEPEST)
}

fn nested(event: &Value, deeper: usize) -> Result<Vec<AlarmNotice>, String> {
    let Value::Object(members) = event else {
        return Err(format!("the event {}; it must be an object", description(Some(event))));
    };
    if let Some(records) = members.get("Records") {
        return notifications(records, deeper);
    }
    // One record by itself, or the body that SNS posts: a queue or a pipe unpacked it.
    let is_message = members.contains_key("body") && members.contains_key("messageId");
    let is_notification = members.contains_key("Message") && !members.contains_key("AlarmName");
    if members.contains_key("Sns") || is_message || is_notification {
        return notification_of(event, "", deeper);
    }
    if let Some(notice) = contributor(event).or_else(|| deletion(event)) {
        return Ok(vec![notice]);
    }
    if members.contains_key("AlarmName") || members.contains_key("NewStateValue") {
        return notification(event).map(changed);
    }
    if members.contains_key("alarmData") || members.contains_key("alarmArn") {
        let arn = text(event, "/alarmArn");
        return alarm(&event["alarmData"], AlarmForm::Direct, arn, event).map(changed);
    }
    // A topic can carry other notifications, too.
    if super::of_something_else(event).is_some() {
        return Ok(Vec::new());
    }
    if let Some(detail) = members.get("detail") {
        let arn = text(event, "/resources/0");
        return alarm(detail, AlarmForm::EventBridge, arn, event).map(changed);
    }
    if members.is_empty() {
        return Err("the event is empty".to_owned());
    }
    let names: Vec<&str> = members.keys().take(10).map(String::as_str).collect();
    Err(format!("the event has none of the forms of an alarm event; its members are: {}", names.join(", ")))
}

fn changed(alarm: AlarmEvent) -> Vec<AlarmNotice> {
    vec![AlarmNotice::Change(Box::new(alarm))]
}

/// A change of a contributor, in each of the three forms. It is no change of the alarm: while one time series is OK, others can
/// be in ALARM ("Alarm events and EventBridge" and "Amazon SNS event destinations", Amazon CloudWatch User Guide).
fn contributor(event: &Value) -> Option<AlarmNotice> {
    let kind = text(event, "/detail-type").map(|kind| kind.to_ascii_lowercase());
    let has = |pointer: &str| event.pointer(pointer).is_some_and(|value| !value.is_null());
    let is_one = kind.as_deref() == Some(super::CONTRIBUTOR)
        || ["/detail/alarmContributor", "/alarmData/alarmContributor", "/AlarmContributorId"]
            .into_iter()
            .any(has);
    let name = || {
        let names = ["/detail/alarmName", "/alarmData/alarmName", "/AlarmName"];
        let arns = ["/resources/0", "/alarmArn", "/AlarmArn"];
        let name = names.into_iter().find_map(|pointer| text(event, pointer));
        name.or_else(|| arns.into_iter().find_map(|pointer| name_of(&tidy(text(event, pointer)?))))
    };
    is_one.then(|| AlarmNotice::Contributor(name().unwrap_or_else(|| "without a name".to_owned())))
}

/// The deletion of an alarm; only EventBridge reports it.
fn deletion(event: &Value) -> Option<AlarmNotice> {
    let kind = text(event, "/detail-type")?.to_ascii_lowercase();
    if kind != super::CONFIGURATION || text(event, "/detail/operation").as_deref() != Some("delete") {
        return None;
    }
    let arn = text(event, "/resources/0").map(tidy).filter(|arn| name_of(arn).is_some());
    let name = text(event, "/detail/alarmName").or_else(|| name_of(arn.as_deref()?))?;
    let at = text(event, "/time").and_then(|time| moment(&time));
    Some(AlarmNotice::Deleted(DeletedAlarm { arn, name, account: text(event, "/account"), at }))
}

/// SNS invokes a function with one record; several are read too, and one unreadable record fails them all.
fn notifications(records: &Value, deeper: usize) -> Result<Vec<AlarmNotice>, String> {
    let records = records.as_array().filter(|records| !records.is_empty());
    let records = records.ok_or_else(|| "Records is not a list with at least one item".to_owned())?;
    let mut alarms = Vec::new();
    for (index, record) in records.iter().enumerate() {
        alarms.extend(notification_of(record, &format!("Records[{index}]."), deeper)?);
    }
    Ok(alarms)
}

/// The alarms of a notification: as SNS invokes a function with it, as SQS delivers it, or as SNS posts it.
fn notification_of(record: &Value, place: &str, deeper: usize) -> Result<Vec<AlarmNotice>, String> {
    let (at, message) = ["/Sns/Message", "/body", "/Message"]
        .into_iter()
        .find_map(|pointer| Some((pointer, record.pointer(pointer)?)))
        .map_or(("/Sns/Message", None), |(pointer, message)| (pointer, Some(message)));
    let at = format!("{place}{}", at.trim_start_matches('/').replace('/', "."));
    let Some(Value::String(message)) = message else { return Err(format!("{at} {}", description(message))) };
    let message: Value = serde_json::from_str(message)
        .map_err(|error| format!("{at} is not JSON ({error}): {}", shared::text::shortened(message, 300)))?;
    if deeper == 0 {
        return Err(format!("{at} nests more messages than are read"));
    }
    let by_sns = nested(&message, deeper - 1).map_err(|why| format!("{at}: {why}"))?;
    let sent = ["/Sns/Timestamp", "/Timestamp"].into_iter().find_map(|pointer| text(record, pointer));
    let sent = sent.and_then(|time| moment(&time));
    Ok(by_sns.into_iter().map(|notice| notified(notice, sent)).collect())
}

/// A notice that SNS sent.
fn notified(notice: AlarmNotice, sent: Option<Timestamp>) -> AlarmNotice {
    let AlarmNotice::Change(mut alarm) = notice else { return notice };
    alarm.form = AlarmForm::Sns;
    if let Some(after) = &mut alarm.after_mute {
        after.sent = after.sent.or(sent);
    }
    AlarmNotice::Change(alarm)
}

/// A notification with `AlarmName` and `NewStateValue`. `Region` is a display name; only the ARN has the region.
fn notification(message: &Value) -> Result<AlarmEvent, String> {
    let arn = text(message, "/AlarmArn").map(tidy).filter(|arn| name_of(arn).is_some());
    let name = text(message, "/AlarmName").or_else(|| name_of(arn.as_deref()?));
    let name = name.ok_or_else(|| format!("AlarmName {}", description(message.get("AlarmName"))))?;
    Ok(AlarmEvent {
        form: AlarmForm::Sns,
        arn,
        name,
        account: text(message, "/AWSAccountId"),
        state: state(message, "/NewStateValue")?,
        previous: text(message, "/OldStateValue").and_then(|name| AlarmState::named(&name)),
        at: text(message, "/StateChangeTime").and_then(|time| moment(&time)),
        suppressed_by: suppressor(message, "/ActionsSuppressedBy"),
        suppressed_until: None,
        // A composite alarm notifies when its actions run: after the wait for its suppressor it is in ALARM already.
        was_suppressed: message.get("AlarmRule").is_some(),
        // The notification comes when the window ends, with the time of the change ("Amazon SNS event destinations", as above).
        after_mute: (message.get("ActionExecutedAfterMuteWindow") == Some(&Value::Bool(true)))
            .then_some(AfterMuteWindow { sent: None }),
        reason: text(message, "/NewStateReason"),
    })
}

/// `detail` of EventBridge, `alarmData` of the alarm's own action.
fn alarm(data: &Value, form: AlarmForm, arn: Option<String>, event: &Value) -> Result<AlarmEvent, String> {
    let within = if form == AlarmForm::Direct { "alarmData" } else { "detail" };
    if !data.is_object() {
        return Err(format!(
            "{within} {}; it must be an object",
            description((!data.is_null()).then_some(data))
        ));
    }
    let arn = arn.map(tidy).filter(|arn| name_of(arn).is_some());
    let name = text(data, "/alarmName").or_else(|| name_of(arn.as_deref()?));
    let name = name.ok_or_else(|| format!("{within}.alarmName {}", description(data.get("alarmName"))))?;
    let account = text(event, "/account").or_else(|| text(event, "/accountId"));
    let region = text(event, "/region");
    let made =
        || Some(format!("arn:aws:cloudwatch:{}:{}:alarm:{name}", region.as_deref()?, account.as_deref()?));
    Ok(AlarmEvent {
        form,
        arn: arn.or_else(made),
        account,
        state: state(data, "/state/value").map_err(|why| format!("{within}.{why}"))?,
        previous: text(data, "/previousState/value").and_then(|name| AlarmState::named(&name)),
        at: text(data, "/state/timestamp")
            .and_then(|time| moment(&time))
            .or_else(|| moment(&text(event, "/time")?)),
        suppressed_by: suppressor(data, "/state/actionsSuppressedBy").or_else(|| muted_by(data)),
        suppressed_until: text(data, "/muteDetail/muteWindowEnd").and_then(|time| moment(&time)),
        was_suppressed: text(data, "/previousState/actionsSuppressedBy").is_some(),
        after_mute: None,
        reason: text(data, "/state/reason"),
        name,
    })
}

/// The mute rule that suppresses the alarm's actions; the alarm changes its state all the same ("Alarm events and EventBridge",
/// Amazon CloudWatch User Guide).
fn muted_by(data: &Value) -> Option<Suppression> {
    let detail = data.get("muteDetail").filter(|detail| detail.is_object())?;
    let rule = text(detail, "/mutedByArn").unwrap_or_default();
    let rule = rule.rsplit(':').next().unwrap_or_default().to_owned();
    Some(Suppression::MuteRule { rule, until: text(detail, "/muteWindowEnd") })
}

/// The suppressor that CloudWatch names in this member.
fn suppressor(of: &Value, pointer: &str) -> Option<Suppression> {
    text(of, pointer).map(|name| Suppression::named(&name))
}

fn state(of: &Value, pointer: &str) -> Result<AlarmState, String> {
    let value = of.pointer(pointer);
    let named = value.and_then(Value::as_str).and_then(AlarmState::named);
    named.ok_or_else(|| {
        let field = pointer.trim_start_matches('/').replace('/', ".");
        format!("{field} {}; it must be OK, ALARM or INSUFFICIENT_DATA", description(value))
    })
}

/// A text that exists and is not empty.
fn text(of: &Value, pointer: &str) -> Option<String> {
    of.pointer(pointer)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// An ARN without the spaces that copied samples have between its parts. A name may have its own.
fn tidy(text: String) -> String {
    let Ok(arn) = text.trim_start().parse::<Arn>() else { return text };
    let (kind, name) = arn.resource.split_once(':').unwrap_or(("", &arn.resource));
    let kind = if kind.is_empty() { String::new() } else { format!("{}:", kind.trim()) };
    let trimmed = |part: &str| part.trim().to_owned();
    let tidy = Arn {
        partition: trimmed(&arn.partition),
        service: trimmed(&arn.service),
        region: trimmed(&arn.region),
        account: trimmed(&arn.account),
        resource: format!("{kind}{name}"),
    };
    tidy.to_string()
}

/// The alarm's name in its ARN; none if the ARN is of another kind of resource.
fn name_of(arn: &str) -> Option<String> {
    let arn: Arn = arn.parse().ok()?;
    let name = arn.resource.strip_prefix("alarm:").filter(|name| !name.is_empty())?;
    (arn.service == "cloudwatch").then(|| name.to_owned())
}
