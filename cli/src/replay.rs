//! `pointsman replay`: an event through the real binary, with the Runtime API and AWS's answers from this machine.

mod case;
mod emails;
mod failed_queue;
mod follow;
mod function;
mod route;

use std::path::Path;

use anyhow::{Context as _, Result};
use local_aws::{AwsWorld, JournaledAnswer, JournaledCall, LocalAws};
use serde_json::{Value, json};
use shared::lambda::BAD_RULES;

pub use case::Case;
pub use follow::NotAtRest;
pub use function::{FunctionRun, InvocationError, Invoked, RepeatedEvent};

use crate::arguments::ReplayArguments;
use crate::exit::Exit;
use crate::template::{SamTemplate, TEMPLATES, document};
use crate::{progress, render, rules_file, workspace};
use function::Stage;

const NO_FUNCTION: &str = "no function's rule in template.yaml matches this event";

/// Replays every path; one that cannot be replayed does not stop the others.
pub fn run(arguments: &ReplayArguments) -> Result<Exit> {
    let root = workspace::root()?;
    let mut exit = Exit::Success;
    for (index, path) in arguments.paths.iter().enumerate() {
        if index > 0 && !arguments.json {
            anstream::println!();
        }
        let replayed = replay_path(path, arguments, &root);
        let replayed = replayed.with_context(|| format!("cannot replay {}", path.display()));
        exit = exit.max(replayed.unwrap_or_else(|error| Exit::of(&error)));
    }
    Ok(exit)
}

fn replay_path(path: &Path, arguments: &ReplayArguments, root: &Path) -> Result<Exit> {
    let case = Case::read(path, arguments, root)?;
    let _progress = progress::after_a_second(format!("replaying {}", case.name));
    let replays =
        replay(&case, arguments, root).inspect_err(|error| print_until_then(&case, error, arguments));
    let replays = replays?;
    print(&case, &replays, arguments.json)?;
    if let Some(folder) = &arguments.mail {
        for path in emails::write(&replays, folder)? {
            anstream::eprintln!("wrote {}", path.display());
        }
    }
    let failed = replays.is_empty() || replays.iter().any(|replay| replay.run.failed());
    Ok(if failed { Exit::Found } else { Exit::Success })
}

/// Prints the invocations of a case that was stopped because it does not come to rest, so that the operator sees the
/// loop.
fn print_until_then(case: &Case, error: &anyhow::Error, arguments: &ReplayArguments) {
    if let Some(not_at_rest) = error.downcast_ref::<NotAtRest>()
        && let Err(error) = print(case, &not_at_rest.replays, arguments.json)
    {
        anstream::eprintln!("error: {error:#}");
    }
}

/// The result of one function.
#[derive(Debug)]
pub struct Replay {
    /// The reason for the choice of the function, if no rule of the template is the reason.
    pub note: Option<String>,
    /// The function's name.
    pub function: String,
    /// The invocations.
    pub run: FunctionRun,
}

/// Runs each function that the event reaches, each in its own world; in one world if the world follows events.
pub fn replay(case: &Case, arguments: &ReplayArguments, root: &Path) -> Result<Vec<Replay>> {
    replay_until_the_end(case, arguments, root, &mut |_| ())
}

/// Does the same, and passes each world to `at_end` when nothing more happens in it.
pub fn replay_until_the_end(
    case: &Case,
    arguments: &ReplayArguments,
    root: &Path,
    at_end: &mut dyn FnMut(&LocalAws),
) -> Result<Vec<Replay>> {
    let template = template(root, case)?;
    let mut next = Some(world(case, arguments, &template)?);
    let follows = next.as_ref().is_some_and(|world| {
        world.follows_events() || world.runs_schedules() || !world.timeline().is_empty()
    });
    if let Some(world) = next.take_if(|_| follows) {
        case.hints(&world).iter().for_each(|hint| anstream::eprint!("note: {}", render::block(hint)));
        return follow::replay(case, arguments, root, &template, world, at_end);
    }
    let mut replays = Vec::new();
    for route in route::routes_of(case, &case.event, arguments.function.as_deref(), false, &template)? {
        let world = next.take().map_or_else(|| world(case, arguments, &template), Ok)?;
        case.hints(&world).iter().for_each(|hint| anstream::eprint!("note: {}", render::block(hint)));
        let stage = Stage::open(case, root, world, arguments.dry_run)?;
        let invocations = stage.deliver(route.function, &case.event, None)?;
        at_end(&stage.aws);
        let function = route.function.package.clone();
        replays.push(Replay { note: route.note, function, run: FunctionRun { invocations } });
    }
    Ok(replays)
}

