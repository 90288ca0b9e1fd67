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
pub mod reconcile;
pub mod remark;
pub mod report;
pub mod rules;
pub mod settings;
pub mod unread;
pub mod variables;
pub mod window;

pub use description::FUNCTION;
pub use shared::push as event;

use serde_json::Value;
use shared::decision::{Decision, Verdict};
use shared::event::MalformedEvent;
use shared::foreign_event::{AcceptedRegions, ForeignEvent};
use shared::home::Home;
use shared::lambda::{Failure, Invocation};
use shared::report::Report;

use crate::act::act;
use crate::aws::Clients;
use crate::because::Because;
use crate::decide::decide;
use crate::event::{Parsed, Push, parse};
use crate::gather::gather_some;
use crate::reader::{AccountReader, Lookup, Reader as _};
use crate::reconcile::{keep_tokens, reconcile, reconcile_request};
use crate::report::report;
use crate::rules::{Pin, PipelineRule, Rules};
use crate::settings::Settings;
use crate::window::coalesce::is_opening;
use crate::window::hold::{HeldKind, HeldSource};
use crate::window::holding::{Holding, commit_facts, windows_of};
use crate::window::judge::judge;
use crate::window::opened;

/// From an event to what was decided and done about it.
///
/// # Errors
/// When the event says it is a push and is malformed. What fails later is in the decision.
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
    if is_heartbeat(&event) {
        let report = Report::of(Verdict::Skip, "event", &Because::Heartbeat);
        return Ok(report.decision(FUNCTION.name, "heartbeat", &invocation));
    }
    let malformed = |error| Failure::new("MalformedEvent", &error);
    if let Some(request) = reconcile_request(&event).map_err(malformed)? {
        let report = Box::pin(reconcile(&request, rules, settings, aws, &invocation)).await;
        return Ok(report.decision(FUNCTION.name, &request.to_string(), &invocation));
    }
    if artifact::is_artifact_event(&event) {
        return artifact::handle_artifact(&event, None, rules, &invocation, settings, aws).await;
    }
    if is_opening(&event) {
        return handle_opening(&event, invocation, rules, settings, aws).await;
    }
    let push = match parse(&event).map_err(malformed)? {
        Parsed::Ours(push) => push,
        Parsed::NotOurs(why) => {
            let report = Report::of(Verdict::Skip, "event", &Because::NotOurs(why));
            return Ok(report.decision(FUNCTION.name, "an event that is no push", &invocation));
        }
    };
    let rules = rules.of_repository(&push.repository);
    Ok(handle_push(&push, (&event, false), &rules, &rules, invocation, settings, aws).await)
}

/// From a push to what was decided and done about it. `event` is that of the push, and whether a schedule held it. `rules` are
/// those that decide, `of_repository` all of the repository.
async fn handle_push(
    push: &Push,
    (event, from_schedule): (&Value, bool),
    rules: &[&PipelineRule],
    of_repository: &[&PipelineRule],
    invocation: Invocation,
    settings: &Settings,
    aws: &Clients,
) -> Decision {
    let reader = AccountReader { aws, repository: &push.repository };
    let facts = gather_some(push, rules, of_repository, &reader, invocation.deadline).await;
    let mut plan = decide(push, &facts, rules);
    if from_schedule {
        keep_tokens(&mut plan, push, event);
    }
    let reference = push.reference.full_name();
    let source = HeldSource {
        kind: HeldKind::Push,
        source: &push.repository,
        reference: &reference,
        event,
        from_schedule,
    };
    let holding = Holding { source, settings, aws, invocation: &invocation };
    let windows = windows_of(rules);
    let commit = commit_facts(&plan, &windows, push, &reader, invocation.now).await;
    let held = judge(&mut plan, &windows, Some(&push.reference), &commit, invocation.now);
    let of_holds = holding.hold_all(&mut plan, &held, &push.to_string()).await;
    let results = act(&plan.starts, aws, &invocation).await;
    let may_hold = rules.iter().map(|rule| rule.window.is_some() && rule.pin == Pin::Commit);
    let of_releases = holding.release_all(&plan, &may_hold.collect::<Vec<_>>(), &results).await;
    let mut report = report(plan, &facts.remarks, &results);
    report.add(of_holds);
    report.add(of_releases);
    report.decision(FUNCTION.name, &push.to_string(), &invocation)
}

/// A schedule invoked the function: the held push is re-evaluated, for its pipeline alone.
async fn handle_opening(
    event: &Value,
    invocation: Invocation,
    rules: &Rules,
    settings: &Settings,
    aws: &Clients,
) -> Result<Decision, Failure> {
    let malformed = |error: &MalformedEvent| Failure::new("MalformedEvent", error);
    let held = opened::read(event).map_err(|error| malformed(&error))?;
    if artifact::is_artifact_event(&held.event) {
        let opened = Some(held.pipeline.as_str());
        return artifact::handle_artifact(&held.event, opened, rules, &invocation, settings, aws).await;
    }
    let push = match parse(&held.event).map_err(|error| malformed(&error))? {
        Parsed::Ours(push) => push,
        Parsed::NotOurs(why) => {
            let report = Report::of(Verdict::Skip, &held.pipeline, &Because::NotOurs(why));
            return Ok(report.decision(FUNCTION.name, "a schedule of an event that is no push", &invocation));
        }
    };
    let title = format!("window opened: {push}");
    let of_repository = rules.of_repository(&push.repository);
    let rules = opened::rules_of(rules, &push, &held.pipeline);
    if rules.is_empty() {
        let because = Because::HeldRuleGone { repository: push.repository.clone() };
        let report = Report::of(Verdict::Skip, &held.pipeline, &because);
        return Ok(report.decision(FUNCTION.name, &title, &invocation));
    }
    // Rules that build the head read it themselves.
    let builds_pushed = rules.iter().any(|rule| rule.pin == Pin::Commit);
    if let Some(branch) = push.reference.branch().filter(|_| builds_pushed)
        && is_gone(branch, &push.repository, aws).await
    {
        let because = Because::BranchGone { branch: branch.to_owned() };
        let report = Report::of(Verdict::Hold, &held.pipeline, &because);
        return Ok(report.decision(FUNCTION.name, &title, &invocation));
    }
    let decision =
        handle_push(&push, (&held.event, true), &rules, &of_repository, invocation, settings, aws).await;
    Ok(Decision { event: title, ..decision })
}

/// Whether the branch was deleted while its push was held. If that is unknown, the push is decided.
async fn is_gone(branch: &str, repository: &str, aws: &Clients) -> bool {
    let reader = AccountReader { aws, repository };
    matches!(reader.branch_head(branch).await, Ok(Lookup::Missing))
}

/// Whether the schedule sent the event. The rules were read by then, so a heartbeat fails if they have a problem.
fn is_heartbeat(event: &Value) -> bool {
    event["source"] == "pointsman" && event["detail-type"] == "heartbeat"
}
