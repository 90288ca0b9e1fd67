//! Finds the functions that an event reaches: those with a rule in the template that matches it, as EventBridge would
//! match it.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::Case;
use crate::template::{DeployedFunction, SamTemplate};

/// The function as the template has it, and why it is this one.
pub(super) struct Route<'t> {
    pub(super) function: &'t DeployedFunction,
    pub(super) note: Option<String>,
}

/// The functions to run. `--function` has precedence over the rules. A case runs only its folder's function, unless
/// it follows events; if no rule matches, the folder still decides.
pub(super) fn routes_of<'t>(
    case: &Case,
    event: &Value,
    function: Option<&str>,
    follows: bool,
    template: &'t SamTemplate,
) -> Result<Vec<Route<'t>>> {
    let event = &case.home().as_deployed(event);
    if let Some(name) = function {
        let function = named(template, name)?;
        let note = (!delivers(function, event))
            .then(|| format!("no rule in template.yaml delivers this event to {name}"));
        return Ok(vec![Route { function, note }]);
    }
    let matching = template.functions().filter(|function| delivers(function, event));
    let mut matching: Vec<Route<'_>> = matching.map(|function| Route { function, note: None }).collect();
    let Some(name) = &case.function else { return Ok(matching) };
    // Each function has a schedule of its own, although all of them bring the same event.
    matching.retain(|route| route.function.package == *name || (follows && hears_of(route.function, event)));
    if matching.is_empty() {
        let note =
            Some(format!("no rule in template.yaml matches this event; the case's folder names {name}"));
        matching.push(Route { function: named(template, name)?, note });
    }
    Ok(matching)
}

/// Whether a rule of the template delivers the event to the function.
fn hears_of(function: &DeployedFunction, event: &Value) -> bool {
    function.rules.iter().any(|rule| rule.enabled && rule.pattern.matches(event))
}

/// Whether a rule or a schedule of the template delivers the event to the function.
pub(super) fn delivers(function: &DeployedFunction, event: &Value) -> bool {
    hears_of(function, event)
        || function
            .schedules
            .iter()
            .any(|schedule| schedule.enabled && schedule.input.as_ref() == Some(event))
}

fn named<'t>(template: &'t SamTemplate, name: &str) -> Result<&'t DeployedFunction> {
    let found = template.functions().find(|function| function.package == name || function.logical_id == name);
    found.with_context(|| {
        let known: Vec<&str> = template.functions().map(|function| function.package.as_str()).collect();
        format!("template.yaml has no function `{name}`; it has {}", known.join(", "))
    })
}
