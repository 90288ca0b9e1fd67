//! `pointsman check`: what is wrong with the rules, by themselves and against the template that deploys them.

use std::path::{Path, PathBuf};

use anyhow::Result;
use pipeline_trigger::aws::{CALLS, On};
use pipeline_trigger::report::FUNCTION;
use pipeline_trigger::rules::{self, PipelineRule, Rules};
use shared::config::{Code, Document, Problem};

use crate::arguments::CheckArguments;
use crate::exit::Exit;
use crate::rules_file::{TABLES, rendered};
use crate::template::{ACCOUNT, Function, PARTITION, REGION, Template, overrides};
use crate::workspace;

const NOT_PERMITTED: Code =
    Code { name: "not-permitted", title: "the template does not let the function do what a rule needs" };

/// The codes of problems that only this command finds.
pub const CODES: &[Code] = &[NOT_PERMITTED];

/// Prints the problems, or that there are none.
pub fn run(arguments: &CheckArguments) -> Result<Exit> {
    let document = Document::read(&arguments.file)?;
    let mut problems = Vec::new();
    document.unknown_tables(TABLES, &mut problems);
    let rules = rules::read(&document, &mut problems);
    let template = arguments.template.clone().or_else(|| Some(workspace::root().ok()?.join("template.yaml")));
    match template {
        Some(template) => against_template(&template, &arguments.environment, &rules, &mut problems)?,
        None => anstream::eprintln!("note: there is no template.yaml here to compare the rules with"),
    }
    if problems.is_empty() {
        anstream::println!(
            "no problems: {} in {}",
            counted(rules.pipelines.len(), "rule"),
            arguments.file.display()
        );
        return Ok(Exit::Success);
    }
    anstream::eprintln!("{}\n", rendered(&document, &arguments.file, &problems));
    anstream::eprintln!("{} in {}", counted(problems.len(), "problem"), arguments.file.display());
    Ok(Exit::Found)
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn against_template(
    template: &Path,
    environment: &str,
    rules: &Rules,
    problems: &mut Vec<Problem>,
) -> Result<()> {
    let samconfig = template.with_file_name("samconfig.toml");
    let parameters =
        if samconfig.is_file() { overrides(&samconfig, environment)? } else { Default::default() };
    let template = Template::read(template, &parameters)?;
    if let Some(function) = template.functions().find(|function| function.package == FUNCTION) {
        problems.extend(rules.pipelines.iter().flat_map(|rule| not_permitted(function, rule)));
    }
    Ok(())
}

/// What the function may not do that this rule needs: one problem for the repository, one for the pipeline.
fn not_permitted(function: &Function, rule: &PipelineRule) -> Vec<Problem> {
    // A name that differs from branch to branch is tried with a branch that no pattern of names could know.
    let pipeline = rule.name.name(&rule.repository, Some("a-branch-nobody-knows"));
    let repository = (On::Repository, arn("codecommit", &rule.repository), rule.named_at.repository.clone());
    let pipeline = (On::Pipeline, arn("codepipeline", &pipeline), rule.named_at.pipeline.clone());
    let missing = [repository, pipeline].into_iter().filter_map(|(on, resource, span)| {
        let calls = CALLS.iter().filter(|(_, wanted)| *wanted == on).map(|(call, _)| *call);
        let denied: Vec<&str> = calls.filter(|call| !function.allows(call, &resource)).collect();
        let parameter = if on == On::Repository { "RepositoryNames" } else { "PipelineNames" };
        (!denied.is_empty()).then(|| {
            let help = format!(
                "add the name to the parameter {parameter} (parameter_overrides in samconfig.toml); it needs {}",
                denied.join(", ")
            );
            Problem::new(NOT_PERMITTED, span, format!("not allowed to {}", function.logical_id)).help(help)
        })
    });
    missing.collect()
}

fn arn(service: &str, name: &str) -> String {
    format!("arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:{name}")
}

/// Every problem code there is, with where it can come from.
pub fn codes() -> impl Iterator<Item = Code> {
    rules::codes().chain(CODES.iter().copied())
}

/// The rules file that is deployed.
pub fn deployed_rules(root: &Path) -> PathBuf {
    root.join("config/pointsman.toml")
}
