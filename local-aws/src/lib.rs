//! The AWS that a laptop runs: the operations that the functions call, served over the wire on 127.0.0.1.
//!
//! A [`World`] says what AWS looks like at the start; [`LocalAws`] serves it until it is dropped and records every call;
//! [`RuntimeApi`] hands events to a Lambda function's binary. Nothing here knows the functions. What AWS would refuse is
//! refused with AWS's own error, and what is not served here at all with HTTP 501, by name.

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
mod endpoint;
mod fault;
mod git_writer;
mod iam;
mod ids;
mod journal;
mod live;
mod members;
mod paging;
mod protocol;
mod refusal;
mod runtime_api;
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
pub use journal::{Answer, Call};
pub use live::{ExecutionNow, ImageNow, RecoveryExecutionNow, StackNow};
pub use refusal::NOT_SERVED;
pub use runtime_api::{Outcome, RuntimeApi};
pub use server::StartError;
pub use service::ACCOUNT;
pub use sns::{Mail, MessageAttribute};
pub use timeline::{Change, Happening, NewFault, Timed};
pub use world::{PipelineSource, World, WorldError};

use endpoint::Endpoint;
use server::Server;

/// A running local AWS. Dropping it stops the server and removes what the world built.
#[derive(Debug)]
pub struct LocalAws {
    server: Server,
    endpoint: Arc<Endpoint>,
}

impl LocalAws {
    /// Serves `world` on a free port of 127.0.0.1; it answers from the moment this returns.
    ///
    /// # Errors
    ///
    /// [`StartError`] when the port cannot be listened on or no thread can be started.
    pub fn start(world: World) -> Result<LocalAws, StartError> {
        LocalAws::start_on(world, 0)
    }

    /// Serves `world` on `port` of 127.0.0.1.
    pub fn start_on(world: World, port: u16) -> Result<LocalAws, StartError> {
        let endpoint = Arc::new(Endpoint::new(world));
        let server = Server::start(port, Arc::clone(&endpoint))?;
        Ok(LocalAws { server, endpoint })
    }

    /// What `AWS_ENDPOINT_URL` is set to: `http://127.0.0.1:PORT`. Any region and any credentials do.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Every call so far, in the order of arrival; one that is still being answered is not in it.
    ///
    /// A function makes calls at the same time, so the order of those is chance.
    pub fn journal(&self) -> Vec<Call> {
        self.endpoint.journal.calls()
    }
}
