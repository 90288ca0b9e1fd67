//! `pointsman preflight`: what would block a recovery of each plan now, in the account that a world stands for. Starts nothing.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde_json::json;
use shared::decision::{Decision, Verdict};
use shared::text::count;

use crate::arguments::{PreflightArguments, ReplayArguments};
use crate::check::deployed_rules;
use crate::exit::Exit;
use crate::replay::{Case, replay};
use crate::{render, workspace};

/// The function that has the preflight.
const FUNCTION: &str = dr_failover::FUNCTION.name;

/// Prints the preflight.
pub fn run(arguments: &PreflightArguments) -> Result<Exit> {
    let root = workspace::root()?;
    let case = case(arguments, &root);
    let options =
        ReplayArguments { function: Some(FUNCTION.to_owned()), dry_run: true, ..Default::default() };
    let replays = replay(&case, &options, &root)?;
    let Some(first) = replays.first().and_then(|replay| replay.run.invocations.first()) else {
        bail!("{FUNCTION} did not run");
    };
    if let Some(error) = &first.error {
        bail!("{}: {}", error.kind, error.message);
    }
    match arguments.json {
        true => anstream::println!("{}", serde_json::to_string_pretty(&first.decisions)?),
        false => first.decisions.iter().for_each(|decision| anstream::print!("{}", text(decision))),
    }
    let is_ready = first.decisions.iter().flat_map(|decision| &decision.reasons);
    let is_ready = is_ready.into_iter().all(|reason| reason.verdict == Verdict::Skip);
    Ok(if is_ready { Exit::Success } else { Exit::Found })
}

/// The event of the preflight in this world, with the rules beside it.
fn case(arguments: &PreflightArguments, root: &Path) -> Case {
    let (world, beside): (PathBuf, Option<PathBuf>) = match arguments.world.is_dir() {
        true => (arguments.world.join("world.toml"), Some(arguments.world.join("pointsman.toml"))),
        false => (arguments.world.clone(), None),
    };
    let beside = beside.filter(|file| file.is_file());
    Case {
        name: "preflight".to_owned(),
        event: json!({"source": "pointsman", "detail-type": "preflight"}),
        world: Some(world),
        config: arguments.config.clone().or(beside).unwrap_or_else(|| deployed_rules(root)),
        function: Some(FUNCTION.to_owned()),
    }
}

/// The findings of each plan, what would block it first.
fn text(decision: &Decision) -> String {
    let mut out = String::new();
    for reason in &decision.reasons {
        let because = &reason.because;
        let line = match because.code.as_str() {
            "ready" | "not-ready" => format!("{}: {}", reason.subject, because.sentence),
            code => format!("  {code}: {}", because.sentence),
        };
        out.push_str(&render::block(&line));
    }
    for note in &decision.notes {
        out.push_str(&render::block(&format!("  note: {}: {}", note.subject, note.because.sentence)));
    }
    let plans = decision.reasons.iter().filter(|reason| reason.because.code == "not-ready").count();
    out.push_str(&match plans {
        0 => "every plan is ready, as far as it could be judged\n".to_owned(),
        plans => format!("not ready: {}\n", count(plans, "plan")),
    });
    out
}
