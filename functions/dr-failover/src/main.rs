//! The Lambda binary: rules, settings and clients once, then one event after another.

use dr_failover::FUNCTION;
use dr_failover::aws::Clients;
use dr_failover::rules;
use dr_failover::settings::Settings;
use rules_source::DeployedRules;
use shared::lambda::Failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    // A problem in the rules or settings fails each event, which then waits in the queue, and not the cold start.
    let aws_config = shared::aws::sdk_config().await;
    let rules = DeployedRules::open(&FUNCTION, &aws_config, rules::read);
    let settings = Settings::read().map_err(|error| Failure::new("BadSetting", &error));
    let aws = Clients::new(&aws_config);
    let (rules, settings, aws) = (&rules, &settings, &aws);
    shared::lambda::run(async move |event, invocation| {
        let current = rules.current(&invocation).await?;
        let settings = settings.as_ref().map_err(Failure::clone)?;
        // Boxed: unboxed, the SDK's calls nest futures deeper than the compiler's limit.
        let decision =
            Box::pin(dr_failover::handle(event, invocation, &current.rules, settings, aws)).await?;
        Ok(current.noted(decision))
    })
    .await
}
