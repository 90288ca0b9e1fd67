//! The Lambda binary: rules and clients once, then one event after another.

use pipeline_trigger::aws::Clients;
use pipeline_trigger::rules;
use pipeline_trigger::settings::Settings;
use shared::config::deployed;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    // With a problem in the rules the process stays up: each invocation then fails with the problem, and the event waits
    // in the queue.
    let rules = deployed::rules(rules::read);
    let aws = Clients::new(&shared::aws::sdk_config().await);
    let settings = Settings::read();
    let (rules, settings, aws) = (&rules, &settings, &aws);
    shared::lambda::run(async move |event, invocation| match rules {
        // Boxed: unboxed, the SDK's calls nest futures deeper than the compiler's limit.
        Ok(rules) => Box::pin(pipeline_trigger::handle(event, invocation, rules, settings, aws)).await,
        Err(failure) => Err(failure.clone()),
    })
    .await
}
