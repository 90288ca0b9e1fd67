//! Owns the capabilities that the caller acknowledges: IAM resources, named IAM resources, macros.

use cloudformation_template::{
    AUTO_EXPAND, Values, certainly_needed_capabilities, has_macros, needed_capability,
};
use serde_json::Value;

use super::request;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;

const KNOWN: &[&str] = &["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", AUTO_EXPAND];

/// `Capabilities`.
pub(super) fn given(input: &mut Members) -> Result<Vec<String>, ErrorAnswer> {
    let given = input.strings("Capabilities")?;
    match given.iter().find(|name| !KNOWN.contains(&name.as_str())) {
        None => Ok(given),
        Some(unknown) => {
            let set = format!("Member must satisfy enum value set: [{}]", KNOWN.join(", "));
            Err(request::constraint(unknown, "capabilities", &set))
        }
    }
}

/// Refuses a template with macros: without the capabilities as AWS does, with them because macros are not served.
pub(super) fn macros(template: &Value, given: &[String]) -> Result<(), ErrorAnswer> {
    if !has_macros(template) {
        return Ok(());
    }
    let needed = certainly_needed_capabilities(template, &Values::new(template, Default::default()));
    match needed.into_iter().find(|needed| !has(given, needed)) {
        Some(missing) => Err(insufficient(missing)),
        None => Err(ErrorAnswer::not_served("macros (Transform)")),
    }
}

/// Refuses a template whose IAM resources are not acknowledged.
pub(super) fn check(
    template: &Value,
    parameters: &[(String, String)],
    given: &[String],
) -> Result<(), ErrorAnswer> {
    match needed_capability(template, parameters) {
        Some(needed) if !has(given, needed) => Err(insufficient(needed)),
        _ => Ok(()),
    }
}

/// `CAPABILITY_NAMED_IAM` includes `CAPABILITY_IAM`.
fn has(given: &[String], needed: &str) -> bool {
    given.iter().any(|one| one == needed || (needed == "CAPABILITY_IAM" && one == "CAPABILITY_NAMED_IAM"))
}

fn insufficient(capability: &str) -> ErrorAnswer {
    ErrorAnswer::new("InsufficientCapabilitiesException", format!("Requires capabilities : [{capability}]"))
}
