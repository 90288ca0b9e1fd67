//! The Lambda binary: rules and clients once, then one event after another.

use pipeline_trigger::FUNCTION;
use pipeline_trigger::aws::Clients;
use pipeline_trigger::rules;
use pipeline_trigger::settings::Settings;
use rules_source::DeployedRules;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    // With a problem in the rules the process stays up: each invocation then fails with the problem, and the event waits
    // in the queue.
    let aws_config = shared::aws::sdk_config().await;
    let rules = DeployedRules::open(&FUNCTION, &aws_config, rules::read);
    let aws = Clients::new(&aws_config);
    let settings = Settings::read();
    let (rules, settings, aws) = (&rules, &settings, &aws);
    shared::lambda::run(async move |event, invocation| {
        let current = rules.current(&invocation).await?;
        let rules = &current.rules;
        // Boxed: unboxed, the SDK's calls nest futures deeper than the compiler's limit.
        let decision = Box::pin(pipeline_trigger::handle(event, invocation, rules, settings, aws)).await?;
        Ok(current.noted(decision))
    })
    .await
}
