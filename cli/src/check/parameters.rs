//! `template-parameter` and `missing-capability`: compares the values of a rule with the parameters that its template
//! declares, and its capabilities with those that the template requires.

use branch_stacks::rules::{StackRule, StackTemplate};
use cloudformation_template::{certainly_needed_capability, parse, refused_value, text};
use serde_json::{Map, Value};
use shared::config::{Code, Problem};
use shared::placeholder::Filled;

/// A rule sets a parameter that its template does not declare, or misses one that the template requires.
pub(super) const TEMPLATE_PARAMETER: Code =
    Code { name: "template-parameter", title: "a rule's parameters are not those of its template" };

/// CloudFormation would refuse the template because a capability is missing.
pub(super) const MISSING_CAPABILITY: Code = Code {
    name: "missing-capability",
    title: "a rule's template needs a capability that the rule does not have",
};

/// The problems between a rule and its template. A template in S3 is not read here.
pub(super) fn of_stack(rule: &StackRule) -> Vec<Problem> {
    let StackTemplate::Body { file, text } = &rule.template else { return Vec::new() };
    let at_template = || rule.named_at.template.clone();
    let document = match parse(text) {
        Ok(document) => document,
        Err(error) => {
            let label = format!("{file} cannot be read: {}", first_line(&error.to_string()));
            let help = "CloudFormation would refuse it; fix the template";
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
    problems.extend(refused(rule, &declared));
    problems.extend(without_capability(rule, &document, &declared));
    problems
}

/// The value of a parameter that is the same for every branch.
fn fixed(value: &Filled) -> Option<String> {
    value.fill(|_| None).ok()
}

/// Values that CloudFormation would refuse, whatever the branch.
fn refused<'r>(rule: &'r StackRule, declared: &'r Map<String, Value>) -> impl Iterator<Item = Problem> + 'r {
    let given = rule.parameters.iter().zip(&rule.named_at.parameters);
    given.filter_map(|((name, value), span)| {
        let value = fixed(value)?;
        let why = refused_value(name, declared.get(name)?, &value)?;
        let help = format!("CloudFormation would answer: {why}");
        Some(
            Problem::new(TEMPLATE_PARAMETER, span.clone(), format!("the parameter does not allow `{value}`"))
                .help(help),
        )
    })
}

/// A capability that the template needs for every branch.
fn without_capability(rule: &StackRule, document: &Value, declared: &Map<String, Value>) -> Option<Problem> {
    let known = declared.iter().filter_map(|(name, parameter)| {
        let given = rule.parameters.iter().find(|(given, _)| given == name);
        let value = given.map_or_else(|| text(&parameter["Default"]), |(_, value)| fixed(value));
        Some((name.clone(), value?))
    });
    let needed = certainly_needed_capability(document, &known.collect::<Vec<_>>())?;
    let enough =
        |given: &String| given == needed || (needed == "CAPABILITY_IAM" && given == "CAPABILITY_NAMED_IAM");
    if rule.capabilities.iter().any(enough) {
        return None;
    }
    let label = format!("the template needs {needed}");
    let help = format!("add \"{needed}\" to `capabilities`, if the template may have it");
    Some(Problem::new(MISSING_CAPABILITY, rule.named_at.capabilities.clone(), label).help(help))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
