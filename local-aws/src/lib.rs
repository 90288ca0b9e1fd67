//! Owns the AWS that a laptop runs: the operations that the functions call, served over the wire on 127.0.0.1.
//!
//! A [`AwsWorld`] describes AWS at the start. [`LocalAws`] serves it until it is dropped, and records every call.
//! [`RuntimeApi`] passes events to a Lambda function's binary. This crate does not know the functions. A request that
//! AWS would refuse gets AWS's own error; a request that is not served here gets HTTP 501, with the name of the
//! operation.

mod account;
mod bus;
mod clock;
mod cloudformation;
mod cloudtrail;
mod cloudwatch;
mod codecommit;
mod codepipeline;
mod drs;
mod dynamodb;
mod ec2;
mod ecr;
mod endpoint;
mod error_answer;
mod eventbridge;
mod fault;
mod git_writer;
mod iam;
mod ids;
mod journal;
mod live;
mod members;
mod organizations;
mod paging;
mod protocol;
mod runtime_api;
mod s3;
mod scheduler;
mod security_hub;
mod server;
mod service;
mod services;
mod sns;
mod ssm;
mod sts;
mod timeline;
mod tunnel;
mod web;
mod world;

use std::sync::Arc;

pub use codecommit::PushError;
pub use drs::DrsOperatorAction;
pub use ec2::{BlockedKind, ImageChange};
pub use ecr::NewImage;
pub use error_answer::NOT_SERVED;
pub use journal::{JournaledAnswer, JournaledCall};
pub use live::{
    AddressNow, CommentNow, ExecutionNow, ImageNow, RecoveryExecutionNow, RecoveryJobNow, SnapshotNow,
    StackNow,
};
pub use runtime_api::{InvocationOutcome, RuntimeApi};
pub use s3::PutObjectError;
pub use scheduler::{ScheduleNow, ScheduledInvocation};
pub use server::StartError;
pub use service::ACCOUNT;
pub use services::operations;
pub use sns::{DeliveredEmail, MessageAttribute};
pub use timeline::{TimelineAction, TimelineEntry, TimelineFault, WorldChange};
pub use world::{AwsWorld, PipelineSource, WorldError};

use endpoint::AwsEndpoint;
use server::HttpServer;

/// A running local AWS. Dropping it stops the server and deletes the repositories that the world built.
#[derive(Debug)]
pub struct LocalAws {
    server: HttpServer,
    endpoint: Arc<AwsEndpoint>,
}

impl LocalAws {
    /// Serves `world` on a free port of 127.0.0.1; it answers from the moment this returns.
    ///
    /// # Errors
    ///
    /// [`StartError`] when the port cannot be listened on or no thread can be started.
    pub fn start(world: AwsWorld) -> Result<LocalAws, StartError> {
        LocalAws::start_on(world, 0)
    }

    /// Serves `world` on `port` of 127.0.0.1.
    pub fn start_on(world: AwsWorld, port: u16) -> Result<LocalAws, StartError> {
        let endpoint = Arc::new(AwsEndpoint::new(world));
        let server = HttpServer::start(port, Arc::clone(&endpoint))?;
        Ok(LocalAws { server, endpoint })
    }

    /// The value for `AWS_ENDPOINT_URL`: `http://127.0.0.1:PORT`. Any region and any credentials are accepted.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Every answered call so far, in the order of arrival.
    ///
    /// A function makes calls concurrently, so the order of those varies.
    pub fn journal(&self) -> Vec<JournaledCall> {
        self.endpoint.journal.calls()
    }
}
