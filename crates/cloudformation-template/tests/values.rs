//! Evaluates small templates, in short and in long form.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute, and not their helper functions"
)]

use std::collections::BTreeMap;

use cloudformation_template::{Values, parameter_values, parse};
use serde_json::{Value, json};

const TEMPLATE: &str = r#"
Parameters:
  Name: { Type: String, Default: web }
  Names: { Type: CommaDelimitedList, Default: "a, b" }
Conditions:
  IsWeb: !Equals [!Ref Name, web]
  IsProd: !And [!Condition IsWeb, !Not [!Equals [!Ref AWS::Partition, aws-cn]], !Or [!Condition IsWeb]]
"#;

fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The result of `yaml` with these parameters.
fn evaluated(yaml: &str, parameters: &[(&str, &str)]) -> Value {
    let template = parse(TEMPLATE).unwrap();
    let mut names = parameter_values(&template, &given(parameters)).unwrap();
    names.insert("AWS::Partition".to_owned(), json!("aws"));
    names.insert("AWS::Region".to_owned(), json!("us-east-1"));
    Values::new(&template, names).value(&parse(yaml).unwrap())
}

#[test]
fn strings_and_lists_are_evaluated() {
    let sub = evaluated(r#"!Sub "${Name}-${AWS::Region}-${!Name}-${Later.Arn}""#, &[]);
    assert_eq!(sub, "web-us-east-1-${Name}-${Later.Arn}");
    assert_eq!(
        evaluated(r#"{ "Fn::Sub": ["${A}/${Name}", { A: !Ref AWS::Region }] }"#, &[]),
        "us-east-1/web"
    );
    assert_eq!(evaluated(r#"!Join ["+", !Ref Names]"#, &[]), "a+b");
    assert_eq!(evaluated(r#"!Select [1, !Split ["-", "x-y-z"]]"#, &[]), "y");
}

#[test]
fn a_condition_selects_and_no_value_removes() {
    let yaml = r#"{ If: !If [IsProd, yes-it-is, "no"], Gone: !If [IsProd, !Ref "AWS::NoValue", kept] }"#;
    assert_eq!(evaluated(yaml, &[]), json!({ "If": "yes-it-is" }));
    assert_eq!(evaluated(yaml, &[("Name", "api")]), json!({ "If": "no", "Gone": "kept" }));
}

#[test]
fn an_unknown_name_stays_as_it_is_written() {
    assert_eq!(evaluated("!GetAtt Later.Arn", &[]), json!({ "Fn::GetAtt": ["Later", "Arn"] }));
    assert_eq!(evaluated("!Ref Later", &[]), json!({ "Ref": "Later" }));
}

#[test]
fn a_parameter_value_that_cloudformation_refuses_is_refused() {
    let message = |declaration: &str, pairs: &[(&str, &str)]| {
        let template = parse(&format!("Parameters: {{ Mode: {{ Type: String, {declaration} }} }}")).unwrap();
        parameter_values(&template, &given(pairs)).unwrap_err().to_string()
    };
    assert_eq!(
        message("AllowedValues: [a, b]", &[]),
        "parameter `Mode` has neither a default nor an override"
    );
    assert_eq!(
        message("AllowedValues: [a, b]", &[("Mode", "c")]),
        "parameter `Mode` does not allow `c`: Parameter 'Mode' must be one of AllowedValues"
    );
    assert_eq!(
        message("AllowedPattern: '[a-z]+'", &[("Mode", "A")]),
        "parameter `Mode` does not allow `A`: Parameter 'Mode' must match pattern [a-z]+"
    );
    assert_eq!(message("Default: a", &[("Mood", "a")]), "the template has no parameter `Mood`");
}
