//! Runs the command as its users type it, and checks its output and its exit code.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const RULES: &str = r#"[[pipeline]]
name = "web"
repository = "shop"
paths = ["services/web/**", "!**/*.md"]
ignore-file = ".pipelineignore"

[[pipeline]]
name = "release"
repository = "shop"
tags = ["v*"]
"#;

/// A clone with a push on `main`, and the rules beside it.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(TempDir::new().expect("a temporary folder"));
        folder.write("rules.toml", RULES);
        folder.git(&["init", "--quiet", "--initial-branch=main", "clone"]);
        folder.commit(&[("clone/services/web/app.ts", "1"), ("clone/README.md", "1")]);
        folder.commit(&[("clone/services/web/app.ts", "2"), ("clone/README.md", "2")]);
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("the folder is ours");
        std::fs::write(path, text).expect("the folder is ours");
    }

    fn commit(&self, files: &[(&str, &str)]) {
        files.iter().for_each(|(name, text)| self.write(name, text));
        self.git(&["-C", "clone", "add", "-A"]);
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        self.git(&[&["-C", "clone"], &identity[..], &["commit", "--quiet", "-m", "x"]].concat());
    }

    fn git(&self, arguments: &[&str]) {
        let done =
            Command::new("git").args(arguments).current_dir(self.path()).status().expect("git is installed");
        assert!(done.success(), "git {arguments:?}");
    }

    fn pointsman(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_pointsman"))
            .args(arguments)
            .current_dir(self.path())
            .env_remove("POINTSMAN_NOW")
            .output()
            .expect("it was built")
    }

    fn explain(&self, more: &[&str]) -> Output {
        let always = ["explain", "--repo", "clone", "--repository", "shop", "--config", "rules.toml"];
        self.pointsman(&[&always[..], more].concat())
    }
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("it prints UTF-8")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("it prints UTF-8")
}

/// Without the commit ids, which change with the clock.
fn printed(output: &Output) -> String {
    let text = out(output);
    text.split_once('\n').map(|(_, rest)| rest.to_owned()).unwrap_or(text)
}

