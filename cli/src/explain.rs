//! `pointsman explain`: which pipelines a push would start, from a clone and the rules, without AWS.
//!
//! Parsing aside, every step is the deployed function's own: it gathers facts, decides and reports. Only the reader
//! differs: a clone instead of CodeCommit and CodePipeline.

mod clone_reader;

use anyhow::{Context as _, Result, bail};
use git_reader::Repository;
use jiff::Timestamp;
use pipeline_trigger::FUNCTION;
use pipeline_trigger::decide::decide;
use pipeline_trigger::event::{Change, Push, Reference};
use pipeline_trigger::facts::Facts;
use pipeline_trigger::gather::gather;
use pipeline_trigger::report::report;
use pipeline_trigger::rules::PipelineRule;
use shared::act::Performed;
use shared::clock;
use shared::decision::{Action, ActionResult, Decision};
use shared::lambda::Invocation;
use shared::text::printable;

use crate::arguments::{CommitRange, ExplainArguments};
use crate::exit::Exit;
use crate::{progress, render, rules_file};
use clone_reader::CloneReader;

/// Why `explain` makes no call.
const NOT_CALLED: &str = "explain starts nothing";

/// Prints the decision.
pub fn run(arguments: &ExplainArguments) -> Result<Exit> {
    let decision = explain(arguments)?;
    if arguments.json {
        anstream::println!("{}", serde_json::to_string_pretty(&decision)?);
    } else {
        anstream::print!("{}", render::decision(&decision));
    }
    Ok(Exit::Success)
}

/// The decision about the push that the arguments describe.
pub fn explain(arguments: &ExplainArguments) -> Result<Decision> {
    let rules = rules_file::read(&arguments.config)?;
    let repository = Repository::open(&arguments.repo)?;
    let push = push(arguments, &repository)?;
    let rules = rules.of_repository(&push.repository);
    let _progress = progress::after_a_second(format!("reading {}", arguments.repo.display()));
    let invocation = Invocation { now: clock::now()?, ..Invocation::by_hand(true) };
    let facts = read(&repository, &push, &rules, &invocation)?;
    let plan = decide(&push, &facts, &rules);
    let results = vec![Performed::NotCalled; plan.starts.len()];
    let report = report(plan, &facts.remarks, &results);
    let mut decision = report.decision(FUNCTION.name, &push.to_string(), &invocation);
    decision.actions.iter_mut().for_each(as_explained);
    Ok(decision)
}

/// The facts about the push, as far as a clone has them.
fn read(
    repository: &Repository,
    push: &Push,
    rules: &[&PipelineRule],
    invocation: &Invocation,
) -> Result<Facts> {
    let reader = CloneReader::new(repository);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let facts = runtime.block_on(gather(push, rules, &reader, invocation.deadline));
    reader.finish()?;
    Ok(facts)
}

/// An action without what only AWS knows: the token depends on the event's time, and a source action that no rule names
/// is found in the pipeline.
fn as_explained(action: &mut Action) {
    action.result = ActionResult::NotCalled(NOT_CALLED.to_owned());
    if let Some(input) = action.input.as_object_mut() {
        input.shift_remove("clientRequestToken");
        if input["sourceRevisions"].as_array().is_some_and(Vec::is_empty) {
            input.shift_remove("sourceRevisions");
        }
    }
}

fn push(arguments: &ExplainArguments, repository: &Repository) -> Result<Push> {
    let reference = match (&arguments.branch, &arguments.tag) {
        (Some(branch), _) => Reference::Branch(short_name(branch, "refs/heads/")),
        (None, Some(tag)) => Reference::Tag(short_name(tag, "refs/tags/")),
        (None, None) => bail!("name the pushed branch or tag with --branch or --tag"),
    };
    let CommitRange { old, new } = &arguments.push;
    let new = commit(repository, new)?;
    let change = match old {
        // In a push, git writes zeros for "no commit".
        Some(old) if old.bytes().all(|byte| byte == b'0') => Change::Created { new },
        Some(old) => Change::Updated { old: Some(commit(repository, old)?), new },
        None => Change::Created { new },
    };
    let time = Timestamp::UNIX_EPOCH.to_string();
    Ok(Push { repository: arguments.repository.clone(), reference, change, time })
}

fn short_name(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_owned()
}

fn commit(repository: &Repository, name: &str) -> Result<String> {
    repository.resolve(name)?.with_context(|| {
        format!("`{}` is not a commit of {}", printable(name), repository.folder().display())
    })
}
