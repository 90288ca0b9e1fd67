//! Every problem that a `[[branch-stack]]` table can have: its text, its place, and its help.

use std::collections::BTreeSet;

use branch_stacks::identity::BranchId;
use branch_stacks::rules::{self, Deployment, Rules, StackTemplate};
use shared::config::{Code, Document, Problem, ProblemLevel, render};
use tempfile::TempDir;

fn folder() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.path().join(name), bytes).expect("the folder is ours")
    };
    write("stack.yaml", b"Resources: {}\n");
    write("large.yaml", &b"#".repeat(51_201));
    write("empty.yaml", b" \n");
    write("latin.yaml", b"\xe9");
    folder
}

fn read(text: &str) -> (Document, Rules, Vec<Problem>) {
    let folder = folder();
    let document = Document::new("pointsman.toml", text);
    let mut problems = Vec::new();
    let rules = rules::read(&document, &[folder.path().to_owned()], &mut problems);
    for problem in &mut problems {
        let without_path = |text: &str| text.replace(&folder.path().display().to_string(), "FOLDER");
        problem.help = problem.help.as_deref().map(without_path);
    }
    (document, rules, problems)
}

fn rendered(text: &str) -> String {
    let (document, _, problems) = read(text);
    render(&document, "config/pointsman.toml", &problems, false)
}

fn with(template: &str, more: &str) -> String {
    format!(
        "[[branch-stack]]\nrepositories = [\"shop\"]\nbranches = [\"feature/**\"]\ntemplate = \"{template}\"\n{more}\n"
    )
}

fn rule(more: &str) -> String {
    with("stack.yaml", more)
}

/// The smallest file that has each problem.
fn samples() -> Vec<(&'static str, String)> {
    let many: String = (0..31).map(|n| format!("t{n} = \"x\"\n")).collect();
    vec![
        ("unknown-key", rule("stack = \"a\"")),
        ("unknown-key", format!("[branch-stacks]\nmost = 3\n{}", rule(""))),
        ("wrong-type", format!("[branch-stacks]\nmost-deletions = \"3\"\n{}", rule(""))),
        ("wrong-type", format!("[[branch-stacks]]\nmost-deletions = 3\n{}", rule(""))),
        ("bad-value", format!("[branch-stacks]\nmost-deletions = -1\n{}", rule(""))),
        ("missing-key", "[[branch-stack]]\ntemplate = \"stack.yaml\"\n".into()),
        ("missing-key", "[[branch-stack]]\nrepositories = [\"a\"]\nbranches = [\"b\"]\n".into()),
        ("empty-list", rule("protected = []")),
        ("bad-glob", rule("protected = [\"refs/heads/main\"]")),
        ("never-decides", rule("protected = [\"main\", \"**\"]")),
        ("wrong-type", rule("parameters = [\"a\"]")),
        ("wrong-type", rule("parameters = { Size = 3 }")),
        ("wrong-type", rule("max-stacks = \"3\"")),
        ("bad-value", rule("max-stacks = 0")),
        ("bad-value", rule("deployment = \"fast\"")),
        ("bad-value", rule("capabilities = [\"CAPABILITY_ALL\"]")),
        ("bad-value", rule("notify = [\"ready\", \"mail\"]")),
        ("wrong-type", rule("notify = \"ready\"")),
        ("bad-template", with("", "")),
        ("bad-template", with("missing.yaml", "")),
        ("bad-template", with("../stack.yaml", "")),
        ("bad-template", with("/opt/stack.yaml", "")),
        ("bad-template", with("large.yaml", "")),
        ("bad-template", with("empty.yaml", "")),
        ("bad-template", with("latin.yaml", "")),
        ("bad-template", with("http://b.s3.eu-west-1.amazonaws.com/k", "")),
        ("bad-template", with("https://example.com/k", "")),
        ("bad-template", with("https://b.s3.eu-west-1.amazonaws.com/", "")),
        ("bad-template", with("https://s3.eu-west-1.amazonaws.com/b/k", "")),
        ("bad-template", with("https://b.s3.amazonaws.com/k", "")),
        ("bad-parameter", rule("parameters = { Branch-Name = \"{branch}\" }")),
        ("bad-placeholder", rule("parameters = { Branch = \"{Branch}\" }")),
        ("bad-placeholder", rule("parameters = { Json = \"{a}\" }")),
        ("bad-placeholder", rule("parameters = { Json = \"{\" }")),
        ("bad-tag", rule("tags = { \"pointsman:owner\" = \"me\" }")),
        ("bad-tag", rule("tags = { \"aws:x\" = \"me\" }")),
        ("bad-tag", rule("tags = { team = \"\" }")),
        ("bad-tag", rule("tags = { team = \"a\", Team = \"b\" }")),
        ("bad-placeholder", rule("tags = { branch = \"{branch}\" }")),
        ("bad-tag", rule(&format!("[branch-stack.tags]\n{many}"))),
        ("bad-role", rule("role = \"deployer\"")),
        ("bad-ttl", rule("ttl = \"soon\"")),
        ("bad-ttl", rule("ttl = \"30m\"")),
        ("bad-ttl", rule("ttl = \"-3d\"")),
        ("never-idle", rule("pinned = [\"release/**\"]")),
        ("hidden-rule", rule("") + &rule("max-stacks = 3")),
        ("unlikely-pattern", rule("protected = [\"main|develop\"]")),
        ("covers-nothing", rule("protected = [\"main\", \"!*\"]")),
    ]
}

