//! Owns the capabilities that the caller acknowledges: IAM resources, named IAM resources, macros.

use cloudformation_template::{AUTO_EXPAND, has_macros, needed_capability};
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

/// Refuses a template with macros: without the capability as AWS does, with it because macros are not served.
pub(super) fn macros(template: &Value, given: &[String]) -> Result<(), ErrorAnswer> {
    match has_macros(template) {
        false => Ok(()),
        true if given.iter().any(|one| one == AUTO_EXPAND) => {
            Err(ErrorAnswer::not_served("macros (Transform)"))
        }
        true => Err(insufficient(AUTO_EXPAND)),
    }
}

/// Refuses a template whose IAM resources are not acknowledged.
pub(super) fn check(
    template: &Value,
    parameters: &[(String, String)],
    given: &[String],
) -> Result<(), ErrorAnswer> {
    let has = |name: &str| given.iter().any(|one| one == name);
    match needed_capability(template, parameters) {
        Some(needed @ "CAPABILITY_NAMED_IAM") if !has(needed) => Err(insufficient(needed)),
        Some(needed) if !has(needed) && !has("CAPABILITY_NAMED_IAM") => Err(insufficient(needed)),
        _ => Ok(()),
    }
}

fn insufficient(capability: &str) -> ErrorAnswer {
    ErrorAnswer::new("InsufficientCapabilitiesException", format!("Requires capabilities : [{capability}]"))
}
