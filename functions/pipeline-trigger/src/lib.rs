//! Starts the CodePipeline pipelines whose files a CodeCommit push touched, and those of pushed images and created objects.
//!
//! `parse` the event, `gather` the facts, `decide` (pure), then `act`.

pub mod act;
pub mod archive;
pub mod artifact;
pub mod aws;
pub mod because;
mod check;
pub mod compare;
pub mod decide;
pub mod description;
pub mod facts;
pub mod gather;
pub mod image;
pub mod matching;
pub mod object;
pub mod reader;
pub mod remark;
pub mod report;
pub mod rules;
pub mod unread;
pub mod variables;

pub use description::FUNCTION;
pub use shared::push as event;

use serde_json::Value;
use shared::decision::{Decision, Verdict};
use shared::foreign_event::{AcceptedRegions, ForeignEvent};
use shared::home::Home;
use shared::lambda::{Failure, Invocation};
use shared::report::Report;

use crate::act::act;
use crate::aws::Clients;
use crate::because::Because;
use crate::decide::decide;
use crate::event::{Parsed, Push, parse};
use crate::gather::gather;
use crate::reader::AccountReader;
use crate::report::report;
use crate::rules::Rules;

/// From an event to what was decided and done about it.
///
/// # Errors
/// When the event says it is a push and is malformed. What fails later is in the decision.
pub async fn handle(
    event: Value,
    invocation: Invocation,
    rules: &Rules,
    aws: &Clients,
) -> Result<Decision, Failure> {
    let home = Home::of(&invocation.function_arn);
    if let Some(foreign) = ForeignEvent::of(&event, &home, &[], AcceptedRegions::OwnAnd(&[])) {
        let report = Report::of(Verdict::Skip, "event", &foreign);
        return Ok(report.decision(FUNCTION.name, "an event of another account or region", &invocation));
    }
    if is_heartbeat(&event) {
        let report = Report::of(Verdict::Skip, "event", &Because::Heartbeat);
        return Ok(report.decision(FUNCTION.name, "heartbeat", &invocation));
    }
    if artifact::is_artifact_event(&event) {
        return artifact::handle_artifact(&event, invocation, rules, aws).await;
    }
    let push = match parse(&event).map_err(|error| Failure::new("MalformedEvent", &error))? {
        Parsed::Ours(push) => push,
        Parsed::NotOurs(why) => {
            let report = Report::of(Verdict::Skip, "event", &Because::NotOurs(why));
            return Ok(report.decision(FUNCTION.name, "an event that is no push", &invocation));
        }
    };
    Ok(handle_push(&push, invocation, rules, aws).await)
}

/// From a push to what was decided and done about it.
async fn handle_push(push: &Push, invocation: Invocation, rules: &Rules, aws: &Clients) -> Decision {
    let rules = rules.of_repository(&push.repository);
    let reader = AccountReader { aws, repository: &push.repository };
    let facts = gather(push, &rules, &reader, invocation.deadline).await;
    let plan = decide(push, &facts, &rules);
    let results = act(&plan.starts, aws, &invocation).await;
    let report = report(plan, &facts.remarks, &results);
    report.decision(FUNCTION.name, &push.to_string(), &invocation)
}

/// Whether the schedule sent the event. The rules were read by then, so a heartbeat fails if they have a problem.
fn is_heartbeat(event: &Value) -> bool {
    event["source"] == "pointsman" && event["detail-type"] == "heartbeat"
}
