//! Moves a stack from a status that has ended to the next one, with the changes of its resources.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::failures::{ArrangedFailure, StackOperation};
use super::operation_events::ValidationRecord;
use super::resources::{self, Exports};
use super::stack::{Goal, Moment, Output, StackRecord, StackResource};
use super::{StackStore, effects};
use crate::world::AwsWorld;

/// The name of the stack that has the exports of `[cloudformation.exports]` of the world's file.
const ELSEWHERE: &str = "elsewhere";

/// The end of CloudFormation's status reason when a clean-up left resources behind, as operators quote it; AWS does not
/// document it.
const LEFT_BEHIND: &str = "One or more resources could not be deleted.";

/// Moves the stack whose status ended first, if one ended by `until`. Returns whether one did.
pub(crate) fn step(world: &AwsWorld, until: Timestamp) -> bool {
    let cloudformation = &world.cloudformation;
    let mut state = cloudformation.lock();
    let ended = state.stacks.iter().enumerate();
    let ended = ended.filter_map(|(index, stack)| Some((stack.ends.filter(|ends| *ends <= until)?, index)));
    let Some((at, index)) = ended.min() else { return false };
    let mut exports = cloudformation.exports.clone();
    let mut taken: BTreeMap<String, String> =
        exports.keys().map(|name| (name.clone(), ELSEWHERE.to_owned())).collect();
    let moving = &state.stacks[index];
    for (stack, name, value) in exported(&state, &moving.region) {
        exports.insert(name.to_owned(), value.to_owned());
        if stack.id != moving.id {
            taken.insert(name.to_owned(), stack.name.clone());
        }
    }
    let StackStore { stacks, failing, .. } = &mut *state;
    let now = Moment { at, bus: &world.bus, ends: at + cloudformation.step };
    StackTransition { world, failing, exports, taken, now }.next(&mut stacks[index]);
    true
}

/// The exports of the region's existing stacks: the stack, the name and the value.
fn exported<'s>(
    state: &'s StackStore,
    region: &str,
) -> impl Iterator<Item = (&'s StackRecord, &'s str, &'s str)> {
    let living = state.stacks.iter().filter(move |stack| stack.region == region && stack.is_living());
    living.flat_map(|stack| {
        let exported =
            move |output: &'s Output| Some((stack, output.export.as_deref()?, output.value.as_str()));
        stack.outputs.iter().filter_map(exported)
    })
}

/// The stack's reason when a validation before the deployment failed. The events of the resources do not have the cause.
const VALIDATION_FAILED: &str = "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]. \
    To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information.";

struct StackTransition<'a> {
    world: &'a AwsWorld,
    failing: &'a mut [ArrangedFailure],
    exports: Exports,
    /// The exports that the stack cannot have, and the stacks that have them.
    taken: BTreeMap<String, String>,
    now: Moment<'a>,
}

