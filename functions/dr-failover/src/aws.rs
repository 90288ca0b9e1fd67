//! The services this function calls, and what it calls them for.

use aws_config::SdkConfig;

use crate::probe::Prober;

/// The clients, built once a cold start. All of them are of this function's own region: the failed one is not asked.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Knows the second alarm.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// Recovers.
    pub drs: aws_sdk_drs::Client,
    /// Keeps latches and incidents.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Sends mails.
    pub sns: aws_sdk_sns::Client,
    /// Has the kill switch.
    pub ssm: aws_sdk_ssm::Client,
    /// Asks endpoints.
    pub prober: Prober,
}

impl Clients {
    /// Clients with the shared settings.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            drs: aws_sdk_drs::Client::new(config),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            ssm: aws_sdk_ssm::Client::new(config),
            prober: Prober::new(),
        }
    }
}

/// Every call this function makes, as IAM names it, and what it is made on.
pub const CALLS: &[(&str, On)] = &[
    ("cloudwatch:DescribeAlarms", On::Everything),
    ("drs:DescribeJobs", On::Everything),
    ("drs:DescribeRecoveryInstances", On::Everything),
    ("drs:DescribeRecoverySnapshots", On::SourceServer),
    ("drs:DescribeSourceServers", On::Everything),
    ("drs:GetRecoveryPlan", On::DrsPlan),
    ("drs:GetRecoveryPlanExecution", On::DrsExecution),
    ("drs:ListRecoveryPlanExecutionSteps", On::DrsExecution),
    ("drs:ListRecoveryPlanExecutions", On::DrsPlan),
    ("drs:ListRecoveryPlanSteps", On::DrsPlan),
    ("drs:StartRecoveryPlanExecution", On::DrsPlan),
    // For the tags that a start gives its execution.
    ("drs:TagResource", On::DrsExecution),
    ("dynamodb:GetItem", On::Table),
    // Of which a TransactWriteItems is made, too.
    ("dynamodb:PutItem", On::Table),
    ("sns:Publish", On::Topic),
    ("ssm:GetParameter", On::Parameter),
];

/// What a call is made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// A DRS recovery plan.
    DrsPlan,
    /// An execution of one.
    DrsExecution,
    /// A source server of DRS.
    SourceServer,
    /// The table of latches and incidents.
    Table,
    /// The topic for mails.
    Topic,
    /// The kill switch.
    Parameter,
    /// No single resource.
    Everything,
}
