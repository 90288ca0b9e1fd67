//! `[[event-rule]]`: EventBridge rules of the account, beside those of the template.

use super::file::WorldFile;
use super::raw::RawEventRule;
use super::{AwsWorld, WorldError};
use crate::eventbridge::{EventRuleRecord, STATES};
use crate::service::ACCOUNT;

/// "Length Constraints: Minimum length of 1. Maximum length of 64", of `[\.\-_A-Za-z0-9]+` (Rule, EventBridge API Reference).
const LONGEST_NAME: usize = 64;

pub(super) fn add(world: &mut AwsWorld, file: &WorldFile<'_>, raw: RawEventRule) -> Result<(), WorldError> {
    let name = raw.name.get_ref().clone();
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || ".-_".contains(letter);
    if !(1..=LONGEST_NAME).contains(&name.len()) || !name.chars().all(allowed) {
        return Err(file.invalid(&raw.name, format!("`{name}` cannot be the name of an EventBridge rule")));
    }
    if world.event_rules.iter().any(|rule| rule.name == name) {
        return Err(file.invalid(&raw.name, format!("EventBridge rule `{name}` is listed twice")));
    }
    if raw.pattern.is_none() && raw.schedule.is_none() {
        return Err(file.invalid(&raw.name, "an EventBridge rule has a `pattern` or a `schedule`"));
    }
    let state = match &raw.state {
        Some(state) => file.one_of(state, "state", STATES)?,
        None => "ENABLED",
    };
    let region = &world.region;
    let pipelines =
        raw.pipelines.iter().map(|name| format!("arn:aws:codepipeline:{region}:{ACCOUNT}:{name}"));
    let targets = raw.targets.into_iter().chain(pipelines).collect();
    world.event_rules.push(EventRuleRecord {
        name,
        state,
        pattern: raw.pattern,
        schedule: raw.schedule,
        targets,
    });
    world.event_rules.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(())
}
