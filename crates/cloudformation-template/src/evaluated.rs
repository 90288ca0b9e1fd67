//! Checks what depends on the values of a template's parameters.
//!
//! CloudFormation refuses a reference to a resource whose condition is false, an unknown type of a resource that is part of the
//! stack, circular dependencies, a mapping without the key, a list without the element, and a rule whose assertion is false.

mod rules;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::references::{cycle, depends_on};
use crate::structure::{TypeKnowledge, members, type_knowledge};
use crate::values::{is_known, only_member, text};
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
///     "Resources": {
///         "Web": {
///             "Type": "AWS::SNS::Topic",
///             "Properties": { "Cpu": { "Fn::FindInMap": ["Sizes", { "Ref": "Stage" }, "Cpu"] } },
///         },
///     },
/// });
/// let values = Values::new(&template, BTreeMap::from([("Stage".to_owned(), json!("prod"))]));
/// let problem = validate_evaluated(&template, &values).unwrap_err();
/// assert_eq!(problem.to_string(), "Template error: Unable to get mapping for Sizes::prod::Cpu");
/// ```
///
/// # Errors
///
/// [`TemplateProblem::Invalid`], with CloudFormation's message; [`TemplateProblem::NotSupported`] for a function in `Rules` that
/// this crate does not evaluate, and for a type that exists in some accounts only. Call [`crate::validate`] first.
pub fn validate_evaluated(template: &Value, values: &Values<'_>) -> Result<(), TemplateProblem> {
    let found = evaluated_problems(template, values);
    let is = |wanted: fn(&TemplateProblem) -> bool| found.iter().find(|problem| wanted(problem)).cloned();
    let invalid = is(|problem| matches!(problem, TemplateProblem::Invalid(_)));
    let first = invalid.or_else(|| is(|problem| matches!(problem, TemplateProblem::NotSupported(_))));
    first.map_or(Ok(()), Err)
}

/// Every reason for which [`validate_evaluated`] refuses a template, and every one that a value that is not known decides
/// ([`TemplateProblem::Undecided`]).
pub fn evaluated_problems(template: &Value, values: &Values<'_>) -> Vec<TemplateProblem> {
    let mut evaluation = Evaluation { template, values, found: Vec::new() };
    rules::check(&mut evaluation);
    for (_, condition) in members(&template["Conditions"]) {
        evaluation.value(condition, &ValuePlace::new("Conditions", Some(true)));
    }
    for block in ["Resources", "Outputs"] {
        for (_, member) in members(&template[block]) {
            let mut place = ValuePlace::new(block, values.known_to_include(member));
            place.assumed.extend(member["Condition"].as_str());
            if place.included != Some(false) {
                evaluation.value(member, &place);
            }
        }
    }
    evaluation.types();
    evaluation.cycles();
    crate::structure::once(evaluation.found)
}

/// The problems with types alone. The references of a template may be wrong.
pub fn type_problems(template: &Value, values: &Values<'_>) -> Vec<TemplateProblem> {
    let mut evaluation = Evaluation { template, values, found: Vec::new() };
    evaluation.types();
    crate::structure::once(evaluation.found)
}

struct Evaluation<'a> {
    template: &'a Value,
    values: &'a Values<'a>,
    found: Vec<TemplateProblem>,
}

/// The place of a value.
#[derive(Clone)]
struct ValuePlace<'p> {
    block: &'p str,
    /// Whether the value is part of the stack, if that is known.
    included: Option<bool>,
    /// The conditions that are true wherever the value is part of the stack.
    assumed: Vec<&'p str>,
}

