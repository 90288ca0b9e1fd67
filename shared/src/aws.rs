//! The only place that configures AWS clients: behaviour version, credentials, region, retries, timeouts.

use std::time::Duration;

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::text::chain;

/// The configuration of every client of a function.
///
/// - Credentials and region come from the environment alone, where Lambda sets them ("Defined runtime environment
///   variables", AWS Lambda Developer Guide), so that no start waits for an instance metadata service.
/// - Up to 5 tries a call, waiting up to 0.4, 0.8, 1.6 and 3.2 s between them: a throttled call gets some
///   seconds. Lambda's own retries, one and two minutes later, are for longer disruptions.
/// - 10 s a try and 40 s a call: a call without an answer must leave time for the others.
/// - `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` are honoured by `aws-config` itself.
pub async fn sdk_config() -> SdkConfig {
    let retries =
        RetryConfig::standard().with_max_attempts(5).with_initial_backoff(Duration::from_millis(400));
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(40))
        .build();
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .region(EnvironmentVariableRegionProvider::new())
        .retry_config(retries)
        .timeout_config(timeouts)
        .load()
        .await
}

/// An SDK error for a reader: the service's code and message, or the whole chain where no service answered.
pub fn told<E, R>(error: &SdkError<E, R>) -> String
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) if !message.is_empty() => format!("{code}: {message}"),
        (Some(code), _) => code.to_owned(),
        // `SdkError` by itself displays as no more than "dispatch failure".
        (None, _) => chain(error),
    }
}
