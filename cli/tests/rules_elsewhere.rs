//! `check`, `explain`, `stacks` and `doctor` with rules in S3 and DynamoDB, against an account of this machine.

use std::process::{Command, Output};

use local_aws::{AwsWorld, LocalAws};
use tempfile::TempDir;

const OBJECT: &str = "s3://acme-rules/teams/pointsman.toml";
const TABLE: &str = "dynamodb://acme-rules";

const WORLD: &str = r#"now = "2026-03-02T10:00:00Z"
[[repository]]
name = "shop"
[[repository.commit]]
label = "one"
[repository.branches]
main = "one"
[[pipeline]]
name = "web"
repository = "shop"
[[stack]]
name = "pointsman"
parameters = { StackPrefix = "branch" }
[[bucket]]
name = "acme-rules"
"#;

const WEB: &str =
    r#"{ rule = "web", table = "pipeline", name = "web", repository = "shop", paths = ["services/web/**"] }"#;
const STACK: &str = r#"{ rule = "stack", table = "branch-stack", repositories = ["shop"], branches = ["main"], template = "branch-pipeline.yaml" }"#;

const RULES: &str = r#"[[pipeline]]
name = "web"
repository = "shop"
paths = ["services/web/**"]

[[branch-stack]]
repositories = ["shop"]
branches = ["main"]
template = "branch-pipeline.yaml"
"#;

/// An account with the rules, and an empty folder to run the command in.
struct RulesAccount {
    aws: LocalAws,
    folder: TempDir,
}

impl RulesAccount {
    fn new(items: &[&str], more: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let path = folder.path().join("world.toml");
        let items = items.join(", ");
        let table =
            format!("[[table]]\nname = \"acme-rules\"\nhash = {{ name = \"rule\" }}\nitems = [{items}]\n");
        std::fs::write(&path, format!("{WORLD}{table}{more}")).expect("it is ours");
        let aws =
            LocalAws::start(AwsWorld::read(&path).expect("the world is right")).expect("a port is free");
        // `explain` reads a clone.
        let commit =
            "git init -q -b main && git -c user.name=a -c user.email=a commit -q --allow-empty -m one";
        let done = Command::new("sh").args(["-c", commit]).current_dir(folder.path()).status();
        assert!(done.expect("there is a shell").success());
        Self { aws, folder }
    }

    fn with_object(bytes: Option<&[u8]>, more: &str) -> Self {
        let account = Self::new(&[], more);
        if let Some(bytes) = bytes {
            let put = account.aws.put_object("acme-rules", "teams/pointsman.toml", Some(bytes));
            put.expect("there is a bucket");
        }
        account
    }

    /// The exit code, stdout and stderr.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("AWS_ENDPOINT_URL", self.aws.endpoint()).env("AWS_REGION", "us-east-1");
        command.env("AWS_ACCESS_KEY_ID", "a").env("AWS_SECRET_ACCESS_KEY", "b").env("AWS_MAX_ATTEMPTS", "1");
        let Output { status, stdout, stderr } = command.output().expect("it was built");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (status.code(), text(&stdout), text(&stderr))
    }

    /// `explain` about a file of the web service.
    fn explained(&self, source: &str) -> (Option<i32>, String, String) {
        let path = ["--path", "services/web/app.ts", "--repository", "shop", "--branch", "main"];
        self.run(&[&["explain", "--config", source], &path[..]].concat())
    }
}

#[test]
fn every_command_takes_rules_that_are_an_object_or_a_table() {
    // `check` also compares the parameters of a stack with its template, which is not about sources.
    let pipelines = RULES.split("[[branch-stack]]").next().expect("a text");
    let object = RulesAccount::with_object(Some(pipelines.as_bytes()), "");
    for (account, source) in [(object, OBJECT), (RulesAccount::new(&[WEB], ""), TABLE)] {
        let (code, out, error) = account.run(&["check", source]);
        assert!(code == Some(0) && out.contains(&format!("1 rule in {source}")), "{out}{error}");
    }
    let object = RulesAccount::with_object(Some(RULES.as_bytes()), "");
    let table = RulesAccount::new(&[WEB, STACK], "");
    for (account, source) in [(object, OBJECT), (table, TABLE)] {
        let (code, out, error) = account.explained(source);
        assert!(code == Some(0) && out.contains("start  web"), "{out}{error}");
        let (code, out, error) = account.run(&["stacks", "--config", source]);
        assert!(code == Some(0) && out.contains("shop main") && out.contains("create"), "{out}{error}");
        let (code, out, error) = account.run(&["doctor", "--config", source]);
        assert_eq!((code, out.as_str()), (Some(0), "1 pipeline: 0 problems, 0 notes\n"), "{error}");
        let of_world = account.run(&["doctor", "--config", TABLE, "--world", "world.toml"]);
        assert!(source == OBJECT || of_world.0 == Some(0), "{of_world:?}");
    }
}

