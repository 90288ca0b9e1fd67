//! The clients of the services that this function calls.

use aws_config::{Region, SdkConfig};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};

/// The clients. Those of the function's own region are built once, at its cold start.
#[derive(Debug, Clone)]
pub struct Clients {
    config: SdkConfig,
    /// The settings of the function's own account.
    own: SdkConfig,
    /// For the table of reports.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// For the account's alias.
    pub iam: aws_sdk_iam::Client,
    /// For emails.
    pub sns: aws_sdk_sns::Client,
    /// For the function's own role, and for roles in other accounts.
    pub sts: aws_sdk_sts::Client,
}

impl Clients {
    /// Clients with the shared settings.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            config: config.clone(),
            own: config.clone(),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            sts: aws_sdk_sts::Client::new(config),
        }
    }

    /// These clients, but those of EC2 and IAM act with other credentials: in another account.
    pub fn through(&self, credentials: Credentials) -> Self {
        let provider = SharedCredentialsProvider::new(credentials);
        let config = self.config.to_builder().credentials_provider(provider).build();
        Self { iam: aws_sdk_iam::Client::new(&config), config, ..self.clone() }
    }

    /// EC2 of a region: images and their permissions are regional.
    pub fn ec2(&self, region: &str) -> aws_sdk_ec2::Client {
        let config = aws_sdk_ec2::config::Builder::from(&self.config).region(Region::new(region.to_owned()));
        aws_sdk_ec2::Client::from_conf(config.build())
    }

    /// AWS Organizations, for the organization of accounts; few events need it. The SDK's endpoint is the one of the partition:
    /// us-east-1, us-gov-west-1, cn-northwest-1.
    pub fn organizations(&self) -> aws_sdk_organizations::Client {
        aws_sdk_organizations::Client::new(&self.own)
    }

    /// Security Hub of a region: a finding belongs to the region of its resource.
    pub fn security_hub(&self, region: &str) -> aws_sdk_securityhub::Client {
        let config = aws_sdk_securityhub::config::Builder::from(&self.config);
        aws_sdk_securityhub::Client::from_conf(config.region(Region::new(region.to_owned())).build())
    }
}