/// Parameters that stay as the template has them, unless a case's world sets them: each adds calls to every invocation.
const OPT_IN: [&str; 3] = ["ImageAncestry", "ImageUsageReports", "SecurityHubFindings"];

/// A parameter that a deployment has to set, and that no decision depends on.
const ADDRESS: &str = "MailAddress";

/// The templates as one, with every optional function enabled: a replay deploys nothing. The case's world may set further
/// parameters.
fn template(root: &Path, case: &Case) -> Result<SamTemplate> {
    let set = match &case.world {
        Some(path) => AwsWorld::read(path)?.parameters_of_template().clone(),
        None => Default::default(),
    };
    let mut joined: Option<SamTemplate> = None;
    for path in TEMPLATES.map(|name| root.join(name)).iter().filter(|path| path.is_file()) {
        let declared = document(path)?;
        let parameters = declared["Parameters"].as_object().into_iter().flatten();
        let values = parameters.filter_map(|(name, parameter)| {
            let is_switch = parameter["AllowedValues"] == json!(["enabled", "disabled"]);
            let is_switch = is_switch && !OPT_IN.contains(&name.as_str());
            let is_required = parameter.get("Default").is_none();
            let value = set.get(name).cloned();
            let value = value.or_else(|| is_switch.then(|| "enabled".to_owned()));
            let value = value
                .or_else(|| (is_required && name == ADDRESS).then(|| "replay@example.com".to_owned()))?;
            Some((name.clone(), value))
        });
        let template = SamTemplate::read(path, &values.collect())?;
        joined = Some(match joined {
            Some(before) => before.joined(template),
            None => template,
        });
    }
    joined.with_context(|| format!("there is no template.yaml in {}", root.display()))
}

/// The account before the event: the case's world, with the clones. Without a world, an account with the pipelines
/// that the rules name, so that a push can start something.
fn world(case: &Case, arguments: &ReplayArguments, template: &SamTemplate) -> Result<AwsWorld> {
    let mut world = match &case.world {
        Some(path) => AwsWorld::read(path)?,
        None => AwsWorld::empty(),
    };
    for (name, path) in &arguments.repo {
        world.serve_clone(name, path)?;
    }
    if case.world.is_none() {
        case.make_pipelines(&mut world, &rules_file::read(&case.config)?);
    }
    for (name, value) in template.parameters() {
        world.ensure_parameter(name, value);
    }
    for table in template.tables() {
        let range = table.range.as_ref().map(|(name, kind)| (name.as_str(), kind.as_str()));
        world.ensure_table(&table.name, (&table.hash.0, &table.hash.1), range);
    }
    Ok(world)
}

fn print(case: &Case, replays: &[Replay], as_json: bool) -> Result<()> {
    if as_json {
        if replays.is_empty() {
            let error = json!({"errorType": "NoFunction", "errorMessage": NO_FUNCTION});
            anstream::println!(
                "{}",
                serde_json::to_string_pretty(&json!({"reasons": [], "actions": [], "error": error}))?
            );
        }
        for replay in replays {
            for value in replay.run.as_json() {
                anstream::println!("{}", serde_json::to_string_pretty(&value)?);
            }
        }
        return Ok(());
    }
    anstream::print!("{}", outcome_text(case, replays));
    Ok(())
}

/// The printed text, which is also the content of a case's `outcome.txt`.
pub fn outcome_text(case: &Case, replays: &[Replay]) -> String {
    let mut out = String::new();
    if replays.is_empty() {
        out.push_str(&render::sentence(&format!("{}: {NO_FUNCTION}", case.name)));
    }
    for replay in replays {
        out.push_str(&format!("{}: {}\n", replay.function, case.name));
        if let Some(note) = &replay.note {
            out.push_str(&render::sentence(&format!("({note})")));
        }
        invocations_text(&replay.run.invocations, &mut out);
    }
    out
}

