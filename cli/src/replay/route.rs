//! Which functions an event reaches: those whose rule in the template matches it, as EventBridge would match it.

use anyhow::{Context as _, Result};

use super::{Case, Route};
use crate::template::{Function, Template};

/// The functions to run: the one of `--function`, else the one whose folder the case is in, else those whose rule matches.
pub(super) fn routes<'t>(
    case: &Case,
    function: Option<&str>,
    template: &'t Template,
) -> Result<Vec<Route<'t>>> {
    if let Some(name) = function {
        let function = named(template, name)?;
        let note = (!matches(function, case))
            .then(|| format!("no rule in template.yaml delivers this event to {name}"));
        return Ok(vec![Route { function, note }]);
    }
    if let Some(name) = &case.function {
        let function = named(template, name)?;
        let note = (!matches(function, case))
            .then(|| format!("no rule in template.yaml matches this event; the case's folder names {name}"));
        return Ok(vec![Route { function, note }]);
    }
    let matching = template.functions().filter(|function| matches(function, case));
    Ok(matching.map(|function| Route { function, note: None }).collect())
}

fn matches(function: &Function, case: &Case) -> bool {
    function.rules.iter().any(|rule| rule.enabled && rule.pattern.matches(&case.event))
}

fn named<'t>(template: &'t Template, name: &str) -> Result<&'t Function> {
    let found = template.functions().find(|function| function.package == name || function.logical_id == name);
    found.with_context(|| {
        let known: Vec<&str> = template.functions().map(|function| function.package.as_str()).collect();
        format!("template.yaml has no function `{name}`; it has {}", known.join(", "))
    })
}
