//! `template-parameter`: what a rule gives its template, held against the parameters that the template declares.

use branch_stacks::rules::{StackRule, Template};
use local_aws::template::parse;
use serde_json::Value;
use shared::config::{Code, Problem};

/// A rule gives what its template does not take, or does not give what it needs.
pub(super) const TEMPLATE_PARAMETER: Code =
    Code { name: "template-parameter", title: "a rule's parameters are not those of its template" };

/// What is wrong between a rule and its template. One in S3 is not read here.
pub(super) fn of_stack(rule: &StackRule) -> Vec<Problem> {
    let Template::Body { file, text } = &rule.template else { return Vec::new() };
    let at_template = || rule.named_at.template.clone();
    let document = match parse(text) {
        Ok(document) => document,
        Err(error) => {
            let label = format!("{file} cannot be read: {}", first_line(&error.to_string()));
            let help = "CloudFormation would refuse it; mend the template";
            return vec![Problem::new(TEMPLATE_PARAMETER, at_template(), label).help(help)];
        }
    };
    let declared = document["Parameters"].as_object().cloned().unwrap_or_default();
    let mut names: Vec<&str> = declared.keys().map(String::as_str).collect();
    names.sort_unstable();
    let given = rule.parameters.iter().zip(&rule.named_at.parameters);
    let unknown = given.filter(|((name, _), _)| !declared.contains_key(name)).map(|((name, _), span)| {
        let label = format!("{file} has no parameter `{name}`");
        Problem::new(TEMPLATE_PARAMETER, span.clone(), label)
            .help(format!("its parameters are {}", names.join(", ")))
    });
    let mut problems: Vec<Problem> = unknown.collect();
    let needs_value = |parameter: &Value| parameter.get("Default").is_none();
    let missing = declared.iter().filter(|(name, parameter)| {
        needs_value(parameter) && !rule.parameters.iter().any(|(given, _)| given == *name)
    });
    problems.extend(missing.map(|(name, _)| {
        let label = format!("{file} needs the parameter `{name}`, which has no default");
        Problem::new(TEMPLATE_PARAMETER, at_template(), label)
            .help(format!("add {name} = \"...\" to `parameters`"))
    }));
    problems
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
