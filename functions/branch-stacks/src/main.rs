//! The Lambda binary: reads rules, settings and clients once, then handles one event after another.

use branch_stacks::aws::Clients;
use branch_stacks::rules::{self, template_folders};
use branch_stacks::settings::Settings;
use shared::config::deployed;
use shared::lambda::Failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    // Bad rules or settings do not stop the binary: each event then fails with that reason and waits in the queue.
    let folders = template_folders();
    let rules = deployed::rules(|document, problems| rules::read(document, &folders, problems));
    let settings = Settings::read().map_err(|error| Failure::new("BadSetting", &error));
    let ready = rules.and_then(|rules| Ok((rules, settings?)));
    let aws = Clients::new(&shared::aws::sdk_config().await);
    let (ready, aws) = (&ready, &aws);
    shared::lambda::run(async move |event, invocation| match ready {
        // Boxed: unboxed, the SDK's futures nest deeper than the compiler's recursion limit.
        Ok((rules, settings)) => {
            Box::pin(branch_stacks::handle(event, invocation, rules, settings, aws)).await
        }
        Err(failure) => Err(failure.clone()),
    })
    .await
}
