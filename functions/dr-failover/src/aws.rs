//! The clients of the services that this function calls.

use aws_config::SdkConfig;

use crate::probe::Prober;

/// The clients, built once for each cold start. All of them are of the function's own region: it never calls the failed region.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Reads the second alarm.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// Reads and starts DRS recovery plans.
    pub drs: aws_sdk_drs::Client,
    /// Reads addresses and instances, and associates addresses.
    pub ec2: aws_sdk_ec2::Client,
    /// Reads and writes latches and incidents.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Publishes emails.
    pub sns: aws_sdk_sns::Client,
    /// Reads the kill switch.
    pub ssm: aws_sdk_ssm::Client,
    /// Probes endpoints.
    pub prober: Prober,
}

impl Clients {
    /// Clients with the shared settings.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            drs: aws_sdk_drs::Client::new(config),
            ec2: aws_sdk_ec2::Client::new(config),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            ssm: aws_sdk_ssm::Client::new(config),
            prober: Prober::new(),
        }
    }
}