#[test]
fn each_problem_is_found_in_the_smallest_file_that_has_it() {
    for (code, text) in samples() {
        let (_, _, problems) = read(&text);
        assert!(problems.iter().any(|problem| problem.code.name == code), "{code}: {text}{problems:#?}");
        assert_eq!(
            problems.len(),
            1 + usize::from(text.starts_with("[[branch-stack]]\ntemplate")),
            "{text}{problems:#?}"
        );
        assert!(problems.iter().all(|problem| problem.help.is_some()), "{text}");
    }
}

#[test]
fn each_code_of_this_table_has_a_sample() {
    let sampled: BTreeSet<&str> = samples().into_iter().map(|(code, _)| code).collect();
    let codes: BTreeSet<&str> = rules::CODES.iter().map(|Code { name, .. }| *name).collect();
    assert_eq!(codes.difference(&sampled).count(), 0, "{codes:?}");
}

#[test]
fn problems_as_they_are_shown() {
    let shown: Vec<String> = samples().into_iter().map(|(_, text)| rendered(&text)).collect();
    insta::assert_snapshot!(shown.join("\n\n"));
}

#[test]
fn a_whole_rule_is_read() {
    let (_, rules, problems) = read(&rule(
        "parameters = { RepositoryName = \"{repository}\", Slug = \"{branch-slug}\", Size = \"small\" }\n\
         tags = { team = \"shop\", repo = \"{repository}\" }\n\
         role = \"arn:aws:iam::111122223333:role/branch-stacks\"\n\
         capabilities = [\"CAPABILITY_NAMED_IAM\", \"CAPABILITY_IAM\"]\n\
         protected = [\"main\"]\npinned = [\"release/**\"]\nttl = \"14d\"\nmax-stacks = 50\n\
         deployment = \"express\"\n",
    ));
    assert_eq!(problems, []);
    let rule = &rules.stacks[0];
    let branch = |name: &str| BranchId { repository: "shop".into(), name: name.into() };
    assert!(rules.protect(&branch("main")) && !rules.protect(&branch("develop")));
    let kept = |name| rules.keep(rule, &branch(name));
    assert!(kept("release/1") && kept("main") && !kept("feature/a"));
    assert_eq!(rule.ttl.map(|ttl| ttl.as_hours()), Some(14 * 24));
    assert_eq!(rule.max_stacks, Some(50));
    assert_eq!(rule.deployment, Deployment::Express);
    assert_eq!(rule.capabilities, ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]);
    assert!(!rule.uses_commit());
}

