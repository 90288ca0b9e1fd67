//! Lists the services, and finds the operation that a request names. No service imports this module.

use serde_json::Value;

use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::protocol::Wire;
use crate::service::{ACCOUNT, Context, Service};
use crate::{
    cloudformation, cloudwatch, codecommit, codepipeline, drs, dynamodb, ec2, eventbridge, iam,
    organizations, s3, scheduler, security_hub, sns, ssm, sts,
};

const SERVICES: &[Service] = &[
    cloudformation::SERVICE,
    cloudwatch::SERVICE,
    codecommit::SERVICE,
    codepipeline::SERVICE,
    drs::SERVICE,
    dynamodb::SERVICE,
    ec2::SERVICE,
    eventbridge::SERVICE,
    iam::SERVICE,
    organizations::SERVICE,
    s3::SERVICE,
    scheduler::SERVICE,
    security_hub::SERVICE,
    sns::SERVICE,
    ssm::SERVICE,
    sts::SERVICE,
];

/// The services that other accounts have, too.
const OF_ANY_ACCOUNT: &[&str] = &["ec2", "iam", "organizations", "sts"];

/// Whether any service (or `service` alone) has this operation.
pub(crate) fn is_served(service: Option<&str>, operation: &str) -> bool {
    let mut services = SERVICES.iter().filter(|served| service.is_none_or(|name| name == served.name));
    services.any(|served| served.operations.iter().any(|(name, _)| *name == operation))
}

/// The operations that are served, a line for each service.
pub fn operations() -> String {
    let line = |service: &Service| {
        let names: Vec<&str> = service.operations.iter().map(|(name, _)| *name).collect();
        format!("  {}: {}\n", service.name, names.join(", "))
    };
    SERVICES.iter().map(line).collect()
}

/// Performs the operation that a request names.
pub(crate) fn perform(wire: &Wire, context: &Context<'_>) -> Result<Value, ErrorAnswer> {
    let input = wire.input.clone()?;
    let service = SERVICES.iter().find(|service| service.name == wire.service);
    let service =
        service.ok_or_else(|| ErrorAnswer::not_served(format_args!("the service `{}`", wire.service)))?;
    if service.api != wire.api {
        return Err(ErrorAnswer::not_served(format_args!("the API `{}` of {}", wire.api, wire.service)));
    }
    let found = service.operations.iter().find(|(name, _)| *name == wire.operation);
    let (name, operation) = found.ok_or_else(|| {
        ErrorAnswer::not_served(format_args!("the operation `{}` of {}", wire.operation, wire.service))
    })?;
    if context.account() != ACCOUNT && !OF_ANY_ACCOUNT.contains(&service.name) {
        let (account, name) = (context.account(), service.name);
        return Err(ErrorAnswer::not_served(format_args!("{name} in another account ({account})")));
    }
    operation(context, Members::new(name, input)?)
}
