//! The two services this function calls, as it calls them.

use aws_config::SdkConfig;
use aws_sdk_codepipeline::config::interceptors::InterceptorContext;
use aws_sdk_codepipeline::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_codepipeline::operation::start_pipeline_execution::StartPipelineExecutionError;

/// The clients, built once a cold start.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Reads what was pushed.
    pub codecommit: aws_sdk_codecommit::Client,
    /// Reads and starts pipelines.
    pub codepipeline: aws_sdk_codepipeline::Client,
}

impl Clients {
    /// Clients with the shared settings, and a busy pipeline tried again.
    pub fn new(config: &SdkConfig) -> Self {
        let codepipeline =
            aws_sdk_codepipeline::config::Builder::from(config).retry_classifier(BusyPipeline).build();
        Self {
            codecommit: aws_sdk_codecommit::Client::new(config),
            codepipeline: aws_sdk_codepipeline::Client::from_conf(codepipeline),
        }
    }
}

/// CodePipeline says ConflictException when "the pipeline is busy handling ongoing activities" and to try again
/// later (StartPipelineExecution, AWS CodePipeline API Reference). The SDK by itself would not.
#[derive(Debug)]
struct BusyPipeline;

impl ClassifyRetry for BusyPipeline {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error =
            context.output_or_error().and_then(Result::err).and_then(|error| error.as_operation_error());
        match error.and_then(|error| error.downcast_ref::<StartPipelineExecutionError>()) {
            Some(error) if error.is_conflict_exception() => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "busy pipeline"
    }
}

/// Every call this function makes, as IAM names it, and what it is made on.
pub const CALLS: &[(&str, On)] = &[
    ("codecommit:GetBranch", On::Repository),
    ("codecommit:GetDifferences", On::Repository),
    ("codecommit:GetFile", On::Repository),
    ("codecommit:GetMergeOptions", On::Repository),
    ("codecommit:GetRepository", On::Repository),
    ("codepipeline:GetPipeline", On::Pipeline),
    ("codepipeline:ListPipelineExecutions", On::Pipeline),
    ("codepipeline:StartPipelineExecution", On::Pipeline),
];

/// What a call is made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// A CodeCommit repository.
    Repository,
    /// A CodePipeline pipeline.
    Pipeline,
}
