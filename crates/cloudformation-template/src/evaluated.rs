//! Checks what depends on the values of a template's parameters.
//!
//! CloudFormation refuses a reference to a resource whose condition is false, a mapping without the key, a list without the
//! element, and a rule whose assertion is false.

use serde_json::Value;

use crate::structure::members;
use crate::values::{only_member, text};
use crate::{TemplateProblem, TemplateReference, Values, references};

/// Refuses a template that CloudFormation refuses with these values of its parameters.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use cloudformation_template::{Values, validate_evaluated};
/// use serde_json::json;
///
/// let template = json!({
///     "Mappings": { "Sizes": { "test": { "Cpu": 1 } } },
///     "Resources": { "Web": { "Properties": { "Cpu": { "Fn::FindInMap": ["Sizes", { "Ref": "Stage" }, "Cpu"] } } } },
/// });
/// let values = Values::new(&template, BTreeMap::from([("Stage".to_owned(), json!("prod"))]));
/// let problem = validate_evaluated(&template, &values).unwrap_err();
/// assert_eq!(problem.to_string(), "Template error: Unable to get mapping for Sizes::prod::Cpu");
/// ```
///
/// # Errors
///
/// [`TemplateProblem`], with CloudFormation's message; [`TemplateProblem::NotSupported`] for a function in `Rules` that this
/// crate does not evaluate. Call [`crate::validate`] first.
pub fn validate_evaluated(template: &Value, values: &Values<'_>) -> Result<(), TemplateProblem> {
    let evaluation = Evaluation { template, values };
    evaluation.rules()?;
    for (_, condition) in members(&template["Conditions"]) {
        evaluation.value(condition, "Conditions")?;
    }
    for block in ["Resources", "Outputs"] {
        for (_, member) in members(&template[block]).filter(|(_, member)| values.includes(member)) {
            evaluation.value(member, block)?;
        }
    }
    Ok(())
}

struct Evaluation<'a> {
    template: &'a Value,
    values: &'a Values<'a>,
}

