//! A list of CloudTrail records, as a trail's log file in S3 has it: `{"Records": [..]}`.

use serde_json::Value;

use super::UnrelatedEvent;

/// What an event delivers.
#[derive(Debug, Clone, PartialEq)]
pub enum Delivery {
    /// One event.
    One(Value),
    /// The records of a log file, at least one.
    Records(Vec<Value>),
    /// A list without a CloudTrail record.
    Nothing(UnrelatedEvent),
}

/// What an event delivers.
///
/// Other services notify of their events in a list of the same name; its items name the service as `aws:s3` or `aws:sns`.
pub fn delivery(event: Value) -> Delivery {
    let is_enveloped = ["source", "detail-type"].iter().any(|name| event.get(name).is_some());
    let is_list = event.get("Records").is_some_and(Value::is_array);
    if is_enveloped || !is_list {
        return Delivery::One(event);
    }
    // One item of another kind hides no record.
    let services: Option<Vec<String>> =
        event["Records"].as_array().into_iter().flatten().map(notifier).collect();
    if let Some(service) = services.and_then(|services| services.into_iter().next()) {
        return Delivery::Nothing(UnrelatedEvent::OtherNotifications(service));
    }
    let mut event = event;
    let Value::Array(records) = event["Records"].take() else { return Delivery::One(event) };
    match records.len() {
        0 => Delivery::Nothing(UnrelatedEvent::NoRecords),
        _ => Delivery::Records(records),
    }
}

/// The service that a notification is from; SNS begins the member with a capital letter.
fn notifier(item: &Value) -> Option<String> {
    let source = item.get("eventSource").or_else(|| item.get("EventSource"))?.as_str()?;
    source.starts_with("aws:").then(|| source.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_log_file_has_records() {
        let record = json!({"eventName": "CreateUser", "eventSource": "iam.amazonaws.com"});
        assert_eq!(delivery(json!({"Records": [record]})), Delivery::Records(vec![record.clone()]));
        assert_eq!(delivery(record.clone()), Delivery::One(record.clone()));
        let mixed = vec![json!({"eventSource": "aws:s3", "eventName": "x"}), record.clone()];
        assert_eq!(delivery(json!({"Records": mixed})), Delivery::Records(mixed));
        let two = vec![record.clone(), record];
        assert_eq!(delivery(json!({"Records": two})), Delivery::Records(two));
    }

    #[test]
    fn a_list_of_something_else_has_no_records() {
        assert_eq!(delivery(json!({"Records": []})), Delivery::Nothing(UnrelatedEvent::NoRecords));
        for (member, service) in
            [("eventSource", "aws:s3"), ("EventSource", "aws:sns"), ("eventSource", "aws:codecommit")]
        {
            let event = json!({"Records": [{member: service, "eventName": "ObjectCreated:Put"}]});
            let expected = UnrelatedEvent::OtherNotifications(service.to_owned());
            assert_eq!(delivery(event), Delivery::Nothing(expected));
        }
        for event in [json!({"Records": "x"}), json!("x"), json!({"source": "pointsman", "Records": [1, 2]})]
        {
            assert_eq!(delivery(event.clone()), Delivery::One(event));
        }
    }
}
