//! A CloudTrail record: the members that this function reads, and the whole record.

use std::fmt;

use serde_json::{Map, Value};
use shared::event::{MalformedEvent, kind};
use shared::home::service_name;

use crate::call_outcome::CallOutcome;

/// A CloudTrail record ("CloudTrail record contents for management, data, and network activity events", AWS CloudTrail User
/// Guide). Nearly every member is missing from some public record, so only the name of the call is required.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The call: `ModifyImageAttribute`.
    pub name: String,
    /// The service: `ec2.amazonaws.com`, also in a partition whose services have another domain.
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

/// The record `detail` of an event. `envelope` is the event of EventBridge around it.
pub(super) fn record(
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
    let recorded = text("eventSource").map(|source| service_name(source).map_or(source.to_owned(), service));
    let source = recorded.or(named.map(service));
    let owned = |text: Option<&str>| text.map(str::to_owned);
    // The identity of a service event is the account that used something of this one.
    let by = detail.get("userIdentity").and_then(|identity| identity["accountId"].as_str());
    let by =
        by.filter(|_| text("eventType") != Some("AwsServiceEvent") && !name.starts_with("SharedSnapshot"));
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

/// The name by which rules know a service, in every partition: `ec2.amazonaws.com`.
pub fn service(name: &str) -> String {
    format!("{name}.amazonaws.com")
}
