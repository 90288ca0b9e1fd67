//! The rules that are deployed with a function.

use std::path::PathBuf;

use super::{Document, Problem, has_errors, render};
use crate::lambda::{BAD_RULES, Failure};

/// The variable that names a file other than the one in the configuration layer.
pub const VARIABLE: &str = "POINTSMAN_CONFIG";

/// The path of the rules in the configuration layer.
const DEPLOYED: &str = "/opt/pointsman.toml";

/// The path of the deployed rules.
pub fn path() -> PathBuf {
    std::env::var_os(VARIABLE).map_or_else(|| PathBuf::from(DEPLOYED), PathBuf::from)
}

/// The deployed rules, as `read` reads them from the file.
///
/// # Errors
/// When the file cannot be read, or `read` found errors; the message has all of them as text. Warnings stop no function.
pub fn rules<R>(read: impl FnOnce(&Document, &mut Vec<Problem>) -> R) -> Result<R, Failure> {
    let document =
        Document::read(&path()).map_err(|error| Failure::new(BAD_RULES, &error))?.without_warnings();
    let mut problems = Vec::new();
    let rules = read(&document, &mut problems);
    if !has_errors(&problems) {
        return Ok(rules);
    }
    Err(Failure { kind: BAD_RULES, message: render(&document, document.name(), &problems, false) })
}
