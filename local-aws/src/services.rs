//! Lists the services, and finds the operation that a request names.

use jiff::Timestamp;
use serde_json::Value;

use crate::members::Members;
use crate::protocol::Wire;
use crate::refusal::Refusal;
use crate::world::World;
use crate::{cloudformation, cloudwatch, codecommit, codepipeline, drs, dynamodb, ec2, iam, sns, ssm, sts};

/// The account that everything lives in: one that AWS's own documentation uses.
pub const ACCOUNT: &str = "111122223333";

/// What an operation may look at.
pub(crate) struct Context<'a> {
    pub(crate) world: &'a World,
    /// The caller's region; only names (ARNs, URLs) depend on it.
    pub(crate) region: &'a str,
    pub(crate) now: Timestamp,
}

/// An operation: what it is called, and what carries it out.
pub(crate) type Operation = (&'static str, fn(&Context<'_>, Members) -> Result<Value, Refusal>);

/// A service that is served.
pub(crate) struct Service {
    /// As requests are signed for it.
    pub(crate) name: &'static str,
    /// What comes before the operation in `X-Amz-Target`, or the `Version` of a Query service.
    pub(crate) api: &'static str,
    pub(crate) operations: &'static [Operation],
}

pub(crate) const SERVICES: &[Service] = &[
    cloudformation::SERVICE,
    cloudwatch::SERVICE,
    codecommit::SERVICE,
    codepipeline::SERVICE,
    drs::SERVICE,
    dynamodb::SERVICE,
    ec2::SERVICE,
    iam::SERVICE,
    sns::SERVICE,
    ssm::SERVICE,
    sts::SERVICE,
];

/// Whether any service (or `service` alone) has this operation.
pub(crate) fn is_served(service: Option<&str>, operation: &str) -> bool {
    let mut services = SERVICES.iter().filter(|known| service.is_none_or(|name| name == known.name));
    services.any(|known| known.operations.iter().any(|(name, _)| *name == operation))
}

/// Carries out what a request asks.
pub(crate) fn perform(wire: &Wire, context: &Context<'_>) -> Result<Value, Refusal> {
    let input = wire.input.clone()?;
    let service = SERVICES.iter().find(|service| service.name == wire.service);
    let service =
        service.ok_or_else(|| Refusal::not_served(format_args!("the service `{}`", wire.service)))?;
    if service.api != wire.api {
        return Err(Refusal::not_served(format_args!("the API `{}` of {}", wire.api, wire.service)));
    }
    let found = service.operations.iter().find(|(name, _)| *name == wire.operation);
    let (name, operation) = found.ok_or_else(|| {
        Refusal::not_served(format_args!("the operation `{}` of {}", wire.operation, wire.service))
    })?;
    operation(context, Members::new(name, input)?)
}
