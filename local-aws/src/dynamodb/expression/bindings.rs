//! Owns the values of `#names` and `:values`: each used one must be defined, and each defined one used.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::{invalid, value};
use super::path::DocumentPath;
use super::{Clause, Condition, FunctionCall, Operand, condition, parse, update};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;

/// A word in upper case a line, from "Reserved words in DynamoDB" of the developer guide.
const RESERVED: &str = include_str!("reserved_words.txt");

/// `ExpressionAttributeNames` and `ExpressionAttributeValues` of a request.
#[derive(Debug, Default)]
pub(in super::super) struct Bindings {
    names: BTreeMap<String, String>,
    values: BTreeMap<String, Value>,
    used: BTreeSet<String>,
    /// Whether the request has an expression.
    has_expression: bool,
}

impl Bindings {
    pub(in super::super) fn take(input: &mut Members) -> Result<Bindings, ErrorAnswer> {
        let mut bindings = Bindings::default();
        for (key, name) in given(input, "ExpressionAttributeNames", '#')? {
            let Value::String(name) = name else {
                return Err(ErrorAnswer::new("SerializationException", "a name is a string"));
            };
            bindings.names.insert(key, name);
        }
        for (key, given) in given(input, "ExpressionAttributeValues", ':')? {
            bindings.values.insert(key, value::checked(given)?);
        }
        Ok(bindings)
    }

    /// The condition in `member`, if the request has it.
    pub(in super::super) fn condition(
        &mut self,
        input: &mut Members,
        member: &str,
    ) -> Result<Option<Condition>, ErrorAnswer> {
        let Some(text) = input.string(member)? else { return Ok(None) };
        self.has_expression = true;
        let mut read = parse::condition(&text, member)?;
        self.bind_condition(&mut read, member)?;
        condition::check(&read, member)?;
        Ok(Some(read))
    }

    pub(in super::super) fn update(&mut self, input: &mut Members) -> Result<Vec<Clause>, ErrorAnswer> {
        let member = "UpdateExpression";
        let Some(text) = input.string(member)? else { return Ok(Vec::new()) };
        self.has_expression = true;
        let mut clauses = parse::update(&text, member)?;
        for clause in &mut clauses {
            match clause {
                Clause::Set(assignments) => {
                    for assignment in assignments {
                        self.bind_path(&mut assignment.path, member)?;
                        self.bind_operand(&mut assignment.first, member)?;
                        if let Some((_, operand)) = &mut assignment.then {
                            self.bind_operand(operand, member)?;
                        }
                    }
                }
                Clause::Remove(paths) => {
                    paths.iter_mut().try_for_each(|path| self.bind_path(path, member))?;
                }
                Clause::Other(_) => {}
            }
        }
        update::check(&clauses)?;
        Ok(clauses)
    }

    pub(in super::super) fn projection(
        &mut self,
        input: &mut Members,
    ) -> Result<Option<Vec<DocumentPath>>, ErrorAnswer> {
        let member = "ProjectionExpression";
        let Some(text) = input.string(member)? else { return Ok(None) };
        self.has_expression = true;
        let mut paths = parse::projection(&text, member)?;
        paths.iter_mut().try_for_each(|path| self.bind_path(path, member))?;
        update::apart(&paths.iter().collect::<Vec<_>>(), member)?;
        Ok(Some(paths))
    }

    /// Call it after every expression of the request.
    pub(in super::super) fn finish(self) -> Result<(), ErrorAnswer> {
        let members = [
            ("ExpressionAttributeNames", self.names.into_keys().collect::<Vec<_>>()),
            ("ExpressionAttributeValues", self.values.into_keys().collect()),
        ];
        for (member, keys) in members {
            if !keys.is_empty() && !self.has_expression {
                return Err(invalid(format!("{member} can only be specified when using expressions")));
            }
            let unused: Vec<String> = keys.into_iter().filter(|key| !self.used.contains(key)).collect();
            if !unused.is_empty() {
                let unused = unused.join(", ");
                return Err(invalid(format!(
                    "Value provided in {member} unused in expressions: keys: {{{unused}}}"
                )));
            }
        }
        Ok(())
    }

    fn bind_condition(&mut self, condition: &mut Condition, of: &str) -> Result<(), ErrorAnswer> {
        let operands: Vec<&mut Operand> = match condition {
            Condition::Or(left, right) | Condition::And(left, right) => {
                self.bind_condition(left, of)?;
                return self.bind_condition(right, of);
            }
            Condition::Not(inner) => return self.bind_condition(inner, of),
            Condition::Compare(left, _, right) => vec![left, right],
            Condition::Between(operand, low, high) => vec![operand, low, high],
            Condition::In(operand, list) => std::iter::once(operand).chain(list).collect(),
            Condition::Call(call) => return self.bind_call(call, of),
        };
        operands.into_iter().try_for_each(|operand| self.bind_operand(operand, of))
    }

    fn bind_call(&mut self, call: &mut FunctionCall, of: &str) -> Result<(), ErrorAnswer> {
        call.arguments.iter_mut().try_for_each(|operand| self.bind_operand(operand, of))
    }

    fn bind_operand(&mut self, operand: &mut Operand, of: &str) -> Result<(), ErrorAnswer> {
        match operand {
            Operand::Path(path) => self.bind_path(path, of),
            Operand::Call(call) => self.bind_call(call, of),
            Operand::Value(_) => Ok(()),
            Operand::Placeholder(name) => {
                let missing =
                    "An expression attribute value used in expression is not defined; attribute value";
                let value = self.values.get(name);
                let value = value.ok_or_else(|| invalid(format!("Invalid {of}: {missing}: {name}")))?.clone();
                self.used.insert(std::mem::take(name));
                *operand = Operand::Value(value);
                Ok(())
            }
        }
    }

    fn bind_path(&mut self, path: &mut DocumentPath, of: &str) -> Result<(), ErrorAnswer> {
        for name in path.steps_mut() {
            if name.starts_with('#') {
                let missing =
                    "An expression attribute name used in the document path is not defined; attribute name";
                let stands_for = self.names.get(name);
                let stands_for =
                    stands_for.ok_or_else(|| invalid(format!("Invalid {of}: {missing}: {name}")))?.clone();
                self.used.insert(std::mem::replace(name, stands_for));
            } else if is_reserved(name) {
                return Err(invalid(format!(
                    "Invalid {of}: Attribute name is a reserved keyword; reserved keyword: {name}"
                )));
            }
        }
        Ok(())
    }
}

fn is_reserved(name: &str) -> bool {
    RESERVED.lines().any(|word| word.eq_ignore_ascii_case(name))
}

fn given(input: &mut Members, member: &str, mark: char) -> Result<Vec<(String, Value)>, ErrorAnswer> {
    let Some(entries) = input.object(member)? else { return Ok(Vec::new()) };
    if entries.is_empty() {
        return Err(invalid(format!("{member} must not be empty")));
    }
    let is_key = |key: &str| {
        key.strip_prefix(mark).is_some_and(|rest| {
            !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
    };
    match entries.keys().find(|key| !is_key(key)) {
        Some(key) => Err(invalid(format!("{member} contains invalid key: Syntax error; key: \"{key}\""))),
        None => Ok(entries.into_iter().collect()),
    }
}
