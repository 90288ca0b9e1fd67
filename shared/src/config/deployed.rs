//! The rules that are deployed with a function.

use std::path::PathBuf;

use super::{Document, Problem, render};
use crate::lambda::{BAD_RULES, Failure};

/// The variable that names another file than the one in the configuration layer.
pub const VARIABLE: &str = "POINTSMAN_CONFIG";

/// Where the configuration layer puts the rules.
const DEPLOYED: &str = "/opt/pointsman.toml";

/// Where the deployed rules are.
pub fn path() -> PathBuf {
    std::env::var_os(VARIABLE).map_or_else(|| PathBuf::from(DEPLOYED), PathBuf::from)
}

/// The deployed rules, as `read` takes them from the file.
///
/// # Errors
/// When the file cannot be read, and with all problems that `read` found, as they are shown.
pub fn rules<R>(read: impl FnOnce(&Document, &mut Vec<Problem>) -> R) -> Result<R, Failure> {
    let document = Document::read(&path()).map_err(|error| Failure::new(BAD_RULES, &error))?;
    let mut problems = Vec::new();
    let rules = read(&document, &mut problems);
    if problems.is_empty() {
        return Ok(rules);
    }
    Err(Failure { kind: BAD_RULES, message: render(&document, document.name(), &problems, false) })
}
