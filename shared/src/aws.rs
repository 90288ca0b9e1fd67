//! The only place that configures AWS clients: behaviour version, credentials, region, retries, timeouts.

use std::time::Duration;

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

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