#[test]
fn what_would_my_push_start() {
    let folder = Folder::new();
    let output = folder.explain(&["--branch", "main", "HEAD~1..HEAD"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    insta::assert_snapshot!(printed(&output), @r"
      start  web      `services/web/app.ts` matches `services/web/**`
                      (rules.toml:4:10)
      skip   release  the rule covers tags only, and `main` is a branch
                      (rules.toml:7:1)
      would  StartPipelineExecution web: not called: explain starts nothing
    ");
}

#[test]
fn what_would_my_pipeline_be_started_with() {
    let folder = Folder::new();
    let variables = "variables = { BRANCH = \"{branch}\", CHANGED_FILES = \"{changed-files}\" }\n";
    folder.write("rules.toml", &RULES.replacen("ignore-file", &format!("{variables}ignore-file"), 1));
    let output = folder.explain(&["--branch", "main", "HEAD~1..HEAD"]);
    insta::assert_snapshot!(printed(&output), @r"
      start  web      `services/web/app.ts` matches `services/web/**`
                      (rules.toml:4:10)
      skip   release  the rule covers tags only, and `main` is a branch
                      (rules.toml:8:1)
      note   web: the pipeline was not read; it is assumed to declare every variable
             of the rule
      would  StartPipelineExecution web (BRANCH=main, CHANGED_FILES=2): not called:
             explain starts nothing
    ");
    let output = folder.explain(&["--branch", "main", "--json", "HEAD~1..HEAD"]);
    let decision: Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    let expected = serde_json::json!([
        {"name": "BRANCH", "value": "main"},
        {"name": "CHANGED_FILES", "value": "2"},
    ]);
    assert_eq!(decision["actions"][0]["input"]["variables"], expected);
}

#[test]
fn what_would_my_push_start_as_json() {
    let folder = Folder::new();
    let output = folder.explain(&["--branch", "main", "--json", "HEAD~1..HEAD"]);
    let decision: Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    let because = &decision["reasons"][0]["because"];
    assert_eq!(because["code"], "path-matches");
    assert_eq!(because["file"], "services/web/app.ts");
    assert_eq!(because["pattern"], "services/web/**");
    assert_eq!(because["config"], "rules.toml:4:10");
    assert_eq!(decision["actions"][0]["result"]["not-called"], "explain starts nothing");
}

#[test]
fn the_ignore_file_of_the_pushed_commit_counts() {
    let folder = Folder::new();
    folder.commit(&[
        ("clone/.pipelineignore", "# not these\nservices/web/app.ts\n"),
        ("clone/services/web/app.ts", "3"),
    ]);
    let output = folder.explain(&["--branch", "main", "HEAD~1..HEAD"]);
    assert!(
        out(&output).contains("`services/web/app.ts` is ignored by `services/web/app.ts`"),
        "{}",
        out(&output)
    );
    assert!(out(&output).contains("(.pipelineignore:2)"), "{}", out(&output));
}

#[test]
fn a_first_push_is_compared_with_where_it_left_the_default_branch() {
    let folder = Folder::new();
    folder.git(&["-C", "clone", "checkout", "--quiet", "-b", "feature"]);
    let output = folder.explain(&["--branch", "feature", "..HEAD"]);
    assert!(out(&output).contains("the branch adds no commit"), "{}", out(&output));
    folder.commit(&[("clone/services/web/new.ts", "1")]);
    let output = folder.explain(&["--branch", "feature", "..feature"]);
    assert!(out(&output).contains("`services/web/new.ts` matches"), "{}", out(&output));
    assert!(out(&output).contains("its files are compared with"), "{}", out(&output));
}

#[test]
fn what_a_clone_cannot_know_is_said() {
    let folder = Folder::new();
    folder.write("rules.toml", &RULES.replacen("ignore-file", "baseline = \"last-started\"\nignore-file", 1));
    let output = folder.explain(&["--branch", "main", "HEAD~1..HEAD"]);
    assert!(
        out(&output).contains("note   web: a clone has no executions of the pipeline"),
        "{}",
        out(&output)
    );
}

#[test]
fn a_tag_starts_what_is_about_tags() {
    let folder = Folder::new();
    let output = folder.explain(&["--tag", "v1", "..HEAD"]);
    assert!(out(&output).contains("start  release  the tag `v1` matches `v*`"), "{}", out(&output));
}

#[test]
fn a_commit_that_is_not_there_is_named() {
    let folder = Folder::new();
    let output = folder.explain(&["--branch", "main", "nothing..HEAD"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(err(&output).contains("`nothing` is not a commit of"), "{}", err(&output));
}

#[test]
fn rules_with_problems_are_refused_with_all_of_them() {
    let folder = Folder::new();
    folder.write(
        "rules.toml",
        "[[pipeline]]\nname = \"web\"\nrepository = \"shop\"\npaths = [\"docs/\"]\npin = 3\n",
    );
    let output = folder.explain(&["--branch", "main", "HEAD~1..HEAD"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        err(&output).contains("error[bad-glob]") && err(&output).contains("error[wrong-type]"),
        "{}",
        err(&output)
    );

    let output = folder.pointsman(&["check", "rules.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("--> rules.toml:4:10") && err(&output).contains("2 errors in rules.toml"));
}

#[test]
fn check_shows_warnings_and_fails_on_them_only_if_it_is_strict() {
    let folder = Folder::new();
    folder.write("rules.toml", &RULES.replacen("\"!**/*.md\"", "\"services/web/a\"", 1));
    let output = folder.pointsman(&["check", "rules.toml"]);
    assert!(err(&output).contains("warning[never-decides]"), "{}", err(&output));
    let counted = (output.status.code(), out(&output));
    assert_eq!(counted, (Some(0), "1 warning, no errors: 2 rules in rules.toml\n".to_owned()));
    let output = folder.pointsman(&["check", "rules.toml", "--strict"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("1 warning in rules.toml"), "{}", err(&output));
    assert_eq!(folder.explain(&["--branch", "main", "HEAD~1..HEAD"]).status.code(), Some(0));
}

#[test]
fn check_says_which_rules_are_missing() {
    let folder = Folder::new();
    let check = |environment: &str| {
        let output = folder.pointsman(&["check", "rules.toml", "--environment", environment]);
        (output.status.code(), err(&output))
    };
    let (code, printed) = check("recovery");
    assert_eq!(code, Some(1));
    assert!(
        printed.contains("error[no-rules]") && printed.contains("no alarm starts a recovery"),
        "{printed}"
    );
    folder.write("rules.toml", PLAN_RULE);
    let (code, printed) = check("default");
    assert_eq!(code, Some(0));
    assert!(
        printed.contains("warning[no-rules]") && printed.contains("no push starts a pipeline"),
        "{printed}"
    );
    for empty in ["", "# [[pipeline]]\n"] {
        folder.write("rules.toml", empty);
        let (code, printed) = check("default");
        assert_eq!(code, Some(1));
        assert_eq!(printed.matches("[no-rules]").count(), 1, "{printed}");
    }
    folder.write("rules.toml", "[[pipelines]]\nname = \"web\"\n");
    let (_, printed) = check("default");
    assert!(printed.contains("did you mean [[pipeline]]?") && !printed.contains("no-rules"), "{printed}");
    folder.write("rules.toml", &format!("[[pipelines]]\nname = \"web\"\n{PLAN_RULE}"));
    let (_, printed) = check("default");
    assert!(printed.contains("did you mean [[pipeline]]?") && !printed.contains("no-rules"), "{printed}");
    folder.write("rules.toml", "[branch-stacks]\nmost-deletions = 5\n");
    let (code, printed) = check("default");
    assert_eq!(code, Some(1));
    assert!(printed.contains("the file has no rule") && printed.contains(" [branch-stacks]"), "{printed}");
}

#[test]
fn check_places_a_byte_that_is_not_utf_8() {
    let folder = Folder::new();
    let mut bytes = RULES.as_bytes().to_vec();
    bytes.extend_from_slice(b"# caf\xe9\n");
    std::fs::write(folder.path().join("rules.toml"), bytes).expect("the folder is ours");
    let output = folder.pointsman(&["check", "rules.toml"]);
    assert_eq!(output.status.code(), Some(1));
    let printed = err(&output);
    assert!(printed.contains("error[not-utf-8]") && printed.contains("--> rules.toml:11:6"), "{printed}");
}

#[test]
fn check_reads_fifty_thousand_patterns() {
    let folder = Folder::new();
    let list: Vec<String> = (0..50_000).map(|number| format!("\"services/{number}/**\"")).collect();
    let list = list.join(", ");
    // All of them on one line, each covered by the last one.
    folder.write(
        "rules.toml",
        &RULES.replacen("\"services/web/**\", \"!**/*.md\"", &format!("{list}, \"**\""), 1),
    );
    let output = folder.pointsman(&["check", "rules.toml"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(out(&output), "50000 warnings, no errors: 2 rules in rules.toml\n");
}

#[test]
fn check_counts_the_rules_when_there_is_nothing_wrong() {
    let folder = Folder::new();
    let output = folder.pointsman(&["check", "rules.toml"]);
    assert_eq!(
        (output.status.code(), out(&output).as_str()),
        (Some(0), "no problems: 2 rules in rules.toml\n")
    );
}

#[test]
fn check_names_what_the_template_does_not_permit() {
    let folder = Folder::new();
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
    std::fs::copy(template, folder.path().join("template.yaml")).expect("the template is there");
    folder.write(
        "samconfig.toml",
        "version = 0.1\n[default.deploy.parameters]\nparameter_overrides = [\"PipelineNames=release*\"]\n",
    );
    let output = folder.pointsman(&["check", "rules.toml", "--template", "template.yaml"]);
    assert_eq!(output.status.code(), Some(1), "{}", out(&output));
    let printed = err(&output);
    assert!(printed.contains("error[not-permitted]") && printed.contains("--> rules.toml:2:8"), "{printed}");
    assert!(printed.contains("codepipeline:StartPipelineExecution"), "{printed}");
    assert!(!printed.contains("rules.toml:8:8"), "the other pipeline is covered: {printed}");
}

/// The rules of the walk-through as it prints them, and the parameters that it says to add.
#[test]
fn check_accepts_the_rules_of_the_walk_through() {
    let folder = Folder::new();
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page =
        std::fs::read_to_string(project.join("docs/branch-stacks-walk-through.md")).expect("it is there");
    let rules = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block");
    let role =
        rules.split("role         = \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a role");
    folder.write("config/pointsman.toml", rules);
    for file in ["template.yaml", "templates/branch-pipeline.yaml"] {
        folder.write(file, &std::fs::read_to_string(project.join(file)).expect("it is there"));
    }
    folder.write(
        "samconfig.toml",
        &format!("version = 0.1\n[default.deploy.parameters]\nparameter_overrides = \"StackServiceRoleArn={role}\"\n"),
    );
    let output =
        folder.pointsman(&["check", "config/pointsman.toml", "--template", "template.yaml", "--strict"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).contains("no problems: 4 rules"), "{}", out(&output));
}

#[test]
fn a_wrong_command_line_exits_with_two() {
    let folder = Folder::new();
    for arguments in [
        &["explain"][..],
        &["replay"],
        &["explain", "--repo", ".", "--repository", "a", "--branch", "b", "a...b"],
        &["explain", "--branch", "b", "--tag", "t", "..HEAD"],
    ] {
        assert_eq!(folder.pointsman(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn nothing_is_coloured_without_a_terminal() {
    let folder = Folder::new();
    let output = folder.explain(&["--branch", "main", "HEAD~1..HEAD"]);
    assert!(!out(&output).contains('\u{1b}'));
}

#[test]
fn no_line_is_wider_than_a_terminal() {
    let folder = Folder::new();
    let long = format!("clone/services/web/{}/app.ts", "a-long-folder/".repeat(12));
    folder.commit(&[(&long, "1")]);
    let output = folder.explain(&["--branch", "main", "HEAD~1..HEAD"]);
    let text = out(&output);
    let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

#[test]
fn a_hostile_branch_cannot_write_to_the_terminal() {
    let folder = Folder::new();
    let output = folder.explain(&["--branch", "x\u{1b}[2J\nstart  everything", "HEAD~1..HEAD"]);
    assert!(!out(&output).contains('\u{1b}'), "{}", out(&output));
    assert!(!out(&output).lines().any(|line| line.starts_with("start")), "{}", out(&output));
}

#[test]
fn a_real_clone_serves_as_the_repository_of_a_replay() {
    let folder = Folder::new();
    let id = |name: &str| {
        let output =
            Command::new("git").args(["-C", "clone", "rev-parse", name]).current_dir(folder.path()).output();
        String::from_utf8(output.expect("git is installed").stdout).expect("an id").trim().to_owned()
    };
    let event = serde_json::json!({"source": "aws.codecommit", "detail-type": "CodeCommit Repository State Change",
        "time": "2026-03-02T10:00:00Z", "detail": {"event": "referenceUpdated", "repositoryName": "shop",
        "referenceType": "branch", "referenceName": "main", "referenceFullName": "refs/heads/main",
        "oldCommitId": id("HEAD~1"), "commitId": id("HEAD")}});
    folder.write("push.json", &event.to_string());
    let replay = |more: &[&str]| {
        let always = [
            "replay",
            "push.json",
            "--function",
            "pipeline-trigger",
            "--repo",
            "shop=clone",
            "--config",
            "rules.toml",
            "--json",
        ];
        let output = folder.pointsman(&[&always[..], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        serde_json::from_slice::<Value>(&output.stdout).expect("it prints JSON")
    };
    let decision = replay(&[]);
    assert_eq!(decision["reasons"][0]["because"]["file"], "services/web/app.ts");
    assert!(decision["actions"][0]["result"]["done"].is_string(), "{decision}");
    let decision = replay(&["--dry-run"]);
    assert_eq!(decision["dryRun"], true);
    assert_eq!(decision["actions"][0]["result"]["not-called"], "dry run");
    let calls = decision["calls"].as_array().expect("the calls are printed");
    assert!(calls.iter().all(|call| call["operation"] != "StartPipelineExecution"), "{calls:?}");
}

#[test]
fn explain_and_replay_print_the_same_shape() {
    let folder = Folder::new();
    let explained = folder.explain(&["--branch", "main", "--json", "HEAD~1..HEAD"]);
    let explained: Value = serde_json::from_slice(&explained.stdout).expect("it prints JSON");
    let case = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/pipeline-trigger/monorepo-two-pipelines");
    let replayed = folder.pointsman(&["replay", case, "--json"]);
    let mut replayed: Value = serde_json::from_slice(&replayed.stdout).expect("it prints JSON");
    let members =
        |value: &Value| -> Vec<String> { value.as_object().expect("an object").keys().cloned().collect() };
    replayed.as_object_mut().expect("an object").shift_remove("calls");
    assert_eq!(members(&explained), members(&replayed));
    assert_eq!(members(&explained["reasons"][0]), members(&replayed["reasons"][0]));
    assert_eq!(members(&explained["actions"][0]), members(&replayed["actions"][0]));
}

#[test]
fn a_moment_that_is_none_is_refused_by_the_function() {
    let case = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/pointsman.toml");
    let folder = Folder::new();
    folder.write(
        "push.json",
        r#"{"source": "aws.codecommit", "detail-type": "CodeCommit Repository State Change",
        "detail": {"event": "referenceCreated", "referenceType": "branch"}}"#,
    );
    let output = Command::new(env!("CARGO_BIN_EXE_pointsman"))
        .args(["replay", "push.json", "--config", case])
        .current_dir(folder.path())
        .env("POINTSMAN_NOW", "yesterday")
        .output()
        .expect("it was built");
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(out(&output).contains("BadSetting: POINTSMAN_NOW is `yesterday`"), "{}", out(&output));
}

#[test]
fn one_path_that_cannot_be_replayed_does_not_stop_the_others() {
    let case = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/pipeline-trigger/monorepo-two-pipelines");
    let output = Folder::new().pointsman(&["replay", "nothing.json", case]);
    assert_eq!(output.status.code(), Some(3));
    assert!(err(&output).contains("cannot replay nothing.json"), "{}", err(&output));
    assert!(out(&output).contains("start  web-main"), "{}", out(&output));
}

#[test]
fn an_event_that_reaches_no_function_is_reported() {
    let folder = Folder::new();
    folder.write("push.json", r#"{"source": "aws.ec2", "detail-type": "x", "detail": {}}"#);
    let output = folder.pointsman(&["replay", "push.json", "--config", "rules.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        out(&output).contains("no function's rule in template.yaml matches this event"),
        "{}",
        out(&output)
    );
}

#[test]
fn the_documented_help_is_the_printed_help() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/command-line.md");
    let page = std::fs::read_to_string(page).expect("docs/command-line.md exists");
    for command in
        ["", "replay", "explain", "check", "init", "incident", "report", "stacks", "preflight", "findings"]
    {
        let name = if command.is_empty() { "pointsman" } else { command };
        let marker = format!("<!-- help: {name} -->");
        let (_, after) =
            page.split_once(&marker).unwrap_or_else(|| panic!("no {marker} in docs/command-line.md"));
        let (documented, _) = after.split_once("<!-- /help -->").expect("the marker is closed");
        let documented = documented.trim().trim_start_matches("```text").trim_matches('`').trim();
        let arguments: Vec<&str> =
            [command, "--help"].into_iter().filter(|argument| !argument.is_empty()).collect();
        let help =
            Command::new(env!("CARGO_BIN_EXE_pointsman")).args(arguments).env("COLUMNS", "80").output();
        let help = out(&help.expect("it was built"));
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        assert_eq!(documented, help.join("\n").trim(), "docs/command-line.md, {marker}");
    }
}

const STACK_RULE: &str = "[[branch-stack]]\nrepositories = [\"shop\", \"team-*\"]\nbranches = [\"feature/**\"]\ntemplate = \"stack.yaml\"\n";

/// `check` of one `[[branch-stack]]` rule against the template, with these parameters.
fn check_stack_rule(rule: &str, overrides: &str) -> (Option<i32>, String) {
    let stack = "Parameters: {Branch: {Type: String}, Size: {Type: String, Default: small}}\nResources: {T: {Type: AWS::SNS::Topic}}\n";
    check_stack(stack, rule, overrides)
}

/// The same, with a template of the rule's own.
fn check_stack(stack: &str, rule: &str, overrides: &str) -> (Option<i32>, String) {
    let folder = Folder::new();
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
    std::fs::copy(template, folder.path().join("template.yaml")).expect("the template is there");
    // A function without rules would be a further problem.
    let alerts = if rule.contains("alert]]") { "" } else { ", \"AmiAlerts=disabled\"" };
    let overrides = format!("\"PipelineTrigger=disabled\"{alerts}, {overrides}");
    folder.write(
        "samconfig.toml",
        &format!("version = 0.1\n[default.deploy.parameters]\nparameter_overrides = [{overrides}]\n"),
    );
    folder.write("stack.yaml", stack);
    folder.write("rules.toml", &format!("{STACK_RULE}{rule}"));
    let output = folder.pointsman(&["check", "rules.toml", "--template", "template.yaml"]);
    (output.status.code(), err(&output))
}

const ROLE: &str = "arn:aws:iam::123456789012:role/branch-stacks/branch/service";

#[test]
fn check_holds_a_rules_parameters_against_its_template() {
    let role = format!("role = \"{ROLE}\"\n");
    let overrides = format!("\"StackServiceRoleArn={ROLE}\"");
    let (code, printed) =
        check_stack_rule(&format!("{role}parameters = {{ Branch = \"{{branch}}\" }}\n"), &overrides);
    assert_eq!((code, printed.as_str()), (Some(0), ""));
    let (code, printed) = check_stack_rule(&format!("{role}parameters = {{ Brunch = \"a\" }}\n"), &overrides);
    assert_eq!(code, Some(1));
    assert!(printed.contains("stack.yaml has no parameter `Brunch`"), "{printed}");
    assert!(printed.contains("stack.yaml needs the parameter `Branch`, which has no default"), "{printed}");
    assert!(!printed.contains("needs the parameter `Size`"), "{printed}");
}

#[test]
fn check_judges_the_template_of_a_rule_as_cloudformation_does() {
    let role = format!("role = \"{ROLE}\"\n");
    let overrides = format!("\"StackServiceRoleArn={ROLE}\"");
    let check = |stack: &str| check_stack(stack, &role, &overrides);
    let (code, printed) =
        check("Resources: {T: {Type: AWS::SNS::Topic, DependsOn: Nope}, U: {Type: AWS::SNS::Tpic}}\n");
    assert_eq!(code, Some(1));
    assert!(printed.contains("error[refused-template]"), "{printed}");
    assert!(printed.contains("dependencies [Nope] in the Resources block"), "{printed}");
    assert!(printed.contains("2 errors"), "one problem hides another: {printed}");
    let (code, printed) = check("Resources: {T: {Type: Acme::Shop::Thing}}\n");
    assert_eq!(code, Some(0));
    assert!(printed.contains("warning[unjudged-template]"), "{printed}");
    let (code, printed) = check("Resources: {T: {Type: AWS::SNS::Topic}}\n");
    assert_eq!((code, printed.contains("-template]")), (Some(0), false), "{printed}");
}

#[test]
fn check_refuses_an_alarm_topic_of_another_region() {
    let folder = Folder::new();
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
    std::fs::copy(template, folder.path().join("template.yaml")).expect("the template is there");
    let check = |region: &str| {
        folder.write(
            "samconfig.toml",
            &format!(
                "version = 0.1\n[default.deploy.parameters]\nregion = \"{region}\"\n\
                 parameter_overrides = {{ AlarmTopicArn = \"arn:aws:sns:us-east-1:111122223333:alarms\" }}\n"
            ),
        );
        let output = folder.pointsman(&["check", "rules.toml", "--template", "template.yaml"]);
        (output.status.code(), err(&output))
    };
    assert_eq!(check("us-east-1").0, Some(0), "{}", check("us-east-1").1);
    let (code, printed) = check("eu-west-1");
    assert_eq!(code, Some(3), "{printed}");
    assert!(
        printed.contains("names a topic in us-east-1, and the environment deploys to eu-west-1"),
        "{printed}"
    );
}

#[test]
fn check_reports_values_that_a_template_does_not_allow() {
    let stack = "Parameters:\n  Branch: {Type: String, AllowedPattern: '[a-z]+'}\n  Days: {Type: Number, MaxValue: 30}\n  Size: {Type: String, AllowedValues: [small, big]}\nResources: {T: {Type: AWS::SNS::Topic}}\n";
    let check = |parameters: &str| {
        let rule = format!("role = \"{ROLE}\"\nparameters = {{ {parameters} }}\n");
        check_stack(stack, &rule, &format!("\"StackServiceRoleArn={ROLE}\""))
    };
    let (code, printed) = check("Branch = \"x y\", Days = \"31\", Size = \"tiny\"");
    assert_eq!(code, Some(1));
    for wanted in [
        "the parameter does not allow `x y`",
        "Parameter 'Branch' must match pattern",
        "Parameter 'Days' must be a number not",
        "Parameter 'Size' must be one of",
    ] {
        assert!(printed.contains(wanted), "{wanted}\n{printed}");
    }
    // A value that differs from branch to branch is not known here.
    let (code, printed) = check("Branch = \"{branch}\", Days = \"30\", Size = \"big\"");
    assert_eq!((code, printed.as_str()), (Some(0), ""));
}

#[test]
fn check_knows_the_capability_that_a_template_needs() {
    let stack = "Parameters: {Branch: {Type: String}, Named: {Type: String, Default: other}}\nConditions: {Main: !Equals [!Ref Branch, main], Named: !Equals [!Ref Named, own]}\nResources:\n  R: {Type: AWS::IAM::Role, Condition: COND, Properties: {RoleName: !If [Named, x, !Ref AWS::NoValue]}}\n";
    let check = |condition: &str, more: &str| {
        let rule = format!("role = \"{ROLE}\"\n{more}\n");
        check_stack(&stack.replace("COND", condition), &rule, &format!("\"StackServiceRoleArn={ROLE}\""))
    };
    let (code, printed) = check("Named", "parameters = { Branch = \"{branch}\", Named = \"own\" }");
    assert_eq!(code, Some(1));
    assert!(printed.contains("error[missing-capability]"), "{printed}");
    assert!(printed.contains("the template needs CAPABILITY_NAMED_IAM"), "{printed}");
    let branch = "parameters = { Branch = \"{branch}\" }";
    for (condition, more) in [
        ("Named", branch.to_owned()),
        ("Main", branch.to_owned()),
        ("Main", "parameters = { Branch = \"main\" }\ncapabilities = [\"CAPABILITY_IAM\"]".to_owned()),
        ("Main", "parameters = { Branch = \"main\" }\ncapabilities = [\"CAPABILITY_NAMED_IAM\"]".to_owned()),
    ] {
        let (code, printed) = check(condition, &more);
        assert_eq!((code, printed.as_str()), (Some(0), ""), "{condition} {more}");
    }
    let (_, printed) =
        check("Main", "parameters = { Branch = \"main\" }\ncapabilities = [\"CAPABILITY_AUTO_EXPAND\"]");
    assert!(printed.contains("the template needs CAPABILITY_IAM"), "{printed}");
}

#[test]
fn check_names_the_role_the_template_and_the_repositories_that_are_not_permitted() {
    let parameters = "parameters = { Branch = \"{branch}\" }\n";
    let (_, printed) = check_stack_rule(parameters, &format!("\"StackServiceRoleArn={ROLE}\""));
    assert!(printed.contains("this rule has no `role`"), "{printed}");
    let (_, printed) =
        check_stack_rule(&format!("{parameters}role = \"{ROLE}\"\n"), "\"StackServiceRoleArn=\\\"\\\"\"");
    assert!(printed.contains("iam:PassRole") && printed.contains("StackServiceRoleArn"), "{printed}");
    let both = format!("\"StackServiceRoleArn={ROLE}\", \"RepositoryNames=shop\"");
    let (_, printed) = check_stack_rule(&format!("{parameters}role = \"{ROLE}\"\n"), &both);
    assert_eq!(
        printed.matches("error[not-permitted]").count(),
        1,
        "team-* is wider than the permission: {printed}"
    );
}

#[test]
fn check_notes_a_rule_whose_function_is_not_deployed() {
    let (code, printed) = check_stack_rule("parameters = { Branch = \"a\" }\n", "\"BranchStacks=disabled\"");
    assert_eq!(code, Some(0));
    assert!(printed.contains("does not deploy branch-stacks"), "{printed}");
}

/// `check` of rules of ami-alerts against the template, with these parameters.
fn check_alerts(rules: &str, overrides: &str) -> (Option<i32>, String) {
    check_stack(
        "Resources: { Queue: { Type: AWS::SQS::Queue } }\n",
        &format!("role = \"{ROLE}\"\n{rules}"),
        &{
            let known = [format!("\"StackServiceRoleArn={ROLE}\""), overrides.to_owned()];
            known.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ")
        },
    )
}

const ALERT: &str = "[[api-alert]]\nservice = \"iam\"\nevents = [\"CreateUser\", \"GetUser\"]\n";

#[test]
fn check_names_each_call_that_the_function_does_not_hear_of() {
    let (code, printed) = check_alerts(ALERT, "");
    assert_eq!((code, printed.matches("error[event-not-delivered]").count()), (Some(1), 2), "{printed}");
    assert!(printed.contains("add iam.amazonaws.com to the parameter ApiAlertSources"), "{printed}");
    assert!(printed.contains("this call only reads"), "{printed}");
    assert!(printed.contains("note: iam.amazonaws.com is a global service"), "{printed}");
    let delivered = "\"ApiAlertSources=iam.amazonaws.com\", \"ApiAlertEvents=CreateUser,GetUser\"";
    let (code, printed) = check_alerts(ALERT, delivered);
    assert_eq!((code, printed.matches("error[").count()), (Some(1), 1), "{printed}");
    assert!(printed.contains("this call only reads"), "the pattern alone does not bring it: {printed}");
    let (code, printed) = check_alerts(&ALERT.replace(", \"GetUser\"", ""), delivered);
    assert_eq!(code, Some(0), "{printed}");
}

const SIGN_IN: &str = "[[api-alert]]\nservice = \"signin\"\nevents = [\"ConsoleLogin\"]\n";

#[test]
fn check_names_the_parameter_that_a_sign_in_needs() {
    let (code, printed) = check_alerts(SIGN_IN, "\"ApiAlertEvents=ConsoleLogin\"");
    assert_eq!((code, printed.matches("error[event-not-delivered]").count()), (Some(1), 1), "{printed}");
    assert!(printed.contains("add signin.amazonaws.com to the parameter ApiAlertSources\n"), "{printed}");
    let (code, printed) = check_alerts(SIGN_IN, "\"ApiAlertSources=signin.amazonaws.com\"");
    assert!(printed.contains("add ConsoleLogin to the parameter ApiAlertEvents\n"), "{code:?} {printed}");
    let both = "\"ApiAlertSources=signin.amazonaws.com\", \"ApiAlertEvents=ConsoleLogin\"";
    let (code, printed) = check_alerts(SIGN_IN, both);
    assert_eq!((code, printed.contains("event-not-delivered")), (Some(0), false), "{printed}");
}

/// `check` of rules of ami-alerts for a deployment to a region.
fn check_alerts_in(region: &str, rules: &str, further: &str) -> (Option<i32>, String) {
    let folder = Folder::new();
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
    std::fs::copy(template, folder.path().join("template.yaml")).expect("the template is there");
    let overrides = format!(
        "\"PipelineTrigger=disabled\", \"BranchStacks=disabled\", \
         \"ApiAlertSources=signin.amazonaws.com,iam.amazonaws.com\", \"ApiAlertEvents=ConsoleLogin,CreateUser\"{further}"
    );
    folder.write(
        "samconfig.toml",
        &format!("version = 0.1\n[default.deploy.parameters]\nregion = \"{region}\"\nparameter_overrides = [{overrides}]\n"),
    );
    folder.write("rules.toml", rules);
    let output = folder.pointsman(&["check", "rules.toml", "--template", "template.yaml"]);
    (output.status.code(), err(&output))
}

#[test]
fn check_says_that_events_of_us_east_1_do_not_reach_another_region() {
    let iam = "[[api-alert]]\nservice = \"iam\"\nevents = [\"CreateUser\"]\n";
    let (code, printed) = check_alerts_in("us-east-1", &format!("{iam}{SIGN_IN}"), "");
    assert_eq!((code, printed.contains("us-east-1")), (Some(0), false), "{printed}");
    let (code, printed) = check_alerts_in("eu-west-1", iam, "");
    assert_eq!((code, printed.matches("error[event-not-delivered]").count()), (Some(1), 1), "{printed}");
    assert!(printed.contains("CloudTrail records this in us-east-1"), "{printed}");
    assert!(printed.contains("AlertRegions"), "{printed}");
    // The sign-ins of users reach a region's own endpoint, too: a part is delivered.
    let (code, printed) = check_alerts_in("eu-west-1", SIGN_IN, "");
    assert_eq!((code, printed.matches("warning[event-not-delivered]").count()), (Some(0), 1), "{printed}");
    let forwarded = ", \"AlertRegions=us-east-1\"";
    let (code, printed) = check_alerts_in("eu-west-1", &format!("{iam}{SIGN_IN}"), forwarded);
    assert_eq!((code, printed.contains("event-not-delivered")), (Some(0), false), "{printed}");
    assert!(printed.contains("templates/forward-alerts.yaml in us-east-1 has to forward them"), "{printed}");
    let (code, printed) = check_alerts_in("eusc-de-east-1", &format!("{iam}{SIGN_IN}"), "");
    assert_eq!((code, printed.contains("us-east-1")), (Some(0), false), "another partition: {printed}");
}

#[test]
fn check_says_that_calls_through_the_global_endpoint_of_sts_do_not_reach_another_region() {
    let sts = "[[api-alert]]\nservice = \"sts\"\nevents = [\"AssumeRole\"]\n";
    let further = ", \"ApiAlertSources=sts.amazonaws.com\", \"ApiAlertEvents=AssumeRole\"";
    let (code, printed) = check_alerts_in("eu-west-1", sts, further);
    assert_eq!((code, printed.matches("warning[event-not-delivered]").count()), (Some(0), 1), "{printed}");
    let (code, printed) = check_alerts_in("us-east-1", sts, further);
    assert_eq!((code, printed.contains("us-east-1")), (Some(0), false), "{printed}");
}

#[test]
fn check_accepts_the_state_of_a_rule_that_it_advises_for_calls_that_only_read() {
    let folder = Folder::new();
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
    let text = std::fs::read_to_string(template).expect("the template is there");
    let own = "  ReadRule:\n    Type: AWS::Events::Rule\n    Properties:\n      State: ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS\n      EventPattern: {source: [aws.iam], detail-type: [AWS API Call via CloudTrail], detail: {eventName: [GetUser]}}\n      Targets: [{Id: a, Arn: !GetAtt AmiAlertsFunction.Arn}]\n\n  AmiAlertsApiPermission:\n";
    folder.write("template.yaml", &text.replacen("  AmiAlertsApiPermission:\n", own, 1));
    folder.write("samconfig.toml", "version = 0.1\n[default.deploy.parameters]\nregion = \"us-east-1\"\nparameter_overrides = [\"PipelineTrigger=disabled\", \"BranchStacks=disabled\"]\n");
    folder.write("rules.toml", "[[api-alert]]\nservice = \"iam\"\nevents = [\"GetUser\"]\n");
    let output = folder.pointsman(&["check", "rules.toml", "--template", "template.yaml"]);
    assert_eq!(
        (output.status.code(), err(&output).contains("event-not-delivered")),
        (Some(0), false),
        "{}",
        err(&output)
    );
}

#[test]
fn check_accepts_a_rule_that_names_the_use_of_shared_snapshots() {
    let rule = "[[api-alert]]\nservice = \"ec2\"\nevents = [\"SharedSnapshotVolumeCreated\", \"SharedSnapshotCopyInitiated\"]\n";
    let (code, printed) = check_alerts(rule, "");
    assert_eq!((code, printed.matches("warning[bad-call]").count()), (Some(0), 2), "{printed}");
    assert!(!printed.contains("event-not-delivered"), "{printed}");
}

#[test]
fn check_reports_a_revert_that_the_function_may_not_perform() {
    let rule = "[[image-alert]]\nrevert = \"public\"\n";
    let (code, printed) = check_alerts(rule, "");
    assert_eq!(code, Some(1), "{printed}");
    assert!(
        printed.contains("error[not-permitted]") && printed.contains("RevertShares=enabled"),
        "{printed}"
    );
    assert_eq!(check_alerts(rule, "\"RevertShares=enabled\"").0, Some(0));
    let (code, printed) = check_alerts(rule, "\"AmiAlerts=disabled\"");
    assert!(code == Some(0) && printed.contains("does not deploy ami-alerts"), "{printed}");
}

#[test]
fn check_reports_a_role_that_the_function_may_not_assume() {
    const ROLE: &str = "arn:aws:iam::444455556666:role/pointsman-ami-alerts";
    let rule = format!("[[image-alert]]\n\n[[account]]\nid = \"444455556666\"\nrole = \"{ROLE}\"\n");
    let accounts = "\"AlertAccounts=444455556666\"";
    for roles in ["", ", \"AlertAccountRoles=arn:aws:iam::444455556666:role/another\""] {
        let (code, printed) = check_alerts(&rule, &format!("{accounts}{roles}"));
        assert_eq!(code, Some(1), "{printed}");
        let is_reported = printed.contains("error[not-permitted]") && printed.contains("AlertAccountRoles");
        assert!(is_reported, "{printed}");
    }
    let role = format!("\"AlertAccountRoles={ROLE}\"");
    let (code, printed) = check_alerts(&rule, &format!("{accounts}, {role}"));
    assert_eq!(code, Some(0), "{printed}");
    // A role of an account whose events do not arrive is never assumed.
    let (code, printed) = check_alerts(&rule, &role);
    let is_reported = printed.contains("error[event-not-delivered]") && printed.contains("AlertAccounts");
    assert!(code == Some(1) && is_reported, "{printed}");
}

#[test]
fn a_recovery_plan_may_be_in_any_region_and_account() {
    let folder = Folder::new();
    folder
        .write("rules.toml", &PLAN_RULE.replace("drs:us-east-1:111122223333", "drs:eu-west-1:444455556666"));
    let output = folder.pointsman(&["check", "rules.toml", "--environment", "recovery"]);
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(0), NO_ADDRESS));
}

/// The environment `recovery` has a placeholder for the address.
const NO_ADDRESS: &str =
    "note: MailAddress is at example.com, where no operator receives an email: set your address\n";

const PLAN_RULE: &str = r#"
[[recovery-plan]]
name = "shop"
alarms = ["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down"]
second-signal = { alarm = "shop-from-outside" }
plan = "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1"
rpo = "15m"
"#;

#[test]
fn check_compares_a_plan_with_the_template_of_the_recovery_region() {
    let folder = Folder::new();
    folder.write("rules.toml", PLAN_RULE);
    let output = folder.pointsman(&["check", "rules.toml", "--environment", "recovery"]);
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(0), NO_ADDRESS));
    assert!(out(&output).contains("1 rule"), "{}", out(&output));
    let own = format!("{PLAN_RULE}topic = \"arn:aws:sns:us-east-1:111122223333:shop-on-call\"\n");
    folder.write("rules.toml", &own);
    let output = folder.pointsman(&["check", "rules.toml", "--environment", "recovery"]);
    assert_eq!(output.status.code(), Some(1));
    let printed = err(&output);
    assert!(
        printed.contains("not allowed to DrFailoverFunction") && printed.contains("PlanTopicArns"),
        "{printed}"
    );
    let output = folder.pointsman(&["check", "rules.toml"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(err(&output).contains("--environment recovery"), "{}", err(&output));
}

const INCIDENT: &str = r#"{"id": "shop-20260302T100000Z-2752a79b", "version": 1, "plan": "shop",
"drs-plan": "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1", "opened": "2026-03-02T10:00:20Z", "phase": "held",
"mode": "RECOVERY", "alarms": {"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-down": {"name": "shop\ndown", "state": "ALARM", "since": "2026-03-02T10:00:00Z",
"heard": "2026-03-02T10:00:20Z", "began": "2026-03-02T10:00:00Z", "late-seconds": 20}},
"holds": [{"code": "kill-switch-off", "because": "it is off", "advice": "ask why", "since": "2026-03-02T10:00:20Z"}],
"record": [{"at": "2026-03-02T10:00:20Z", "kind": "held", "what": "held: \u001b[2J it is off"}]}"#;

#[test]
fn an_incident_is_printed_from_whatever_form_it_is_in() {
    let folder = Folder::new();
    let item = r#"{"Item": {"pk": {"S": "plan#shop"}, "sk": {"S": "incident#shop-1"}, "id": {"S": "shop-1"}, "version": {"N": "1"},
        "plan": {"S": "shop"}, "drs-plan": {"S": "arn:aws:drs:us-east-1:111122223333:recovery-plan/rp-1"}, "opened": {"S": "2026-03-02T10:00:20Z"}, "phase": {"S": "held"},
        "mode": {"S": "DRILL"}, "alarms": {"M": {}}}}"#;
    folder.write("incident.json", INCIDENT);
    folder.write("mail.json", &format!(r#"{{"version": 1, "incident": {INCIDENT}}}"#));
    folder.write("item.json", item);
    let printed = ["incident.json", "mail.json"].map(|file| out(&folder.pointsman(&["incident", file])));
    assert_eq!(printed[0], printed[1]);
    for line in [
        "shop-20260302T100000Z-2752a79b: recovery of shop, held",
        "kill-switch-off since 2026-03-02T10:00:20Z: it is off",
        "event received           +20s",
        "last server launched     not yet",
    ] {
        assert!(printed[0].contains(line), "`{line}` is not in\n{}", printed[0]);
    }
    let ended =
        INCIDENT.replace(r#""phase": "held""#, r#""phase": "ok-again", "ended": "2026-03-02T10:05:00Z""#);
    folder.write("ended.json", &ended);
    let ended = out(&folder.pointsman(&["incident", "ended.json"]));
    for line in [
        "start decided            no start",
        "last server launched     no server launched",
        "closed                   +5m",
    ] {
        assert!(ended.contains(line), "`{line}` is not in\n{ended}");
    }
    assert!(!ended.contains("not yet"), "{ended}");
    assert!(!printed[0].contains('\u{1b}'), "a record cannot write to the terminal");
    assert!(!printed[0].contains("shop\ndown"), "nor a line of its own");
    assert!(out(&folder.pointsman(&["incident", "item.json"])).starts_with("shop-1: drill of shop, held"));
    let json = out(&folder.pointsman(&["incident", "incident.json", "--json"]));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).expect("it is JSON")["plan"], "shop");
}

#[test]
fn an_incident_that_cannot_be_had_is_said_to_be_so() {
    let folder = Folder::new();
    folder.write("other.json", "{}");
    for (arguments, printed) in [
        (vec!["incident", "other.json"], "other.json does not hold an incident"),
        (vec!["incident", "gone.json"], "`gone.json` is no file, no case, and no id of an incident"),
        (vec!["incident", "shop-20260302T100000Z-2752a79b"], "add --table NAME"),
    ] {
        let output = folder.pointsman(&arguments);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}");
        assert!(err(&output).contains(printed), "{}", err(&output));
    }
}

/// A plan with waves needs StartRecovery on each server that it names, and on every server if a wave has tags.
#[test]
fn check_compares_the_servers_of_waves_with_the_role() {
    let folder = Folder::new();
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../templates/recovery.yaml");
    let template = std::fs::read_to_string(template).expect("the template is there");
    let rules = concat!(
        "[[recovery-plan]]\nname = \"shop\"\nalarms = [\"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:down\"]\n",
        "second-signal = { alarm = \"outside\" }\nrpo = \"15m\"\nwaves = [\n",
        "    { name = \"databases\", servers = [\"s-0000000000000db01\", \"s-0000000000000db02\"] },\n",
        "    { name = \"web\", tags = { Wave = \"web\" } },\n]\n"
    );
    folder.write("rules.toml", rules);
    folder.write(
        "samconfig.toml",
        "version = 0.1\n[default.deploy.parameters]\nparameter_overrides = [\"MailAddress=a@example.com\"]\n",
    );
    let check = |template: &str| {
        folder.write("recovery.yaml", template);
        let output = folder.pointsman(&["check", "rules.toml", "--template", "recovery.yaml"]);
        err(&output)
    };
    let printed = check(&template);
    assert!(!printed.contains("error"), "{printed}");
    let one = template.replacen(
        "Action: drs:StartRecovery\n                Resource: !Sub arn:${AWS::Partition}:drs:${AWS::Region}:${AWS::AccountId}:source-server/*",
        "Action: drs:StartRecovery\n                Resource: !Sub arn:${AWS::Partition}:drs:${AWS::Region}:${AWS::AccountId}:source-server/s-0000000000000db01",
        1,
    );
    assert_ne!(one, template);
    let printed = check(&one);
    assert_eq!(printed.matches("error[not-permitted]").count(), 2, "{printed}");
    for place in ["rules.toml:7:61", "rules.toml:8:28"] {
        assert!(printed.contains(place), "{place}: {printed}");
    }
}
