//! Holds a template with its parameters' values against what CloudFormation refuses only then: a reference to a resource that
//! is not made, a mapping without the key, a list without the element, a rule's assertion that does not hold.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::{format_error, members};
use super::references::{self, Reference};
use super::stack::Stack;
use super::{invalid, resources};
use crate::refusal::Refusal;
use crate::template::{Values, text};

/// Refuses what does not work out with the parameters of the stack's goal. What other stacks export is not known yet.
pub(super) fn check(stack: &Stack) -> Result<(), Refusal> {
    let template = &stack.goal.template;
    let check = Check { template, values: resources::values(stack, &BTreeMap::new()) };
    check.rules()?;
    for (_, condition) in members(&template["Conditions"]) {
        check.value(condition, "Conditions")?;
    }
    for block in ["Resources", "Outputs"] {
        for (_, member) in members(&template[block]).filter(|(_, member)| check.is_made(member)) {
            check.value(member, block)?;
        }
    }
    Ok(())
}

struct Check<'a> {
    template: &'a Value,
    values: Values<'a>,
}

impl Check<'_> {
    fn is_made(&self, member: &Value) -> bool {
        member["Condition"].as_str().is_none_or(|name| self.values.condition(name))
    }

    /// Of `Fn::If`, only the branch that is taken counts.
    fn value(&self, value: &Value, block: &str) -> Result<(), Refusal> {
        match value {
            Value::Array(elements) => elements.iter().try_for_each(|element| self.value(element, block)),
            Value::Object(map) => {
                if let Some((name, argument)) = map.iter().next().filter(|_| map.len() == 1) {
                    if let ("Fn::If", Some([condition, yes, no])) = (name.as_str(), three(argument)) {
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

    fn function(&self, name: &str, value: &Value, argument: &Value, block: &str) -> Result<(), Refusal> {
        match name {
            "Ref" | "Fn::GetAtt" | "Fn::Sub" => self.made(&shallow(name, value, argument), block),
            "Fn::FindInMap" => self.mapping(argument),
            "Fn::Select" => self.element(argument),
            _ => Ok(()),
        }
    }

    fn made(&self, value: &Value, block: &str) -> Result<(), Refusal> {
        for reference in references::of(value) {
            if let Reference::Name(name) | Reference::Attribute(name, _) = reference
                && let Some(resource) = self.template["Resources"].get(&name)
                && !self.is_made(resource)
            {
                return Err(references::unresolved(&name, block));
            }
        }
        Ok(())
    }

    fn mapping(&self, argument: &Value) -> Result<(), Refusal> {
        let Some(parts) = three(argument) else { return Ok(()) };
        let [Some(map), Some(first), Some(second)] =
            parts.each_ref().map(|part| text(&self.values.value(part)))
        else {
            return Ok(());
        };
        match self.template["Mappings"][&map].get(&first).and_then(|keys| keys.get(&second)) {
            Some(_) => Ok(()),
            None => {
                Err(invalid(format!("Template error: Unable to get mapping for {map}::{first}::{second}")))
            }
        }
    }

    /// A list that is made of resources is only known when they are.
    fn element(&self, argument: &Value) -> Result<(), Refusal> {
        let Some([index, list]) = argument.as_array().map(Vec::as_slice) else { return Ok(()) };
        let of_resources = references::of(list).into_iter().any(|reference| match reference {
            Reference::Name(name) => self.template["Resources"].get(&name).is_some(),
            Reference::Attribute(..) => true,
            _ => false,
        });
        let (index, list) = (text(&self.values.value(index)), self.values.value(list));
        match (index, list.as_array()) {
            (Some(index), Some(elements)) if !of_resources => {
                let there = index.parse::<usize>().is_ok_and(|index| index < elements.len());
                let message =
                    format!("Template error: Fn::Select cannot select nonexistent value at index {index}");
                if there { Ok(()) } else { Err(invalid(message)) }
            }
            _ => Ok(()),
        }
    }

    /// "CloudFormation template Rules syntax": assertions about the parameters. AWS documents no words for one that fails.
    fn rules(&self) -> Result<(), Refusal> {
        for (name, rule) in members(&self.template["Rules"]) {
            if rule.get("RuleCondition").map_or(Ok(true), |condition| self.holds(condition))? {
                for assertion in rule["Assertions"].as_array().into_iter().flatten() {
                    if !self.holds(&assertion["Assert"])? {
                        let why = text(&assertion["AssertDescription"]).unwrap_or_default();
                        return Err(format_error(&format!("Rule {name} failed to satisfy assertion: {why}")));
                    }
                }
            }
        }
        Ok(())
    }

    fn holds(&self, assertion: &Value) -> Result<bool, Refusal> {
        let only = assertion.as_object().filter(|map| map.len() == 1).and_then(|map| map.iter().next());
        let (name, argument) = only.ok_or_else(|| Refusal::not_served("a rule that is no function"))?;
        let parts = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        let text = |value: &Value| text(&self.values.value(value));
        match (name.as_str(), parts) {
            ("Fn::Equals", [left, right]) => {
                let (Some(left), Some(right)) = (text(left), text(right)) else {
                    return Err(Refusal::not_served("Fn::Equals of values that are no text in Rules"));
                };
                Ok(left == right)
            }
            ("Fn::Not", [one]) => Ok(!self.holds(one)?),
            ("Fn::And", all) => all.iter().try_fold(true, |so_far, one| Ok(self.holds(one)? && so_far)),
            ("Fn::Or", any) => any.iter().try_fold(false, |so_far, one| Ok(self.holds(one)? || so_far)),
            ("Fn::Contains", [Value::Array(list), wanted]) => match text(wanted) {
                Some(wanted) => Ok(list.iter().any(|one| text(one).as_ref() == Some(&wanted))),
                None => Err(Refusal::not_served("Fn::Contains of a value that is no text in Rules")),
            },
            _ => Err(Refusal::not_served(format_args!("{name} in Rules"))),
        }
    }
}

fn three(argument: &Value) -> Option<&[Value; 3]> {
    argument.as_array()?.as_slice().try_into().ok()
}

/// The function without the values that `Fn::Sub` brings: those are looked at by themselves.
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
