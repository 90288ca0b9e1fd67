//! The rules file as the command line reads it: for every function, with all problems shown.

use std::io::IsTerminal as _;
use std::path::Path;

use anyhow::Result;
use pipeline_trigger::rules::{self, Rules};
use shared::config::{Document, Problem, render};

/// The tables that some function reads.
pub const TABLES: &[&str] = &[rules::TABLE];

/// The rules have problems: all of them, as they are shown.
#[derive(Debug, thiserror::Error)]
#[error("the rules have problems\n\n{0}")]
pub struct RulesProblems(String);

/// The rules of `path`.
///
/// # Errors
/// When the file cannot be read, or with [`RulesProblems`].
pub fn read(path: &Path) -> Result<Rules> {
    let document = Document::read(path)?;
    let mut problems = Vec::new();
    let rules = rules::read(&document, &mut problems);
    if problems.is_empty() {
        return Ok(rules);
    }
    Err(RulesProblems(rendered(&document, path, &problems)).into())
}

/// The problems as they are shown on standard error.
pub fn rendered(document: &Document, path: &Path, problems: &[Problem]) -> String {
    let coloured =
        std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    render(document, &path.to_string_lossy(), problems, coloured)
}
