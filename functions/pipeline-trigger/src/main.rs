//! The Lambda binary: rules and clients once, then one event after another.

use std::path::PathBuf;

use pipeline_trigger::aws::Clients;
use pipeline_trigger::rules::{self, Rules};
use shared::config::{Document, render};
use shared::lambda::{BAD_RULES, Failure};

/// Where the configuration layer puts the rules; `POINTSMAN_CONFIG` names another file.
const DEPLOYED_RULES: &str = "/opt/pointsman.toml";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    // Rules with a problem are not a reason to die: each event then says what is wrong, and waits in the queue.
    let rules = read_rules();
    let aws = Clients::new(&shared::aws::sdk_config().await);
    let (rules, aws) = (&rules, &aws);
    shared::lambda::run(async move |event, invocation| match rules {
        // Boxed: unboxed, the SDK's calls nest futures deeper than the compiler looks.
        Ok(rules) => Box::pin(pipeline_trigger::handle(event, invocation, rules, aws)).await,
        Err(problem) => Err(Failure { kind: BAD_RULES, message: problem.clone() }),
    })
    .await
}

fn read_rules() -> Result<Rules, String> {
    let path = PathBuf::from(std::env::var("POINTSMAN_CONFIG").unwrap_or_else(|_| DEPLOYED_RULES.to_owned()));
    let document = Document::read(&path).map_err(|error| Failure::new(BAD_RULES, &error).message)?;
    let mut problems = Vec::new();
    let rules = rules::read(&document, &mut problems);
    if problems.is_empty() { Ok(rules) } else { Err(render(&document, document.name(), &problems, false)) }
}
