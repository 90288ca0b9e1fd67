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
    Redrive(Vec<Redriven>),
}

/// One message of a failure queue.
#[derive(Debug, PartialEq)]
pub struct Redriven {
    /// The message's id in SQS.
    pub message_id: String,
    /// The event in the message, or why its body cannot be read.
    pub event: Result<Value, NotJson>,
}

/// A message whose body is not JSON; why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the message's body is not JSON: {0}")]
pub struct NotJson(pub String);

/// A batch whose messages cannot be reported one by one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
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
/// records of Lambda asynchronous invocations", AWS Lambda Developer Guide).
///
/// # Errors
/// When a batch from SQS is malformed.
pub fn open(payload: Value) -> Result<Envelope, EnvelopeError> {
    if payload.pointer("/Records/0/eventSource").and_then(Value::as_str) != Some("aws:sqs") {
        return Ok(Envelope::Event(payload));
    }
    let messages = Vec::<SqsMessage>::deserialize(&payload["Records"])
        .map_err(|error| EnvelopeError::NotMessages(error.to_string()))?;
    let redriven = messages.into_iter().enumerate().map(|(index, message)| {
        let message_id =
            message.message_id.filter(|id| !id.is_empty()).ok_or(EnvelopeError::NoMessageId(index))?;
        Ok(Redriven { message_id, event: unwrapped(message.body.as_deref().unwrap_or_default()) })
    });
    Ok(Envelope::Redrive(redriven.collect::<Result<_, _>>()?))
}

fn unwrapped(body: &str) -> Result<Value, NotJson> {
    let mut body: Value = serde_json::from_str(body).map_err(|error| NotJson(error.to_string()))?;
    match body.get_mut("requestPayload") {
        Some(payload) => Ok(payload.take()),
        None => Ok(body),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn batch(body: &str) -> Value {
        json!({"Records": [{"messageId": "m-1", "eventSource": "aws:sqs", "body": body}]})
    }

    fn redriven(payload: Value) -> Result<Value, NotJson> {
        match open(payload).unwrap() {
            Envelope::Redrive(mut messages) => messages.remove(0).event,
            Envelope::Event(_) => panic!("it is read as an event"),
        }
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
    fn a_body_that_is_not_json_fails_alone() {
        assert!(
            redriven(batch("hello")).unwrap_err().to_string().starts_with("the message's body is not JSON")
        );
    }

    #[test]
    fn a_message_without_an_id_fails_the_batch() {
        let payload = json!({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]});
        assert_eq!(open(payload), Err(EnvelopeError::NoMessageId(0)));
    }
}
