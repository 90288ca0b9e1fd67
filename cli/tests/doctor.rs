//! `pointsman doctor` over worlds and over an account: each finding is found, and nothing is changed.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use local_aws::{AwsWorld, LocalAws};
use serde_json::Value;
use tempfile::TempDir;

const REPOSITORY: &str = "[[repository]]\nname = \"shop\"\n[[repository.commit]]\nlabel = \"one\"\n\
    [repository.branches]\nmain = \"one\"\n";

const PUSHES: &str =
    r#"pattern = '{"source":["aws.codecommit"],"detail-type":["CodeCommit Repository State Change"]}'"#;

fn pipeline(name: &str, more: &str) -> String {
    format!("[[pipeline]]\nname = \"{name}\"\nrepository = \"shop\"\n{more}\n")
}

fn event_rule(name: &str, pipeline: &str, more: &str) -> String {
    format!("[[event-rule]]\nname = \"{name}\"\npipelines = [\"{pipeline}\"]\n{more}\n")
}

fn rule(name: &str, more: &str) -> String {
    format!("[[pipeline]]\nname = \"{name}\"\nrepository = \"shop\"\n{more}\n")
}

fn folder(rules: &str, world: &str) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it is ours");
    write("pointsman.toml", rules);
    write("world.toml", world);
    folder
}

fn pointsman(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    command.arg("doctor").args(arguments).current_dir(folder).env_clear().envs(environment.iter().copied());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).output().expect("it was built")
}

/// The exit code and the JSON of the world's account.
fn examined(rules: &str, world: &str) -> (Option<i32>, Value) {
    let folder = folder(rules, &format!("{REPOSITORY}{world}"));
    let output = pointsman(folder.path(), &["--world", ".", "--json"], &[]);
    let json = serde_json::from_slice(&output.stdout);
    (output.status.code(), json.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))))
}

/// `LEVEL SUBJECT CODE` of each finding.
fn findings(json: &Value) -> Vec<String> {
    let text = |finding: &Value, member: &str| finding[member].as_str().expect("it is text").to_owned();
    let findings = json["findings"].as_array().expect("a list").iter();
    let line = |finding: &Value| ["level", "subject", "code"].map(|member| text(finding, member)).join(" ");
    findings.map(line).collect()
}

