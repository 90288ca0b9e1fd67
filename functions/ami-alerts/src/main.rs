//! The Lambda binary: reads rules, settings and clients once, then handles one event after another.

use ami_alerts::FUNCTION;
use ami_alerts::aws::Clients;
use ami_alerts::rules;
use ami_alerts::settings::Settings;
use rules_source::DeployedRules;
use shared::lambda::Failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    // A problem in them does not end the process: every event then fails with it, and waits in the queue.
    let aws_config = shared::aws::sdk_config().await;
    let rules = DeployedRules::open(&FUNCTION, &aws_config, rules::read);
    let settings = Settings::read().map_err(|error| Failure::new("BadSetting", &error));
    let aws = Clients::new(&aws_config);
    let (rules, settings, aws) = (&rules, &settings, &aws);
    shared::lambda::run(async move |event, invocation| {
        let current = rules.current(&invocation).await?;
        let settings = settings.as_ref().map_err(Failure::clone)?;
        // Boxed: unboxed, the SDK's calls nest futures deeper than the compiler's limit.
        let decision = Box::pin(ami_alerts::handle(event, invocation, &current.rules, settings, aws)).await?;
        Ok(current.noted(decision))
    })
    .await
}
