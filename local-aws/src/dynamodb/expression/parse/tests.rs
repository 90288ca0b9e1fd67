//! Expressions, read as a caller would write them.

use super::super::{Comparator, Condition, Operand};
use super::{condition, update};

/// As it was understood, with every operation in brackets.
fn shown(condition: &Condition) -> String {
    let operand = |operand: &Operand| match operand {
        Operand::Path(path) => path.to_string(),
        Operand::Placeholder(name) => name.clone(),
        other => format!("{other:?}"),
    };
    match condition {
        Condition::Or(left, right) => format!("[{} | {}]", shown(left), shown(right)),
        Condition::And(left, right) => format!("[{} & {}]", shown(left), shown(right)),
        Condition::Not(inner) => format!("!{}", shown(inner)),
        Condition::Compare(left, how, right) => {
            format!("{}{}{}", operand(left), how.symbol(), operand(right))
        }
        Condition::Call(call) => format!("{}({})", call.name, operand(&call.arguments[0])),
        Condition::Between(value, low, high) => {
            format!("{} in {}..{}", operand(value), operand(low), operand(high))
        }
        Condition::In(value, list) => format!("{} in {}", operand(value), list.len()),
    }
}

#[test]
fn not_binds_before_and_and_and_before_or() {
    let cases = [
        ("attribute_not_exists(id)", "attribute_not_exists(id)"),
        (
            "attribute_not_exists(#k) OR confirmed = :no AND expires < :now",
            "[attribute_not_exists(#k) | [confirmed=:no & expires<:now]]",
        ),
        ("NOT a = :a and b<>:b", "[!a=:a & b<>:b]"),
        ("( a = :a OR b >= :b ) AND NOT (c <= :c)", "[[a=:a | b>=:b] & !c<=:c]"),
        ("a BETWEEN :a AND :b AND c IN (:c, :d)", "[a in :a..:b & c in 2]"),
        ("a.b[1].#c > :x", "a.b[1].#c>:x"),
        ("notes = :n AND orders = :o", "[notes=:n & orders=:o]"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(&condition(text, "ConditionExpression").unwrap()), expected, "{text}");
    }
    let Condition::Compare(_, how, _) = condition("a=:a", "ConditionExpression").unwrap() else { panic!() };
    assert_eq!(how, Comparator::Equal);
}

#[test]
fn an_invalid_expression_is_refused_with_its_place() {
    let nested = format!("{}a = :a{}", "(".repeat(301), ")".repeat(301));
    let long = format!("a = :{}", "a".repeat(4096));
    for text in [
        "",
        " ",
        "a",
        "a =",
        "= :a",
        "a = :a AND",
        "a == :a",
        "(a = :a",
        "a = :a)",
        "not",
        "f()",
        &nested,
        &long,
    ] {
        let refusal = condition(text, "ConditionExpression").unwrap_err();
        assert!(refusal.message.starts_with("Invalid ConditionExpression: "), "{text}");
    }
    let refusal = condition("a = :a ; b", "ConditionExpression").unwrap_err();
    assert_eq!(refusal.message, "Invalid ConditionExpression: Syntax error; token: \";\", near: \":a ;\"");
    for text in ["a = :a", "SET", "SET a", "SET a = :a,", "SET a = :a :b", "REMOVE", "SET a = b = c"] {
        update(text, "UpdateExpression").unwrap_err();
    }
    let clauses =
        update("set a = if_not_exists(a, :z) + :o, #b = :b remove c, d.e ADD f :g", "UpdateExpression");
    assert_eq!(clauses.unwrap().len(), 3);
}

#[test]
fn redundant_parentheses_are_refused() {
    for text in [
        "((a = :a))",
        "( ( a = :a ) )",
        "a = ((:a))",
        "((a)) = :a",
        "((a.b)).c = :a",
        "a = :a AND ((a = :b AND b = :c)) AND c = :d",
        "a = :a OR ((a = :b OR (b = :c OR c = :d)))",
        "NOT ((a = :a))",
        "a BETWEEN ((:a)) AND :b",
        "contains(a, ((:a)))",
        "a IN (((:a)), :b)",
    ] {
        let refusal = condition(text, "ConditionExpression").unwrap_err();
        let redundant = "Invalid ConditionExpression: The expression has redundant parentheses;";
        assert_eq!(refusal.message, redundant, "{text}");
    }
    let refusal = update("SET a = ((:b))", "UpdateExpression").unwrap_err();
    assert_eq!(refusal.message, "Invalid UpdateExpression: The expression has redundant parentheses;");
}

#[test]
fn parentheses_around_one_operand_or_condition_are_accepted() {
    let cases = [
        ("(a = :a)", "a=:a"),
        ("((a = :a) AND b = :b)", "[a=:a & b=:b]"),
        ("((a = :a) AND (b = :b))", "[a=:a & b=:b]"),
        ("(a) = (:a)", "a=:a"),
        ("(a.b).c = :a", "a.b.c=:a"),
        ("attribute_exists((a))", "attribute_exists(a)"),
        ("a IN ((:a), (:b))", "a in 2"),
        ("(a)BETWEEN(:a)AND(:b)", "a in :a..:b"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(&condition(text, "ConditionExpression").unwrap()), expected, "{text}");
    }
    update("SET a = (:b), (c) = if_not_exists((c), :z)", "UpdateExpression").unwrap();
}
