//! Owns [`Values`]: evaluates conditions and intrinsic functions, as far as the names in them are known.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// The most conditions that refer to one another, one after the other.
const DEEPEST: usize = 100;

/// The values of the names in a template.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use cloudformation_template::Values;
/// use serde_json::json;
///
/// let template = json!({ "Conditions": { "IsProd": { "Fn::Equals": [{ "Ref": "Stage" }, "prod"] } } });
/// let values = Values::new(&template, BTreeMap::from([("Stage".to_owned(), json!("prod"))]));
///
/// assert!(values.condition("IsProd"));
/// assert_eq!(values.value(&json!({ "Fn::If": ["IsProd", 3, 1] })), json!(3));
/// // The name `Topic` is not known, so its attribute stays as it is written.
/// assert_eq!(values.value(&json!({ "Fn::Sub": "${Stage}-${Topic.Arn}" })), json!("prod-${Topic.Arn}"));
/// ```
#[derive(Debug)]
pub struct Values<'a> {
    names: BTreeMap<String, Value>,
    exports: BTreeMap<String, String>,
    conditions: Option<&'a Map<String, Value>>,
    mappings: &'a Value,
}

impl<'a> Values<'a> {
    /// `names` holds the results of `Ref` for parameters, pseudo parameters and resources, and those of `Fn::GetAtt` under
    /// `Resource.Attribute`. A name that is not in `names` stays as the template writes it.
    pub fn new(document: &'a Value, names: BTreeMap<String, Value>) -> Values<'a> {
        let conditions = document["Conditions"].as_object();
        Values { names, exports: BTreeMap::new(), conditions, mappings: &document["Mappings"] }
    }

    /// Adds the results of `Fn::ImportValue`.
    #[must_use]
    pub fn with_exports(mut self, exports: BTreeMap<String, String>) -> Values<'a> {
        self.exports = exports;
        self
    }