impl<'p> ValuePlace<'p> {
    fn new(block: &'p str, included: Option<bool>) -> ValuePlace<'p> {
        ValuePlace { block, included, assumed: Vec::new() }
    }

    /// A branch of `Fn::If` with a condition that is not known.
    fn branch(&self, assumed: Option<&'p str>) -> ValuePlace<'p> {
        let mut place = ValuePlace { included: None, ..self.clone() };
        place.assumed.extend(assumed);
        place
    }
}

impl Evaluation<'_> {
    fn report(&mut self, message: String, certain: bool) {
        let problem = if certain { TemplateProblem::Invalid } else { TemplateProblem::Undecided };
        self.found.push(problem(message));
    }

    /// Only the branch of `Fn::If` that the condition selects is checked.
    fn value<'p>(&mut self, value: &'p Value, place: &ValuePlace<'p>) {
        match value {
            Value::Array(elements) => elements.iter().for_each(|element| self.value(element, place)),
            Value::Object(map) => {
                if let Some((name, argument)) = only_member(value) {
                    if let ("Fn::If", Some([condition, yes, no])) = (name, three(argument)) {
                        return self.branches(condition.as_str(), yes, no, place);
                    }
                    self.function(name, value, argument, place);
                }
                map.values().for_each(|member| self.value(member, place));
            }
            _ => {}
        }
    }

