//! Carries out an UpdateExpression: SET and REMOVE.

use serde_json::{Value, json};

use super::super::invalid;
use super::super::value::{TableItem, number, parts, written};
use super::condition::{counted, wrong};
use super::path::DocumentPath;
use super::{Assignment, Clause, FunctionCall, Operand};
use crate::error_answer::ErrorAnswer;

const OF: &str = "UpdateExpression";

/// Checks clauses whose names and values are bound: each clause at most once, no path twice, only known functions.
pub(super) fn check(clauses: &[Clause]) -> Result<(), ErrorAnswer> {
    for (at, clause) in clauses.iter().enumerate() {
        let section = match clause {
            Clause::Set(_) => "SET",
            Clause::Remove(_) => "REMOVE",
            Clause::Other(word) => return Err(ErrorAnswer::not_served(format_args!("{word} in {OF}"))),
        };
        if clauses[..at]
            .iter()
            .any(|earlier| std::mem::discriminant(earlier) == std::mem::discriminant(clause))
        {
            return Err(wrong(
                OF,
                format!("The \"{section}\" section can only be used once in an update expression;"),
            ));
        }
        if let Clause::Set(assignments) = clause {
            assignments.iter().try_for_each(check_assignment)?;
        }
    }
    apart(&paths(clauses), OF)
}

fn check_assignment(assignment: &Assignment) -> Result<(), ErrorAnswer> {
    let second = assignment.then.iter().map(|(_, operand)| operand);
    for operand in std::iter::once(&assignment.first).chain(second) {
        match operand {
            Operand::Call(call) if call.name == "if_not_exists" => {
                counted(call, 2, OF)?;
                if !matches!(call.arguments[0], Operand::Path(_)) {
                    let what = "Operator or function requires a document path; operator or function";
                    return Err(wrong(OF, format!("{what}: if_not_exists")));
                }
                if let Operand::Call(inner) = &call.arguments[1] {
                    return Err(ErrorAnswer::not_served(format_args!("{} within if_not_exists", inner.name)));
                }
            }
            Operand::Call(call) if call.name == "list_append" => {
                return Err(ErrorAnswer::not_served(format_args!("list_append in {OF}")));
            }
            Operand::Call(call) => {
                return Err(wrong(OF, format!("Invalid function name; function: {}", call.name)));
            }
            _ => {}
        }
    }
    Ok(())
}

/// No two paths may be the same or within each other.
pub(super) fn apart(paths: &[&DocumentPath], of: &str) -> Result<(), ErrorAnswer> {
    for (at, path) in paths.iter().enumerate() {
        if let Some(other) = paths[..at].iter().find(|other| other.overlaps(path)) {
            let what =
                "Two document paths overlap with each other; must remove or rewrite one of these paths";
            return Err(wrong(of, format!("{what}; path one: [{other}], path two: [{path}]")));
        }
    }
    Ok(())
}

/// Every path that is changed.
pub(in super::super) fn paths(clauses: &[Clause]) -> Vec<&DocumentPath> {
    let mut paths = Vec::new();
    for clause in clauses {
        match clause {
            Clause::Set(assignments) => paths.extend(assignments.iter().map(|assignment| &assignment.path)),
            Clause::Remove(removed) => paths.extend(removed),
            Clause::Other(_) => {}
        }
    }
    paths
}

/// The item afterwards. Every value is worked out from the item before.
pub(in super::super) fn apply(clauses: &[Clause], before: &TableItem) -> Result<TableItem, ErrorAnswer> {
    let mut after = before.clone();
    for clause in clauses {
        match clause {
            Clause::Set(assignments) => {
                for assignment in assignments {
                    assignment.path.set(&mut after, assigned(assignment, before)?)?;
                }
            }
            Clause::Remove(paths) => {
                let mut paths: Vec<&DocumentPath> = paths.iter().collect();
                // From the end, so that an index still means the element that it meant.
                paths.sort_by(|left, right| right.cmp(left));
                paths.into_iter().try_for_each(|path| path.remove(&mut after))?;
            }
            Clause::Other(_) => {}
        }
    }
    Ok(after)
}

fn assigned(assignment: &Assignment, before: &TableItem) -> Result<Value, ErrorAnswer> {
    let first = value(&assignment.first, before)?;
    let Some((sign, second)) = &assignment.then else { return Ok(first) };
    let second = value(second, before)?;
    let operand = |value: &Value| match parts(value) {
        ("N", Value::String(text)) => number(text),
        (kind, _) => {
            let what = "Incorrect operand type for operator or function; operator or function";
            Err(wrong(OF, format!("{what}: {sign}, operand type: {kind}")))
        }
    };
    let (left, right) = (operand(&first)?, operand(&second)?);
    let result = if *sign == '+' { left + right } else { left - right };
    Ok(json!({"N": written(&number(&written(&result))?)}))
}

fn value(operand: &Operand, before: &TableItem) -> Result<Value, ErrorAnswer> {
    let missing =
        || invalid("The provided expression refers to an attribute that does not exist in the item");
    match operand {
        Operand::Value(value) => Ok(value.clone()),
        Operand::Path(path) => path.get(before).cloned().ok_or_else(missing),
        Operand::Call(FunctionCall { arguments, .. }) => {
            value(&arguments[0], before).or_else(|_| value(&arguments[1], before))
        }
        Operand::Placeholder(_) => Err(missing()),
    }
}