    /// Adds a name that became known, such as a created resource.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.names.insert(name.into(), value.into());
    }

    /// Whether a condition is true. A condition that the template lacks, or that cannot be evaluated, counts as true.
    pub fn condition(&self, name: &str) -> bool {
        self.known_condition(name).unwrap_or(true)
    }

    /// Whether a condition is true, if the known names decide it.
    ///
    /// ```
    /// use cloudformation_template::Values;
    /// use serde_json::json;
    ///
    /// let template = json!({ "Conditions": { "IsProd": { "Fn::Equals": [{ "Ref": "Stage" }, "prod"] } } });
    /// assert_eq!(Values::new(&template, Default::default()).known_condition("IsProd"), None);
    /// ```
    pub fn known_condition(&self, name: &str) -> Option<bool> {
        self.condition_within(name, DEEPEST)
    }

    /// As [`Values::known_condition`]. Circular conditions end at a depth of 0.
    fn condition_within(&self, name: &str, depth: usize) -> Option<bool> {
        self.truth(self.conditions?.get(name)?, depth.checked_sub(1)?)
    }

    /// Whether a resource or an output is part of the stack: it has no `Condition`, or one that is true.
    pub fn includes(&self, member: &Value) -> bool {
        self.known_to_include(member).unwrap_or(true)
    }

    /// As [`Values::includes`], if the known names decide it.
    pub fn known_to_include(&self, member: &Value) -> Option<bool> {
        member["Condition"].as_str().map_or(Some(true), |name| self.known_condition(name))
    }

    fn truth(&self, condition: &Value, depth: usize) -> Option<bool> {
        let (function, argument) = only_member(condition)?;
        let parts = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut truths = parts.iter().map(|one| self.truth(one, depth));
        match (function, parts) {
            ("Condition", _) => self.condition_within(argument.as_str()?, depth),
            ("Fn::Equals", [left, right]) => {
                let (left, right) = (self.value(left), self.value(right));
                (is_known(&left) && is_known(&right)).then(|| is_same(&left, &right))
            }
            ("Fn::Not", [one]) => self.truth(one, depth).map(|truth| !truth),
            ("Fn::And", _) => decided(&mut truths, false),
            ("Fn::Or", _) => decided(&mut truths, true),
            _ => None,
        }
    }

    /// A value with every function evaluated that can be. Members and elements that are `AWS::NoValue` are removed.
    pub fn value(&self, value: &Value) -> Value {
        self.known(value).unwrap_or(Value::Null)
    }

    /// As [`Values::value`], but none for `AWS::NoValue`.
    fn known(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Array(elements) => {
                Some(elements.iter().filter_map(|element| self.known(element)).collect())
            }
            Value::Object(members) => match only_member(value).and_then(|(name, of)| self.function(name, of))
            {
                Some(result) => result,
                None => Some(Value::Object(
                    members.iter().filter_map(|(name, of)| Some((name.clone(), self.known(of)?))).collect(),
                )),
            },
            scalar => Some(scalar.clone()),
        }
    }

    /// A function's result: `None` if the function is unknown or cannot be evaluated, `Some(None)` for `AWS::NoValue`.
    fn function(&self, name: &str, argument: &Value) -> Option<Option<Value>> {
        match name {
            "Ref" if argument == "AWS::NoValue" => Some(None),
            "Ref" => self.names.get(argument.as_str()?).cloned().map(Some),
            "Fn::If" => {
                let [condition, yes, no] = argument.as_array()?.as_slice() else { return None };
                Some(self.known(if self.condition(condition.as_str()?) { yes } else { no }))
            }
            "Fn::Sub" => self.sub(argument).map(Some),
            "Fn::Join" => self.join(argument).map(Some),
            "Fn::Split" => self.split(argument).map(Some),
            "Fn::Select" => self.select(argument).map(Some),
            "Fn::GetAtt" => self.get_att(argument).map(Some),
            "Fn::FindInMap" => self.find_in_map(argument).map(Some),
            "Fn::ImportValue" => {
                self.exports.get(&text(&self.value(argument))?).map(|value| Some(json!(value)))
            }
            _ => None,
        }
    }

    fn sub(&self, argument: &Value) -> Option<Value> {
        let (template, extra) = match argument {
            Value::Array(parts) => (parts.first()?.as_str()?, parts.get(1).and_then(Value::as_object)),
            one => (one.as_str()?, None),
        };
        let lookup = |name: &str| match extra.and_then(|extra| extra.get(name)) {
            Some(value) => text(&self.value(value)),
            None => self.names.get(name).and_then(text),
        };
        Some(substitute(template, lookup).into())
    }

    fn join(&self, argument: &Value) -> Option<Value> {
        let [delimiter, list] = argument.as_array()?.as_slice() else { return None };
        let parts: Vec<String> = self.value(list).as_array()?.iter().map(text).collect::<Option<_>>()?;
        Some(parts.join(delimiter.as_str()?).into())
    }

    fn split(&self, argument: &Value) -> Option<Value> {
        let [delimiter, source] = argument.as_array()?.as_slice() else { return None };
        Some(self.value(source).as_str()?.split(delimiter.as_str()?).collect())
    }

    fn select(&self, argument: &Value) -> Option<Value> {
        let [index, list] = argument.as_array()?.as_slice() else { return None };
        let index: usize = text(&self.value(index))?.parse().ok()?;
        self.value(list).get(index).cloned()
    }

    fn get_att(&self, argument: &Value) -> Option<Value> {
        if let Some(dotted) = argument.as_str() {
            return self.names.get(dotted).cloned();
        }
        let [resource, attribute] = argument.as_array()?.as_slice() else { return None };
        let attribute = text(&self.value(attribute))?;
        self.names.get(&format!("{}.{attribute}", resource.as_str()?)).cloned()
    }

    fn find_in_map(&self, argument: &Value) -> Option<Value> {
        let [map, first, second] = argument.as_array()?.as_slice() else { return None };
        let key = |value: &Value| text(&self.value(value));
        Some(self.mappings.get(key(map)?)?.get(key(first)?)?.get(key(second)?)?.clone())
    }
}

/// A scalar as CloudFormation writes it into a string; `None` for a list, an object and null.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(bool) => Some(bool.to_string()),
        _ => None,
    }
}

/// `decisive` if one of the truths is; its opposite if each truth is known and none is decisive.
fn decided(truths: &mut dyn Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut result = Some(!decisive);
    for truth in truths {
        match truth {
            Some(truth) if truth == decisive => return Some(decisive),
            Some(_) => {}
            None => result = None,
        }
    }
    result
}

/// Whether nothing in a value is still as the template writes it: neither a function nor a name in `Fn::Sub`.
pub(crate) fn is_known(value: &Value) -> bool {
    match value {
        Value::Array(elements) => elements.iter().all(is_known),
        Value::Object(_) => false,
        Value::String(text) => !text.contains("${"),
        _ => true,
    }
}

/// Parameters are text, so the YAML scalars `true` and `1` are compared as text with them.
fn is_same(left: &Value, right: &Value) -> bool {
    match (text(left), text(right)) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    }
}

pub(crate) fn only_member(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    members.iter().next().map(|(name, member)| (name.as_str(), member))
}

/// Replaces each `${name}` that is known. In `Fn::Sub`, `${!name}` stands for a literal `${name}`.
fn substitute(template: &str, lookup: impl Fn(&str) -> Option<String>) -> String {
    let mut result = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, tail)) = after.split_once('}') else { break };
        result.push_str(before);
        match (name.strip_prefix('!'), lookup(name)) {
            (Some(literal), _) => result.push_str(&format!("${{{literal}}}")),
            (None, Some(value)) => result.push_str(&value),
            (None, None) => result.push_str(&format!("${{{name}}}")),
        }
        rest = tail;
    }
    result + rest
}
