//! Reads a pattern's objects, arrays and `$or` into alternatives, refusing what EventBridge refuses.

use serde_json::{Map, Value};

use super::fields::join;
use super::operators::matcher;
use super::{MAX_COMBINATIONS, PatternError, Rule};

/// Names that no branch of an `$or` may use for a field: EventBridge keeps them for operators, also for future ones.
const RESERVED: [&str; 24] = [
    "exactly",
    "numeric",
    "prefix",
    "suffix",
    "equals-ignore-case",
    "wildcard",
    "anything-but",
    "exists",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

/// What a member called `$or` is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Or {
    Operator,
    Field,
}

/// The alternatives of a whole pattern. `$or` was once an ordinary field name, so a pattern that cannot be read
/// with the operator is read once more without; if that fails too, the first reading's problem is the one to tell.
pub(super) fn alternatives(pattern: &Value) -> Result<Vec<Rule>, PatternError> {
    let Value::Object(members) = pattern else { return Err(wrong("", "the pattern must be an object")) };
    let read = |or| object("", members, or, vec![Rule::new()]);
    read(Or::Operator).or_else(|problem| read(Or::Field).map_err(|_| problem))
}

pub(super) fn wrong(path: &str, problem: impl Into<String>) -> PatternError {
    PatternError { path: path.to_owned(), problem: problem.into() }
}

/// Adds what an object asks to every alternative so far. Members are taken in their order: a path that an `$or`
/// branch asks for again replaces what was asked before it, and is replaced by what is asked after it.
fn object(
    path: &str,
    members: &Map<String, Value>,
    or: Or,
    mut rules: Vec<Rule>,
) -> Result<Vec<Rule>, PatternError> {
    if members.is_empty() {
        return Err(wrong(path, "an object must name at least one field"));
    }
    for (name, member) in members {
        let inner_path = join(path, name);
        rules = match member {
            Value::Array(branches) if or == Or::Operator && name == "$or" => {
                branch_out(path, branches, &rules)?
            }
            Value::Object(inner) => object(&inner_path, inner, or, rules)?,
            Value::Array(entries) => field(&inner_path, entries, rules)?,
            _ => return Err(wrong(&inner_path, "the value must be an array or an object")),
        };
    }
    Ok(rules)
}

/// Every alternative so far, once for each branch of an `$or`.
fn branch_out(path: &str, branches: &[Value], rules: &[Rule]) -> Result<Vec<Rule>, PatternError> {
    if branches.len() < 2 {
        return Err(wrong(path, "`$or` takes at least two objects"));
    }
    let mut all = Vec::new();
    for branch in branches {
        let branch = branch.as_object().ok_or_else(|| wrong(path, "`$or` takes objects only"))?;
        if let Some(name) = branch.keys().find(|name| RESERVED.contains(&name.as_str())) {
            return Err(wrong(path, format!("`$or` cannot hold a field named `{name}`: it is reserved")));
        }
        all.extend(object(path, branch, Or::Operator, rules.to_vec())?);
        if all.len() > MAX_COMBINATIONS {
            return Err(wrong(path, format!("`$or` makes more than {MAX_COMBINATIONS} combinations")));
        }
    }
    Ok(all)
}

fn field(path: &str, entries: &[Value], mut rules: Vec<Rule>) -> Result<Vec<Rule>, PatternError> {
    if entries.is_empty() {
        return Err(wrong(path, "an array must hold at least one value"));
    }
    let matchers: Vec<_> = entries.iter().map(|entry| matcher(path, entry)).collect::<Result<_, _>>()?;
    for rule in &mut rules {
        rule.retain(|(asked, _)| asked != path);
        rule.push((path.to_owned(), matchers.clone()));
    }
    Ok(rules)
}
