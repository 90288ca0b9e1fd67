//! The Lambda binary: reads rules, settings and clients once, then handles one event after another.

use ami_alerts::aws::Clients;
use ami_alerts::rules;
use ami_alerts::settings::Settings;
use shared::config::deployed;
use shared::lambda::Failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    // A problem in them does not end the process: every event then fails with it, and waits in the queue.
    let rules = deployed::rules(rules::read);
    let settings = Settings::read().map_err(|error| Failure::new("BadSetting", &error));
    let ready = rules.and_then(|rules| Ok((rules, settings?)));
    let aws = Clients::new(&shared::aws::sdk_config().await);
    let (ready, aws) = (&ready, &aws);
    shared::lambda::run(async move |event, invocation| match ready {
        // Boxed: the SDK's calls nest futures deeper than the compiler's limit.
        Ok((rules, settings)) => Box::pin(ami_alerts::handle(event, invocation, rules, settings, aws)).await,
        Err(failure) => Err(failure.clone()),
    })
    .await
}
