//! The rules that are deployed with a function.

use std::path::{Path, PathBuf};

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

/// The folder of the templates that are deployed with the rules: that of the rules file. Rules that are not a file (`s3://`,
/// `dynamodb://`) leave the templates in the configuration layer.
pub fn folder() -> Option<PathBuf> {
    let path = path();
    let is_file = !path.to_string_lossy().contains("://");
    if is_file { path } else { PathBuf::from(DEPLOYED) }.parent().map(PathBuf::from)
}

/// The rules of a file, as `read` reads them.
///
/// # Errors
/// When the file cannot be read, or `read` found errors; the message has all of them as text. Warnings stop no function.
pub fn rules<R>(path: &Path, read: impl FnOnce(&Document, &mut Vec<Problem>) -> R) -> Result<R, Failure> {
    let document = Document::read(path).map_err(|error| Failure::new(BAD_RULES, &error))?.without_warnings();
    let mut problems = Vec::new();
    let rules = read(&document, &mut problems);
    if !has_errors(&problems) {
        return Ok(rules);
    }
    Err(Failure { kind: BAD_RULES, message: render(&document, document.name(), &problems, false) })
}
