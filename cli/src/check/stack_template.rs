//! `refused-template`: judges the template of a rule as CloudFormation would before it creates anything, and says what is not
//! judged.

use std::collections::BTreeMap;
use std::ops::Range;

use branch_stacks::rules::{StackRule, StackTemplate};
use cloudformation_template::{
    TemplateProblem, Values, check_parameter_value, evaluated_problems, has_macros, parameter_value,
    problems, read, text, type_problems,
};
use serde_json::{Map, Value};
use shared::config::{Code, Problem};

use super::parameters;

/// CloudFormation would refuse the template of a rule.
pub(super) const REFUSED_TEMPLATE: Code =
    Code { name: "refused-template", title: "CloudFormation would refuse a rule's template" };

/// Whether CloudFormation would refuse the template, or a part of it, is not known.
pub(super) const UNJUDGED_TEMPLATE: Code =
    Code { name: "unjudged-template", title: "a rule's template is not judged completely" };

/// The verdict on a file.
struct TemplateVerdict<'r> {
    file: &'r str,
    at: Range<usize>,
    problems: Vec<Problem>,
}

impl TemplateVerdict<'_> {
    fn refuse(&mut self, message: &str) {
        let label = format!("CloudFormation would refuse {}", self.file);
        let help = format!("CloudFormation would answer: {message}");
        self.problems.push(Problem::new(REFUSED_TEMPLATE, self.at.clone(), label).help(help));
    }

    fn add(&mut self, problem: &TemplateProblem) {
        match problem {
            TemplateProblem::Invalid(message) => self.refuse(message),
            TemplateProblem::NotSupported(_) => self.problems.push(unjudged(&self.at, &problem.to_string())),
            TemplateProblem::Undecided(message) => {
                let reason =
                    "the branch, the region or the account decides whether CloudFormation refuses it";
                let help = format!("CloudFormation might answer: {message}");
                self.problems.push(unjudged(&self.at, reason).help(help));
            }
        }
    }
}

fn unjudged(at: &Range<usize>, reason: &str) -> Problem {
    Problem::new(UNJUDGED_TEMPLATE, at.clone(), reason).warning()
}

/// The problems of a rule with its template. The template is judged with the parameters that are the same for every branch.
pub fn of_stack(rule: &StackRule) -> Vec<Problem> {
    let at = rule.named_at.template.clone();
    let (file, text) = match &rule.template {
        StackTemplate::Body { file, text } => (file, text),
        StackTemplate::Url(_) => {
            return vec![unjudged(&at, "the template is in S3, and this command does not read it")];
        }
    };
    let mut verdict = TemplateVerdict { file, at, problems: Vec::new() };
    match read(text) {
        Ok(template) => judge(&mut verdict, rule, &template),
        Err(problem) => verdict.add(&problem),
    }
    verdict.problems
}

fn judge(verdict: &mut TemplateVerdict<'_>, rule: &StackRule, template: &Value) {
    let declared = template["Parameters"].as_object().cloned().unwrap_or_default();
    let known = parameters::known_values(rule, &declared);
    let values = values(template, &declared, &known);
    verdict.problems.extend(parameters::of_stack(rule, verdict.file, &declared));
    verdict.problems.extend(parameters::without_capabilities(rule, template, &values));
    if has_macros(template) {
        let reason = "the template has a macro or a transform, and its result is not known here";
        return verdict.problems.push(unjudged(&verdict.at, reason));
    }
    let found = problems(template);
    found.iter().for_each(|problem| verdict.add(problem));
    unread_parameters(&declared, &known).for_each(|problem| verdict.add(&problem));
    // The functions of a template with a wrong reference cannot be evaluated.
    let evaluated = if found.is_empty() { evaluated_problems } else { type_problems };
    evaluated(template, &values).iter().for_each(|problem| verdict.add(problem));
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
