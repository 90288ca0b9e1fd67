//! The event of a schedule: the window opened, and the held push is re-evaluated. Pure.

use serde_json::Value;
use shared::event::MalformedEvent;

use super::coalesce::HeldEvent;
use crate::event::Push;
use crate::rules::{PipelineRule, Rules};

/// Reads the event of a schedule.
///
/// # Errors
/// When it lacks the pipeline or the held event.
pub fn read(event: &Value) -> Result<HeldEvent, MalformedEvent> {
    match HeldEvent::of_input(event) {
        Some(held) => Ok(held),
        None if event["detail"]["pipeline"].as_str().is_none() => {
            Err(MalformedEvent::Missing("detail.pipeline"))
        }
        None => Err(MalformedEvent::Missing("detail.event")),
    }
}

/// The rules for the pushed repository that start the pipeline of the schedule.
pub fn rules_of<'r>(rules: &'r Rules, push: &Push, pipeline: &str) -> Vec<&'r PipelineRule> {
    let branch = push.reference.branch();
    let of_repository = rules.of_repository(&push.repository).into_iter();
    of_repository.filter(|rule| rule.name.name(&push.repository, branch) == pipeline).collect()
}
