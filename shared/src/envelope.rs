//! The two forms in which an event arrives: alone, or in a batch from one of the two failure queues.

use aws_lambda_events::sqs::SqsMessage;
use serde::Deserialize;
use serde_json::Value;

/// The payload of an invocation.
#[derive(Debug, PartialEq)]
pub enum Envelope {
    /// One event.
    Event(Value),
    /// Messages of the rule's dead-letter queue or the function's on-failure queue; each holds a failed event.
    Redrive {
        /// The messages.
        messages: Vec<Redriven>,
        /// Whether SQS waits for the answer. A batch that Lambda recorded is not in a queue any more, so an answer that names
        /// its failed messages would be lost.
        from_queue: bool,
    },
}

/// The attribute of a message with the number of its deliveries (ReceiveMessage, Amazon SQS API Reference).
const RECEIVE_COUNT: &str = "ApproximateReceiveCount";

/// One message of a failure queue.
#[derive(Debug, PartialEq)]
pub struct Redriven {
    /// The message's id in SQS.
    pub message_id: String,
    /// How often the event was delivered before, as far as the message shows: earlier deliveries of the message count, and Lambda's
    /// record of a failure counts as one.
    pub earlier: u32,
    /// The event in the message, or why its body cannot be read. A message about a failed batch holds several events.
    pub events: Vec<Result<Value, UnreadableBody>>,
}

/// Why a message's body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableBody {
    /// It is not JSON; why.
    #[error("the message's body is not JSON: {0}")]
    NotJson(String),
    /// It holds a batch that cannot be read.
    #[error("the message holds a batch: {0}")]
    Batch(#[from] EnvelopeError),
}

/// A batch whose messages cannot be reported one by one.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum EnvelopeError {
    /// A message has no id, and Lambda needs the ids of the failed messages.
    #[error("Records[{0}].messageId is missing, so a failure of this message could not be reported")]
    NoMessageId(usize),
    /// The records are not messages of SQS.
    #[error("Records is not a list of SQS messages: {0}")]
    NotMessages(String),
}

/// Distinguishes an event from a batch of failed events.
///
/// EventBridge puts the event itself into its dead-letter queue; Lambda wraps it as `requestPayload` ("Capturing
/// records of Lambda asynchronous invocations", AWS Lambda Developer Guide). An operator can also invoke the function with
/// such a record, and a record that fails is wrapped once more, so every layer is removed.
///
/// # Errors
/// When a batch from SQS is malformed.
pub fn open(payload: Value) -> Result<Envelope, EnvelopeError> {
    let from_queue = is_batch(&payload);
    let payload = unwrapped(payload);
    Ok(match is_batch(&payload) {
        true => Envelope::Redrive { messages: messages(&payload)?, from_queue },
        false => Envelope::Event(payload),
    })
}

fn is_batch(payload: &Value) -> bool {
    payload.pointer("/Records/0/eventSource").and_then(Value::as_str) == Some("aws:sqs")
}

fn messages(batch: &Value) -> Result<Vec<Redriven>, EnvelopeError> {
    let messages = Vec::<SqsMessage>::deserialize(&batch["Records"])
        .map_err(|error| EnvelopeError::NotMessages(error.to_string()))?;
    let redriven = messages.into_iter().enumerate().map(|(index, message)| {
        let message_id =
            message.message_id.filter(|id| !id.is_empty()).ok_or(EnvelopeError::NoMessageId(index))?;
        let receives: u32 =
            message.attributes.get(RECEIVE_COUNT).and_then(|count| count.parse().ok()).unwrap_or(1);
        let body = message.body.as_deref().unwrap_or_default();
        let earlier = receives.saturating_sub(1).saturating_add(u32::from(is_record(body)));
        let events = events(body);
        Ok(Redriven {
            message_id,
            earlier,
            events: events.unwrap_or_else(|unreadable| vec![Err(unreadable)]),
        })
    });
    redriven.collect()
}

fn events(body: &str) -> Result<Vec<Result<Value, UnreadableBody>>, UnreadableBody> {
    let body = serde_json::from_str(body).map_err(|error| UnreadableBody::NotJson(error.to_string()))?;
    let body = unwrapped(body);
    match is_batch(&body) {
        true => Ok(messages(&body)?.into_iter().flat_map(|message| message.events).collect()),
        false => Ok(vec![Ok(body)]),
    }
}

/// The payload of the invocation that failed, below every record of a failure.
fn unwrapped(mut payload: Value) -> Value {
    while let Some(inner) = payload_of_record(&mut payload).or_else(|| in_a_notification(&payload)) {
        payload = inner;
    }
    payload
}

/// Whether a message's body is Lambda's record of a failure.
fn is_record(body: &str) -> bool {
    serde_json::from_str(body).is_ok_and(|mut body: Value| payload_of_record(&mut body).is_some())
}

/// The payload in Lambda's record of a failure; a destination of EventBridge gets the record as the event's detail.
fn payload_of_record(record: &mut Value) -> Option<Value> {
    let is_event = record["source"] == "lambda" && record["detail"].get("requestPayload").is_some();
    let record = if is_event { record.get_mut("detail")? } else { record };
    record.get_mut("requestPayload").map(Value::take)
}

