//! The clients of the AWS services that this function calls.

use aws_config::SdkConfig;

/// The clients, built once a cold start.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Reads branches.
    pub codecommit: aws_sdk_codecommit::Client,
    /// Reads and changes stacks.
    pub cloudformation: aws_sdk_cloudformation::Client,
    /// Puts events on the event bus.
    pub events: aws_sdk_eventbridge::Client,
    /// Remembers what was reported.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Publishes emails.
    pub sns: aws_sdk_sns::Client,
}

impl Clients {
    /// Clients with the shared settings.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            codecommit: aws_sdk_codecommit::Client::new(config),
            cloudformation: aws_sdk_cloudformation::Client::new(config),
            events: aws_sdk_eventbridge::Client::new(config),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
        }
    }
}
