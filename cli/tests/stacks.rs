//! `pointsman stacks` over worlds and over an account: nothing is missing from it, and nothing is changed by it.

use std::path::Path;
use std::process::{Command, Output};

use branch_stacks::identity::BranchId;
use local_aws::{AwsWorld, LocalAws};
use serde_json::Value;
use tempfile::TempDir;

const RIGHT: &str = "[[branch-stack]]\nrepositories = [\"shop\"]\nbranches = [\"main\", \"feature/**\"]\n\
    template = \"stack.yaml\"\nprotected = [\"main\"]\nttl = \"14d\"\n";

/// 33 branches: 31 with a stack of the first of March, an idle one without, and `wip`, which no rule covers.
fn world(more: &str) -> String {
    let mut branches = "main = \"one\"\nwip = \"one\"\n\"feature/new\" = \"one\"\n".to_owned();
    let mut stacks = String::new();
    for name in (0..30).map(|nth| format!("feature/{nth:02}")).chain(["main".to_owned()]) {
        if name != "main" {
            branches.push_str(&format!("\"{name}\" = \"one\"\n"));
        }
        let id = BranchId { repository: "shop".into(), name: name.clone() };
        stacks.push_str(&format!(
            "[[stack]]\nname = \"{}\"\ncreated = \"2026-03-01T10:00:00Z\"\ntags = {{ \"pointsman:owner\" = \"branch\", \
             \"pointsman:repository\" = \"shop\", \"pointsman:branch\" = \"{name}\" }}\n",
            id.stack_name("branch")
        ));
    }
    format!(
        "now = \"2026-03-02T10:00:00Z\"\n[[repository]]\nname = \"shop\"\n[[repository.commit]]\nlabel = \"one\"\n\
         [repository.branches]\n{branches}{stacks}{more}"
    )
}

fn folder(rules: &str, world: &str) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it is ours");
    write("pointsman.toml", rules);
    write("stack.yaml", "Resources: {Topic: {Type: AWS::SNS::Topic}}\n");
    write("world.toml", world);
    folder
}

fn pointsman(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    command.arg("stacks").args(arguments).current_dir(folder).env_clear().envs(environment.iter().copied());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).output().expect("it was built")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!("{}{}", out(output), String::from_utf8_lossy(&output.stderr));
    })
}

#[test]
fn every_branch_has_a_line_with_its_stack() {
    let folder = folder(RIGHT, &world(""));
    let output = pointsman(folder.path(), &["--world", "."], &[]);
    let text = out(&output);
    let lines: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).collect();
    assert_eq!((output.status.code(), lines.len()), (Some(0), 34), "{text}");
    let column = lines[0].find("STATUS").expect("a heading");
    assert!(lines[1..].iter().all(|line| {
        let cell = &line[column..];
        cell.starts_with("CREATE_COMPLETE") || cell.starts_with("-")
    }));
    let main = lines.iter().find(|line| line.starts_with("shop main")).expect("a line");
    assert!(main.contains("24h  never") && main.contains("branch-shop-main-"), "{main}");
    let feature = lines.iter().find(|line| line.starts_with("shop feature/00")).expect("a line");
    assert!(feature.contains("in 13d"), "{feature}");
    assert!(text.ends_with("33 branches: 2 skip, 31 update\n"), "{text}");
}

#[test]
fn with_a_typo_in_other_rules_it_shows_that_the_deletions_would_be_held() {
    let folder = folder(RIGHT, &world(""));
    std::fs::write(folder.path().join("typo.toml"), RIGHT.replace("feature/**", "featur/**")).expect("ours");
    let output = pointsman(folder.path(), &["--world", ".", "--config", "typo.toml"], &[]);
    let text = out(&output);
    assert!(text.contains("33 branches: 30 hold, 2 skip, 1 update"), "{text}");
    assert_eq!(text.matches("would delete 30 stacks").count(), 1, "each reason stands once: {text}");
    let json = json(&pointsman(folder.path(), &["--world", ".", "--config", "typo.toml", "--json"], &[]));
    assert_eq!(json["held"]["stacks"], 30);
    assert_eq!(json["held"]["most"], 3);
    assert_eq!(json["branches"].as_array().expect("rows").len(), 33);
    assert_eq!((&json["counts"]["hold"], &json["complete"]), (&30.into(), &true.into()));
}

#[test]
fn a_warning_about_the_rules_does_not_hide_what_they_would_do() {
    let folder = folder(RIGHT, &world(""));
    let rules =
        "[[branch-stack]]\nrepositories = [\"shop\"]\nbranches = [\"!**\"]\ntemplate = \"stack.yaml\"\n";
    std::fs::write(folder.path().join("none.toml"), rules).expect("ours");
    let output = pointsman(folder.path(), &["--world", ".", "--config", "none.toml", "--json"], &[]);
    assert_eq!((output.status.code(), &json(&output)["held"]["stacks"]), (Some(0), &31.into()));
}

#[test]
fn what_cannot_be_read_is_shown_as_that() {
    let fault = "[[fault]]\noperation = \"ListBranches\"\nanswer = \"AccessDeniedException\"\n";
    let folder = folder(RIGHT, &world(fault));
    let output = pointsman(folder.path(), &["--world", "."], &[]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("note: shop: the branches could not be listed"), "{text}");
    assert!(text.ends_with("31 branches: 31 fail\n"), "{text}");
    let fault = "[[fault]]\noperation = \"GetCommit\"\ncall = 1\nanswer = \"AccessDeniedException\"\n";
    let folder = self::folder(RIGHT, &world(fault));
    let text = out(&pointsman(folder.path(), &["--world", "."], &[]));
    assert!(text.contains("unknown") && text.contains("could not be read"), "{text}");
}

#[test]
fn without_the_permission_to_list_stacks_nothing_is_shown() {
    let fault = "[[fault]]\noperation = \"DescribeStacks\"\nanswer = \"AccessDenied\"\n";
    let folder = folder(RIGHT, &world(fault));
    let output = pointsman(folder.path(), &["--world", "."], &[]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(3), ""));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the stacks could not be listed (AccessDenied"));
}

#[test]
fn an_account_is_read_and_not_changed() {
    let application = "[[stack]]\nname = \"pointsman\"\nparameters = { StackPrefix = \"branch\" }\n";
    let folder = folder(RIGHT, &world(application));
    let read = AwsWorld::read(&folder.path().join("world.toml")).expect("the world is right");
    let aws = LocalAws::start(read).expect("a port is free");
    let endpoint = aws.endpoint();
    let environment = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("POINTSMAN_NOW", "2026-03-02T10:00:00Z"),
    ];
    let arguments = ["--config", "pointsman.toml"];
    let output = pointsman(folder.path(), &arguments, &environment);
    assert!(out(&output).ends_with("33 branches: 2 skip, 31 update\n"), "{}", out(&output));
    let note = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(note.contains("the table of reports was not read"), "{note}");
    let called: Vec<String> = aws.journal().into_iter().map(|call| call.operation).collect();
    assert!(
        called
            .iter()
            .all(|call| call.starts_with("Describe") || call.starts_with("Get") || call.starts_with("List"))
    );
    let missing =
        pointsman(folder.path(), &["--config", "pointsman.toml", "--application", "other"], &environment);
    assert_eq!(missing.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("--prefix"));
}