impl Evaluation<'_> {
    /// Only the branch of `Fn::If` that the condition selects is checked.
    fn value(&self, value: &Value, block: &str) -> Result<(), TemplateProblem> {
        match value {
            Value::Array(elements) => elements.iter().try_for_each(|element| self.value(element, block)),
            Value::Object(map) => {
                if let Some((name, argument)) = only_member(value) {
                    if let ("Fn::If", Some([condition, yes, no])) = (name, three(argument)) {
                        let holds = condition.as_str().is_none_or(|name| self.values.condition(name));
                        return self.value(if holds { yes } else { no }, block);
                    }
                    self.function(name, value, argument, block)?;
                }
                map.values().try_for_each(|member| self.value(member, block))
            }
            _ => Ok(()),
        }
    }

    fn function(
        &self,
        name: &str,
        value: &Value,
        argument: &Value,
        block: &str,
    ) -> Result<(), TemplateProblem> {
        match name {
            "Ref" | "Fn::GetAtt" | "Fn::Sub" => self.included(&shallow(name, value, argument), block),
            "Fn::FindInMap" => self.mapping(argument),
            "Fn::Select" => self.element(argument),
            _ => Ok(()),
        }
    }

    fn included(&self, value: &Value, block: &str) -> Result<(), TemplateProblem> {
        for reference in references(value) {
            if let TemplateReference::Name(name) | TemplateReference::Attribute(name, _) = reference
                && let Some(resource) = self.template["Resources"].get(&name)
                && !self.values.includes(resource)
            {
                return Err(TemplateProblem::unresolved(&name, block));
            }
        }
        Ok(())
    }

    fn mapping(&self, argument: &Value) -> Result<(), TemplateProblem> {
        let Some(parts) = three(argument) else { return Ok(()) };
        let [Some(map), Some(first), Some(second)] =
            parts.each_ref().map(|part| text(&self.values.value(part)))
        else {
            return Ok(());
        };
        match self.template["Mappings"][&map].get(&first).and_then(|keys| keys.get(&second)) {
            Some(_) => Ok(()),
            None => Err(TemplateProblem::invalid(format!(
                "Template error: Unable to get mapping for {map}::{first}::{second}"
            ))),
        }
    }

    /// A list that refers to resources is known only when they exist, so it is not checked.
    fn element(&self, argument: &Value) -> Result<(), TemplateProblem> {
        let Some([index, list]) = argument.as_array().map(Vec::as_slice) else { return Ok(()) };
        let of_resources = references(list).into_iter().any(|reference| match reference {
            TemplateReference::Name(name) => self.template["Resources"].get(&name).is_some(),
            TemplateReference::Attribute(..) => true,
            _ => false,
        });
        let (index, list) = (text(&self.values.value(index)), self.values.value(list));
        match (index, list.as_array()) {
            (Some(index), Some(elements)) if !of_resources => {
                let there = index.parse::<usize>().is_ok_and(|index| index < elements.len());
                let message =
                    format!("Template error: Fn::Select cannot select nonexistent value at index {index}");
                if there { Ok(()) } else { Err(TemplateProblem::invalid(message)) }
            }
            _ => Ok(()),
        }
    }

    /// "CloudFormation template Rules syntax": assertions about the parameters. AWS documents no message for a
    /// failed assertion.
    fn rules(&self) -> Result<(), TemplateProblem> {
        for (name, rule) in members(&self.template["Rules"]) {
            if rule.get("RuleCondition").map_or(Ok(true), |condition| self.holds(condition))? {
                for assertion in rule["Assertions"].as_array().into_iter().flatten() {
                    if !self.holds(&assertion["Assert"])? {
                        let why = text(&assertion["AssertDescription"]).unwrap_or_default();
                        return Err(TemplateProblem::format(&format!(
                            "Rule {name} failed to satisfy assertion: {why}"
                        )));
                    }
                }
            }
        }
        Ok(())
    }

    fn holds(&self, assertion: &Value) -> Result<bool, TemplateProblem> {
        let only = only_member(assertion);
        let (name, argument) =
            only.ok_or_else(|| TemplateProblem::not_supported("a rule that is no function"))?;
        let parts = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        let text = |value: &Value| text(&self.values.value(value));
        match (name, parts) {
            ("Fn::Equals", [left, right]) => {
                let (Some(left), Some(right)) = (text(left), text(right)) else {
                    return Err(TemplateProblem::not_supported(
                        "Fn::Equals of values that are no text in Rules",
                    ));
                };
                Ok(left == right)
            }
            ("Fn::Not", [one]) => Ok(!self.holds(one)?),
            ("Fn::And", all) => all.iter().try_fold(true, |so_far, one| Ok(self.holds(one)? && so_far)),
            ("Fn::Or", any) => any.iter().try_fold(false, |so_far, one| Ok(self.holds(one)? || so_far)),
            ("Fn::Contains", [Value::Array(list), wanted]) => match text(wanted) {
                Some(wanted) => Ok(list.iter().any(|one| text(one).as_ref() == Some(&wanted))),
                None => {
                    Err(TemplateProblem::not_supported("Fn::Contains of a value that is no text in Rules"))
                }
            },
            _ => Err(TemplateProblem::not_supported(format!("{name} in Rules"))),
        }
    }
}

fn three(argument: &Value) -> Option<&[Value; 3]> {
    argument.as_array()?.as_slice().try_into().ok()
}

/// The function without the values that `Fn::Sub` defines: these are checked by themselves.
fn shallow(name: &str, value: &Value, argument: &Value) -> Value {
    match (name, argument.as_array()) {
        ("Fn::Sub", Some(parts)) => {
            let names = parts.get(1).and_then(Value::as_object).into_iter().flatten();
            let names = names.map(|(name, _)| (name.clone(), Value::Null)).collect();
            serde_json::json!({ name: [parts.first(), Value::Object(names)] })
        }
        _ => value.clone(),
    }
}
