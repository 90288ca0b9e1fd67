//! The events of this function: an API call that CloudTrail recorded, or the schedule of the daily scan.

mod log_file;
mod record;

use std::fmt;

use serde_json::{Map, Value};
use shared::event::{MalformedEvent, kind};
use shared::text::{count, verb};

pub use log_file::{Delivery, delivery};
pub use record::{Record, service};

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
    /// The event is a CloudTrail Insights event.
    #[error(
        "the event is a CloudTrail Insights event ({insight} of {name}), which reports a rate of calls and no single call"
    )]
    Insight {
        /// The type of the insight: `ApiCallRateInsight`.
        insight: String,
        /// The call whose rate is unusual.
        name: String,
    },
    /// The event is a network activity event.
    #[error(
        "the event is a CloudTrail network activity event ({name}): a VPC endpoint reports a call, and the call has a record \
         of its own"
    )]
    NetworkActivity {
        /// The call.
        name: String,
    },
    /// The event is a list of notifications of another service.
    #[error("the event is a list of notifications of `{0}`, and no list of CloudTrail records")]
    OtherNotifications(String),
    /// A log file has no records.
    #[error("the list of CloudTrail records is empty")]
    NoRecords,
    /// Records of a log file that are not about access.
    #[error(
        "{} of {of} {} no image or snapshot, and no [[api-alert]] rule names {}",
        count(*number, "record"), verb(*number, "shares", "share"), verb(*number, "it", "them")
    )]
    OtherRecords {
        /// Their number.
        number: usize,
        /// The number of all records.
        of: usize,
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

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(record) => record.fmt(f),
            Self::Reconcile => f.write_str("reconcile"),
        }
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
        // The detail types are those of "AWS service events delivered via AWS CloudTrail" (Amazon EventBridge User Guide).
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
            call(detail, Some(event), event)
        }
        ("", "") if members.contains_key("eventName") && members.contains_key("eventSource") => {
            call(members, None, event)
        }
        ("", "") if without_a_call(members).is_some() => call(members, None, event),
        (source, detail_type) => Ok(Parsed::NotOurs(UnrelatedEvent::NotACall {
            source_name: source.to_owned(),
            detail_type: detail_type.to_owned(),
        })),
    }
}

/// Reads a record of a log file.
///
/// # Errors
/// When the record is not an object, or names no call.
pub fn parse_record(record: &Value) -> Result<Parsed, MalformedEvent> {
    let members = record.as_object().ok_or(MalformedEvent::NotAnObject(kind(record)))?;
    call(members, None, record)
}

/// The call of a record, unless the record is about no call.
fn call(
    detail: &Map<String, Value>,
    envelope: Option<&Value>,
    event: &Value,
) -> Result<Parsed, MalformedEvent> {
    match without_a_call(detail) {
        Some(unrelated) => Ok(Parsed::NotOurs(unrelated)),
        None => Ok(Parsed::Ours(Event::Call(Box::new(record::record(detail, envelope, event)?)))),
    }
}

/// Why a record is about no call: it is an Insights event, which names its call elsewhere, or a network activity event
/// ("CloudTrail Insights `insightDetails` element", "Logging network activity events", AWS CloudTrail User Guide).
fn without_a_call(record: &Map<String, Value>) -> Option<UnrelatedEvent> {
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
    let or_unknown = |text: &str| if text.is_empty() { "unknown".to_owned() } else { text.to_owned() };
    match (text("eventCategory"), text("eventType")) {
        ("Insight", _) | (_, "AwsCloudTrailInsight") => {
            let details = record.get("insightDetails").unwrap_or(&Value::Null);
            let detail = |name: &str| or_unknown(details[name].as_str().unwrap_or_default());
            Some(UnrelatedEvent::Insight { insight: detail("insightType"), name: detail("eventName") })
        }
        ("NetworkActivity", _) | (_, "AwsVpceEvent") => {
            Some(UnrelatedEvent::NetworkActivity { name: or_unknown(text("eventName")) })
        }
        _ => None,
    }
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
        for event in [json!({}), json!({"source": "aws.codecommit", "detail-type": "x"})] {
            assert!(matches!(parse(&event), Ok(Parsed::NotOurs(_))), "{event}");
        }
    }

    #[test]
    fn every_detail_type_of_cloudtrail_is_read() {
        for kind in [
            "AWS API Call via CloudTrail",
            "AWS Console Sign In via CloudTrail",
            "AWS Console Signin via CloudTrail",
            "AWS Console Action via CloudTrail",
            "AWS Service Event via CloudTrail",
        ] {
            let event =
                json!({"detail-type": kind, "source": "aws.signin", "detail": {"eventName": "ConsoleLogin"}});
            let Ok(Parsed::Ours(Event::Call(record))) = parse(&event) else { panic!("{kind} is not ours") };
            assert_eq!(record.source, "signin.amazonaws.com");
        }
    }

    #[test]
    fn a_record_about_no_call_is_named() {
        let insight = json!({"eventType": "AwsCloudTrailInsight", "eventCategory": "Insight", "insightDetails":
            {"eventName": "ModifyImageAttribute", "insightType": "ApiCallRateInsight"}});
        let enveloped = json!({"detail-type": "AWS Insight via CloudTrail", "source": "aws.cloudtrail", "detail": insight});
        for event in [insight, enveloped] {
            let Ok(Parsed::NotOurs(unrelated)) = parse(&event) else { panic!("{event} is ours") };
            assert!(
                unrelated.to_string().contains("(ApiCallRateInsight of ModifyImageAttribute)"),
                "{unrelated}"
            );
        }
        for details in [json!(null), json!([]), json!({"eventName": 3})] {
            let event = json!({"eventCategory": "Insight", "insightDetails": details});
            assert!(matches!(parse(&event), Ok(Parsed::NotOurs(UnrelatedEvent::Insight { .. }))), "{event}");
        }
        let event = json!({"detail-type": "AWS Network Activity Event via CloudTrail", "source": "aws.ec2",
            "detail": {"eventCategory": "NetworkActivity", "eventName": "ModifyImageAttribute"}});
        assert!(matches!(parse(&event), Ok(Parsed::NotOurs(UnrelatedEvent::NetworkActivity { .. }))));
    }

    #[test]
    fn a_service_has_one_name_in_every_partition() {
        for source in ["ec2.amazonaws.com", "ec2.amazonaws.com.cn", "ec2.amazonaws.eu"] {
            let event = json!({"eventName": "ModifyImageAttribute", "eventSource": source});
            let Ok(Parsed::Ours(Event::Call(record))) = parse(&event) else { panic!("{source} is not ours") };
            assert_eq!(record.source, "ec2.amazonaws.com");
        }
    }
}
