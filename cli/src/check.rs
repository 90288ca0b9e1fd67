//! `pointsman check`: the problems of the rules, by themselves and compared with the template that deploys them.

mod events;
mod parameters;
mod permissions;

use std::path::{Path, PathBuf};

use anyhow::Result;
use shared::config::{Code, Document, Problem};

use crate::arguments::CheckArguments;
use crate::exit::Exit;
use crate::rules_file::{FileRules, TABLES, read_all, rendered};
use crate::template::{DeployedFunction, SamTemplate, overrides, template_file};
use crate::workspace;

/// The codes of problems that only this command finds.
pub const CODES: &[Code] = &[
    events::EVENT_NOT_DELIVERED,
    permissions::NOT_PERMITTED,
    parameters::TEMPLATE_PARAMETER,
    parameters::MISSING_CAPABILITY,
];

/// Prints the problems, or that there are none.
pub fn run(arguments: &CheckArguments) -> Result<Exit> {
    let document = Document::read(&arguments.file)?;
    let mut problems = Vec::new();
    document.unknown_tables(TABLES, &mut problems);
    let rules = read_all(&document, &arguments.file, &mut problems);
    problems.extend(rules.stacks.stacks.iter().flat_map(parameters::of_stack));
    let template = match (&arguments.template, workspace::root()) {
        (Some(template), _) => Some(template.clone()),
        (None, Ok(root)) => Some(template_of(&root, &arguments.environment)?),
        (None, Err(_)) => None,
    };
    match template {
        Some(template) => against_template(&template, &arguments.environment, &rules, &mut problems)?,
        None => anstream::eprintln!("note: there is no template.yaml here to compare the rules with"),
    }
    if problems.is_empty() {
        let alerts = rules.alerts.images.len() + rules.alerts.calls.len();
        let plans = rules.plans.plans.len();
        let count = rules.pipelines.pipelines.len() + rules.stacks.stacks.len() + alerts + plans;
        anstream::println!("no problems: {} in {}", counted(count, "rule"), arguments.file.display());
        return Ok(Exit::Success);
    }
    anstream::eprintln!("{}\n", rendered(&document, &arguments.file, &problems));
    anstream::eprintln!("{} in {}", counted(problems.len(), "problem"), arguments.file.display());
    Ok(Exit::Found)
}

/// The template that an environment deploys: template.yaml, unless it names another.
fn template_of(root: &Path, environment: &str) -> Result<PathBuf> {
    let samconfig = root.join("samconfig.toml");
    let named = if samconfig.is_file() { template_file(&samconfig, environment)? } else { None };
    Ok(named.unwrap_or_else(|| root.join("template.yaml")))
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn against_template(
    template: &Path,
    environment: &str,
    rules: &FileRules,
    problems: &mut Vec<Problem>,
) -> Result<()> {
    let beside = template.with_file_name("samconfig.toml");
    // A template in templates/ is built by the samconfig.toml of the workspace.
    let samconfig = match workspace::root() {
        Ok(root) if template.parent() == Some(root.join("templates").as_path()) => {
            root.join("samconfig.toml")
        }
        _ => beside,
    };
    let parameters =
        if samconfig.is_file() { overrides(&samconfig, environment)? } else { Default::default() };
    let template = SamTemplate::read(template, &parameters)?;
    if let Some(function) = deployed(&template, dr_failover::FUNCTION.name) {
        // A deployment of its own, of which the others are no part.
        problems.extend(rules.plans.plans.iter().flat_map(|plan| permissions::of_plan(function, plan)));
        return Ok(());
    }
    if !rules.plans.plans.is_empty() {
        anstream::eprintln!(
            "note: dr-failover is deployed by an environment of its own: --environment recovery compares [[recovery-plan]] \
             with it"
        );
    }
    if let Some(function) = deployed(&template, pipeline_trigger::FUNCTION.name) {
        let rules = &rules.pipelines.pipelines;
        problems.extend(rules.iter().flat_map(|rule| permissions::of_pipeline(function, rule)));
    }
    alerts(&template, environment, &rules.alerts, problems);
    let rules = &rules.stacks.stacks;
    match deployed(&template, branch_stacks::FUNCTION.name) {
        Some(function) => {
            problems.extend(rules.iter().flat_map(|rule| permissions::of_stack(function, rule)));
        }
        None if !rules.is_empty() => anstream::eprintln!(
            "note: the environment `{environment}` does not deploy branch-stacks, so [[branch-stack]] does nothing there"
        ),
        None => {}
    }
    Ok(())
}

fn alerts(
    template: &SamTemplate,
    environment: &str,
    rules: &ami_alerts::rules::Rules,
    problems: &mut Vec<Problem>,
) {
    let Some(function) = deployed(template, ami_alerts::FUNCTION.name) else {
        if !rules.images.is_empty() || !rules.calls.is_empty() {
            anstream::eprintln!(
                "note: the environment `{environment}` does not deploy ami-alerts, so [[image-alert]] and [[api-alert]] do \
                 nothing there"
            );
        }
        return;
    };
    problems.extend(rules.images.iter().filter_map(|rule| permissions::of_image(function, rule)));
    for rule in &rules.calls {
        problems.extend(events::of_calls(function, rule));
        if events::is_global(&rule.source) {
            anstream::eprintln!(
                "note: {} is a global service: CloudTrail records its calls in us-east-1, and only a deployment there receives \
                 them",
                rule.source
            );
        }
    }
}

/// The function of a package, if this environment deploys it.
fn deployed<'t>(template: &'t SamTemplate, package: &str) -> Option<&'t DeployedFunction> {
    template.functions().find(|function| function.package == package)
}

/// Every problem code, with the tables that it can come from.
pub fn codes() -> impl Iterator<Item = Code> {
    let of_functions = pipeline_trigger::rules::codes()
        .chain(branch_stacks::rules::codes())
        .chain(ami_alerts::rules::codes())
        .chain(dr_failover::rules::codes());
    of_functions.chain(CODES.iter().copied())
}

/// The rules file that is deployed.
pub fn deployed_rules(root: &Path) -> PathBuf {
    root.join("config/pointsman.toml")
}