#[test]
fn durations_are_read_in_the_friendly_format() {
    for (text, hours) in [("36h", 36), ("2w", 336), ("14 days", 336), ("1d 12h", 36), ("P2D", 48)] {
        let (_, rules, problems) = read(&rule(&format!("ttl = \"{text}\"")));
        assert_eq!(problems, [], "{text}");
        assert_eq!(rules.stacks[0].ttl.map(|ttl| ttl.as_hours()), Some(hours), "{text}");
    }
}

#[test]
fn a_template_in_s3_is_named_by_its_url() {
    let url = "https://b.s3.eu-west-1.amazonaws.com/branch.yaml?versionId=3";
    let (_, rules, problems) = read(&with(url, ""));
    assert_eq!(problems, []);
    assert_eq!(rules.stacks[0].template, StackTemplate::Url(url.into()));
}

fn covering(repositories: &str, branches: &str) -> String {
    format!(
        "[[branch-stack]]\nrepositories = {repositories}\nbranches = {branches}\ntemplate = \"stack.yaml\"\n"
    )
}

#[test]
fn a_rule_is_hidden_only_if_earlier_rules_cover_each_of_its_branches() {
    let all = r#"["**"]"#;
    for (rules, is_hidden) in [
        (vec![(all, r#"["main"]"#), (all, r#"["develop"]"#), (all, r#"["main", "develop"]"#)], true),
        (vec![(all, r#"["main"]"#), (all, r#"["develop"]"#), (all, r#"["main", "develop", "a"]"#)], false),
        (vec![(all, r#"["feature/**"]"#), (all, r#"["feature/a*"]"#)], true),
        (vec![(all, r#"["feature/*"]"#), (all, r#"["feature/**"]"#)], false),
        (vec![(all, r#"["feature/**", "!feature/x"]"#), (all, r#"["feature/**"]"#)], false),
        (vec![(all, r#"["!x"]"#), (r#"["a"]"#, r#"["y"]"#)], true),
        (vec![(r#"["a"]"#, all), (r#"["b"]"#, all), (r#"["a", "b"]"#, r#"["main"]"#)], true),
        (vec![(r#"["a"]"#, all), (r#"["b"]"#, r#"["develop"]"#), (r#"["a", "b"]"#, r#"["main"]"#)], false),
        (vec![(r#"["a*"]"#, all), (r#"["!a*"]"#, all), (r#"["b", "ab"]"#, r#"["main"]"#)], true),
        (vec![(r#"["a*"]"#, all), (r#"["!a*"]"#, r#"["x"]"#), (all, r#"["x"]"#)], true),
    ] {
        let text: String =
            rules.iter().map(|(repositories, branches)| covering(repositories, branches)).collect();
        let (_, _, problems) = read(&text);
        let codes: Vec<&str> = problems.iter().map(|problem| problem.code.name).collect();
        assert_eq!(codes, vec!["hidden-rule"; usize::from(is_hidden)], "{text}{problems:#?}");
    }
}

#[test]
fn a_rule_with_another_problem_is_still_seen_to_be_hidden() {
    let (_, _, problems) = read(&(rule("") + &with("missing.yaml", "")));
    let codes: Vec<&str> = problems.iter().map(|problem| problem.code.name).collect();
    assert_eq!(codes, ["bad-template", "hidden-rule"]);
}

#[test]
fn a_table_that_covers_nothing_on_purpose_is_a_warning() {
    let level = |branches: &str| {
        let (_, _, problems) = read(&covering("[\"shop\"]", branches));
        problems.iter().map(|problem| (problem.code.name, problem.level)).collect::<Vec<_>>()
    };
    assert_eq!(level("[\"!**\"]"), [("covers-nothing", ProblemLevel::Warning)]);
    assert_eq!(level("[\"feature/**\", \"!feature/**\"]"), [("covers-nothing", ProblemLevel::Error)]);
    assert_eq!(level("[\"feature branch/**\"]"), [("bad-glob", ProblemLevel::Error)]);
}
