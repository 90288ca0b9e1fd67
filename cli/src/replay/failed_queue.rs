//! The events on which all of Lambda's tries failed, in the queue that redelivers them: each after the queue's visibility timeout,
//! until a delivery succeeds or the queue gives the message up. Times and numbers are those of the template.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::function::{InvocationError, Invoked};
use crate::template::{DeployedFunction, FailedQueue, REGION};

/// Lambda waits one minute before the first retry and two minutes before the second ("Error handling and automatic retries in
/// Lambda", AWS Lambda Developer Guide). A replay makes the retries at once, and the queue has the event when they would have ended.
const PAUSES_OF_RETRIES: [SignedDuration; 2] = [SignedDuration::from_mins(1), SignedDuration::from_mins(2)];

/// A message of the queue.
#[derive(Debug, Clone)]
pub(super) struct FailedMessage<'t> {
    pub(super) function: &'t DeployedFunction,
    queue: &'t FailedQueue,
    pub(super) id: String,
    record: Value,
    sent: Timestamp,
    /// The number of deliveries.
    receives: u32,
    /// The time of the next delivery.
    pub(super) due: Timestamp,
}

impl<'t> FailedMessage<'t> {
    /// The message about an event, if all of its tries failed and the function has such a queue.
    pub(super) fn of(
        (function, account): (&'t DeployedFunction, &str),
        event: &Value,
        invocations: &[Invoked],
        now: Timestamp,
        number: usize,
    ) -> Option<Self> {
        let queue = function.failed_queue.as_ref()?;
        let error = invocations.last()?.error.as_ref()?;
        let pauses = PAUSES_OF_RETRIES.iter().take(invocations.len().saturating_sub(1));
        let sent = now + pauses.copied().fold(SignedDuration::ZERO, |sum, pause| sum + pause);
        Some(Self {
            function,
            queue,
            id: format!("00000000-0000-4000-8000-{number:012x}"),
            record: record((function, account), event, error, (sent, invocations.len())),
            sent,
            receives: 0,
            due: sent,
        })
    }

    /// The next delivery: a batch with this message, as the event source mapping delivers it.
    pub(super) fn received(&mut self, account: &str) -> Value {
        self.receives += 1;
        let time = |at: Timestamp| at.as_millisecond().to_string();
        let queue = &self.queue.name;
        json!({"Records": [{
            "messageId": self.id,
            "receiptHandle": format!("{}-{}", self.id, self.receives),
            "body": self.record.to_string(),
            "attributes": {
                "ApproximateReceiveCount": self.receives.to_string(),
                "SentTimestamp": time(self.sent),
                "SenderId": account,
                "ApproximateFirstReceiveTimestamp": time(self.sent),
            },
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:{REGION}:{account}:{queue}"),
            "awsRegion": REGION,
        }]})
    }

    /// The printed source of the delivery: the queue.
    pub(super) fn source(&self) -> String {
        format!("the queue {}", self.queue.name)
    }

    /// The event in the message.
    pub(super) fn event(&self) -> &Value {
        &self.record["requestPayload"]
    }

    /// Hides the message until its next delivery.
    pub(super) fn hide(&mut self, now: Timestamp) {
        self.due = now + SignedDuration::try_from(self.queue.pause).unwrap_or(SignedDuration::from_hours(12));
    }

    /// The queue that takes the message instead of a further delivery.
    pub(super) fn last_queue(&self) -> Option<&str> {
        let (most, queue) = self.queue.last.as_ref()?;
        (self.receives >= *most).then_some(queue)
    }
}

/// Lambda's record of an event on which the function failed ("Capturing records of Lambda asynchronous invocations", AWS Lambda
/// Developer Guide).
fn record(
    (function, account): (&DeployedFunction, &str),
    event: &Value,
    error: &InvocationError,
    (at, tries): (Timestamp, usize),
) -> Value {
    json!({
        "version": "1.0",
        "timestamp": at.to_string(),
        "requestContext": {
            "requestId": "00000000-0000-4000-8000-000000000000",
            "functionArn": format!("arn:aws:lambda:{REGION}:{account}:function:{}:$LATEST", function.package),
            "condition": "RetriesExhausted",
            "approximateInvokeCount": tries,
        },
        "requestPayload": event,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorType": error.kind, "errorMessage": error.message},
    })
}
