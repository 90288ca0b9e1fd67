//! The events of this function: an API call that CloudTrail recorded, or the schedule of the daily scan.

use std::fmt;

use serde_json::{Map, Value};
use shared::event::{MalformedEvent, kind};

use crate::call_outcome::CallOutcome;

/// An event that this function handles.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A call to an AWS API.
    Call(Box<Record>),
    /// The schedule of the daily scan.
    Reconcile,
}

/// A parsed event.
#[derive(Debug, Clone, PartialEq)]
pub enum Parsed {
    /// An event that this function handles.
    Ours(Event),
    /// An event that this function does not handle.
    NotOurs(UnrelatedEvent),
}

/// Why this function does not handle an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnrelatedEvent {
    /// The event is not about an API call.
    #[error(
        "the event is not an API call that CloudTrail recorded (source `{source_name}`, detail-type `{detail_type}`)"
    )]
    NotACall {
        /// The event's `source`.
        source_name: String,
        /// The event's `detail-type`.
        detail_type: String,
    },
    /// The call grants no access to images or snapshots, and no rule names it.
    #[error("{name} of {service} shares no image or snapshot, and no [[api-alert]] rule names it")]
    OtherCall {
        /// The call.
        name: String,
        /// The service: `iam.amazonaws.com`.
        service: String,
    },
}

/// A CloudTrail record ("CloudTrail record contents for management, data, and network activity events", AWS CloudTrail User
/// Guide). Nearly every member is missing from some public record, so only the name of the call is required.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The call: `ModifyImageAttribute`.
    pub name: String,
    /// The service: `ec2.amazonaws.com`.
    pub source: String,
    /// `eventID`, which is unique to the record.
    pub id: Option<String>,
    /// The time of the call, in the record's form.
    pub time: Option<String>,
    /// The region of the call.
    pub region: Option<String>,
    /// The account that owns the image.
    pub account: Option<String>,
    /// The outcome of the call.
    pub outcome: CallOutcome,
    /// The whole record.
    pub detail: Map<String, Value>,
    /// The whole event.
    pub event: Value,
}

impl Record {
    /// The value at a JSON pointer of the record.
    pub fn at(&self, pointer: &str) -> Option<&Value> {
        let (first, rest) = pointer.strip_prefix('/')?.split_once('/').unwrap_or((&pointer[1..], ""));
        let value = self.detail.get(first)?;
        if rest.is_empty() { Some(value) } else { value.pointer(&format!("/{rest}")) }
    }

    /// The text at a JSON pointer of the record, if there is one and it is not empty.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.at(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// The request's parameters. For some calls AWS wraps them in an object: `{"XRequest": {..}}`.
    pub fn request(&self) -> Option<&Map<String, Value>> {
        let request = self.at("/requestParameters")?.as_object()?;
        match request.iter().next() {
            Some((name, Value::Object(inner))) if request.len() == 1 && name.ends_with("Request") => {
                Some(inner)
            }
            _ => Some(request),
        }
    }

    /// Whether the record lacks the request's parameters. CloudTrail replaces a member of over 100 KB by
    /// `{"omitted": true, ..}`, and the record of a denied call may have none.
    pub fn request_is_missing(&self) -> bool {
        self.request().is_none_or(|request| request.get("omitted") == Some(&Value::Bool(true)))
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(record) => record.fmt(f),
            Self::Reconcile => f.write_str("reconcile"),
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (before, part) in [(" in ", &self.region), (", event ", &self.id)] {
            if let Some(part) = part {
                write!(f, "{before}{part}")?;
            }
        }
        Ok(())
    }
}

/// Reads an event of EventBridge, or a CloudTrail record from a trail's log file.
///
/// # Errors
/// When an event about a recorded call has no record, or the record names no call.
pub fn parse(event: &Value) -> Result<Parsed, MalformedEvent> {
    let Some(members) = event.as_object() else { return Err(MalformedEvent::NotAnObject(kind(event))) };
    let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
    match (text("source"), text("detail-type")) {
        ("pointsman", "reconcile") => Ok(Parsed::Ours(Event::Reconcile)),
        // `AWS API Call via CloudTrail`, `AWS Service Event via CloudTrail`, `AWS Console Sign In via CloudTrail`.
        // EventBridge refuses a source that begins with `aws.` from PutEvents: another source is a forged record.
        (source, detail_type)
            if detail_type.ends_with(" via CloudTrail")
                && (source.is_empty() || source.starts_with("aws.")) =>
        {
            let Some(Value::Object(detail)) = members.get("detail") else {
                return Err(match members.get("detail") {
                    None | Some(Value::Null) => MalformedEvent::Missing("detail"),
                    Some(other) => MalformedEvent::NotA {
                        field: "detail",
                        value: kind(other).to_owned(),
                        expected: "a CloudTrail record",
                    },
                });
            };
            Ok(Parsed::Ours(Event::Call(Box::new(record(detail, Some(event), event)?))))
        }
        ("", "") if members.contains_key("eventName") && members.contains_key("eventSource") => {
            Ok(Parsed::Ours(Event::Call(Box::new(record(members, None, event)?))))
        }
        (source, detail_type) => Ok(Parsed::NotOurs(UnrelatedEvent::NotACall {
            source_name: source.to_owned(),
            detail_type: detail_type.to_owned(),
        })),
    }
}