#[test]
fn an_account_that_agrees_with_its_rules_has_no_finding() {
    let (code, json) = examined(&rule("web", ""), &pipeline("web", ""));
    assert_eq!((code, findings(&json).len(), &json["complete"]), (Some(0), 0, &true.into()));
    let folder = folder(&rule("web", ""), &format!("{REPOSITORY}{}", pipeline("web", "")));
    let output = pointsman(folder.path(), &["--world", "."], &[]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1 pipeline: 0 problems, 0 notes\n");
}

#[test]
fn an_event_rule_that_starts_a_pipeline_of_the_rules_is_a_problem() {
    let pipelines = ["a", "b", "c", "d", "e"].map(|name| pipeline(name, "")).concat();
    let event_rules = [
        event_rule("on-push", "a", PUSHES),
        event_rule("disabled", "b", &format!("state = \"DISABLED\"\n{PUSHES}")),
        event_rule("nightly", "c", "schedule = \"rate(1 day)\""),
        event_rule("image", "d", r#"pattern = '{"source":["aws.ecr"]}'"#),
        event_rule("anything", "e", r#"pattern = '{"account":["111122223333"]}'"#),
    ];
    let rules = ["a", "b", "c", "d", "e"].map(|name| rule(name, "")).concat();
    let (code, json) = examined(&rules, &format!("{pipelines}{}", event_rules.concat()));
    let expected = [
        "problem a event-rule-starts",
        "problem e event-rule-starts",
        "note c other-start",
        "note d other-start",
    ];
    assert_eq!((code, findings(&json)), (Some(1), expected.map(str::to_owned).to_vec()), "{json:#}");
    assert_eq!(json["findings"][0]["help"], "aws events disable-rule --name on-push");
}

#[test]
fn a_rule_with_other_targets_is_not_to_be_disabled_whole() {
    let more = format!("targets = [\"arn:aws:sns:us-east-1:111122223333:pushes\"]\n{PUSHES}");
    let (_, json) =
        examined(&rule("a", ""), &format!("{}{}", pipeline("a", ""), event_rule("x", "a", &more)));
    let help = json["findings"][0]["help"].as_str().expect("a remedy");
    assert!(help.contains("remove-targets --rule x"), "{help}");
}

#[test]
fn polling_is_found_while_it_runs_and_after_it_was_stopped() {
    let polls = "poll-for-source-changes = true";
    let asleep = format!("{polls}\npolling-disabled-at = \"2026-02-01T00:00:00Z\"");
    let pipelines = [
        pipeline("named", polls),
        pipeline("named-asleep", &asleep),
        pipeline("other", polls),
        pipeline("other-asleep", &asleep),
    ];
    let rules = [rule("named", ""), rule("named-asleep", "")].concat();
    let (code, json) = examined(&rules, &pipelines.concat());
    let expected = [
        "problem named polls",
        "problem other-asleep sleeping-poller",
        "note named-asleep sleeping-poller",
        "note other unnamed-pipeline",
    ];
    assert_eq!((code, findings(&json)), (Some(1), expected.map(str::to_owned).to_vec()), "{json:#}");
}

#[test]
fn pipelines_that_no_rule_names_are_listed_unless_they_read_no_repository() {
    let pipelines = [
        pipeline("alone", ""),
        pipeline("by-event", ""),
        "[[pipeline]]\nname = \"from-s3\"\n".to_owned(),
        pipeline("shop-feature-login-0f", ""),
        event_rule("on-push", "by-event", PUSHES),
    ];
    let (code, json) = examined(&rule("{repository}-{branch-slug}", ""), &pipelines.concat());
    let expected = ["note alone unnamed-pipeline", "note by-event unnamed-pipeline"];
    assert_eq!((code, findings(&json)), (Some(0), expected.map(str::to_owned).to_vec()), "{json:#}");
    assert!(json["findings"][1]["sentence"].as_str().expect("text").contains("`on-push` starts it"));
}

#[test]
fn rules_without_a_counterpart_are_problems_with_their_place() {
    let rules = [
        rule("gone", ""),
        rule("wrong-action", "source-action = \"Nope\""),
        rule("other-source", ""),
        "[[pipeline]]\nname = \"elsewhere\"\nrepository = \"missing\"\n".to_owned(),
    ];
    let pipelines = [
        pipeline("wrong-action", ""),
        "[[pipeline]]\nname = \"other-source\"\n[[pipeline]]\nname = \"elsewhere\"\nrepository = \"missing\"\n".to_owned(),
    ];
    let (code, json) = examined(&rules.concat(), &pipelines.concat());
    let expected = [
        "problem gone pipeline-gone",
        "problem missing repository-gone",
        "problem other-source no-source-action",
        "problem wrong-action source-action-gone",
    ];
    assert_eq!((code, findings(&json)), (Some(1), expected.map(str::to_owned).to_vec()), "{json:#}");
    assert_eq!(json["findings"][0]["rule"], "pointsman.toml:1:1");
}

fn image_and_object_rules() -> String {
    let image =
        |name: &str, more: &str| format!("[[pipeline]]\nname = \"{name}\"\nimage = \"shop/web\"\n{more}\n");
    let object =
        |name: &str| format!("[[pipeline]]\nname = \"{name}\"\nbucket = \"releases\"\nkey = \"**\"\n");
    [image("image", ""), object("object"), image("wrong", "source-action = \"Nope\"")].concat()
}

fn image_and_object_pipelines(polls: &str) -> String {
    let image = |name: &str| format!("[[pipeline]]\nname = \"{name}\"\nimage = \"shop/web\"\n");
    let object =
        format!("[[pipeline]]\nname = \"object\"\nbucket = \"releases\"\nkey = \"web.zip\"\n{polls}\n");
    [image("image"), image("wrong"), object].concat()
}

#[test]
fn rules_of_images_and_objects_name_their_pipelines() {
    // The first rule names a pipeline that reads a repository.
    let rules = format!("[[pipeline]]\nname = \"web\"\nimage = \"shop/web\"\n{}", image_and_object_rules());
    let world = format!("{}{}", pipeline("web", ""), image_and_object_pipelines(""));
    let (code, json) = examined(&rules, &world);
    let expected = ["problem web no-source-action", "problem wrong source-action-gone"];
    assert_eq!((code, findings(&json)), (Some(1), expected.map(str::to_owned).to_vec()), "{json:#}");
    let (_, json) = examined(&image_and_object_rules(), "");
    let expected = ["image", "object", "wrong"].map(|name| format!("problem {name} pipeline-gone"));
    assert_eq!(findings(&json), expected, "{json:#}");
}

#[test]
fn what_starts_the_pipeline_of_an_image_or_an_object_beside_pointsman_is_found() {
    let of_source = |source: &str| format!(r#"pattern = '{{"source":["{source}"]}}'"#);
    let event_rules = [
        event_rule("images", "image", &of_source("aws.ecr")),
        event_rule("objects", "object", &of_source("aws.s3")),
        event_rule("pushes", "image", PUSHES),
    ];
    let rules = image_and_object_rules().replace("source-action = \"Nope\"", "");
    let world = image_and_object_pipelines("poll-for-source-changes = true") + &event_rules.concat();
    let (code, json) = examined(&rules, &world);
    let expected = [
        "problem image event-rule-starts",
        "problem object event-rule-starts",
        "problem object polls",
        "note image other-start",
    ];
    assert_eq!((code, findings(&json)), (Some(1), expected.map(str::to_owned).to_vec()), "{json:#}");
    let sentence = |place: usize| json["findings"][place]["sentence"].as_str().expect("it is text");
    assert!(sentence(0).ends_with("so a pushed image can start it twice"), "{}", sentence(0));
    assert!(sentence(2).ends_with("so each created object starts the pipeline twice"), "{}", sentence(2));
}

#[test]
fn a_target_on_a_later_page_is_found() {
    let mut world = pipeline("web", "");
    for number in 0..150 {
        write!(world, "{}", event_rule(&format!("r{number:03}"), "nothing", PUSHES)).expect("a text grows");
    }
    world.push_str(&event_rule("z-last", "web", PUSHES));
    let (_, json) = examined(&rule("web", ""), &world);
    assert_eq!(findings(&json), ["problem web event-rule-starts"]);
}

#[test]
fn what_cannot_be_read_is_a_problem_and_the_rest_is_judged() {
    let fault = |operation: &str| {
        format!("[[fault]]\noperation = \"{operation}\"\nanswer = \"AccessDeniedException\"\n")
    };
    let polls = pipeline("web", "poll-for-source-changes = true");
    let (code, json) = examined(&rule("web", ""), &format!("{polls}{}", fault("ListRules")));
    let expected = ["problem the EventBridge rules unread", "problem web polls"];
    assert_eq!((code, findings(&json)), (Some(1), expected.map(str::to_owned).to_vec()));
    assert_eq!(json["complete"], false);
    let (_, json) = examined(&rule("web", ""), &format!("{polls}{}", fault("GetPipeline")));
    assert_eq!(findings(&json), ["problem web unread"], "a pipeline that was not read is not judged");
    let folder = folder(&rule("web", ""), &format!("{REPOSITORY}{polls}{}", fault("ListPipelines")));
    let output = pointsman(folder.path(), &["--world", "."], &[]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(3), 0));
}

#[test]
fn a_hostile_name_does_not_reach_the_terminal() {
    let more = "schedule = \"rate(1 day)\\u001b[2J\"\n";
    let folder = folder(
        &rule("web", ""),
        &format!("{REPOSITORY}{}{}", pipeline("web", ""), event_rule("x", "web", more)),
    );
    let output = pointsman(folder.path(), &["--world", "."], &[]);
    assert!(!output.stdout.contains(&0x1b), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn an_account_is_read_and_not_changed() {
    let folder = folder(
        &rule("web", ""),
        &format!("{REPOSITORY}{}", pipeline("web", "poll-for-source-changes = true")),
    );
    let read = AwsWorld::read(&folder.path().join("world.toml")).expect("the world is right");
    let aws = LocalAws::start(read).expect("a port is free");
    let endpoint = aws.endpoint();
    let environment = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
    ];
    let output = pointsman(folder.path(), &["--config", "pointsman.toml"], &environment);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.ends_with("1 pipeline: 1 problem, 0 notes\n"), "{text}");
    let called: Vec<String> = aws.journal().into_iter().map(|call| call.operation).collect();
    assert!(called.iter().all(|call| call.starts_with("Get") || call.starts_with("List")), "{called:?}");
    let without = pointsman(folder.path(), &["--config", "pointsman.toml"], &[]);
    assert_eq!(without.status.code(), Some(3));
}

#[test]
fn rules_of_images_and_objects_are_compared_with_their_own_sources() {
    let rules = "[[pipeline]]\nname = \"image\"\nimage = \"shop/web\"\n\
        [[pipeline]]\nname = \"object\"\nbucket = \"uploads\"\nkey = \"web.zip\"\n\
        [[pipeline]]\nname = \"gone\"\nimage = \"shop/web\"\n\
        [[pipeline]]\nname = \"other\"\nimage = \"shop/api\"\n";
    let pipelines = "[[pipeline]]\nname = \"image\"\nimage = \"shop/web\"\nimage-tag = \"latest\"\n\
        [[pipeline]]\nname = \"object\"\nbucket = \"uploads\"\nkey = \"web.zip\"\n\
        [[pipeline]]\nname = \"other\"\nimage = \"shop/web\"\nimage-tag = \"latest\"\n";
    let event_rules = [
        event_rule("on-image", "image", r#"pattern = '{"source":["aws.ecr"]}'"#),
        event_rule("on-object", "object", r#"pattern = '{"source":["aws.s3"]}'"#),
        event_rule("on-push", "image", PUSHES),
    ];
    let (code, json) = examined(rules, &format!("{pipelines}{}", event_rules.concat()));
    let expected = [
        "problem gone pipeline-gone",
        "problem image event-rule-starts",
        "problem object event-rule-starts",
        "problem other no-source-action",
        "note image other-start",
    ];
    assert_eq!((code, findings(&json)), (Some(1), expected.map(str::to_owned).to_vec()), "{json:#}");
}