/// Renders the invocations in order. Of consecutive repeated events with the same result, only the times are printed.
fn invocations_text(invocations: &[Invoked], out: &mut String) {
    let mut before: Option<(&str, String)> = None;
    let mut same: Vec<&RepeatedEvent> = Vec::new();
    for (index, invoked) in invocations.iter().enumerate() {
        let text = invocation_text(invoked);
        let repeat = invoked.repeat.as_ref().filter(|_| invoked.changes.is_empty());
        if let Some(repeat) = repeat
            && before.as_ref().is_some_and(|(source, before)| *source == repeat.source && *before == text)
        {
            same.push(repeat);
            continue;
        }
        same_repeats_text(&mut same, out);
        for change in &invoked.changes {
            out.push_str(&render::sentence(&format!("--- {change}")));
        }
        if let Some(what) = &invoked.what {
            out.push_str(&format!("--- {what}\n"));
        } else if index > 0 && invoked.has_happened() {
            out.push_str("---\n");
        }
        out.push_str(&text);
        before = invoked.repeat.as_ref().map(|repeat| (repeat.source.as_str(), text));
    }
    same_repeats_text(&mut same, out);
}

fn same_repeats_text(same: &mut Vec<&RepeatedEvent>, out: &mut String) {
    if let Some(first) = same.first() {
        let times: Vec<&str> = same.iter().map(|repeat| repeat.time.as_str()).collect();
        out.push_str(&render::sentence(&format!("--- {}: the same at {}", first.source, times.join(", "))));
        same.clear();
    }
}

fn invocation_text(invoked: &Invoked) -> String {
    let mut out = String::new();
    for decision in &invoked.decisions {
        out.push_str(&render::decision(decision));
    }
    out.push_str(&render::calls(&invoked.calls));
    if let Some(error) = &invoked.error {
        let text = format!("the invocation failed: {}: {}", error.kind, error.message);
        let is_block = error.kind == BAD_RULES;
        out.push_str(&if is_block { render::block(&text) } else { render::sentence(&text) });
    }
    if let Some(failed) = &invoked.batch_failures {
        for failure in &invoked.logged_failures {
            out.push_str(&render::sentence(&format!("no decision: {}: {}", failure.kind, failure.message)));
        }
        out.push_str(&render::sentence(&format!("messages that stay in their queue: {}", listed(failed))));
    }
    out
}

fn listed(items: &[String]) -> String {
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

impl FunctionRun {
    /// One value a decision; one for an invocation that came to none.
    fn as_json(&self) -> Vec<Value> {
        self.invocations.iter().flat_map(Invoked::as_json).collect()
    }
}

impl Invoked {
    /// Whether this is an invocation, and not only the changes of the world after the last one.
    fn has_happened(&self) -> bool {
        self.at.is_some()
    }

    /// The decision's own members, as `explain` prints them, with the calls and the error.
    fn as_json(&self) -> Vec<Value> {
        let decisions: Vec<Value> = match &self.decisions[..] {
            [] => vec![json!({"reasons": [], "actions": []})],
            decisions => decisions.iter().map(|decision| json!(decision)).collect(),
        };
        let calls: Vec<Value> = self.calls.iter().map(call_as_json).collect();
        let with_calls = |mut value: Value| {
            value["calls"] = json!(calls);
            if let Some(error) = &self.error {
                value["error"] = json!({"errorType": error.kind, "errorMessage": error.message});
            }
            // If there are several, the time of the case's clock.
            if let Some(at) = self.at.filter(|_| self.what.is_some()) {
                value["at"] = json!(at.to_string());
            }
            if let Some(failures) = &self.batch_failures {
                let as_json = |failure: &InvocationError| json!({"errorType": failure.kind, "errorMessage": failure.message});
                value["batchItemFailures"] = json!(failures);
                value["failures"] = self.logged_failures.iter().map(as_json).collect();
            }
            value
        };
        decisions.into_iter().map(with_calls).collect()
    }
}

fn call_as_json(call: &JournaledCall) -> Value {
    let answer = match &call.answer {
        JournaledAnswer::Ok(answer) => json!({"ok": answer}),
        JournaledAnswer::Error { code, message, status } => {
            json!({"error": {"code": code, "message": message, "status": status}})
        }
        JournaledAnswer::Cut => json!("cut"),
    };
    json!({"service": call.service, "operation": call.operation, "input": call.input, "answer": answer})
}
