//! The problems of wrong rules, as the operator sees them.

use shared::config::{Document, render};

const RULES: &str = r#"
[[image-alert]]
images = ["ami-1", "snap-0123456789abcdef0", "snap-0123456789abcdef0"]
tags = { "" = "x" }
public = "yes"
trusted-accounts = ["12345", 444455556666]
trusted-organizations = ["arn:aws:organizations::777788889999:organization/o-a1b2c3d4e5", "ou-ab12-cdefghij"]
trusted-organizational-units = []
mute-below = "none"
revert = "all"
trusted-images = []

[[image-alert]]
public = true

[[image-alert]]
images = ["ami-0123456789abcdef0"]

[[api-alert]]
events = ["CreateUser"]

[[api-alert]]
service = "ec2.amazonaws.com"
events = ["ResetImageAttribute", "Create User"]
severity = "bad"
show = ["a..b"]

[[api-alert]]
service = "iam"
events = ["CreateUser"]

[[api-alert]]
service = "iam.amazonaws.com"
events = ["CreateUser", "DeleteUser"]
"#;

#[test]
fn does_every_mistake_have_a_problem_with_help() {
    let document = Document::new("pointsman.toml", RULES);
    let mut problems = Vec::new();
    ami_alerts::rules::read(&document, &mut problems);
    insta::assert_snapshot!(render(&document, "pointsman.toml", &problems, false));
}

#[test]
fn is_the_deployed_file_without_problems() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/pointsman.toml");
    let document = Document::new("pointsman.toml", std::fs::read_to_string(file).expect("it is there"));
    let mut problems = Vec::new();
    let rules = ami_alerts::rules::read(&document, &mut problems);
    assert_eq!((problems, rules.images.len()), (Vec::new(), 1));
}

#[test]
fn is_a_rule_hidden_only_if_earlier_rules_cover_each_of_its_images() {
    let (one, two) = ("ami-0123456789abcdef0", "ami-0123456789abcdef1");
    let images = |ids: &[&str]| format!("images = {ids:?}\n");
    for (rules, is_hidden) in [
        (vec![images(&[one]), images(&[two]), images(&[one, two])], true),
        (vec![images(&[one]), images(&[one, two])], false),
        (
            vec!["tags = { a = \"1\" }\n".to_owned(), images(&[one]) + "tags = { a = \"1\", b = \"2\" }\n"],
            true,
        ),
        (vec!["tags = { a = \"1\", b = \"2\" }\n".to_owned(), "tags = { a = \"1\" }\n".to_owned()], false),
        (vec![String::new(), images(&[one])], true),
    ] {
        let text: String = rules.iter().map(|rule| format!("[[image-alert]]\n{rule}")).collect();
        let mut problems = Vec::new();
        ami_alerts::rules::read(&Document::new("pointsman.toml", &*text), &mut problems);
        let codes: Vec<&str> = problems.iter().map(|problem| problem.code.name).collect();
        assert_eq!(codes, vec!["hidden-rule"; usize::from(is_hidden)], "{text}");
    }
}
