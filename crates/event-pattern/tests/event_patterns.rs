//! Compares the matcher's answers with those of `event_patterns.json`.

use serde::Deserialize;
use serde_json::{Value, json};

use eventbridge_pattern::EventPattern;

#[derive(Deserialize)]
struct PatternCase {
    name: String,
    expect: String,
    pattern: Value,
    event: Value,
}

fn answer(case: &PatternCase) -> &'static str {
    match EventPattern::parse(&case.pattern) {
        Err(_) => "invalid",
        Ok(pattern) if pattern.matches(&case.event) => "match",
        Ok(_) => "no match",
    }
}

#[test]
fn every_case_in_the_file_has_its_answer() {
    let cases: Vec<PatternCase> = serde_json::from_str(include_str!("event_patterns.json")).unwrap();
    assert!(cases.len() > 80, "the file has only {} cases", cases.len());
    let differs = |case: &PatternCase| {
        let got = answer(case);
        (got != case.expect).then(|| format!("{}: expected {}, got {got}", case.name, case.expect))
    };
    let wrong: Vec<String> = cases.iter().filter_map(differs).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_problem_names_the_path_and_the_operator() {
    let problem = |pattern| EventPattern::parse(&pattern).unwrap_err().to_string();
    let pattern = json!({ "detail": { "referenceName": [{ "begins-with": "release/" }] } });
    assert_eq!(
        problem(pattern),
        "event pattern is not valid at detail.referenceName: there is no operator `begins-with`"
    );
    assert_eq!(
        problem(json!([])),
        "event pattern is not valid at its top level: the pattern must be an object"
    );
}

#[test]
fn many_stars_against_a_long_value_take_no_noticeable_time() {
    let pattern = EventPattern::parse(&json!({ "key": [{ "wildcard": "*a".repeat(60) }] })).unwrap();
    assert!(!pattern.matches(&json!({ "key": "a".repeat(59) + &"b".repeat(5_000) })));
}
