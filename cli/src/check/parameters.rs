//! `template-parameter` and `missing-capability`: compares the values of a rule with the parameters that its template
//! declares, and its capabilities with those that the template requires.

use branch_stacks::rules::StackRule;
use cloudformation_template::{Values, certainly_needed_capabilities, refused_value, text};
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

/// The problems between the parameters of a rule and those that its template declares.
pub(super) fn of_stack(rule: &StackRule, file: &str, declared: &Map<String, Value>) -> Vec<Problem> {
    let mut names: Vec<&str> = declared.keys().map(String::as_str).collect();
    names.sort_unstable();
    let given = rule.parameters.iter().zip(&rule.named_at.parameters);
    let unknown = given.filter(|((name, _), _)| !declared.contains_key(name)).map(|((name, _), span)| {
        let label = format!("{file} has no parameter `{name}`");
        let help = match names.is_empty() {
            true => "it has no parameters: remove the name".to_owned(),
            false => format!("its parameters are {}", names.join(", ")),
        };
        Problem::new(TEMPLATE_PARAMETER, span.clone(), label).help(help)
    });
    let mut problems: Vec<Problem> = unknown.collect();
    let needs_value = |parameter: &Value| parameter.get("Default").is_none();
    let missing = declared.iter().filter(|(name, parameter)| {
        needs_value(parameter) && !rule.parameters.iter().any(|(given, _)| given == *name)
    });
    problems.extend(missing.map(|(name, _)| {
        let label = format!("{file} needs the parameter `{name}`, which has no default");
        Problem::new(TEMPLATE_PARAMETER, rule.named_at.template.clone(), label)
            .help(format!("add {name} = \"...\" to `parameters`"))
    }));
    problems.extend(refused(rule, declared));
    problems
}

/// The values of the parameters that are the same for every branch: given by the rule, or defaults.
pub(super) fn known_values(rule: &StackRule, declared: &Map<String, Value>) -> Vec<(String, String)> {
    let known = declared.iter().filter_map(|(name, parameter)| {
        let given = rule.parameters.iter().find(|(given, _)| given == name);
        let value = given.map_or_else(|| text(&parameter["Default"]), |(_, value)| fixed(value));
        Some((name.clone(), value?))
    });
    known.collect()
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

/// Capabilities that the template needs for every branch.
pub(super) fn without_capabilities<'r>(
    rule: &'r StackRule,
    template: &Value,
    values: &Values<'_>,
) -> impl Iterator<Item = Problem> + 'r {
    let has = |needed: &str| {
        let enough = |given: &String| {
            given == needed || (needed == "CAPABILITY_IAM" && given == "CAPABILITY_NAMED_IAM")
        };
        rule.capabilities.iter().any(enough)
    };
    let needed = certainly_needed_capabilities(template, values);
    needed.into_iter().filter(move |needed| !has(needed)).map(|needed| {
        let label = format!("the template needs {needed}");
        let help = format!("add \"{needed}\" to `capabilities`, if the template may have it");
        Problem::new(MISSING_CAPABILITY, rule.named_at.capabilities.clone(), label).help(help)
    })
}
