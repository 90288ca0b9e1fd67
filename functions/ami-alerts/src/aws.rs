//! The services this function calls, and what it calls them for.

use aws_config::{Region, SdkConfig};

/// The clients. Those of this function's own region are built once a cold start.
#[derive(Debug, Clone)]
pub struct Clients {
    config: SdkConfig,
    /// Remembers what was mailed.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Knows the account's alias.
    pub iam: aws_sdk_iam::Client,
    /// Sends mails.
    pub sns: aws_sdk_sns::Client,
    /// Knows who this function is.
    pub sts: aws_sdk_sts::Client,
}

impl Clients {
    /// Clients with the shared settings.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            config: config.clone(),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            sts: aws_sdk_sts::Client::new(config),
        }
    }

    /// EC2 of a region: images, and who may use them, are regional.
    pub fn ec2(&self, region: &str) -> aws_sdk_ec2::Client {
        let config = aws_sdk_ec2::config::Builder::from(&self.config).region(Region::new(region.to_owned()));
        aws_sdk_ec2::Client::from_conf(config.build())
    }
}

/// Every call this function makes, as IAM names it, and what it is made on.
pub const CALLS: &[(&str, On)] = &[
    ("dynamodb:DeleteItem", On::Table),
    ("dynamodb:PutItem", On::Table),
    ("dynamodb:Query", On::Table),
    ("dynamodb:UpdateItem", On::Table),
    ("ec2:DescribeImageAttribute", On::Everything),
    ("ec2:DescribeImages", On::Everything),
    ("ec2:DescribeSnapshotAttribute", On::Everything),
    ("ec2:GetImageBlockPublicAccessState", On::Everything),
    // Only where the template's Revert parameter allows it.
    ("ec2:ModifyImageAttribute", On::Image),
    ("iam:ListAccountAliases", On::Everything),
    ("sns:Publish", On::Topic),
    // Needs no permission: the role may always ask who it is.
    ("sts:GetCallerIdentity", On::Nothing),
];

/// What a call is made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// The table that remembers what was mailed.
    Table,
    /// The topic for mails.
    Topic,
    /// An image.
    Image,
    /// No single resource.
    Everything,
    /// Nothing that a policy can name.
    Nothing,
}
