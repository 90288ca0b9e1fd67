//! The rules of a running function, against local-aws: what decides while the source changes, breaks, or does not answer.

#![expect(clippy::unwrap_used, reason = "the set-up of a test fails the test")]

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use local_aws::{AwsWorld, LocalAws};
use rules_source::{DeployedRules, RULES_UNAVAILABLE, RulesSource};
use shared::config::{Document, Problem, ProblemLevel, TableReader, codes};
use shared::function::{CheckedRules, Function, Key, KeyDefault, Table, ValueType, WithoutRules};
use shared::lambda::{BAD_RULES, Failure, Invocation};

const KEYS: &[Key] = &[
    Key { name: "name", takes: ValueType::String, default: KeyDefault::Required, summary: "" },
    Key { name: "paths", takes: ValueType::STRINGS, default: KeyDefault::Absent("all"), summary: "" },
];

const WINDOW_KEYS: &[Key] = &[Key {
    name: "holidays-file",
    takes: ValueType::String,
    default: KeyDefault::Absent("none"),
    summary: "",
}];

const FUNCTION: Function = Function {
    name: "any",
    summary: "",
    tables: &[
        Table { name: "pipeline", summary: "", keys: KEYS, is_list: true },
        Table { name: "window", summary: "", keys: WINDOW_KEYS, is_list: true },
    ],
    settings: &[],
    calls: &[],
    problems: &[],
    reasons: &[],
    without_rules: WithoutRules { level: Some(ProblemLevel::Warning), effect: "" },
    check: |_, _, _| CheckedRules::default(),
};

/// The names of the pipelines, each once, and the places of the rows that are left out.
#[derive(Debug, Default, PartialEq)]
struct Rules {
    names: Vec<String>,
    broken: Vec<String>,
}

fn read(document: &Document, problems: &mut Vec<Problem>) -> Rules {
    let mut rules = Rules::default();
    for table in document.tables("pipeline", problems) {
        let mut reader = TableReader::new(&FUNCTION.tables[0], &table, problems);
        let name = reader.required_string("name", codes::BAD_VALUE);
        reader.strings("paths");
        reader.finish();
        let Some(name) = name else { continue };
        if rules.names.contains(name.get_ref()) {
            problems.push(Problem::new(codes::BAD_VALUE, name.span(), "second entry"));
        }
        rules.names.push(name.into_inner());
    }
    for table in document.tables("window", problems) {
        let mut reader = TableReader::new(&FUNCTION.tables[1], &table, problems);
        let Some(name) = reader.string("holidays-file") else { continue };
        match document.beside(name.get_ref()) {
            Ok(bytes) => rules.names.push(String::from_utf8(bytes).expect("a text")),
            Err(error) => reader.problem(Problem::new(codes::BAD_VALUE, name.span(), error.to_string())),
        }
    }
    rules.broken = document.broken_rows(&["pipeline"]).map(|row| row.place.to_string()).collect();
    rules
}

const OBJECT: &str = "s3://acme-rules/pointsman.toml";
const TABLE: &str = "dynamodb://rules";

struct Stage {
    aws: LocalAws,
    config: SdkConfig,
    rules: DeployedRules<Rules>,
    now: Timestamp,
}

/// What an event sees: the names of the pipelines, and the codes of the notes.
type Seen = Result<(Vec<String>, Vec<String>), Failure>;

