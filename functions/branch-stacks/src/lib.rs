//! Creates a CloudFormation stack for each branch, keeps it up to date, and deletes it with the branch.
//!
//! An event only says which branch to evaluate. `parse` reads the event; for each branch, [`converge`] then runs `gather`
//! (the facts), `decide` (pure) and `act` (the executor). A stack event also reports a failed stack by email ([`change`]);
//! reconcile evaluates every branch and every stack ([`reconcile`]).

pub mod act;
pub mod aws;
pub mod because;
pub mod change;
mod check;
pub mod decide;
pub mod description;
pub mod effect;
pub mod email;
pub mod error;
pub mod event;
pub mod facts;
pub mod gather;
pub mod identity;
pub mod inventory;
pub mod reconcile;
pub mod remark;
pub mod rules;
pub mod run;
pub mod settings;
pub mod stack;

use serde_json::Value;
use shared::decision::{Decision, Verdict};
use shared::foreign_event::{AcceptedRegions, ForeignEvent};
use shared::home::Home;
use shared::lambda::{Failure, Invocation};
use shared::report::Report;

use crate::act::{Enacted, act};
use crate::aws::Clients;
use crate::because::Because;
use crate::change::stack_changed;
use crate::decide::decide;
use crate::event::{Event, Parsed, parse};
use crate::gather::gather;
use crate::reconcile::reconcile;
use crate::rules::Rules;
use crate::run::{BranchInput, Run};
use crate::settings::Settings;

pub use description::FUNCTION;

/// Handles one event: returns what was decided and done about it.
///
/// # Errors
/// When the event claims to be one of this function's and is malformed. A later failure is in the decision.
pub async fn handle(
    event: Value,
    invocation: Invocation,
    rules: &Rules,
    settings: &Settings,
    aws: &Clients,
) -> Result<Decision, Failure> {
    let home = Home::of(&invocation.function_arn);
    if let Some(foreign) = ForeignEvent::of(&event, &home, &[], AcceptedRegions::OwnAnd(&[])) {
        let report = Report::of(Verdict::Skip, "event", &foreign);
        return Ok(report.decision(FUNCTION.name, "an event of another account or region", &invocation));
    }
    let event = match parse(&event).map_err(|error| Failure::new("MalformedEvent", &error))? {
        Parsed::Ours(event) => event,
        Parsed::NotOurs(why) => {
            let report = Report::of(Verdict::Skip, "event", &Because::NotOurs(why));
            return Ok(report.decision(FUNCTION.name, "an event about no branch and no stack", &invocation));
        }
    };
    let run = Run::new(rules, settings, aws, &invocation);
    let report = match &event {
        Event::Branch(branch, push) => {
            let run = run.at_push(push);
            converge(&run.input(branch), &run, None).await.report(branch)
        }
        Event::Stack(change) => stack_changed(&run.at_time(&change.time), change).await,
        Event::Reconcile => reconcile(&run).await,
    };
    Ok(report.decision(FUNCTION.name, &event.to_string(), &invocation))
}

/// Brings one branch's stack to the state that the rules want. Every event ends here. `known_count` is the number of stacks
/// of the branch's rule, where it is already known.
pub(crate) async fn converge(input: &BranchInput<'_>, run: &Run<'_>, known_count: Option<usize>) -> Enacted {
    let facts = gather(input, run.aws, known_count).await;
    let decision = decide(input, &facts);
    act(decision, run.aws, run.invocation.executor).await
}
