//! The rules file as the command line reads it: for every function, with all problems shown.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use pipeline_trigger::rules::Rules;
use shared::config::{Document, Problem, has_errors, render};

use crate::workspace;

/// The rules of all functions.
#[derive(Debug, Default)]
pub struct FileRules {
    /// `[[pipeline]]`.
    pub pipelines: Rules,
    /// `[[branch-stack]]`.
    pub stacks: branch_stacks::rules::Rules,
    /// `[[image-alert]]` and `[[api-alert]]`.
    pub alerts: ami_alerts::rules::Rules,
    /// `[[recovery-plan]]`.
    pub plans: dr_failover::rules::Rules,
}

/// The rules have problems: all of them, as they are shown.
#[derive(Debug, thiserror::Error)]
#[error("the rules have problems\n\n{0}")]
pub struct RulesProblems(String);

impl RulesProblems {
    /// The problems as [`rendered`] shows them.
    pub fn new(shown: String) -> Self {
        Self(shown)
    }
}

/// The file `path`; if the current folder lacks it, that of the nearest folder above that has it.
pub fn here_or_above(path: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let above = here.ancestors().map(|folder| folder.join(path)).find(|file| file.is_file());
    if path.exists() { path.to_owned() } else { above.unwrap_or_else(|| path.to_owned()) }
}

/// The pipeline rules of `path`.
///
/// # Errors
/// When the file cannot be read, or with [`RulesProblems`].
pub fn read(path: &Path) -> Result<Rules> {
    let document = Document::read(path)?.without_warnings();
    let mut problems = Vec::new();
    let rules = pipeline_trigger::rules::read(&document, &mut problems);
    if !has_errors(&problems) {
        return Ok(rules);
    }
    Err(RulesProblems(rendered(&document, path, &problems)).into())
}

/// The rules of all functions in a document that was read from `path`. A table that its function cannot read is
/// missing, and its problems are listed once.
pub fn read_all(document: &Document, path: &Path, problems: &mut Vec<Problem>) -> FileRules {
    let pipelines = pipeline_trigger::rules::read(document, problems);
    let stacks = branch_stacks::rules::read(document, &template_folders(path), problems);
    let alerts = ami_alerts::rules::read(document, problems);
    let plans = dr_failover::rules::read(document, problems);
    FileRules { pipelines, stacks, alerts, plans }
}

/// The folders of the templates that the rules name: that of the rules, and the workspace's `templates/`. Both are
/// deployed to one folder.
pub fn template_folders(rules: &Path) -> Vec<PathBuf> {
    let beside = rules.parent().map(|folder| match folder.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => folder.to_owned(),
    });
    beside.into_iter().chain(workspace::root().ok().map(|root| root.join("templates"))).collect()
}

/// The problems as they are shown on standard error.
pub fn rendered(document: &Document, path: &Path, problems: &[Problem]) -> String {
    let coloured =
        std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    render(document, &path.to_string_lossy(), problems, coloured)
}