fn record(
    detail: &Map<String, Value>,
    envelope: Option<&Value>,
    event: &Value,
) -> Result<Record, MalformedEvent> {
    let text = |name: &str| detail.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let around = |name: &str| envelope.and_then(|event| event[name].as_str()).filter(|text| !text.is_empty());
    let name = match detail.get("eventName") {
        None | Some(Value::Null) => return Err(MalformedEvent::Missing("detail.eventName")),
        Some(Value::String(name)) if !name.is_empty() => name.clone(),
        Some(Value::String(_)) => return Err(MalformedEvent::Missing("detail.eventName")),
        Some(other) => {
            return Err(MalformedEvent::NotAString { field: "detail.eventName", found: kind(other) });
        }
    };
    // The `source` of EventBridge for ec2.amazonaws.com is `aws.ec2`.
    let named = around("source").and_then(|source| source.strip_prefix("aws."));
    let source = text("eventSource").map(str::to_owned).or(named.map(|name| format!("{name}.amazonaws.com")));
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let by = detail.get("userIdentity").and_then(|identity| identity["accountId"].as_str());
    Ok(Record {
        name,
        source: source.unwrap_or_default(),
        id: owned(text("eventID")),
        time: owned(text("eventTime").or(around("time"))),
        region: owned(text("awsRegion").or(around("region"))),
        account: owned(text("recipientAccountId").or(around("account")).or(by)),
        outcome: CallOutcome::of(detail),
        detail: detail.clone(),
        event: event.clone(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn is_the_name_of_the_call_enough() {
        let event = json!({"detail-type": "AWS API Call via CloudTrail", "source": "aws.ec2", "region": "eu-west-1",
            "account": "111122223333", "detail": {"eventName": "ModifyImageAttribute"}});
        let Ok(Parsed::Ours(Event::Call(record))) = parse(&event) else { panic!("not ours") };
        assert_eq!(
            (record.source.as_str(), record.region.as_deref()),
            ("ec2.amazonaws.com", Some("eu-west-1"))
        );
        assert_eq!(record.account.as_deref(), Some("111122223333"));
        assert_eq!(record.to_string(), "ModifyImageAttribute in eu-west-1");
    }

    #[test]
    fn does_the_error_name_the_missing_field() {
        let event = |detail: Value| json!({"detail-type": "AWS API Call via CloudTrail", "detail": detail});
        assert_eq!(parse(&event(Value::Null)), Err(MalformedEvent::Missing("detail")));
        assert!(
            parse(&event(json!([]))).is_err_and(|error| error.to_string().contains("a CloudTrail record"))
        );
        assert_eq!(parse(&event(json!({}))), Err(MalformedEvent::Missing("detail.eventName")));
        assert!(
            parse(&event(json!({"eventName": 3}))).is_err_and(|error| error.to_string().contains("a number"))
        );
        assert!(parse(&json!("x")).is_err());
    }

    #[test]
    fn a_record_by_itself_is_read_like_an_event() {
        let event = json!({"eventName": "CreateUser", "eventSource": "iam.amazonaws.com", "eventID": "1",
            "userIdentity": {"accountId": "111122223333"}, "requestParameters": {"userName": "eve"}});
        let Ok(Parsed::Ours(Event::Call(record))) = parse(&event) else { panic!("not ours") };
        assert_eq!(record.text("/requestParameters/userName"), Some("eve"));
        assert_eq!(record.account.as_deref(), Some("111122223333"));
    }

    #[test]
    fn a_record_of_another_source_than_aws_is_not_ours() {
        for source in ["pointsman", "ec2.amazonaws.com", "AWS.ec2"] {
            let event = json!({"detail-type": "AWS API Call via CloudTrail", "source": source,
                "detail": {"eventSource": "ec2.amazonaws.com", "eventName": "ModifyImageAttribute"}});
            assert!(matches!(parse(&event), Ok(Parsed::NotOurs(_))), "{source}");
        }
    }

    #[test]
    fn are_other_events_refused() {
        for event in
            [json!({}), json!({"source": "aws.codecommit", "detail-type": "x"}), json!({"Records": []})]
        {
            assert!(matches!(parse(&event), Ok(Parsed::NotOurs(_))), "{event}");
        }
    }
}
