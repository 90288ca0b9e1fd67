//! Starts the CodePipeline pipelines whose files a CodeCommit push touched.
//!
//! `parse` the event, `gather` the facts, `decide` (pure), then `act`.

pub mod act;
pub mod aws;
pub mod because;
pub mod compare;
pub mod decide;
pub mod facts;
pub mod gather;
pub mod matching;
pub mod remark;
pub mod report;
pub mod rules;
pub mod variables;

pub use shared::push as event;

use serde_json::Value;
use shared::decision::{Decision, Verdict};
use shared::lambda::{Failure, Invocation};

use crate::act::act;
use crate::aws::Clients;
use crate::because::Because;
use crate::decide::{Decided, Plan, decide};
use crate::event::{NotOurs, Parsed, parse};
use crate::gather::gather;
use crate::report::{Acted, report};
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
    let push = match parse(&event).map_err(|error| Failure::new("MalformedEvent", &error))? {
        Parsed::Ours(push) => push,
        Parsed::NotOurs(why) => return Ok(not_ours(why, &invocation)),
    };
    let rules = rules.of_repository(&push.repository);
    let facts = gather(&push, &rules, aws, invocation.deadline).await;
    let plan = decide(&push, &facts, &rules);
    let acted = match invocation.dry_run {
        true => Acted::Not("dry run"),
        false => Acted::Tried(act(&plan.starts, aws, invocation.deadline).await),
    };
    Ok(report(push.to_string(), plan, &facts.remarks, &acted, &invocation))
}

fn not_ours(why: NotOurs, invocation: &Invocation) -> Decision {
    let because = Because::NotOurs(why);
    let decided = Decided { verdict: Verdict::Skip, subject: "event".to_owned(), because, rule: None };
    let plan = Plan { reasons: vec![decided], ..Plan::default() };
    report("an event that is no push".to_owned(), plan, &[], &Acted::Not("not a push"), invocation)
}
