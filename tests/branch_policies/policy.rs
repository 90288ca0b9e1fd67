//! A small evaluator of IAM policies: statements, wildcards, and the condition operators that the templates use.

use std::collections::BTreeMap;

use serde_json::Value;

/// A request to AWS, as IAM sees it.
pub(crate) struct Request<'a> {
    pub(crate) action: &'a str,
    pub(crate) resource: &'a str,
    /// Condition keys with their values.
    pub(crate) context: BTreeMap<&'a str, &'a str>,
}

/// Whether an identity policy or a trust policy allows a request. A trust policy has no resource.
pub(crate) fn allows(statements: &[Value], request: &Request<'_>) -> bool {
    let applies = |effect: &str| {
        statements.iter().any(|one| one["Effect"] == effect && covers(one, request) && holds(one, request))
    };
    applies("Allow") && !applies("Deny")
}

/// Whether a resource policy denies a request.
pub(crate) fn denies(statements: &[Value], request: &Request<'_>) -> bool {
    statements.iter().any(|one| one["Effect"] == "Deny" && covers(one, request) && holds(one, request))
}

fn covers(statement: &Value, request: &Request<'_>) -> bool {
    assert!(statement["NotAction"].is_null() && statement["NotResource"].is_null(), "{statement}");
    let action = request.action.to_lowercase();
    let names_action = texts(&statement["Action"]).iter().any(|one| glob(&one.to_lowercase(), &action));
    let resources = texts(&statement["Resource"]);
    names_action && (resources.is_empty() || resources.iter().any(|one| glob(one, request.resource)))
}

/// Every operator and every key of a condition must hold; one value of a key is enough.
fn holds(statement: &Value, request: &Request<'_>) -> bool {
    let operators = statement["Condition"].as_object().into_iter().flatten();
    operators.into_iter().all(|(operator, keys)| {
        let mut keys = keys.as_object().expect("a condition has keys").iter();
        keys.all(|(key, wanted)| key_holds(operator, &texts(wanted), request.context.get(key.as_str())))
    })
}

/// A key that the request lacks fails the condition, except a negated one (IAM User Guide, "IAM JSON policy elements: Condition
/// operators").
fn key_holds(operator: &str, wanted: &[String], value: Option<&&str>) -> bool {
    let equal = |value: &str| wanted.iter().any(|one| one == value);
    let alike = |value: &str| wanted.iter().any(|one| glob(one, value));
    match operator {
        "StringEquals" | "Bool" => value.is_some_and(|value| equal(value)),
        "StringLike" | "ArnLike" => value.is_some_and(|value| alike(value)),
        // "true" holds if the request lacks the key, and "false" if it has the key.
        "Null" => equal(if value.is_none() { "true" } else { "false" }),
        "ArnNotEquals" => value.is_none_or(|value| !alike(value)),
        other => panic!("the evaluator lacks the operator {other}"),
    }
}

/// One text, or a list of them.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("not evaluated: {value}")).to_owned();
    match value {
        Value::Null => Vec::new(),
        Value::Array(list) => list.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

/// `*` is any run of characters and `?` one character.
fn glob(pattern: &str, text: &str) -> bool {
    let (mut patterns, text) = (pattern.split('*'), text.as_bytes());
    let fits = |piece: &str, at: &[u8]| {
        piece.len() <= at.len() && piece.bytes().zip(at).all(|(wanted, is)| wanted == b'?' || wanted == *is)
    };
    let first = patterns.next().unwrap_or_default();
    if !fits(first, text) {
        return false;
    }
    let pieces: Vec<&str> = patterns.collect();
    let Some((last, middle)) = pieces.split_last() else { return first.len() == text.len() };
    let mut rest = &text[first.len()..];
    for piece in middle {
        let Some(at) = (0..=rest.len()).find(|at| fits(piece, &rest[*at..])) else { return false };
        rest = &rest[at + piece.len()..];
    }
    last.len() <= rest.len() && fits(last, &rest[rest.len() - last.len()..])
}

#[test]
fn the_evaluator_knows_wildcards() {
    for (pattern, text, fits) in [
        ("arn:*", "arn:aws", true),
        ("a*-build", "a-x-build", true),
        ("a*-build", "a-x-build-production", false),
        ("a/*", "a/b/c", true),
        ("a", "a/b", false),
        ("*", "", true),
        ("a*b*c", "abbc", true),
        ("a?c", "abc", true),
        ("a*aa", "aa", false),
    ] {
        assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
    }
}
