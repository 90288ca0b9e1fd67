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
remind = "monthly"
trusted-actors = ["arn:aws:iam::111122223333:user/alice", "dlm.amazonaws.com", "dlm.amazonaws.com", "AWS Internal"]

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

[[organization]]
id = "o-1"
accounts = ["444455556666", "4444"]

[[organization]]
id = "o-a1b2c3d4e5"
accounts = ["444455556666"]

[[organization]]
id = "arn:aws:organizations::777788889999:organization/o-a1b2c3d4e5"
accounts = ["777788889999"]

[[organization]]
id = "o-b1b2c3d4e5"
accounts = ["444455556666"]

[[organization]]
id = "o-c1b2c3d4e5"

[[account]]
id = "4444"
role = "arn:aws:iam::444455556666:role/reader"

[[account]]
id = "444455556666"
role = "arn:aws:iam::777788889999:role/reader"

[[account]]
id = "444455556666"
role = "reader"

[[account]]
id = "444455556666"
role = "arn:aws:iam::444455556666:role/reader"

[[account]]
id = "444455556666"
role = "arn:aws:iam::444455556666:role/path/reader"
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

#[test]
fn is_the_list_of_an_organization_that_no_rule_trusts_a_warning() {
    const LIST: &str = "[[organization]]\nid = \"o-a1b2c3d4e5\"\naccounts = [\"444455556666\"]\n";
    for (rule, is_unused) in [
        ("", true),
        ("[[image-alert]]\ntrusted-organizations = [\"o-b1b2c3d4e5\"]\n", true),
        ("[[image-alert]]\ntrusted-organizations = [\"o-a1b2c3d4e5\"]\n", false),
    ] {
        let mut problems = Vec::new();
        let document = Document::new("pointsman.toml", format!("{rule}{LIST}"));
        let rules = ami_alerts::rules::read(&document, &mut problems);
        let codes: Vec<&str> = problems.iter().map(|problem| problem.code.name).collect();
        assert_eq!(codes, vec!["unused-organization"; usize::from(is_unused)], "{rule}");
        assert!(!shared::config::has_errors(&problems));
        assert_eq!(rules.organizations.len(), 1);
    }
}

#[test]
fn are_the_new_keys_read() {
    use ami_alerts::rules::Reminder;
    const RULES: &str = r#"
[[image-alert]]
remind = "never"
trusted-actors = ["role/service-role/AWSDataLifecycleManagerDefaultRole", "dlm.amazonaws.com"]
trusted-organizations = ["o-a1b2c3d4e5"]

[[organization]]
id = "o-a1b2c3d4e5"
accounts = ["444455556666", "777788889999"]

[[account]]
id = "444455556666"
role = "arn:aws:iam::444455556666:role/pointsman-ami-alerts"
"#;
    let mut problems = Vec::new();
    let rules = ami_alerts::rules::read(&Document::new("pointsman.toml", RULES), &mut problems);
    assert_eq!(problems, Vec::new());
    let image = &rules.images[0];
    assert_eq!((image.remind, image.trusted_actors.len()), (Reminder::Never, 2));
    assert_eq!(rules.organizations[0].accounts.len(), 2);
    let role = rules.role_of("444455556666").map(|role| role.role.as_str());
    assert_eq!(role, Some("arn:aws:iam::444455556666:role/pointsman-ami-alerts"));
    assert_eq!(rules.role_of("777788889999"), None);
}
