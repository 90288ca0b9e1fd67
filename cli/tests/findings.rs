//! `pointsman findings` over a world and over an account: open findings, ended ones on request, and what could not be read.

use std::path::Path;
use std::process::{Command, Output};

use local_aws::{AwsWorld, LocalAws};
use serde_json::{Value, json};
use tempfile::TempDir;

const WORLD: &str = r#"
now = "2026-03-02T10:05:00Z"
[[table]]
name = "pointsman-AmiAlertsTable"
hash = { name = "pk", type = "S" }
range = { name = "sk", type = "S" }
[[table.items]]
pk = "resources#111122223333#us-east-1"
sk = "ami-0123456789abcdef0"
version = 3
[[table.items.findings]]
class = "exposed"
grantees = ["444455556666", "777788889999", "999988887777"]
history = { opened = { at = "2026-02-20T10:00:00Z", proof = { record = { event = "e-1", actor = "alice" } } } }
[[table.items.findings]]
class = "exposed"
grantees = ["all"]
[table.items.findings.history]
opened = { at = "2026-02-21T10:00:00Z", proof = "look-up" }
reported = { severity = "critical", first = "2026-02-21T10:00:00Z", last = "2026-03-01T10:00:00Z", emails = 4 }
[[table.items.findings]]
class = "lost"
grantees = ["121212121212"]
[table.items.findings.history]
opened = { at = "2026-02-10T10:00:00Z", proof = "look-up" }
closed = { at = "2026-02-11T10:00:00Z", proof = "gone" }
"#;

const UNREADABLE: &str = r#"
[[table.items]]
pk = "resources#111122223333#us-east-1"
sk = "snap-0123456789abcdef0"
version = "three"
"#;

fn folder(world: &str) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    std::fs::write(folder.path().join("world.toml"), world).expect("it is ours");
    folder
}

fn pointsman(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    command.arg("findings").args(arguments).current_dir(folder).env_clear().envs(environment.iter().copied());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).output().expect("it was built")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}{}", out(output), String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn every_open_finding_has_a_line_worst_first() {
    let folder = folder(WORLD);
    let output = pointsman(folder.path(), &["world.toml"], &[]);
    let expected = "\
SEVERITY  REGION     RESOURCE               CLASS    GRANTEES    SINCE              BY     LAST EMAIL
critical  us-east-1  ami-0123456789abcdef0  exposed  all         2026-02-21T10:00Z  -      2026-03-01T10:00Z
high      us-east-1  ami-0123456789abcdef0  exposed  3 grantees  2026-02-20T10:00Z  alice  never

4 open findings: 1 critical, 3 high
";
    assert_eq!((out(&output).as_str(), output.status.code()), (expected, Some(0)));
    let all = out(&pointsman(folder.path(), &["world.toml", "--all"], &[]));
    assert!(all.contains("121212121212  2026-02-10T10:00Z to 2026-02-11T10:00Z"), "{all}");
}

#[test]
fn the_json_has_the_id_of_each_finding() {
    let folder = folder(WORLD);
    let list = json_of(&pointsman(folder.path(), &[".", "--json"], &[]));
    let first = &list["findings"][0];
    assert_eq!(first["grantees"][0]["id"], "111122223333/us-east-1/ami-0123456789abcdef0/exposed/all");
    assert_eq!((&list["open"], &list["complete"]), (&json!({"high": 3, "critical": 1}), &json!(true)));
}

#[test]
fn an_item_that_cannot_be_read_is_named_and_hides_no_other() {
    let folder = folder(&format!("{WORLD}{UNREADABLE}"));
    let output = pointsman(folder.path(), &["."], &[]);
    let text = out(&output);
    assert!(text.contains("snap-0123456789abcdef0: could not be read"), "{text}");
    assert!(text.contains("4 open findings") && output.status.code() == Some(1), "{text}");
}

#[test]
fn an_account_is_read_and_not_changed() {
    let folder = folder(WORLD);
    let world = AwsWorld::read(&folder.path().join("world.toml")).expect("it is right");
    let aws = LocalAws::start(world).expect("a port is free");
    let before = aws.items("pointsman-AmiAlertsTable");
    let endpoint = aws.endpoint();
    let environment = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("POINTSMAN_NOW", "2026-03-02T10:05:00Z"),
    ];
    let table = ["--table", "pointsman-AmiAlertsTable", "--account", "111122223333"];
    let output = pointsman(folder.path(), &table, &environment);
    assert!(out(&output).contains("4 open findings"), "{output:?}");
    let of_another = [&table[..], &["--region", "eu-west-1"]].concat();
    assert_eq!(
        out(&pointsman(folder.path(), &of_another, &environment)),
        "no open finding in 111122223333/eu-west-1\n"
    );
    assert_eq!(aws.items("pointsman-AmiAlertsTable"), before);
    let missing = pointsman(folder.path(), &["--table", "none", "--account", "111122223333"], &environment);
    assert!(out(&missing).contains("could not be read") && missing.status.code() == Some(1), "{missing:?}");
    assert!(out(&missing).ends_with("open findings in 111122223333/us-east-1: not known\n"), "{missing:?}");
    for wrong in [&["--account", "1234"][..], &["--account", "111122223333", "--region", "europe"]] {
        let output = pointsman(folder.path(), &[&["--table", "t"][..], wrong].concat(), &environment);
        assert_eq!((out(&output).as_str(), output.status.code()), ("", Some(3)), "{output:?}");
    }
}

#[test]
fn the_command_line_names_a_table_or_a_world() {
    let folder = folder(WORLD);
    assert_eq!(pointsman(folder.path(), &[], &[]).status.code(), Some(2));
    assert_eq!(pointsman(folder.path(), &["--table", "t"], &[]).status.code(), Some(2));
}
