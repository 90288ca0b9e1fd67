//! `pointsman explain`: which pipelines a push would start, from a clone and the rules, without AWS.
//!
//! Parsing aside, every step is the deployed function's own: it gathers facts, decides and reports. Only the reader
//! differs: a clone instead of CodeCommit and CodePipeline.

mod clone_reader;
mod codecommit_url;
mod deciding_files;
mod near_miss;
mod pushed;

use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result};
use git_reader::{DefaultBranch, Repository};
use pipeline_trigger::FUNCTION;
use pipeline_trigger::decide::{StartPlan, decide};
use pipeline_trigger::event::Push;
use pipeline_trigger::facts::Facts;
use pipeline_trigger::gather::gather;
use pipeline_trigger::remark::Remark;
use pipeline_trigger::report::report;
use pipeline_trigger::rules::PipelineRule;
use pipeline_trigger::window::holding::{commit_facts, windows_of};
use pipeline_trigger::window::judge::judge;
use serde_json::json;
use shared::act::Performed;
use shared::clock;
use shared::decision::{Action, ActionResult, Decision};
use shared::lambda::Invocation;

use crate::arguments::{DEFAULT_RULES, ExplainArguments};
use crate::exit::Exit;
use crate::{progress, render, rules_file};
use clone_reader::{ChangedPath, CloneReader};
use deciding_files::RuleFiles;
use pushed::PushedClone;
pub(crate) use pushed::{name_of, named_remotes, top_of};

/// Why `explain` makes no call.
const NOT_CALLED: &str = "explain starts nothing";

/// The decision, and what the patterns say of the files if that was asked for.
#[derive(Debug)]
struct ExplainedPush {
    decision: Decision,
    files: Vec<RuleFiles>,
}

/// Prints the decision.
pub fn run(arguments: &ExplainArguments) -> Result<Exit> {
    let ExplainedPush { decision, files } = explained(arguments)?;
    if arguments.json {
        let mut value = json!(decision);
        if arguments.all || arguments.path.is_some() {
            value["files"] = json!(files);
        }
        anstream::println!("{}", serde_json::to_string_pretty(&value)?);
        return Ok(Exit::Success);
    }
    anstream::print!("{}", render::decision(&decision));
    match arguments.path {
        Some(_) => anstream::print!("{}", deciding_files::path_text(&files)),
        None => anstream::print!("{}", deciding_files::all_text(&files)),
    }
    Ok(Exit::Success)
}

/// The decision about the push that the arguments describe.
pub fn explain(arguments: &ExplainArguments) -> Result<Decision> {
    Ok(explained(arguments)?.decision)
}

fn explained(arguments: &ExplainArguments) -> Result<ExplainedPush> {
    let is_default = arguments.config == Path::new(DEFAULT_RULES);
    let config =
        if is_default { rules_file::here_or_above(&arguments.config) } else { arguments.config.clone() };
    let rules = rules_file::read(&config)?;
    let mut clone = PushedClone::open(arguments, &rules)?;
    let _progress = progress::after_a_second(format!("reading {}", clone.repository.folder().display()));
    let push = clone.push(arguments)?;
    let artifact_rules = rules.images.len() + rules.objects.len();
    let rules = rules.of_repository(&push.repository);
    let now = arguments.at.map_or_else(clock::now, Ok)?;
    let invocation = Invocation { now, ..Invocation::by_hand(true) };
    let (facts, files, event) = match &arguments.path {
        Some(path) => {
            let path = in_clone(&clone.repository, arguments.repo.is_some(), path)?;
            let event = format!("{} {} {path}", push.repository, push.reference.full_name());
            let names = pipelines(&push, &rules);
            let changed = ChangedPath::named(&clone.repository, push.commit().unwrap_or_default(), &path)?;
            let (mut facts, files) =
                deciding_files::of_path(&rules, &names, &clone.repository, &push, &path)?;
            facts.remarks.extend(near_misses(&push, &rules, &facts, &[changed]));
            (facts, files, event)
        }
        None => {
            let (facts, files) = read(&clone.repository, &push, &rules, &invocation, arguments.all)?;
            (facts, files, push.to_string())
        }
    };
    let mut remarks = facts.remarks.clone();
    let reference = push.reference.full_name();
    remarks.extend(clone.work_tree.clone().map(|commit| Remark::WorkTree { reference, commit }));
    if rules.is_empty() && artifact_rules > 0 {
        let repository = push.repository.clone();
        remarks.push(Remark::PushesOnly { repository, rules: artifact_rules });
    }
    let mut plan = decide(&push, &facts, &rules);
    let held = held(&mut plan, &clone.repository, &push, &rules, now)?;
    plan.remarks.extend(held);
    let results = vec![Performed::NotCalled; plan.starts.len()];
    let report = report(plan, &remarks, &results);
    let mut decision = report.decision(FUNCTION.name, &event, &invocation);
    decision.actions.iter_mut().for_each(as_explained);
    Ok(ExplainedPush { decision, files })
}

