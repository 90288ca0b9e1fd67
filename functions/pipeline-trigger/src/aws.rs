//! The clients of AWS, with their settings.

use std::sync::OnceLock;

use aws_config::SdkConfig;
use aws_sdk_codepipeline::config::interceptors::InterceptorContext;
use aws_sdk_codepipeline::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_codepipeline::operation::start_pipeline_execution::StartPipelineExecutionError;

/// The error code with which CodePipeline answers a call about a pipeline that does not exist.
pub(crate) const PIPELINE_NOT_FOUND: &str = "PipelineNotFoundException";

/// The clients, each built once. A usual push needs the first two; the others are built when they are needed.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Reads what was pushed.
    pub codecommit: aws_sdk_codecommit::Client,
    /// Reads and starts pipelines.
    pub codepipeline: aws_sdk_codepipeline::Client,
    config: SdkConfig,
    s3: OnceLock<aws_sdk_s3::Client>,
    scheduler: OnceLock<aws_sdk_scheduler::Client>,
    sns: OnceLock<aws_sdk_sns::Client>,
}

impl Clients {
    /// Clients with the shared settings; a call that finds the pipeline busy is retried.
    pub fn new(config: &SdkConfig) -> Self {
        let codepipeline =
            aws_sdk_codepipeline::config::Builder::from(config).retry_classifier(BusyPipeline).build();
        Self {
            codecommit: aws_sdk_codecommit::Client::new(config),
            codepipeline: aws_sdk_codepipeline::Client::from_conf(codepipeline),
            config: config.clone(),
            s3: OnceLock::new(),
            scheduler: OnceLock::new(),
            sns: OnceLock::new(),
        }
    }

    /// Reads objects.
    pub fn s3(&self) -> &aws_sdk_s3::Client {
        self.s3.get_or_init(|| aws_sdk_s3::Client::new(&self.config))
    }

    /// Schedules starts.
    pub fn scheduler(&self) -> &aws_sdk_scheduler::Client {
        self.scheduler.get_or_init(|| aws_sdk_scheduler::Client::new(&self.config))
    }

    /// Publishes emails.
    pub fn sns(&self) -> &aws_sdk_sns::Client {
        self.sns.get_or_init(|| aws_sdk_sns::Client::new(&self.config))
    }
}

/// CodePipeline answers ConflictException when "the pipeline is busy handling ongoing activities", and asks the caller
/// to retry later (StartPipelineExecution, AWS CodePipeline API Reference). The SDK by itself does not retry it.
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
