//! Creates a CloudFormation stack for each branch, keeps it up to date, and deletes it with the branch.
//!
//! An event only says which branch to evaluate. `parse` reads the event; for each branch, [`converge`] then runs `gather`
//! (the facts), `decide` (pure) and `act` (the executor). A stack event also reports a failed stack by email ([`change`]);
//! reconcile evaluates every branch and every stack ([`reconcile`]).

pub mod act;
pub mod aws;
pub mod because;
pub mod brake;
pub mod change;
mod check;
pub mod decide;
pub mod deletion_email;
pub mod description;
pub mod effect;
pub mod email;
pub mod error;
pub mod event;
pub mod facts;
pub mod gather;
pub mod identity;
pub mod idle;
pub mod inventory;
pub mod keep;
pub mod left_behind;
pub mod missing;
pub mod notify;
pub mod overview;
pub mod passing;
pub mod reconcile;
pub mod remark;
pub mod report_failure;
pub mod report_missing;
pub mod report_once;
pub mod reports;
pub mod roll_out;
pub mod roll_out_reports;
pub mod rules;
pub mod run;
pub mod settings;
pub mod stack;
pub mod survey;

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
use crate::decide::{StackDecision, decide};
use crate::event::{Event, Parsed, parse};
use crate::facts::{Facts, FoundStack};
use crate::gather::{Known, gather};
use crate::identity::BranchId;
use crate::notify::comment_on_pull_requests;
use crate::reconcile::reconcile;
use crate::report_missing::report_missing;
use crate::report_once::record;
use crate::reports::Reports;
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
            branch_pushed(&run, branch).await
        }
        Event::Stack(change) => stack_changed(&run.at_time(&change.time), change).await,
        Event::PullRequest(branch, id) => pull_request_created(&run, branch, id).await,
        Event::Reconcile { confirm } => reconcile(&run, confirm.as_deref()).await,
    };
    Ok(report.decision(FUNCTION.name, &event.to_string(), &invocation))
}

/// Brings one branch's stack to the state that the rules want. Every event ends here. `known` is what a reconcile has read.
pub(crate) async fn converge(input: &BranchInput<'_>, run: &Run<'_>, known: Known<'_>) -> Enacted {
    let facts = gather(input, run, known).await;
    let decision = decide(input, &facts);
    let remembered = remember(&decision, &facts, run).await;
    let stack = match facts.stack {
        FoundStack::Ours(stack) => Some(stack),
        _ => None,
    };
    match remembered {
        Ok(()) => act(decision, stack, run.aws, run.invocation.executor).await,
        Err(because) => Enacted::failed(decision, stack, because),
    }
}

/// Records the second attempt at a creation before its failed stack is deleted, so that there is no third.
async fn remember(decision: &StackDecision, facts: &Facts, run: &Run<'_>) -> Result<(), Because> {
    let (Because::CreationRepeated { .. }, FoundStack::Ours(stack)) = (&decision.because, &facts.stack)
    else {
        return Ok(());
    };
    let recorded = record(run, &passing::second_attempt(stack)).await;
    recorded.map_err(|error| Because::ReportsUnavailable { error })
}

/// Handles a push to a branch.
async fn branch_pushed(run: &Run<'_>, branch: &BranchId) -> Report {
    let enacted = converge(&run.input(branch), run, Known::default()).await;
    let outcome = enacted.outcome(branch);
    let mut report = enacted.report(branch);
    report.add(report_missing(run, std::slice::from_ref(&outcome), &Reports::new()).await);
    // A stack that the push does not change has its comment already, and the end of an operation is an event of its own.
    if !matches!(outcome.decision.because, Because::UpToDate | Because::Working { .. }) {
        report.add(comment_on_pull_requests(run, &outcome, None).await);
    }
    report
}

/// Handles the creation of a pull request: its branch is evaluated, and the pull request gets its comment.
async fn pull_request_created(run: &Run<'_>, branch: &BranchId, id: &str) -> Report {
    if !run.rules.covering(branch).is_some_and(|rule| rule.notify.pull_request) {
        return Report::of(Verdict::Skip, &branch.to_string(), &Because::NoCommentAsked);
    }
    let enacted = converge(&run.input(branch), run, Known::default()).await;
    let outcome = enacted.outcome(branch);
    let mut report = enacted.report(branch);
    report.add(report_missing(run, std::slice::from_ref(&outcome), &Reports::new()).await);
    report.add(comment_on_pull_requests(run, &outcome, Some(id)).await);
    report
}
