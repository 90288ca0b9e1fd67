//! Reads a pattern's objects, arrays and `$or` into alternatives, and refuses what EventBridge refuses.

use serde_json::{Map, Value};

use crate::fields::join;
use crate::operators::matcher;
use crate::{Alternative, MAX_COMBINATIONS, PatternError, PatternProblem};

/// Names that no branch of an `$or` may use for a field: EventBridge reserves them for present and future operators.
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

/// The meaning of a member named `$or`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OrMeaning {
    Operator,
    Field,
}

/// The alternatives of a whole pattern.
///
/// `$or` was once an ordinary field name, so a pattern that cannot be read with the operator is read again without it. If the
/// second reading fails too, the first reading's problem is returned.
pub(crate) fn alternatives(pattern: &Value) -> Result<Vec<Alternative>, PatternError> {
    let Value::Object(members) = pattern else {
        return Err(PatternError::new("", PatternProblem::PatternIsNoObject));
    };
    let read = |or| object("", members, or, vec![Alternative::new()]);
    read(OrMeaning::Operator).or_else(|problem| read(OrMeaning::Field).map_err(|_| problem))
}

/// Adds the requirements of an object to every alternative so far.
///
/// Members are read in their order. A path that an `$or` branch repeats replaces an earlier requirement, and a later one
/// replaces the branch's.
fn object(
    path: &str,
    members: &Map<String, Value>,
    or: OrMeaning,
    mut alternatives: Vec<Alternative>,
) -> Result<Vec<Alternative>, PatternError> {
    if members.is_empty() {
        return Err(PatternError::new(path, PatternProblem::EmptyObject));
    }
    for (name, member) in members {
        let inner_path = join(path, name);
        alternatives = match member {
            Value::Array(branches) if or == OrMeaning::Operator && name == "$or" => {
                branch_out(path, branches, &alternatives)?
            }
            Value::Object(inner) => object(&inner_path, inner, or, alternatives)?,
            Value::Array(entries) => field(&inner_path, entries, alternatives)?,
            _ => return Err(PatternError::new(&inner_path, PatternProblem::FieldIsScalar)),
        };
    }
    Ok(alternatives)
}

/// Every alternative so far, once for each branch of an `$or`.
fn branch_out(
    path: &str,
    branches: &[Value],
    alternatives: &[Alternative],
) -> Result<Vec<Alternative>, PatternError> {
    if branches.len() < 2 {
        return Err(PatternError::new(path, PatternProblem::OneBranch));
    }
    let mut all = Vec::new();
    for branch in branches {
        let branch =
            branch.as_object().ok_or_else(|| PatternError::new(path, PatternProblem::BranchIsNoObject))?;
        if let Some(name) = branch.keys().find(|name| RESERVED.contains(&name.as_str())) {
            return Err(PatternError::new(path, PatternProblem::ReservedField { field: name.clone() }));
        }
        all.extend(object(path, branch, OrMeaning::Operator, alternatives.to_vec())?);
        if all.len() > MAX_COMBINATIONS {
            return Err(PatternError::new(path, PatternProblem::TooManyCombinations));
        }
    }
    Ok(all)
}

fn field(
    path: &str,
    entries: &[Value],
    mut alternatives: Vec<Alternative>,
) -> Result<Vec<Alternative>, PatternError> {
    if entries.is_empty() {
        return Err(PatternError::new(path, PatternProblem::EmptyArray));
    }
    let matchers: Vec<_> = entries.iter().map(|entry| matcher(path, entry)).collect::<Result<_, _>>()?;
    for alternative in &mut alternatives {
        alternative.retain(|(earlier, _)| earlier != path);
        alternative.push((path.to_owned(), matchers.clone()));
    }
    Ok(alternatives)
}