    fn branches<'p>(
        &mut self,
        condition: Option<&'p str>,
        yes: &'p Value,
        no: &'p Value,
        place: &ValuePlace<'p>,
    ) {
        match condition.and_then(|name| self.values.known_condition(name)) {
            Some(true) => self.value(yes, place),
            Some(false) => self.value(no, place),
            None => {
                self.value(yes, &place.branch(condition));
                self.value(no, &place.branch(None));
            }
        }
    }

    fn function(&mut self, name: &str, value: &Value, argument: &Value, place: &ValuePlace<'_>) {
        match name {
            "Ref" | "Fn::GetAtt" | "Fn::Sub" => self.included(&shallow(name, value, argument), place),
            "Fn::FindInMap" => self.mapping(argument, place),
            "Fn::Select" => self.element(argument, place),
            _ => {}
        }
    }

    fn included(&mut self, value: &Value, place: &ValuePlace<'_>) {
        for reference in references(value) {
            let (TemplateReference::Name(name) | TemplateReference::Attribute(name, _)) = reference else {
                continue;
            };
            let Some(resource) = self.template["Resources"].get(&name) else { continue };
            let assumed =
                resource["Condition"].as_str().is_some_and(|condition| place.assumed.contains(&condition));
            let exists = if assumed { Some(true) } else { self.values.known_to_include(resource) };
            if exists != Some(true) {
                let message = format!(
                    "Unresolved resource dependencies [{name}] in the {} block of the template",
                    place.block
                );
                // CloudFormation has this prefix in the block Resources only.
                let prefix = if place.block == "Outputs" { "" } else { "Template format error: " };
                self.report(format!("{prefix}{message}"), exists.is_some() && place.included.is_some());
            }
        }
    }

    fn mapping(&mut self, argument: &Value, place: &ValuePlace<'_>) {
        let Some(parts) = three(argument) else { return };
        let [map, first, second] = parts.each_ref().map(|part| self.values.value(part));
        let known = [&map, &first, &second].into_iter().all(is_known);
        let [Some(map), Some(first), Some(second)] = [map, first, second].map(|part| text(&part)) else {
            let unknown = references(argument).into_iter().filter_map(|reference| match reference {
                TemplateReference::Name(name) => Some(name),
                _ => None,
            });
            let names = unknown.collect::<Vec<_>>().join(", ");
            return self
                .report(format!("Template error: Unable to get mapping for a value of {names}"), false);
        };
        if self.template["Mappings"][&map].get(&first).and_then(|keys| keys.get(&second)).is_none() {
            let message = format!("Template error: Unable to get mapping for {map}::{first}::{second}");
            self.report(message, known && place.included.is_some());
        }
    }

    /// A list that refers to resources is known only when they exist, so it is not checked.
    fn element(&mut self, argument: &Value, place: &ValuePlace<'_>) {
        let Some([index, list]) = argument.as_array().map(Vec::as_slice) else { return };
        let of_resources = references(list).into_iter().any(|reference| match reference {
            TemplateReference::Name(name) => self.template["Resources"].get(&name).is_some(),
            TemplateReference::Attribute(..) => true,
            _ => false,
        });
        let (index, list) = (text(&self.values.value(index)), self.values.value(list));
        if let (Some(index), Some(elements), false) = (index, list.as_array(), of_resources)
            && is_known(&list)
            && !index.parse::<usize>().is_ok_and(|index| index < elements.len())
        {
            let message =
                format!("Template error: Fn::Select cannot select nonexistent value at index {index}");
            self.report(message, place.included.is_some());
        }
    }

    /// A type that CloudFormation does not have is accepted for a resource that is not part of the stack.
    fn types(&mut self) {
        let mut unknown: [Vec<&str>; 2] = Default::default();
        for (_, resource) in members(&self.template["Resources"]) {
            let (Some(kind), included) = (resource["Type"].as_str(), self.values.known_to_include(resource))
            else {
                continue;
            };
            match (type_knowledge(kind), included) {
                (TypeKnowledge::Known, _) | (_, Some(false)) => {}
                (TypeKnowledge::Extension, _) => {
                    let feature = format!("the type {kind}, which only some accounts have,");
                    self.found.push(TemplateProblem::not_supported(feature));
                }
                (TypeKnowledge::Unknown, _) => unknown[usize::from(included.is_none())].push(kind),
            }
        }
        for (nth, mut kinds) in unknown.into_iter().enumerate().filter(|(_, kinds)| !kinds.is_empty()) {
            kinds.dedup();
            let message =
                format!("Template format error: Unrecognized resource types: [{}]", kinds.join(", "));
            self.report(message, nth == 0);
        }
    }

    /// Circular dependencies: those that exist for certain, or else those that a condition decides.
    fn cycles(&mut self) {
        for certain in [true, false] {
            let needs = |_: &str, resource: &Value| self.needs(resource, certain);
            if let Some(names) = cycle(&self.template["Resources"], needs) {
                return self.report(format!("Circular dependency between resources: [{names}]"), certain);
            }
        }
    }

    /// The names that a resource depends on; none for a resource that is not part of the stack.
    fn needs(&self, resource: &Value, certain: bool) -> BTreeSet<String> {
        let included = self.values.known_to_include(resource);
        if included == Some(false) || (certain && included.is_none()) {
            return BTreeSet::new();
        }
        let named =
            references(&self.selected(resource, certain)).into_iter().filter_map(
                |reference| match reference {
                    TemplateReference::Name(name) | TemplateReference::Attribute(name, _) => Some(name),
                    _ => None,
                },
            );
        named.chain(depends_on(resource).map(str::to_owned)).collect()
    }

    /// A value without the branches of `Fn::If` that are not selected, or that are not selected for certain.
    fn selected(&self, value: &Value, certain: bool) -> Value {
        match value {
            Value::Array(elements) => {
                elements.iter().map(|element| self.selected(element, certain)).collect()
            }
            Value::Object(map) => match only_member(value) {
                Some(("Fn::If", argument)) => match three(argument) {
                    Some([condition, yes, no]) => {
                        let truth = condition.as_str().and_then(|name| self.values.known_condition(name));
                        match truth {
                            Some(truth) => self.selected(if truth { yes } else { no }, certain),
                            None if certain => Value::Null,
                            None => json!([self.selected(yes, certain), self.selected(no, certain)]),
                        }
                    }
                    None => Value::Null,
                },
                _ => {
                    map.iter().map(|(name, member)| (name.clone(), self.selected(member, certain))).collect()
                }
            },
            scalar => scalar.clone(),
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
            json!({ name: [parts.first(), Value::Object(names)] })
        }
        _ => value.clone(),
    }
}
