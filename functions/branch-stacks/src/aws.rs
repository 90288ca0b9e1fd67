//! The services this function calls, and what it calls them for.

use aws_config::SdkConfig;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};

/// The clients, built once a cold start.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Reads branches.
    pub codecommit: aws_sdk_codecommit::Client,
    /// Reads and changes stacks.
    pub cloudformation: aws_sdk_cloudformation::Client,
    /// Sends mails.
    pub sns: aws_sdk_sns::Client,
}

impl Clients {
    /// Clients with the shared settings.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            codecommit: aws_sdk_codecommit::Client::new(config),
            cloudformation: aws_sdk_cloudformation::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
        }
    }
}

/// Whether an error says that there were too many calls ("Common Error Types", AWS CloudFormation API Reference).
pub fn is_throttling<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    let codes = ["Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"];
    error.code().is_some_and(|code| codes.contains(&code))
}

/// Every call this function makes, as IAM names it, and what it is made on.
pub const CALLS: &[(&str, On)] = &[
    ("codecommit:GetBranch", On::Repository),
    ("codecommit:GetCommit", On::Repository),
    ("codecommit:ListBranches", On::Repository),
    ("codecommit:ListRepositories", On::Everything),
    ("cloudformation:CreateStack", On::Stack),
    ("cloudformation:DeleteStack", On::Stack),
    ("cloudformation:DescribeStackEvents", On::Stack),
    // Without a name it describes all stacks, and then takes no resource but `*`.
    ("cloudformation:DescribeStacks", On::Everything),
    ("cloudformation:UpdateStack", On::Stack),
    ("cloudformation:UpdateTerminationProtection", On::Stack),
    // Not a call of its own: CloudFormation asks for it where a rule names a role.
    ("iam:PassRole", On::Role),
    ("sns:Publish", On::Topic),
];

/// What a call is made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// A CodeCommit repository.
    Repository,
    /// A stack whose name begins with the prefix.
    Stack,
    /// The role that CloudFormation works with.
    Role,
    /// The topic for mails.
    Topic,
    /// No single resource.
    Everything,
}