/// The record of a failure in an SNS notification. Any other notification is an event for the function.
fn in_a_notification(payload: &Value) -> Option<Value> {
    let _notification = payload.get("Type").filter(|kind| *kind == "Notification")?;
    let mut message: Value = serde_json::from_str(payload["Message"].as_str()?).ok()?;
    payload_of_record(&mut message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn batch(body: &str) -> Value {
        json!({"Records": [{"messageId": "m-1", "eventSource": "aws:sqs", "body": body}]})
    }

    fn redriven(payload: Value) -> Result<Value, UnreadableBody> {
        match open(payload).unwrap() {
            Envelope::Redrive { mut messages, .. } => messages.remove(0).events.remove(0),
            Envelope::Event(_) => panic!("it is read as an event"),
        }
    }

    fn push() -> Value {
        json!({"source": "aws.codecommit", "detail": {"commitId": "1"}})
    }

    fn recorded(payload: &Value) -> Value {
        json!({"version": "1.0", "requestContext": {"condition": "RetriesExhausted"}, "requestPayload": payload,
            "responsePayload": {"errorType": "ActionsFailed"}})
    }

    #[test]
    fn an_event_is_not_wrapped() {
        let event = json!({"source": "aws.codecommit", "detail": {"Records": 1}});
        assert_eq!(open(event.clone()).unwrap(), Envelope::Event(event));
    }

    #[test]
    fn the_rules_dead_letter_queue_holds_the_event() {
        assert_eq!(
            redriven(batch(r#"{"source":"aws.codecommit"}"#)),
            Ok(json!({"source": "aws.codecommit"}))
        );
    }

    #[test]
    fn the_on_failure_queue_holds_it_as_request_payload() {
        let record = r#"{"version":"1.0","requestContext":{"condition":"RetriesExhausted"},"requestPayload":{"source":"aws.codecommit"},"responsePayload":{"errorType":"ActionsFailed"}}"#;
        assert_eq!(redriven(batch(record)), Ok(json!({"source": "aws.codecommit"})));
    }

    #[test]
    fn every_layer_around_an_event_is_removed() {
        let record = recorded(&push());
        let layers = [
            recorded(&record),
            recorded(&recorded(&record)),
            recorded(&batch(&record.to_string())),
            batch(&batch(&recorded(&record).to_string()).to_string()),
            json!({"Type": "Notification", "Message": record.to_string()}),
            json!({"source": "lambda", "detail-type": "Lambda Function Invocation Result - Failure", "detail": record}),
        ];
        for layer in layers {
            assert_eq!(redriven(batch(&layer.to_string())), Ok(push()), "{layer}");
        }
    }

    #[test]
    fn a_record_without_a_queue_holds_the_event() {
        assert_eq!(open(recorded(&push())), Ok(Envelope::Event(push())));
        assert_eq!(open(recorded(&recorded(&push()))), Ok(Envelope::Event(push())));
        let Ok(Envelope::Redrive { messages, from_queue: false }) =
            open(recorded(&batch(&push().to_string())))
        else {
            panic!("SQS waits for no answer to a recorded batch")
        };
        assert_eq!(messages[0].events, [Ok(push())]);
    }

    #[test]
    fn a_notification_about_something_else_is_the_event() {
        for message in ["{\"AlarmName\":\"shop-down\"}", "hello", "3"] {
            let event = json!({"Type": "Notification", "Message": message});
            assert_eq!(open(event.clone()), Ok(Envelope::Event(event)));
        }
        assert_eq!(open(json!("x")), Ok(Envelope::Event(json!("x"))));
    }

    #[test]
    fn a_batch_in_a_message_has_all_its_events() {
        let inner = json!({"Records": [
            {"messageId": "a", "eventSource": "aws:sqs", "body": push().to_string()},
            {"messageId": "b", "eventSource": "aws:sqs", "body": "hello"},
        ]});
        let Ok(Envelope::Redrive { messages, from_queue: true }) = open(batch(&inner.to_string())) else {
            panic!("it is a batch")
        };
        assert_eq!(messages[0].message_id, "m-1");
        assert_eq!(messages[0].events[0], Ok(push()));
        assert!(messages[0].events[1].is_err());
        let nameless = json!({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]});
        let error = redriven(batch(&nameless.to_string())).unwrap_err().to_string();
        assert!(error.starts_with("the message holds a batch: Records[0].messageId is missing"), "{error}");
    }

    #[test]
    fn a_body_that_is_not_json_fails_alone() {
        assert!(
            redriven(batch("hello")).unwrap_err().to_string().starts_with("the message's body is not JSON")
        );
    }

    #[test]
    fn earlier_deliveries_of_a_message_are_counted() {
        let earlier = |body: &Value, attributes: Value| {
            let mut payload = batch(&body.to_string());
            payload["Records"][0]["attributes"] = attributes;
            let Ok(Envelope::Redrive { messages, .. }) = open(payload) else { panic!("it is a batch") };
            messages[0].earlier
        };
        assert_eq!(earlier(&push(), json!({"ApproximateReceiveCount": "7"})), 6);
        assert_eq!(earlier(&recorded(&push()), json!({"ApproximateReceiveCount": "7"})), 7);
        assert_eq!(earlier(&push(), json!({"ApproximateReceiveCount": "many"})), 0);
        assert_eq!(earlier(&push(), json!({"ApproximateReceiveCount": "0"})), 0);
        assert_eq!(earlier(&push(), json!({})), 0);
    }

    #[test]
    fn a_message_without_an_id_fails_the_batch() {
        let payload = json!({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]});
        assert_eq!(open(payload), Err(EnvelopeError::NoMessageId(0)));
    }
}