impl Stage {
    async fn of(source: &str, world: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("world.toml");
        std::fs::write(&file, format!("now = \"2026-03-02T10:00:00Z\"\n{world}")).unwrap();
        let aws = LocalAws::start(AwsWorld::read(&file).unwrap()).unwrap();
        let loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).region(Region::new("us-east-1"));
        let loader = loader.retry_config(RetryConfig::standard().with_max_attempts(1));
        let config = loader.test_credentials().endpoint_url(aws.endpoint()).load().await;
        let rules = Self::cold(source, &config);
        Self { now: aws.now(), aws, config, rules }
    }

    fn cold(source: &str, config: &SdkConfig) -> DeployedRules<Rules> {
        let source = RulesSource::parse(source).unwrap();
        DeployedRules::of(source, SignedDuration::from_secs(60), &FUNCTION, config, read)
    }

    /// An event some seconds later.
    async fn event_after(&mut self, seconds: u64) -> Seen {
        self.aws.advance(Duration::from_secs(seconds));
        self.now = self.aws.now();
        let invocation = Invocation { now: self.now, ..Invocation::by_hand(true) };
        let current = self.rules.current(&invocation).await?;
        let report = shared::report::Report::default().decision("any", "an event", &invocation);
        let notes = current.noted(report).notes.into_iter();
        let notes = notes.map(|note| format!("{} {}", note.subject, note.because.code)).collect();
        Ok((current.rules.names.clone(), notes))
    }

    fn put(&self, text: &str) {
        self.aws.put_object("acme-rules", "pointsman.toml", Some(text.as_bytes())).unwrap();
    }

    async fn put_row(&self, id: &str, attributes: &[(&str, AttributeValue)]) {
        let call = aws_sdk_dynamodb::Client::new(&self.config).put_item().table_name("rules");
        let mut call = call.item("rule", AttributeValue::S(id.to_owned()));
        for (name, value) in attributes {
            call = call.item(*name, value.clone());
        }
        call.send().await.unwrap();
    }

    fn calls(&self) -> Vec<String> {
        self.aws.journal().iter().map(|call| call.operation.clone()).collect()
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn pipeline(name: &str) -> String {
    format!("[[pipeline]]\nname = \"{name}\"\n")
}

/// The bucket with the versions of the object, the oldest first.
fn bucket(versions: &[&str]) -> String {
    let object =
        |content: &&str| format!("[[bucket.object]]\nkey = \"pointsman.toml\"\ncontent = '''{content}'''\n");
    format!("[[bucket]]\nname = \"acme-rules\"\n{}", versions.iter().map(object).collect::<String>())
}

fn rows(items: &str) -> String {
    format!("[[table]]\nname = \"rules\"\nhash = {{ name = \"rule\" }}\nitems = [{items}]\n")
}

fn fault(operation: &str, calls: &str, answer: &str) -> String {
    format!("[[fault]]\noperation = \"{operation}\"\ncalls = {calls}\nanswer = \"{answer}\"\n")
}

fn seen(names: &[&str], notes: &[&str]) -> (Vec<String>, Vec<String>) {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    (owned(names), owned(notes))
}

const OUTDATED: &str = "s3://acme-rules/pointsman.toml rules-outdated";

#[tokio::test]
async fn an_object_is_read_again_when_it_is_old_and_only_if_it_changed() {
    let mut stage = Stage::of(OBJECT, &bucket(&[&pipeline("a")])).await;
    assert_eq!(stage.event_after(0).await.unwrap(), seen(&["a"], &[]));
    stage.put(&pipeline("b"));
    assert_eq!(stage.event_after(59).await.unwrap(), seen(&["a"], &[]));
    assert_eq!(stage.calls().len(), 1);
    assert_eq!(stage.event_after(1).await.unwrap(), seen(&["b"], &[]));
    assert_eq!(stage.event_after(60).await.unwrap(), seen(&["b"], &[]));
    let conditions: Vec<bool> =
        stage.aws.journal().iter().map(|call| call.input.get("IfNoneMatch").is_some()).collect();
    assert_eq!(conditions, [false, true, true]);
}

#[tokio::test]
async fn a_newer_object_that_is_broken_keeps_the_last_good_one_until_it_is_fixed() {
    let mut stage = Stage::of(OBJECT, &bucket(&[&pipeline("a")])).await;
    stage.event_after(0).await.unwrap();
    for broken in ["[[pipeline]]\nnme = \"b\"\n", "[[pipeline]\n", "", "# nothing\n", "\u{0}\u{0}"] {
        stage.put(broken);
        assert_eq!(stage.event_after(60).await.unwrap(), seen(&["a"], &[OUTDATED]), "{broken:?}");
        // It is noted at each event, also before it is read again and when it did not change.
        assert_eq!(stage.event_after(1).await.unwrap(), seen(&["a"], &[OUTDATED]), "{broken:?}");
        assert_eq!(stage.event_after(60).await.unwrap(), seen(&["a"], &[OUTDATED]), "{broken:?}");
    }
    stage.put(&pipeline("c"));
    assert_eq!(stage.event_after(60).await.unwrap(), seen(&["c"], &[]));
}

#[tokio::test]
async fn a_cold_start_with_a_broken_object_finds_the_last_good_version() {
    let versions = [&*pipeline("a"), &*pipeline("b"), "broken", "[[pipeline]]\n"];
    let mut stage = Stage::of(OBJECT, &bucket(&versions)).await;
    assert_eq!(stage.event_after(0).await.unwrap(), seen(&["b"], &[OUTDATED]));
    assert_eq!(stage.calls(), ["GetObject", "ListObjectVersions", "GetObject", "GetObject"]);
    assert_eq!(stage.event_after(60).await.unwrap(), seen(&["b"], &[OUTDATED]));
    assert_eq!(stage.calls().len(), 5, "the broken version is not read again");
}

#[tokio::test]
async fn a_version_that_is_gone_when_it_is_read_is_skipped() {
    let versions = [&*pipeline("a"), &*pipeline("b"), "broken"];
    let world = bucket(&versions) + &fault("GetObject", "[2]", "NoSuchVersion");
    let mut stage = Stage::of(OBJECT, &world).await;
    assert_eq!(stage.event_after(0).await.unwrap(), seen(&["a"], &[OUTDATED]));
}

#[tokio::test]
async fn a_broken_object_without_a_good_version_fails_each_event_until_it_is_fixed() {
    let mut stage = Stage::of(OBJECT, &bucket(&["broken", "[[pipeline]]\n"])).await;
    for _ in 0..2 {
        let failure = stage.event_after(0).await.unwrap_err();
        assert_eq!(failure.kind, BAD_RULES);
        assert!(failure.message.contains("this table has no `name`"), "{}", failure.message);
        assert!(failure.message.contains("1 earlier version cannot be used either"), "{}", failure.message);
    }
    stage.put(&pipeline("a"));
    assert_eq!(stage.event_after(0).await.unwrap(), seen(&["a"], &[]));
}

#[tokio::test]
async fn a_deleted_object_is_not_the_wish_to_have_no_rules() {
    let mut stage = Stage::of(OBJECT, &bucket(&[&pipeline("a")])).await;
    stage.event_after(0).await.unwrap();
    stage.aws.put_object("acme-rules", "pointsman.toml", None).unwrap();
    assert_eq!(stage.event_after(60).await.unwrap(), seen(&["a"], &[OUTDATED]));
    stage.rules = Stage::cold(OBJECT, &stage.config);
    assert_eq!(stage.event_after(0).await.unwrap(), seen(&["a"], &[OUTDATED]), "a cold start");
    stage.put(&pipeline("b"));
    assert_eq!(stage.event_after(60).await.unwrap(), seen(&["b"], &[]));
}

#[tokio::test]
async fn an_object_that_never_existed_and_an_unversioned_broken_one_fail() {
    let never = format!("{}versioning = \"off\"\n", bucket(&[]));
    let failure = Stage::of(OBJECT, &never).await.event_after(0).await.unwrap_err();
    assert_eq!(failure.kind, BAD_RULES);
    let message = "s3://acme-rules/pointsman.toml: the object does not exist\n\nthere is no earlier version";
    assert_eq!(failure.message, message);
    let failure = Stage::of(OBJECT, "").await.event_after(0).await.unwrap_err();
    assert_eq!(failure.kind, RULES_UNAVAILABLE, "no bucket: {}", failure.message);
}

#[tokio::test]
async fn a_denied_or_throttled_read_fails_a_cold_start_and_keeps_the_rules_of_a_warm_one() {
    for error in ["AccessDenied", "SlowDown", "InternalError", "cut"] {
        let world = bucket(&[&pipeline("a")]) + &fault("GetObject", "[1, 3]", error);
        let mut stage = Stage::of(OBJECT, &world).await;
        let failure = stage.event_after(0).await.unwrap_err();
        assert_eq!(failure.kind, RULES_UNAVAILABLE, "{error}: {}", failure.message);
        assert_eq!(stage.event_after(0).await.unwrap(), seen(&["a"], &[]), "the next event tries again");
        let unreadable = "s3://acme-rules/pointsman.toml rules-unreadable";
        assert_eq!(stage.event_after(60).await.unwrap(), seen(&["a"], &[unreadable]), "{error}");
        assert_eq!(stage.event_after(60).await.unwrap(), seen(&["a"], &[]), "{error} has passed");
    }
}

#[tokio::test]
async fn versions_that_cannot_be_listed_or_read_fail_the_cold_start() {
    for (operation, calls) in [("ListObjectVersions", "[1]"), ("GetObject", "[2]")] {
        let world = bucket(&[&pipeline("a"), "broken"]) + &fault(operation, calls, "AccessDenied");
        let mut stage = Stage::of(OBJECT, &world).await;
        let failure = stage.event_after(0).await.unwrap_err();
        assert_eq!(failure.kind, BAD_RULES);
        assert!(failure.message.contains("no earlier version could be read: s3:"), "{}", failure.message);
        assert_eq!(stage.event_after(0).await.unwrap(), seen(&["a"], &[OUTDATED]), "{operation}");
    }
}

#[tokio::test]
async fn each_item_is_a_rule_in_the_order_of_the_ids_and_those_of_other_functions_are_skipped() {
    let items = r#"{ rule = "2", table = "pipeline", name = "b", paths = ["x"] }, { rule = "10", table = "pipeline", name = "a" },
        { rule = "1", table = "recovery-plan", name = "shop" }, { rule = "0", table = "group", anything = 1 }"#;
    let mut stage = Stage::of(TABLE, &rows(&items.replace('\n', " "))).await;
    assert_eq!(stage.event_after(0).await.unwrap(), seen(&["a", "b"], &[]));
    stage
        .put_row(
            "3",
            &[
                ("table", text("pipeline")),
                ("name", text("c")),
                ("paths", AttributeValue::Ss(vec!["y".into()])),
            ],
        )
        .await;
    assert_eq!(stage.event_after(59).await.unwrap(), seen(&["a", "b"], &[]));
    assert_eq!(stage.event_after(1).await.unwrap(), seen(&["a", "b", "c"], &[]));
}

#[tokio::test]
async fn a_broken_row_disables_that_rule_only_and_each_decision_notes_it() {
    let mut stage = Stage::of(TABLE, &rows(r#"{ rule = "a", table = "pipeline", name = "a" }"#)).await;
    stage.put_row("b", &[("table", text("pipeline")), ("name", text("a"))]).await;
    stage.put_row("c", &[("table", text("pipelne")), ("name", text("c"))]).await;
    stage.put_row("d", &[("name", text("d"))]).await;
    stage.put_row("e", &[("table", text("pipeline")), ("name", AttributeValue::Null(true))]).await;
    stage.put_row("f", &[("table", text("pipeline")), ("name", text("f\"]\n[[pipeline]]"))]).await;
    stage.put_row("g", &[("table", text("pipeline")), ("name", text("g")), ("pathes", text("x"))]).await;
    let notes = ["b", "c", "d", "e", "g"].map(|id| format!("rules/{id} broken-rule"));
    let notes: Vec<&str> = notes.iter().map(String::as_str).collect();
    assert_eq!(stage.event_after(0).await.unwrap(), seen(&["a", "f\"]\n[[pipeline]]"], &notes));
    let invocation = Invocation { now: stage.now, ..Invocation::by_hand(true) };
    let rules = stage.rules.current(&invocation).await.unwrap().rules;
    assert_eq!(rules.broken, ["rules/b", "rules/c", "rules/d", "rules/e", "rules/g"]);
}

#[tokio::test]
async fn a_table_that_is_read_in_part_is_not_the_rules() {
    let mut stage =
        Stage::of(TABLE, &(rows("") + &fault("Scan", "[2, 4]", "ProvisionedThroughputExceededException")))
            .await;
    for id in 0..6 {
        let long = text(&"x".repeat(300_000));
        let paths = AttributeValue::L(vec![long]);
        let name = format!("p{id}");
        stage.put_row(&name, &[("table", text("pipeline")), ("name", text(&name)), ("paths", paths)]).await;
    }
    let failure = stage.event_after(0).await.unwrap_err();
    assert_eq!(failure.kind, RULES_UNAVAILABLE, "{}", failure.message);
    // The third and the fourth call are the next read, which is not throttled until its second page.
    let failure = stage.event_after(0).await.unwrap_err();
    assert_eq!(failure.kind, RULES_UNAVAILABLE, "{}", failure.message);
    let (names, notes) = stage.event_after(0).await.unwrap();
    assert_eq!((names.len(), notes.len()), (6, 0));
}

#[tokio::test]
async fn a_throttled_or_denied_scan_and_an_empty_table_keep_the_rules_that_were_read() {
    for error in ["ThrottlingException", "AccessDeniedException", "cut"] {
        let world = rows(r#"{ rule = "a", table = "pipeline", name = "a" }"#) + &fault("Scan", "[2]", error);
        let mut stage = Stage::of(TABLE, &world).await;
        stage.event_after(0).await.unwrap();
        let unreadable = seen(&["a"], &["dynamodb://rules rules-unreadable"]);
        assert_eq!(stage.event_after(60).await.unwrap(), unreadable, "{error}");
        assert_eq!(stage.event_after(60).await.unwrap(), seen(&["a"], &[]), "{error}");
        let client = aws_sdk_dynamodb::Client::new(&stage.config);
        client.delete_item().table_name("rules").key("rule", text("a")).send().await.unwrap();
        assert_eq!(stage.event_after(60).await.unwrap(), unreadable, "an empty table");
        stage.rules = Stage::cold(TABLE, &stage.config);
        let failure = stage.event_after(0).await.unwrap_err();
        assert_eq!(
            (failure.kind, &*failure.message),
            (RULES_UNAVAILABLE, "cannot read the rules dynamodb://rules: the table has no item")
        );
    }
}

#[tokio::test]
async fn a_calendar_is_an_object_beside_the_rules_and_takes_effect_when_it_changes() {
    let rules = "[[window]]\nholidays-file = \"a.ics\"\n";
    let mut stage = Stage::of("s3://acme-rules/team/pointsman.toml", &bucket(&[])).await;
    let put = |aws: &LocalAws, name: &str, text: Option<&str>| {
        aws.put_object("acme-rules", &format!("team/{name}"), text.map(str::as_bytes)).unwrap();
    };
    put(&stage.aws, "pointsman.toml", Some(rules));
    let failure = stage.event_after(0).await.unwrap_err();
    assert!(failure.message.contains("there is no object s3://acme-rules/team/a.ics"), "{}", failure.message);
    put(&stage.aws, "a.ics", Some("christmas"));
    assert_eq!(stage.event_after(0).await.unwrap(), seen(&["christmas"], &[]));
    assert_eq!(stage.event_after(60).await.unwrap(), seen(&["christmas"], &[]));
    put(&stage.aws, "a.ics", Some("easter"));
    assert_eq!(stage.event_after(59).await.unwrap(), seen(&["christmas"], &[]));
    assert_eq!(stage.event_after(1).await.unwrap(), seen(&["easter"], &[]));
    put(&stage.aws, "a.ics", None);
    let outdated = "s3://acme-rules/team/pointsman.toml rules-outdated";
    assert_eq!(stage.event_after(60).await.unwrap(), seen(&["easter"], &[outdated]));
    assert_eq!(stage.event_after(60).await.unwrap(), seen(&["easter"], &[outdated]));
    put(&stage.aws, "a.ics", Some("easter monday"));
    assert_eq!(stage.event_after(60).await.unwrap(), seen(&["easter monday"], &[]));
}

#[tokio::test]
async fn a_calendar_is_an_item_beside_the_rules() {
    let items = r#"{ rule = "a.ics", table = "file", content = "christmas" }, { rule = "w", table = "window", holidays-file = "a.ics" },
        { rule = "v", table = "window", holidays-file = "b.ics" }"#;
    let mut stage = Stage::of(TABLE, &rows(&items.replace('\n', " "))).await;
    assert_eq!(stage.event_after(0).await.unwrap(), seen(&["christmas"], &["rules/v broken-rule"]));
}

#[tokio::test]
async fn a_file_makes_no_call() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pointsman.toml");
    std::fs::write(&file, pipeline("a")).unwrap();
    let mut stage = Stage::of(&file.to_string_lossy(), "").await;
    assert_eq!(stage.event_after(0).await.unwrap(), seen(&["a"], &[]));
    assert_eq!(stage.event_after(3_600).await.unwrap(), seen(&["a"], &[]));
    assert_eq!(stage.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn no_kind_of_broken_object_looks_like_no_rules() {
    let good = pipeline("web");
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let broken: [&[u8]; 12] = [
        b"",
        b" \r\n\t",
        "\u{feff}".as_bytes(),
        b"# later",
        &wide(&good),
        b"[[pipeline]]\nname = \"caf\xe9\"\n",
        b"\x1f\x8b\x08\x00",
        b"[[pipeline]]\nname = \"we",
        b"[[pipelin]]\nname = \"web\"\n",
        b"pipeline = 1\n",
        b"[pipeline]\nname = \"web\"\n",
        b"{\"pipeline\": []}",
    ];
    for bytes in broken {
        let mut stage = Stage::of(OBJECT, &bucket(&[&good])).await;
        assert_eq!(stage.event_after(0).await.unwrap(), seen(&["web"], &[]));
        stage.aws.put_object("acme-rules", "pointsman.toml", Some(bytes)).unwrap();
        assert_eq!(stage.event_after(60).await.unwrap(), seen(&["web"], &[OUTDATED]), "{bytes:?}");
        stage.rules = Stage::cold(OBJECT, &stage.config);
        assert_eq!(stage.event_after(1).await.unwrap(), seen(&["web"], &[OUTDATED]), "{bytes:?}");
    }
    let marked = format!("\u{feff}{good}");
    let mut stage = Stage::of(OBJECT, &bucket(&[&marked])).await;
    assert_eq!(stage.event_after(0).await.unwrap(), seen(&["web"], &[]), "a byte order mark is no mistake");
}

#[tokio::test]
async fn no_kind_of_broken_item_takes_another_rule_with_it() {
    let number = |text: &str| AttributeValue::N(text.to_owned());
    let deep = (0..30).fold(text("x"), |inner, _| AttributeValue::L(vec![inner]));
    let broken: [(&str, AttributeValue); 9] = [
        ("paths", number("100000000000000000000")),
        ("paths", number("0.00000000000000000000000000000000000000000001")),
        ("paths", AttributeValue::Null(true)),
        ("paths", AttributeValue::B(aws_sdk_dynamodb::primitives::Blob::new(b"x"))),
        ("paths", deep),
        ("paths", AttributeValue::Ns(vec!["1".to_owned(), "2".to_owned()])),
        ("name.x", text("y")),
        ("a\"]\n[[pipeline]]\nname", text("stolen")),
        ("table", number("1")),
    ];
    let world = rows("{ rule = \"b\", table = \"pipeline\", name = \"web\" }");
    for (attribute, value) in broken {
        let mut stage = Stage::of(TABLE, &world).await;
        let row = [("table", text("pipeline")), ("name", text("other")), (attribute, value.clone())];
        for id in ["a", "c"] {
            stage.put_row(id, &row).await;
        }
        let expected = seen(&["web"], &["rules/a broken-rule", "rules/c broken-rule"]);
        assert_eq!(stage.event_after(0).await.unwrap(), expected, "{attribute}: {value:?}");
    }
}
