//! One world for all functions: what AWS makes of their calls is delivered to them, too, until nothing is under way.

use std::collections::VecDeque;
use std::path::Path;

use anyhow::Result;
use local_aws::World;
use serde_json::Value;

use super::function::{Invoked, Run, Stage};
use super::route::{delivers, routes};
use super::{Case, Replay};
use crate::arguments::ReplayArguments;
use crate::template::{Function, Template};

/// A case that is not at rest after so many deliveries, and so many more for each branch and each stack of its world,
/// goes round in a circle.
const MOST: usize = 50;
const MOST_EACH: usize = 20;

/// A case that goes on and on.
#[derive(Debug, thiserror::Error)]
#[error("the case is not at rest after {count} events that were followed")]
pub struct NotAtRest {
    /// How many were followed.
    pub count: usize,
    /// What happened until then.
    pub replays: Vec<Replay>,
}

/// Runs the event's functions, then those that the events on AWS's bus reach, each at its time.
pub(super) fn replay(
    case: &Case,
    arguments: &ReplayArguments,
    root: &Path,
    template: &Template,
    world: World,
) -> Result<Vec<Replay>> {
    let most = MOST + MOST_EACH * world.branches_and_stacks();
    let stage = Stage::open(case, root, world, arguments.dry_run)?;
    let mut replays = Vec::new();
    for route in routes(case, arguments.function.as_deref(), true, template)? {
        let invocations = stage.deliver(route.function, &case.event, None)?;
        add(&mut replays, route.function, route.note, invocations);
    }
    let followers = |event: &Value| -> Vec<&Function> {
        let asked =
            |function: &Function| arguments.function.as_ref().is_none_or(|name| *name == function.package);
        template.functions().filter(|function| asked(function) && delivers(function, event)).collect()
    };
    let (mut waiting, mut count) = (VecDeque::new(), 0);
    loop {
        waiting.extend(stage.aws.take_events());
        let Some(event) = waiting.pop_front() else {
            if stage.aws.advance_to_next().is_none() {
                return Ok(replays);
            }
            continue;
        };
        for function in followers(&event) {
            if count == most {
                return Err(NotAtRest { count, replays }.into());
            }
            count += 1;
            let invocations = stage.deliver(function, &event, Some(&heading(&event)))?;
            add(&mut replays, function, None, invocations);
        }
    }
}

/// Invocations of one function that follow each other are told together.
fn add(replays: &mut Vec<Replay>, function: &Function, note: Option<String>, invocations: Vec<Invoked>) {
    match replays.last_mut() {
        Some(last) if last.function == function.package && note.is_none() => {
            last.run.invocations.extend(invocations)
        }
        _ => replays.push(Replay { note, function: function.package.clone(), run: Run { invocations } }),
    }
}

/// When it happened, what kind of event it is, and what it says: a status, or what was done to which branch.
fn heading(event: &Value) -> String {
    let detail = &event["detail"];
    let said = [&detail["status-details"]["status"], &detail["event"], &detail["referenceName"]];
    let said = [&event["time"], &event["detail-type"]].into_iter().chain(said).filter_map(Value::as_str);
    said.collect::<Vec<_>>().join(" ")
}