#[test]
fn an_object_that_holds_no_rules_stops_every_command_and_says_why() {
    let utf16: Vec<u8> = RULES.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let misspelt = RULES.replace("[[branch-stack]]", "[[branch-stak]]");
    let denied = "[[fault]]\noperation = \"GetObject\"\ncalls = [1, 2, 3, 4]\nanswer = \"AccessDenied\"\n";
    for (bytes, more, why) in [
        (None, "", "there is no such object"),
        (Some(&b""[..]), "", "the object has no table"),
        (Some(b"# later\n"), "", "the object has no table"),
        (Some(&utf16), "", "UTF-8"),
        (Some(RULES.split_at(40).0.as_bytes()), "", "pointsman.toml:"),
        (Some(misspelt.as_bytes()), "", "branch-stak"),
        (Some(RULES.as_bytes()), denied, "AccessDenied"),
    ] {
        let account = RulesAccount::with_object(bytes, more);
        for (code, out, error) in [
            account.run(&["check", OBJECT]),
            account.explained(OBJECT),
            account.run(&["stacks", "--config", OBJECT]),
            account.run(&["doctor", "--config", OBJECT]),
        ] {
            assert!(code == Some(1) || code == Some(3), "{why}: {code:?}{out}{error}");
            assert!(error.contains(why), "{why}: {out}{error}");
        }
    }
}

#[test]
fn check_shows_every_broken_item_and_the_others_use_the_rest() {
    let broken = [
        r#"{ rule = "api", table = "pipeline", name = "api", repository = "shop", pathes = ["a"] }"#,
        r#"{ rule = "number", table = "pipeline", name = 5, repository = "shop" }"#,
        r#"{ rule = "nothing", name = "docs", repository = "shop" }"#,
        r#"{ rule = "web-2", table = "pipeline", name = "web", repository = "shop" }"#,
    ];
    let account = RulesAccount::new(&[&[WEB, STACK], &broken[..]].concat(), "");
    let (code, out, error) = account.run(&["check", TABLE]);
    for place in ["acme-rules/api", "acme-rules/number", "acme-rules/nothing", "acme-rules/web-2"] {
        assert!(error.contains(&format!("--> {place}:")), "{place}: {out}{error}");
    }
    assert_eq!(code, Some(1), "{out}{error}");
    let (code, out, error) = account.explained(TABLE);
    assert!(code == Some(0) && out.contains("start  web"), "{out}{error}");
    assert_eq!(error.matches("this rule is disabled").count(), 4, "{error}");
    let (code, _, error) = account.run(&["stacks", "--config", TABLE]);
    // The item without `table` may be a rule of stacks.
    assert!(code == Some(0) && error.matches("this rule is disabled").count() == 1, "{error}");
}

#[test]
fn a_table_that_is_empty_or_read_in_part_is_not_taken_for_the_rules() {
    let wide = |id: usize| {
        let path = |nth: usize| format!("\"services/{id}/{nth}/{}\"", "x".repeat(900));
        let paths = (0..100).map(path).collect::<Vec<_>>().join(", ");
        format!(
            "{{ rule = \"r{id}\", table = \"pipeline\", name = \"p{id}\", repository = \"shop\", paths = [{paths}] }}"
        )
    };
    let rows: Vec<String> = (0..20).map(wide).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    // The first page is read, and the second one is throttled at every attempt.
    let calls: Vec<String> = (2..40).map(|call| call.to_string()).collect();
    let throttled = format!(
        "[[fault]]\noperation = \"Scan\"\ncalls = [{}]\nanswer = \"ThrottlingException\"\n",
        calls.join(", ")
    );
    let whole = RulesAccount::new(&rows, "");
    let (code, out, error) = whole.run(&["doctor", "--config", TABLE]);
    assert!(code == Some(1) && out.matches("pipeline-gone").count() == 20, "{out}{error}");
    assert!(whole.aws.journal().iter().filter(|call| call.operation == "Scan").count() >= 2, "over 1 MB");
    for (rows, more, why) in
        [(&[][..], "", "the table has no item"), (&rows, throttled.as_str(), "ThrottlingException")]
    {
        let commands =
            [["check", TABLE].as_slice(), &["stacks", "--config", TABLE], &["doctor", "--config", TABLE]];
        for command in commands {
            let (code, out, error) = RulesAccount::new(rows, more).run(command);
            assert!(code == Some(3) && error.contains(why), "{why}: {code:?}{out}{error}");
        }
        let (code, out, error) = RulesAccount::new(rows, more).explained(TABLE);
        assert!(code == Some(3) && error.contains(why), "{why}: {code:?}{out}{error}");
    }
}

#[test]
fn the_name_of_an_item_does_not_reach_the_terminal() {
    let hostile = r#"{ rule = "\u001b]0;x\u0007\nnote: fine", table = "pipeline", name = "a", wrong = 1 }"#;
    let account = RulesAccount::new(&[WEB, STACK, hostile], "");
    for (_, out, error) in [
        account.run(&["check", TABLE]),
        account.explained(TABLE),
        account.run(&["stacks", "--config", TABLE]),
        account.run(&["doctor", "--config", TABLE]),
    ] {
        assert!(!out.contains('\u{1b}') && !error.contains('\u{1b}'), "{out}{error}");
        assert!(!error.lines().any(|line| line.starts_with("note: fine")), "{error}");
    }
}

#[test]
fn without_a_region_or_with_half_a_name_a_source_is_refused() {
    let account = RulesAccount::new(&[WEB], "");
    for source in
        ["s3://acme-rules", "s3://acme-rules/", "dynamodb://", "dynamodb://a/b", "https://acme/rules"]
    {
        let (code, _, error) = account.run(&["check", source]);
        assert!(code == Some(3) && error.contains("names no rules"), "{source}: {error}");
    }
    let missing = account.run(&["check", "dynamodb://other-rules"]);
    assert!(missing.0 == Some(3) && missing.2.contains("ResourceNotFoundException"), "{missing:?}");
}
