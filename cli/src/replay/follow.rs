//! Replays a whole case in one world: plays its timeline, and delivers the events that AWS emits to the functions
//! until no operation is in progress.

use std::collections::VecDeque;
use std::path::Path;

use anyhow::Result;
use jiff::Timestamp;
use local_aws::{AwsWorld, LocalAws, TimelineAction, TimelineEntry};
use serde_json::{Value, json};

use super::function::{FunctionRun, Invoked, Stage};
use super::route::{Route, delivers, routes_of};
use super::{Case, Replay};
use crate::arguments::ReplayArguments;
use crate::template::{DeployedFunction, SamTemplate};

/// The largest number of deliveries, and the further ones for each branch, each stack and each entry of the timeline.
/// A case with more deliveries is a loop.
const MOST: usize = 50;
const MOST_EACH: usize = 20;

/// A case that does not come to rest.
#[derive(Debug, thiserror::Error)]
#[error("the case is not at rest after {count} events that were followed")]
pub struct NotAtRest {
    /// The number of delivered events.
    pub count: usize,
    /// The results until then.
    pub replays: Vec<Replay>,
}

/// Runs the functions that the event reaches, then those that the timeline and the events on AWS's bus reach, each at
/// its time.
pub(super) fn replay(
    case: &Case,
    arguments: &ReplayArguments,
    root: &Path,
    template: &SamTemplate,
    world: AwsWorld,
    at_end: &mut dyn FnMut(&LocalAws),
) -> Result<Vec<Replay>> {
    let timeline: VecDeque<TimelineEntry> = world.timeline().to_vec().into();
    let most = MOST + MOST_EACH * (world.branches_and_stacks() + timeline.len());
    let follows = world.follows_events();
    let stage = Stage::open(case, root, world, arguments.dry_run)?;
    let mut play = EventPlayer {
        case,
        arguments,
        template,
        stage,
        most,
        count: 0,
        replays: Vec::new(),
        changes: Vec::new(),
    };
    let heading = (!timeline.is_empty()).then(|| format!("{} {}", play.stage.aws.now(), kind(&case.event)));
    for route in routes_of(case, &case.event, arguments.function.as_deref(), follows, template)? {
        play.deliver(&route, &case.event, heading.as_deref(), false)?;
    }
    play.play(timeline, follows)?;
    at_end(&play.stage.aws);
    Ok(play.over())
}

struct EventPlayer<'a> {
    case: &'a Case,
    arguments: &'a ReplayArguments,
    template: &'a SamTemplate,
    stage: Stage<'a>,
    most: usize,
    count: usize,
    replays: Vec<Replay>,
    /// The changes of the world since the last invocation.
    changes: Vec<String>,
}

impl EventPlayer<'_> {
    fn play(&mut self, mut timeline: VecDeque<TimelineEntry>, follows: bool) -> Result<()> {
        let mut waiting = VecDeque::new();
        loop {
            // Events that are not followed are lost: AWS delivers many of them as best it can.
            waiting.extend(Some(self.stage.aws.take_events()).filter(|_| follows).into_iter().flatten());
            if let Some(event) = waiting.pop_front() {
                self.follow(&event)?;
                continue;
            }
            let due = self.stage.aws.next_due().filter(|_| follows);
            if let Some(next) = timeline.pop_front_if(|next| due.is_none_or(|due| next.at <= due)) {
                self.entry(&next)?;
            } else if due.is_none() || self.stage.aws.advance_to_next().is_none() {
                return Ok(());
            }
        }
    }

    fn over(mut self) -> Vec<Replay> {
        if let (false, Some(last)) = (self.changes.is_empty(), self.replays.last_mut()) {
            last.run.invocations.push(Invoked::changes_only(std::mem::take(&mut self.changes)));
        }
        self.replays
    }

    /// Performs the next entry of the timeline.
    fn entry(&mut self, entry: &TimelineEntry) -> Result<()> {
        self.stage.aws.advance_to(entry.at);
        match &entry.action {
            TimelineAction::Change(change) => {
                self.stage.aws.apply(change);
                self.changes.push(format!("{} {change}", entry.at));
                Ok(())
            }
            TimelineAction::Reconcile => {
                let event = json!({"source": "pointsman", "detail-type": "reconcile"});
                self.timed(&event, &format!("{} reconcile", entry.at), true)
            }
            TimelineAction::Event { file, event } => {
                self.timed(event, &format!("{} {file}: {}", entry.at, kind(event)), false)
            }
        }
    }

    fn timed(&mut self, event: &Value, heading: &str, is_reconcile: bool) -> Result<()> {
        let routes = routes_of(self.case, event, self.arguments.function.as_deref(), false, self.template)?;
        routes.iter().try_for_each(|route| self.deliver(route, event, Some(heading), is_reconcile))
    }

    /// Delivers an event of AWS's bus.
    fn follow(&mut self, event: &Value) -> Result<()> {
        let asked = |function: &DeployedFunction| {
            self.arguments.function.as_ref().is_none_or(|name| *name == function.package)
        };
        let reached =
            self.template.functions().filter(|function| asked(function) && delivers(function, event));
        for function in reached.collect::<Vec<_>>() {
            self.deliver(&Route { function, note: None }, event, Some(&heading(event)), false)?;
        }
        Ok(())
    }

    fn deliver(
        &mut self,
        route: &Route<'_>,
        event: &Value,
        heading: Option<&str>,
        is_reconcile: bool,
    ) -> Result<()> {
        if self.count == self.most {
            let (count, replays) = (self.count, std::mem::take(&mut self.replays));
            return Err(NotAtRest { count, replays }.into());
        }
        self.count += usize::from(heading.is_some());
        let at = self.stage.aws.now();
        let mut invocations = self.stage.deliver(route.function, event, heading)?;
        if let Some(first) = invocations.first_mut() {
            first.changes = std::mem::take(&mut self.changes);
            first.reconciled = is_reconcile.then(|| time_of_day(at));
        }
        self.add(route, invocations);
        Ok(())
    }

    /// Consecutive invocations of one function are printed together.
    fn add(&mut self, route: &Route<'_>, invocations: Vec<Invoked>) {
        // The note that no rule delivers the event is printed once.
        let said = self.replays.iter().any(|replay| replay.note == route.note);
        match self.replays.last_mut() {
            Some(last) if last.function == route.function.package && (route.note.is_none() || said) => {
                last.run.invocations.extend(invocations)
            }
            _ => {
                let (note, function) = (route.note.clone(), route.function.package.clone());
                self.replays.push(Replay { note, function, run: FunctionRun { invocations } });
            }
        }
    }
}

fn time_of_day(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// The event's detail type, if it has one.
fn kind(event: &Value) -> String {
    event["detail-type"].as_str().unwrap_or("an event").to_owned()
}

/// The heading of an event: its time, its detail type, and its status or the branch and the kind of change.
fn heading(event: &Value) -> String {
    let detail = &event["detail"];
    let said =
        [&detail["status-details"]["status"], &detail["event"], &detail["referenceName"], &detail["state"]];
    let said = [&event["time"], &event["detail-type"]].into_iter().chain(said).filter_map(Value::as_str);
    said.collect::<Vec<_>>().join(" ")
}
