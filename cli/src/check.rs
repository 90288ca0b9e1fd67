//! `pointsman check`: the problems of the rules, by themselves and compared with the template that deploys them.

mod alarm_topic;
mod events;
mod graph;
mod missing;
mod parameters;
mod permissions;
mod sources;
pub mod stack_template;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;
use shared::config::{Code, Document, Problem, ProblemLevel};
use shared::function::{CheckedRules, Function, Table};
use shared::home::is_region;
use shared::text::{count, list, verb};

use crate::arguments::CheckArguments;
use crate::exit::Exit;
use crate::functions::FUNCTIONS;
use crate::rules_file::{self, FileRules, rendered, template_folders};
use crate::template::{REGION, SamTemplate, environments, overrides, region, template_file};
use crate::workspace;
use events::AlertDeployment;
pub(crate) use graph::lacking;

/// The codes of problems that only this command finds.
pub const CODES: &[Code] = &[
    missing::NO_RULES,
    graph::GRAPH_DRIFT,
    events::EVENT_NOT_DELIVERED,
    permissions::NOT_PERMITTED,
    parameters::TEMPLATE_PARAMETER,
    parameters::MISSING_CAPABILITY,
    stack_template::REFUSED_TEMPLATE,
    stack_template::UNJUDGED_TEMPLATE,
];

/// The rules of one function, checked by themselves.
struct Checked {
    function: &'static Function,
    rules: CheckedRules,
}

/// What an environment deploys, and where.
struct CheckedDeployment {
    template: SamTemplate,
    parameters: BTreeMap<String, String>,
    /// The region, if `samconfig.toml` or the environment's variable names it.
    region: Option<String>,
}

/// The variable that names the region of a deployment, if `samconfig.toml` does not.
const REGION_VARIABLE: &str = "AWS_DEFAULT_REGION";

/// Prints the problems, or that there are none.
pub fn run(arguments: &CheckArguments) -> Result<Exit> {
    let document = rules_file::document(&arguments.file)?;
    let mut problems = Vec::new();
    document.unknown_tables(&tables(), &mut problems);
    let folders = template_folders(&arguments.file);
    let checked = FUNCTIONS
        .map(|function| Checked { function, rules: (function.check)(&document, &folders, &mut problems) });
    let quiet = document.clone().without_warnings();
    let rules = FileRules {
        pipelines: pipeline_trigger::rules::read(&quiet, &mut Vec::new()),
        stacks: branch_stacks::rules::read(&quiet, &folders, &mut Vec::new()),
        alerts: ami_alerts::rules::read(&quiet, &mut Vec::new()),
        ..FileRules::default()
    };
    problems.extend(rules.stacks.stacks.iter().flat_map(stack_template::of_stack));
    let template = match (&arguments.template, workspace::root()) {
        (Some(template), _) => Some(template.clone()),
        (None, Ok(root)) => Some(template_of(&root, &arguments.environment)?),
        (None, Err(_)) => None,
    };
    let deployment = template.map(|template| deployment(&template, &arguments.environment)).transpose()?;
    if deployment.as_ref().is_some_and(|deployment| has_reserved_address(&deployment.parameters)) {
        anstream::eprintln!(
            "note: MailAddress is at example.com, where no operator receives an email: set your address"
        );
    }
    let template = deployment.as_ref().map(|deployment| &deployment.template);
    problems.extend(missing::rules(&document, template, &arguments.environment, &problems));
    match deployment {
        Some(deployment) => {
            for checked in &checked {
                against_template(&deployment, &arguments.environment, checked, &rules, &mut problems)?;
            }
        }
        None => anstream::eprintln!("note: there is no template.yaml here to compare the rules with"),
    }
    if arguments.graph {
        graph::compare(arguments, &document, &mut problems)?;
    }
    let rules = checked.iter().map(|checked| checked.rules.rules).sum();
    Ok(report(arguments, &document, rules, &problems))
}

/// Whether the address of the reports is still that of the sample: example.com is reserved (RFC 2606).
fn has_reserved_address(parameters: &BTreeMap<String, String>) -> bool {
    parameters.get("MailAddress").is_some_and(|address| address.ends_with("@example.com"))
}

/// Prints the problems and their number. Warnings alone are a success, unless the caller is strict.
fn report(arguments: &CheckArguments, document: &Document, rules: usize, problems: &[Problem]) -> Exit {
    let file = arguments.file.display();
    let warnings = problems.iter().filter(|problem| problem.level == ProblemLevel::Warning).count();
    let errors = problems.len() - warnings;
    if problems.is_empty() {
        anstream::println!("no problems: {} in {file}", count(rules, "rule"));
        return Exit::Success;
    }
    anstream::eprintln!("{}\n", rendered(document, &arguments.file, problems));
    let counted = [(errors, "error"), (warnings, "warning")].into_iter().filter(|(number, _)| *number > 0);
    let counted = list(counted.map(|(number, noun)| count(number, noun)));
    if errors > 0 || arguments.strict {
        anstream::eprintln!("{counted} in {file}");
        return Exit::Found;
    }
    anstream::println!("{counted}, no errors: {} in {file}", count(rules, "rule"));
    Exit::Success
}

