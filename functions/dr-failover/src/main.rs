//! The Lambda binary: rules, settings and clients once, then one event after another.

use dr_failover::aws::Clients;
use dr_failover::rules;
use dr_failover::settings::Settings;
use shared::config::deployed;
use shared::lambda::Failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    // A problem in the rules or settings fails each event, which then waits in the queue, and not the cold start.
    let rules = deployed::rules(rules::read);
    let settings = Settings::read().map_err(|error| Failure::new("BadSetting", &error));
    let ready = rules.and_then(|rules| Ok((rules, settings?)));
    let aws = Clients::new(&shared::aws::sdk_config().await);
    let (ready, aws) = (&ready, &aws);
    shared::lambda::run(async move |event, invocation| match ready {
        // Boxed: unboxed, the SDK's calls nest futures deeper than the compiler's limit.
        Ok((rules, settings)) => Box::pin(dr_failover::handle(event, invocation, rules, settings, aws)).await,
        Err(failure) => Err(failure.clone()),
    })
    .await
}
