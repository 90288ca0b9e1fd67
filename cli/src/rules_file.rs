//! The rules file as the command line reads it: for every function, with all problems shown.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use aws_config::SdkConfig;
use pipeline_trigger::FUNCTION;
use pipeline_trigger::rules::Rules;
use rules_source::{RulesSource, RulesUnreadable};
use shared::config::{Document, Problem, has_errors, render};
use shared::function::{Function, Table};
use shared::text::printable;

use crate::functions::FUNCTIONS;
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
    if let Some(source) = elsewhere(path)? {
        let config = sdk_config()?;
        return runtime()?.block_on(loaded(&source, &FUNCTION, &config, pipeline_trigger::rules::read));
    }
    let document = Document::read(path)?.without_warnings();
    let mut problems = Vec::new();
    let rules = pipeline_trigger::rules::read(&document, &mut problems);
    if !has_errors(&problems) {
        return Ok(rules);
    }
    Err(RulesProblems(rendered(&document, path, &problems)).into())
}

/// The source that an argument names in place of a file: `s3://bucket/key` or `dynamodb://table`.
///
/// # Errors
/// When the argument has another scheme, or lacks a part.
pub fn elsewhere(path: &Path) -> Result<Option<RulesSource>> {
    let source = RulesSource::parse(&path.to_string_lossy())?;
    Ok(Some(source).filter(|source| !source.is_file()))
}

/// The document that an argument names: a file, an object, or all rows of a table.
///
/// # Errors
/// When it cannot be read.
pub fn document(path: &Path) -> Result<Document> {
    let Some(source) = elsewhere(path)? else { return Ok(Document::read(path)?) };
    let tables: Vec<&Table> = FUNCTIONS.iter().flat_map(|function| function.tables).collect();
    let config = sdk_config()?;
    Ok(runtime()?.block_on(rules_source::document(&source, &tables, &config))?)
}

/// A function's rules of an object or a table. Each disabled row is noted on standard error.
///
/// # Errors
/// When the source cannot be read, or has errors.
pub async fn loaded<R: 'static>(
    source: &RulesSource,
    function: &'static Function,
    config: &SdkConfig,
    read: impl Fn(&Document, &mut Vec<Problem>) -> R + 'static,
) -> Result<R> {
    let tables: Vec<&Table> = function.tables.iter().collect();
    let loaded = rules_source::load(source, &tables, config, &read).await.map_err(|error| match error {
        RulesUnreadable::Problems(shown) => RulesProblems::new(shown).into(),
        other => anyhow::Error::from(other),
    })?;
    for remark in &loaded.remarks {
        // The author of an item chooses its name.
        anstream::eprintln!("note: {}", printable(&format!("{}: {remark}", remark.subject())));
    }
    Ok(loaded.rules)
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// The account of the environment.
fn sdk_config() -> Result<SdkConfig> {
    let config = runtime()?.block_on(shared::aws::sdk_config());
    anyhow::ensure!(
        config.region().is_some(),
        "no region: set AWS_REGION and the credentials of the account"
    );
    Ok(config)
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
    // Rules of S3 or DynamoDB leave the templates in the configuration layer.
    let is_file = elsewhere(rules).is_ok_and(|source| source.is_none());
    let layer = || workspace::root().ok().map(|root| root.join("config"));
    let folder = if is_file { rules.parent().map(Path::to_owned) } else { layer() };
    let beside = folder.map(|folder| match folder.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => folder,
    });
    beside.into_iter().chain(workspace::root().ok().map(|root| root.join("templates"))).collect()
}

/// The problems as they are shown on standard error.
pub fn rendered(document: &Document, path: &Path, problems: &[Problem]) -> String {
    let coloured =
        std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    render(document, &path.to_string_lossy(), problems, coloured)
}
