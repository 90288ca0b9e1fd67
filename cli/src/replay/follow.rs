//! Replays a whole case in one world: plays its timeline, and delivers the events that AWS emits to the functions
//! until no operation is in progress.

use std::collections::VecDeque;
use std::path::Path;

use anyhow::Result;
use jiff::Timestamp;
use local_aws::{AwsWorld, LocalAws, ScheduledInvocation, TimelineAction, TimelineEntry};
use serde_json::{Value, json};

use super::failed_queue::FailedMessage;
use super::function::{FunctionRun, Invoked, RepeatedEvent, Stage};
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
    let (follows, runs_schedules) = (world.follows_events(), world.runs_schedules());
    let stage = Stage::open(case, root, world, arguments.dry_run)?;
    let stage_retries = stage.retries();
    let mut play = EventPlayer {
        case,
        arguments,
        template,
        stage,
        most,
        count: 0,
        replays: Vec::new(),
        changes: Vec::new(),
        queues: Vec::new(),
        queued: 0,
        redelivers: follows && stage_retries > 0,
        runs_schedules,
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
    /// The messages of the queues of failed events.
    queues: Vec<FailedMessage<'a>>,
    /// The number of messages that there were.
    queued: usize,
    /// Failed events are redelivered: the world follows events, and Lambda retries.
    redelivers: bool,
    /// The clock advances to the schedules that functions create.
    runs_schedules: bool,
}

impl<'a> EventPlayer<'a> {
    fn play(&mut self, mut timeline: VecDeque<TimelineEntry>, follows: bool) -> Result<()> {
        let mut waiting = VecDeque::new();
        loop {
            // Events that are not followed are lost: AWS delivers many of them as best it can.
            waiting.extend(Some(self.stage.aws.take_events()).filter(|_| follows).into_iter().flatten());
            if let Some(event) = waiting.pop_front() {
                self.follow(&event)?;
                continue;
            }
            for invocation in self.stage.aws.take_invocations() {
                self.scheduled(&invocation)?;
            }
            let due = if follows { self.stage.aws.next_due() } else { self.next_schedule() };
            let message = self.queues.iter().map(|message| message.due).min();
            let is_first = |at: Timestamp| due.is_none_or(|due| at <= due);
            let is_next =
                |next: &mut TimelineEntry| is_first(next.at) && message.is_none_or(|due| next.at <= due);
            if let Some(next) = timeline.pop_front_if(is_next) {
                self.entry(&next)?;
            } else if message.is_some_and(is_first) {
                self.redeliver()?;
            } else if let Some(due) = due.filter(|_| !follows) {
                self.stage.aws.advance_to(due);
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

    /// When the next schedule invokes a function, if the world runs schedules.
    fn next_schedule(&self) -> Option<Timestamp> {
        self.stage.aws.next_schedule().filter(|_| self.runs_schedules)
    }

    /// A schedule of EventBridge Scheduler invokes the function that created it.
    fn scheduled(&mut self, invocation: &ScheduledInvocation) -> Result<()> {
        let of_case = self.case.function.as_deref().or(self.arguments.function.as_deref());
        let last = self.replays.last().map(|replay| replay.function.as_str());
        let name = of_case.or(last).unwrap_or_default().to_owned();
        let function = self.template.functions().find(|function| function.package == name);
        let Some(function) = function else { return Ok(()) };
        let ScheduledInvocation { schedule, input, at, .. } = invocation;
        let heading = format!("{at} the schedule {schedule}: {}", kind(input));
        self.deliver(&Route { function, note: None }, input, Some(&heading), false)
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
        route: &Route<'a>,
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
            first.repeat =
                is_reconcile.then(|| RepeatedEvent { source: "reconcile".to_owned(), time: time_of_day(at) });
        }
        self.keep(route, event, &mut invocations);
        self.add(route, invocations);
        Ok(())
    }

    /// Lambda sends an event on which all tries failed to the function's queue.
    fn keep(&mut self, route: &Route<'a>, event: &Value, invocations: &mut [Invoked]) {
        let (now, account) = (self.stage.aws.now(), self.case.home().account);
        let function = (route.function, account.as_str());
        let message = FailedMessage::of(function, event, invocations, now, self.queued + 1);
        let Some(message) = message.filter(|_| self.redelivers) else { return };
        self.queued += 1;
        if let Some(last) = invocations.last_mut() {
            last.message = Some(message.id.clone());
        }
        self.queues.push(message);
    }

    /// Delivers the next message of a queue. A message that fails stays hidden until its next delivery.
    fn redeliver(&mut self) -> Result<()> {
        let next = (0..self.queues.len()).min_by_key(|index| self.queues[*index].due);
        let Some(index) = next else { return Ok(()) };
        let mut message = self.queues.remove(index);
        self.stage.aws.advance_to(message.due);
        let now = self.stage.aws.now();
        if let Some(last) = message.last_queue() {
            let event = kind(message.event());
            self.changes.push(format!("{now} {} gives up {event}: it moves to {last}", message.source()));
            return Ok(());
        }
        let batch = message.received(&self.case.home().account);
        let heading = format!("{now} {} delivers {}", message.source(), kind(message.event()));
        let mut invocations = self.stage.deliver_message(message.function, &batch, &heading)?;
        let is_handled = invocations.iter().all(|invoked| !invoked.failed());
        if let Some(first) = invocations.first_mut() {
            first.changes = std::mem::take(&mut self.changes);
            first.repeat = Some(RepeatedEvent { source: message.source(), time: time_of_day(now) });
            first.message = Some(message.id.clone());
        }
        self.add(&Route { function: message.function, note: None }, invocations);
        if !is_handled {
            message.hide(now);
            self.queues.push(message);
        }
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
