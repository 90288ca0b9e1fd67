//! The Lambda binary: reads rules, settings and clients once, then handles one event after another.

use branch_stacks::FUNCTION;
use branch_stacks::aws::Clients;
use branch_stacks::rules::{self, template_folders};
use branch_stacks::settings::Settings;
use rules_source::DeployedRules;
use shared::lambda::Failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    // Bad rules or settings do not stop the binary: each event then fails with that reason and waits in the queue.
    let folders = template_folders();
    let aws_config = shared::aws::sdk_config().await;
    let rules = DeployedRules::open(&FUNCTION, &aws_config, move |document, problems| {
        rules::read(document, &folders, problems)
    });
    let settings = Settings::read().map_err(|error| Failure::new("BadSetting", &error));
    let aws = Clients::new(&aws_config);
    let (rules, settings, aws) = (&rules, &settings, &aws);
    shared::lambda::run(async move |event, invocation| {
        let current = rules.current(&invocation).await?;
        let settings = settings.as_ref().map_err(Failure::clone)?;
        // Boxed: unboxed, the SDK's calls nest futures deeper than the compiler's limit.
        let decision =
            Box::pin(branch_stacks::handle(event, invocation, &current.rules, settings, aws)).await?;
        Ok(current.noted(decision))
    })
    .await
}
