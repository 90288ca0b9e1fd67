//! Evaluates the rules of a template: assertions about the parameters ("CloudFormation template Rules syntax").

use serde_json::Value;

use super::Evaluation;
use crate::TemplateProblem;
use crate::structure::members;
use crate::values::{is_known, only_member, text};

/// Checks each rule whose condition is true. AWS documents no message for a failed assertion.
pub(super) fn check(evaluation: &mut Evaluation<'_>) {
    for (name, rule) in members(&evaluation.template["Rules"]) {
        let applies =
            rule.get("RuleCondition").map_or(Ok(Some(true)), |condition| holds(evaluation, condition));
        let assertions = rule["Assertions"].as_array().into_iter().flatten();
        for assertion in assertions {
            let why = text(&assertion["AssertDescription"]).unwrap_or_default();
            let message = format!("Template format error: Rule {name} failed to satisfy assertion: {why}");
            match (applies.clone(), holds(evaluation, &assertion["Assert"])) {
                (Err(problem), _) | (Ok(_), Err(problem)) => evaluation.found.push(problem),
                (Ok(Some(false)), _) | (_, Ok(Some(true))) => {}
                (Ok(applies), Ok(held)) => {
                    evaluation.report(message, applies.is_some() && held.is_some());
                }
            }
        }
    }
}

/// Whether an assertion holds, if the known names decide it.
fn holds(evaluation: &Evaluation<'_>, assertion: &Value) -> Result<Option<bool>, TemplateProblem> {
    let only = only_member(assertion);
    let (name, argument) =
        only.ok_or_else(|| TemplateProblem::not_supported("a rule that is no function"))?;
    let parts = argument.as_array().map(Vec::as_slice).unwrap_or_default();
    let all = || parts.iter().map(|one| holds(evaluation, one)).collect::<Result<Vec<_>, _>>();
    match (name, parts) {
        ("Fn::Equals", [left, right]) => same(evaluation, left, right),
        ("Fn::Not", [one]) => Ok(holds(evaluation, one)?.map(|holds| !holds)),
        ("Fn::And", _) => Ok(together(&all()?, false)),
        ("Fn::Or", _) => Ok(together(&all()?, true)),
        ("Fn::Contains", [Value::Array(list), wanted]) => {
            let found =
                list.iter().map(|one| same(evaluation, one, wanted)).collect::<Result<Vec<_>, _>>()?;
            Ok(together(&found, true))
        }
        _ => Err(TemplateProblem::not_supported(format!("{name} in Rules"))),
    }
}

fn same(evaluation: &Evaluation<'_>, left: &Value, right: &Value) -> Result<Option<bool>, TemplateProblem> {
    let (left, right) = (evaluation.values.value(left), evaluation.values.value(right));
    match (text(&left), text(&right)) {
        (Some(_), Some(_)) if !is_known(&left) || !is_known(&right) => Ok(None),
        (Some(left), Some(right)) => Ok(Some(left == right)),
        _ if !is_known(&left) || !is_known(&right) => Ok(None),
        _ => Err(TemplateProblem::not_supported("a comparison of lists in Rules")),
    }
}

/// `decisive` if one result is; its opposite if each is known and none is decisive.
fn together(results: &[Option<bool>], decisive: bool) -> Option<bool> {
    match results {
        _ if results.contains(&Some(decisive)) => Some(decisive),
        _ if results.contains(&None) => None,
        _ => Some(!decisive),
    }
}