/// Takes out of the plan what waits for a window, and returns what a clone does not know of it.
fn held(
    plan: &mut StartPlan,
    repository: &Repository,
    push: &Push,
    rules: &[&PipelineRule],
    now: jiff::Timestamp,
) -> Result<Vec<Remark>> {
    let (windows, reader) = (windows_of(rules), CloneReader::new(repository));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let commit = runtime.block_on(commit_facts(plan, &windows, push, &reader, now));
    reader.check()?;
    let held = judge(plan, &windows, Some(&push.reference), &commit, now).into_iter();
    Ok(held.map(|held| Remark::HoldAssumed { pipeline: held.start.pipeline }).collect())
}

/// The facts about the push, as far as a clone has them, and with `all` what the patterns say of each file.
fn read(
    repository: &Repository,
    push: &Push,
    rules: &[&PipelineRule],
    invocation: &Invocation,
    all: bool,
) -> Result<(Facts, Vec<RuleFiles>)> {
    let reader = CloneReader::new(repository);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let mut facts = runtime.block_on(gather(push, rules, &reader, invocation.deadline));
    reader.check()?;
    let commit = push.commit().unwrap_or_default();
    facts.remarks.extend(of_default_branch(push, reader.compared_default()));
    for (index, rule) in rules.iter().enumerate() {
        let base = facts.compared_with.get(&index);
        let changed = base.map(|base| reader.changed(base.commit(), commit)).transpose()?.unwrap_or_default();
        facts.remarks.extend(near_miss::near_miss(push, rule, index, &facts, &changed));
    }
    let files = match all {
        true => deciding_files::all(rules, &pipelines(push, rules), &facts, &reader, push)?,
        false => Vec::new(),
    };
    Ok((facts, files))
}

/// The pattern of each rule that nearly matches one of the files.
fn near_misses(push: &Push, rules: &[&PipelineRule], facts: &Facts, changed: &[ChangedPath]) -> Vec<Remark> {
    let rules = rules.iter().enumerate();
    rules.filter_map(|(index, rule)| near_miss::near_miss(push, rule, index, facts, changed)).collect()
}

fn pipelines(push: &Push, rules: &[&PipelineRule]) -> Vec<String> {
    rules.iter().map(|rule| rule.name.name(&push.repository, push.reference.branch())).collect()
}

/// What the operator should know of the default branch that a new branch was compared with.
fn of_default_branch(push: &Push, compared: Option<Option<DefaultBranch>>) -> Option<Remark> {
    let branch = push.reference.branch()?.to_owned();
    match compared? {
        None => Some(Remark::DefaultBranchUnknown { branch }),
        Some(default) if default.name == branch => None,
        Some(DefaultBranch { name, remote: None, .. }) => {
            Some(Remark::DefaultBranchLocal { branch, default: name })
        }
        Some(DefaultBranch { name, remote: Some(remote), is_recorded: false, .. }) => {
            Some(Remark::DefaultBranchAssumed { branch, default: name, remote })
        }
        Some(_) => None,
    }
}

/// A file's path from the top of the clone. A relative path begins at the top of a clone that was named, else at the current
/// folder.
fn in_clone(repository: &Repository, is_named: bool, path: &str) -> Result<String> {
    let Some(top) = repository.work_tree() else { return Ok(path.to_owned()) };
    let here = std::env::current_dir().and_then(|folder| folder.canonicalize())?;
    let whole = normal(&if is_named { top.join(path) } else { here.join(path) });
    let inside = whole.strip_prefix(top).ok();
    let inside = inside.with_context(|| format!("{path} is not in the clone {}", top.display()))?;
    Ok(inside.to_string_lossy().into_owned())
}

/// The path without `.` and `..`, which need not exist.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(normal.pop()),
            part => normal.push(part),
        }
    }
    normal
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
