//! The call of Publish, which has no token: a repeated call sends a second email. So the SDK's retries are off for it.
//!
//! A call is repeated only if SNS's answer proves that it sent nothing. If the answer is lost, or is an internal error, the call
//! is not repeated: the invocation fails, and Lambda or the next reconcile sends the email again.

use std::time::Duration;

use aws_sdk_sns::Client;
use aws_sdk_sns::config::Config;
use aws_sdk_sns::config::retry::RetryConfig;
use aws_sdk_sns::types::MessageAttributeValue;
use shared::call_error::CallError;
use shared::email::Body;

use crate::{PUBLISH, Publication};

/// The most calls of an email in an invocation.
const MOST_CALLS: u32 = 5;

/// The pause before the second call; each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(400);

/// Codes with which SNS answers that it has not accepted the message for now ("Common Errors" and Publish, Amazon SNS API
/// Reference).
const NOT_NOW: [&str; 3] = ["Throttled", "KMSThrottling", "ServiceUnavailable"];

/// Codes after which it is unknown whether SNS accepted the message.
const UNKNOWN: [&str; 2] = ["InternalError", "InternalFailure"];

/// Publishes an email, and repeats a call that SNS certainly did not accept.
pub(crate) async fn publish(publication: Publication<'_>, sns: &Client) -> Result<String, CallError> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..MOST_CALLS {
        match once(publication, sns).await {
            Err(error) if is_refused_for_now(&error) => tokio::time::sleep(pause).await,
            result => return result,
        }
        pause *= 2;
    }
    once(publication, sns).await
}

async fn once(Publication { topic, message }: Publication<'_>, sns: &Client) -> Result<String, CallError> {
    let mut call = sns.publish().topic_arn(topic).subject(&message.subject);
    for (name, value) in &message.attributes {
        let attribute = MessageAttributeValue::builder().data_type("String").string_value(value).build();
        call = call.message_attributes(*name, attribute.expect("the type is set"));
    }
    let call = match &message.body {
        Body::PerProtocol(_) => call.message_structure("json"),
        Body::Text => call,
    };
    let without_retries = Config::builder().retry_config(RetryConfig::disabled());
    let output = call
        .message(message.published_text())
        .customize()
        .config_override(without_retries)
        .send()
        .await
        .map_err(|error| CallError::new(PUBLISH, error))?;
    Ok(output.message_id.unwrap_or_default())
}

/// Whether SNS answered that it did not accept the message, and may accept it later.
fn is_refused_for_now(error: &CallError) -> bool {
    error.is_throttling() || has_one_of(error, &NOT_NOW)
}

/// Whether it is unknown if SNS accepted the email: no answer arrived, or the answer is an internal error.
pub fn is_unanswered(error: &CallError) -> bool {
    error.code.is_none() || has_one_of(error, &UNKNOWN)
}

fn has_one_of(error: &CallError, codes: &[&str]) -> bool {
    error.code.as_deref().is_some_and(|code| codes.contains(&code))
}