/// The tables that some function reads.
fn tables() -> Vec<&'static Table> {
    FUNCTIONS.iter().flat_map(|function| function.tables).collect()
}

/// The template that an environment deploys: template.yaml, unless it names another.
fn template_of(root: &Path, environment: &str) -> Result<PathBuf> {
    let samconfig = root.join("samconfig.toml");
    let named = if samconfig.is_file() { template_file(&samconfig, environment)? } else { None };
    Ok(named.unwrap_or_else(|| root.join("template.yaml")))
}

/// The template with the parameters of the environment, in its region.
fn deployment(template: &Path, environment: &str) -> Result<CheckedDeployment> {
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
    let named = if samconfig.is_file() { region(&samconfig, environment)? } else { None };
    let region = named.or_else(|| std::env::var(REGION_VARIABLE).ok().filter(|region| is_region(region)));
    alarm_topic::check(environment, region.as_deref(), &parameters)?;
    let template = SamTemplate::read_in(template, &parameters, region.as_deref().unwrap_or(REGION))?;
    Ok(CheckedDeployment { template, parameters, region })
}

/// Compares the rules of one function with the template, or notes that the environment does not deploy the function.
fn against_template(
    deployment: &CheckedDeployment,
    environment: &str,
    checked: &Checked,
    rules: &FileRules,
    problems: &mut Vec<Problem>,
) -> Result<()> {
    let Checked { function, rules: CheckedRules { rules: number, needs } } = checked;
    let mut functions = deployment.template.functions();
    let Some(deployed) = functions.find(|deployed| deployed.package == function.name) else {
        if *number > 0 {
            anstream::eprintln!("note: {}", not_deployed(function, environment)?);
        }
        return Ok(());
    };
    let region = deployment.region.as_deref();
    let region_or_default = region.unwrap_or(REGION);
    problems
        .extend(needs.iter().filter_map(|needed| permissions::problem(deployed, region_or_default, needed)));
    // What only the template's own text can tell of these tables.
    if function.name == pipeline_trigger::FUNCTION.name {
        problems.extend(sources::problems(deployed, &rules.pipelines, region_or_default));
    }
    if function.name == branch_stacks::FUNCTION.name {
        problems
            .extend(rules.stacks.stacks.iter().filter_map(|rule| permissions::without_role(deployed, rule)));
    }
    if function.name == ami_alerts::FUNCTION.name {
        let alerts = AlertDeployment { function: deployed, parameters: &deployment.parameters, region };
        delivered(alerts, &rules.alerts, problems);
    }
    Ok(())
}

/// That the environment does not deploy a function that has rules, and which environment does.
fn not_deployed(function: &Function, environment: &str) -> Result<String> {
    let tables = list(function.tables.iter().map(Table::heading));
    let verb = verb(function.tables.len(), "has", "have");
    let own = format!(
        "the environment `{environment}` does not deploy {}, so {tables} {verb} no effect there",
        function.name
    );
    let Ok(root) = workspace::root() else { return Ok(own) };
    let samconfig = root.join("samconfig.toml");
    let others = if samconfig.is_file() { environments(&samconfig)? } else { Vec::new() };
    for other in others.iter().filter(|other| *other != environment) {
        let other_deployment = deployment(&template_of(&root, other)?, other)?;
        if other_deployment.template.functions().any(|deployed| deployed.package == function.name) {
            return Ok(format!("{own} (--environment {other} deploys it)"));
        }
    }
    Ok(own)
}

/// The calls of `[[api-alert]]` rules, and the accounts of `[[account]]` tables, whose events do not reach the function.
fn delivered(alerts: AlertDeployment<'_>, rules: &ami_alerts::rules::Rules, problems: &mut Vec<Problem>) {
    for rule in &rules.calls {
        problems.extend(alerts.problems(rule));
    }
    problems.extend(rules.accounts.iter().filter_map(|account| alerts.account_problem(account)));
    let services: BTreeSet<&str> = rules.calls.iter().map(|rule| rule.source.as_str()).collect();
    for note in services.into_iter().filter_map(|service| alerts.note(service)) {
        anstream::eprintln!("note: {note}");
    }
}

/// Every problem code: those of any table, of each function, and of this command.
pub fn codes() -> impl Iterator<Item = Code> {
    let of_functions = FUNCTIONS.iter().flat_map(|function| function.problems);
    shared::config::CODES.iter().chain(of_functions).chain(CODES).copied()
}

/// The rules file that is deployed.
pub fn deployed_rules(root: &Path) -> PathBuf {
    root.join("config/pointsman.toml")
}