impl StackTransition<'_> {
    fn next(&mut self, stack: &mut StackRecord) {
        match stack.status {
            "CREATE_IN_PROGRESS" => self.create(stack),
            "ROLLBACK_IN_PROGRESS" => self.undo_creation(stack),
            "UPDATE_IN_PROGRESS" => self.update(stack),
            "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" => self.clean_up(stack),
            "UPDATE_ROLLBACK_IN_PROGRESS" => self.undo_update(stack),
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS" => {
                stack.enter(self.now, "UPDATE_ROLLBACK_COMPLETE", None);
            }
            "DELETE_IN_PROGRESS" => self.delete(stack),
            _ => stack.ends = None,
        }
    }

    fn create(&mut self, stack: &mut StackRecord) {
        let failed = match resources::wanted(stack, &self.exports) {
            Err(reason) => Some(reason),
            Ok(wanted) if self.invalid(stack, &wanted, StackOperation::Create) => {
                return self.undo(
                    stack,
                    "CREATE_FAILED",
                    "ROLLBACK_IN_PROGRESS",
                    VALIDATION_FAILED.to_owned(),
                );
            }
            Ok(wanted) => named("create", &self.make_all(stack, wanted, StackOperation::Create)),
        };
        match failed.or_else(|| self.export(stack)) {
            None => stack.enter(self.now, "CREATE_COMPLETE", None),
            Some(reason) => {
                let reason = format!("{reason} Rollback requested by user.");
                self.undo(stack, "CREATE_FAILED", "ROLLBACK_IN_PROGRESS", reason);
            }
        }
    }

    fn undo_creation(&mut self, stack: &mut StackRecord) {
        let made = std::mem::take(&mut stack.made);
        match named("delete", &self.remove_all(stack, made, Some(StackOperation::Rollback))) {
            None => stack.enter(self.now, "ROLLBACK_COMPLETE", None),
            reason => stack.enter(self.now, "ROLLBACK_FAILED", reason),
        }
    }

    fn delete(&mut self, stack: &mut StackRecord) {
        let mut made = std::mem::take(&mut stack.made);
        // An update that could not be rolled back leaves both.
        let (_, before) = stack.before.take().unwrap_or_default();
        made.extend(
            before.into_iter().filter(|old| !made.iter().any(|new| is_same(old, new))).collect::<Vec<_>>(),
        );
        match named("delete", &self.remove_all(stack, made, Some(StackOperation::Delete))) {
            None => {
                stack.outputs.clear();
                stack.enter(self.now, "DELETE_COMPLETE", None);
            }
            reason => stack.enter(self.now, "DELETE_FAILED", reason),
        }
    }

    fn update(&mut self, stack: &mut StackRecord) {
        let failed = match resources::wanted(stack, &self.exports) {
            Err(reason) => Some(reason),
            Ok(wanted) if self.invalid(stack, &wanted, StackOperation::Update) => {
                return self.undo(
                    stack,
                    "UPDATE_FAILED",
                    "UPDATE_ROLLBACK_IN_PROGRESS",
                    VALIDATION_FAILED.to_owned(),
                );
            }
            Ok(wanted) => named("update", &self.change_all(stack, wanted)),
        };
        match failed.or_else(|| self.export(stack)) {
            None => stack.enter(self.now, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", None),
            Some(reason) => self.undo(stack, "UPDATE_FAILED", "UPDATE_ROLLBACK_IN_PROGRESS", reason),
        }
    }

    /// Rolls a failed operation back, which is an operation of its own, or leaves the stack failed.
    fn undo(&self, stack: &mut StackRecord, failed: &'static str, rollback: &'static str, reason: String) {
        if stack.deployment.rolls_back() {
            stack.enter(self.now, rollback, Some(reason));
            stack.begin("ROLLBACK");
        } else {
            stack.enter(self.now, failed, Some(reason));
        }
    }

    /// Whether the validation before the deployment fails, which stops the operation before it provisions anything.
    fn invalid(&mut self, stack: &mut StackRecord, wanted: &[StackResource], on: StackOperation) -> bool {
        let before = stack.events.len();
        for resource in wanted {
            let names = (resource.logical.as_str(), resource.kind.as_str());
            let failures = self.failing.iter_mut();
            let failures = failures.filter_map(|one| one.fails_validation(&stack.name, names.0, on));
            let failures: Vec<ValidationRecord> = failures.collect();
            for failed in failures {
                stack.failed_validation(self.now.at, names, failed);
            }
        }
        stack.events.len() > before
    }

    /// Sets the stack's outputs, or returns the reason for which an export is refused.
    fn export(&self, stack: &mut StackRecord) -> Option<String> {
        let outputs = resources::outputs(stack, &self.exports);
        let refused = outputs.iter().find_map(|output| {
            let name = output.export.as_ref()?;
            Some(format!("Export with name {name} is already exported by stack {}.", self.taken.get(name)?))
        });
        if refused.is_none() {
            stack.outputs = outputs;
        }
        refused
    }

    /// Deletes the resources that the update replaced or removed. One that cannot be deleted is left behind: it leaves the
    /// stack, and the update is complete.
    fn clean_up(&mut self, stack: &mut StackRecord) {
        let (_, before) = stack.before.take().unwrap_or_default();
        let made = stack.made.clone();
        let gone = before.into_iter().filter(|old| !made.iter().any(|new| is_same(old, new)));
        let left = self.remove_all(stack, gone.collect(), Some(StackOperation::Cleanup));
        stack.made = made;
        let reason = (!left.is_empty()).then(|| format!("Update successful. {LEFT_BEHIND}"));
        stack.enter(self.now, "UPDATE_COMPLETE", reason);
    }

    fn undo_update(&mut self, stack: &mut StackRecord) {
        let (goal, before) = stack.before.clone().unwrap_or_default();
        let stuck: Vec<String> = before
            .iter()
            .map(|made| made.logical.clone())
            .filter(|name| self.fails(stack, name, StackOperation::Rollback).is_some())
            .collect();
        if let Some(reason) = named("update", &stuck) {
            for made in before.iter().filter(|made| stuck.contains(&made.logical)) {
                self.record_event(
                    stack,
                    made,
                    "UPDATE_FAILED",
                    Some("Resource update failed during the rollback"),
                );
            }
            stack.enter(self.now, "UPDATE_ROLLBACK_FAILED", Some(reason));
            return;
        }
        let new = stack.made.drain(..).filter(|new| !before.iter().any(|old| is_same(old, new)));
        let new: Vec<StackResource> = new.collect();
        self.remove_all(stack, new, Some(StackOperation::Cleanup));
        self.restore(stack, goal, before);
        stack.enter(self.now, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", None);
    }

    fn restore(&self, stack: &mut StackRecord, goal: Goal, before: Vec<StackResource>) {
        stack.goal = goal;
        stack.before = None;
        for made in &before {
            // It had these properties before, so they are good.
            let _ = effects::change(self.world, stack, made);
        }
        stack.made = before;
    }

    /// Creates resources in their order; the first failure cancels the rest. Returns the ids of the resources that
    /// were not created.
    fn make_all(
        &mut self,
        stack: &mut StackRecord,
        wanted: Vec<StackResource>,
        on: StackOperation,
    ) -> Vec<String> {
        let mut failed = Vec::new();
        for resource in wanted {
            let outcome = match failed.is_empty() {
                false => Err("Resource creation cancelled".to_owned()),
                true => self.make(stack, &resource, on),
            };
            if self.finish(stack, resource.clone(), "CREATE", outcome) {
                stack.made.push(resource);
            } else {
                failed.push(resource.logical);
            }
        }
        failed
    }

    /// The same for a stack with resources: a resource that differs is updated, or replaced if its name differs.
    fn change_all(&mut self, stack: &mut StackRecord, wanted: Vec<StackResource>) -> Vec<String> {
        let old = std::mem::take(&mut stack.made);
        let mut failed = Vec::new();
        for resource in wanted {
            let earlier = old.iter().find(|made| made.logical == resource.logical);
            let verb = if earlier.is_some() { "UPDATE" } else { "CREATE" };
            let fails = self.fails(stack, &resource.logical, StackOperation::Update);
            if fails.is_none() && failed.is_empty() && earlier == Some(&resource) {
                stack.made.push(resource);
                continue;
            }
            let outcome = match (fails, earlier) {
                _ if !failed.is_empty() => Err("Resource update cancelled".to_owned()),
                (Some(reason), _) => Err(reason),
                (None, Some(earlier)) if is_same(earlier, &resource) => {
                    effects::change(self.world, stack, &resource)
                }
                (None, _) => effects::make(self.world, stack, &resource, self.now.at),
            };
            if self.finish(stack, resource.clone(), verb, outcome) {
                stack.made.push(resource);
            } else {
                failed.push(resource.logical);
            }
        }
        failed
    }

    fn make(
        &mut self,
        stack: &StackRecord,
        resource: &StackResource,
        on: StackOperation,
    ) -> Result<(), String> {
        match self.fails(stack, &resource.logical, on) {
            Some(reason) => Err(reason),
            None => effects::make(self.world, stack, resource, self.now.at),
        }
    }

    /// Deletes resources, the last first. A retained resource leaves the stack; one that cannot be deleted stays in
    /// the stack.
    fn remove_all(
        &mut self,
        stack: &mut StackRecord,
        made: Vec<StackResource>,
        on: Option<StackOperation>,
    ) -> Vec<String> {
        let mut failed = Vec::new();
        for resource in made.into_iter().rev() {
            if resource.retained {
                self.record_event(stack, &resource, "DELETE_SKIPPED", None);
                continue;
            }
            let outcome = on.and_then(|on| self.fails(stack, &resource.logical, on)).map_or(Ok(()), Err);
            if self.finish(stack, resource.clone(), "DELETE", outcome) {
                effects::remove(self.world, &resource);
            } else {
                failed.push(resource.logical.clone());
                stack.made.insert(0, resource);
            }
        }
        failed
    }

    /// Records a resource's events. Returns whether the operation succeeded.
    fn finish(
        &self,
        stack: &mut StackRecord,
        resource: StackResource,
        verb: &str,
        outcome: Result<(), String>,
    ) -> bool {
        self.record_event(stack, &resource, &format!("{verb}_IN_PROGRESS"), None);
        match &outcome {
            Ok(()) => self.record_event(stack, &resource, &format!("{verb}_COMPLETE"), None),
            Err(reason) => self.record_event(stack, &resource, &format!("{verb}_FAILED"), Some(reason)),
        }
        outcome.is_ok()
    }

    fn record_event(
        &self,
        stack: &mut StackRecord,
        resource: &StackResource,
        status: &str,
        reason: Option<&str>,
    ) {
        stack.event(self.now.at, (&resource.logical, &resource.kind, &resource.physical), status, reason);
    }

    /// The reason for which the world lets a resource fail, if it does.
    fn fails(&mut self, stack: &StackRecord, resource: &str, on: StackOperation) -> Option<String> {
        let arranged =
            self.failing.iter_mut().find_map(|one| one.strikes(&stack.name, resource, on).then_some(&*one));
        arranged.map(|one| one.reason.clone())
    }
}

fn is_same(one: &StackResource, other: &StackResource) -> bool {
    (&one.logical, &one.kind, &one.physical) == (&other.logical, &other.kind, &other.physical)
}

/// A stack's reason when some of its resources failed.
fn named(verb: &str, failed: &[String]) -> Option<String> {
    (!failed.is_empty())
        .then(|| format!("The following resource(s) failed to {verb}: [{}].", failed.join(", ")))
}
