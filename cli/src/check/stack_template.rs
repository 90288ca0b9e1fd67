//! `refused-template`: judges the template of a rule as CloudFormation would before it creates anything, and says what is not
//! judged.

use std::collections::BTreeMap;
use std::ops::Range;

use branch_stacks::rules::{StackRule, StackTemplate};
use cloudformation_template::{
    TemplateProblem, Values, check_parameter_value, evaluated_problems, has_macros, parameter_value,
    problems, read, text,
};
use serde_json::{Map, Value};
use shared::config::{Code, Problem};

use super::parameters;

/// CloudFormation would refuse the template of a rule.
pub(super) const REFUSED_TEMPLATE: Code =
    Code { name: "refused-template", title: "CloudFormation would refuse a rule's template" };

/// The verdict on the template of a rule.
#[derive(Default)]
pub struct TemplateVerdict {
    /// The problems of the rule with its template.
    pub problems: Vec<Problem>,
    /// What could not be judged, each with the reason.
    pub unjudged: Vec<String>,
    /// The place of the template in the rules.
    pub at: Range<usize>,
}

impl TemplateVerdict {
    fn refuse(&mut self, file: &str, message: &str) {
        let label = format!("CloudFormation would refuse {file}");
        let help = format!("CloudFormation would answer: {message}");
        self.problems.push(Problem::new(REFUSED_TEMPLATE, self.at.clone(), label).help(help));
    }

    fn add(&mut self, file: &str, problem: &TemplateProblem) {
        match problem {
            TemplateProblem::Invalid(message) => self.refuse(file, message),
            TemplateProblem::NotSupported(_) => self.unjudged.push(format!("{file}: {problem}")),
            TemplateProblem::Undecided(message) => self.unjudged.push(format!(
                "{file}: whether CloudFormation answers \"{message}\" depends on the branch, the region or the account"
            )),
        }
    }
}

/// Judges the template of a rule with the parameters that are the same for every branch.
pub fn of_stack(rule: &StackRule) -> TemplateVerdict {
    let mut verdict = TemplateVerdict { at: rule.named_at.template.clone(), ..Default::default() };
    let (file, text) = match &rule.template {
        StackTemplate::Body { file, text } => (file, text),
        StackTemplate::Url(url) => {
            verdict.unjudged.push(format!("{url} is in S3, and this command does not read it"));
            return verdict;
        }
    };
    let template = match read(text) {
        Ok(template) => template,
        Err(problem) => {
            verdict.add(file, &problem);
            return verdict;
        }
    };
    let declared = template["Parameters"].as_object().cloned().unwrap_or_default();
    let known = parameters::known_values(rule, &declared);
    verdict.problems.extend(parameters::of_stack(rule, file, &declared));
    verdict.problems.extend(parameters::without_capabilities(
        rule,
        &template,
        &values(&template, &declared, &known),
    ));
    if has_macros(&template) {
        verdict.unjudged.push(format!("{file} has a macro or a transform, and its result is not known here"));
        return verdict;
    }
    let found = problems(&template);
    found.iter().for_each(|problem| verdict.add(file, problem));
    unread_parameters(&declared, &known).for_each(|problem| verdict.add(file, &problem));
    // A template with a wrong reference cannot be evaluated.
    if found.is_empty() {
        let evaluated = evaluated_problems(&template, &values(&template, &declared, &known));
        evaluated.iter().for_each(|problem| verdict.add(file, problem));
    }
    verdict
}

/// The values that are known before a deployment. The others stay as the template writes them.
fn values<'t>(template: &'t Value, declared: &Map<String, Value>, known: &[(String, String)]) -> Values<'t> {
    let value = |(name, value): &(String, String)| {
        let kind = declared[name]["Type"].as_str().unwrap_or_default();
        (!kind.starts_with("AWS::SSM::Parameter::Value<"))
            .then(|| (name.clone(), parameter_value(kind, value)))
    };
    let names: BTreeMap<String, Value> = known.iter().filter_map(value).collect();
    Values::new(template, names)
}

/// Parameters whose values cannot be checked here, such as those that CloudFormation reads from Systems Manager.
fn unread_parameters<'v>(
    declared: &'v Map<String, Value>,
    known: &'v [(String, String)],
) -> impl Iterator<Item = TemplateProblem> + 'v {
    let value = |name: &String, parameter: &Value| {
        let given = known.iter().find(|(given, _)| given == name).map(|(_, value)| value.clone());
        given.or_else(|| text(&parameter["Default"])).unwrap_or_default()
    };
    declared.iter().filter_map(move |(name, parameter)| {
        let problem = check_parameter_value(name, parameter, &value(name, parameter)).err()?;
        matches!(problem, TemplateProblem::NotSupported(_)).then_some(problem)
    })
}
