//! The JSON Schema of the rules file, held against the committed file, the functions that read the rules, and taplo.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use pointsman::functions::FUNCTIONS;
use pointsman::schema;
use serde_json::Value;
use shared::config::codes::{BAD_VALUE, WRONG_TYPE};
use shared::config::{Document, Problem, ProblemLevel};
use shared::function::{Function, Key, KeyDefault, Table, ValueType};

use crate::repository::{files, read, relative, root};

const COMMITTED: &str = "config/pointsman.schema.json";

#[test]
fn the_committed_schema_is_the_printed_one() {
    let text = schema::text().expect("each default is TOML");
    if std::env::var_os("POINTSMAN_BLESS").is_some() {
        std::fs::write(root().join(COMMITTED), &text).expect("the schema can be written");
    }
    let is_same = read(COMMITTED) == text;
    assert!(is_same, "{COMMITTED} is out of date: pointsman schema > {COMMITTED}");
}

#[test]
fn the_sample_rules_name_the_schema() {
    let first = read("config/pointsman.toml").lines().next().map(str::to_owned);
    assert_eq!(first.as_deref(), Some("#:schema ./pointsman.schema.json"));
}

/// taplo 0.9.3 reads no byte order mark, and the functions do.
const WITH_BYTE_ORDER_MARK: &str =
    "events/pipeline-trigger/files-with-a-byte-order-mark-are-read/pointsman.toml";

/// Rules that the functions accept, and rules with a value of a wrong kind.
#[test]
fn taplo_accepts_every_rules_file_of_the_workspace_that_the_functions_accept() {
    let is_rules = |path: &PathBuf| path.file_name().is_some_and(|name| name == "pointsman.toml");
    let rules = files().into_iter().filter(is_rules).filter(|path| relative(path) != WITH_BYTE_ORDER_MARK);
    let (good, bad): (Vec<PathBuf>, Vec<PathBuf>) = rules.partition(|path| errors_of(path).is_empty());
    assert!(good.len() > 100, "only {} rules files", good.len());
    let refused = refused_by_taplo(&committed(), &good);
    let refused: Vec<String> = refused.iter().map(|path| relative(path)).collect();
    assert!(refused.is_empty(), "check accepts what the schema refuses: {refused:#?}");
    let kinds = [WRONG_TYPE, BAD_VALUE].map(|code| code.name);
    let bad: Vec<PathBuf> = bad
        .into_iter()
        .filter(|path| errors_of(path).iter().any(|problem| kinds.contains(&problem.code.name)))
        .collect();
    assert_eq!(refused_by_taplo(&committed(), &bad).len(), bad.len(), "the schema accepts one of {bad:#?}");
}

#[test]
fn taplo_refuses_each_kind_of_mistake() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mistakes = [
        ("unknown-table", "[[pipelines]]\nname = \"a\"\n"),
        ("one-bracket", "[pipeline]\nname = \"a\"\nrepository = \"r\"\n"),
        ("unknown-key", "[[pipeline]]\nname = \"a\"\nrepository = \"r\"\nbranchs = [\"main\"]\n"),
        ("missing-key", "[[pipeline]]\nname = \"a\"\n"),
        ("empty", "[[pipeline]]\nname = \"\"\nrepository = \"r\"\n"),
        ("no-brackets", "[[pipeline]]\nname = \"a\"\nrepository = \"r\"\nbranches = \"main\"\n"),
        ("not-a-choice", "[[pipeline]]\nname = \"a\"\nrepository = \"r\"\npin = \"hed\"\n"),
        ("too-low", "[branch-stacks]\nmost-deletions = -1\n"),
        ("two-tables", "[[branch-stacks]]\nmost-deletions = 1\n"),
    ];
    let paths: Vec<PathBuf> =
        mistakes.map(|(name, text)| written(folder.path(), name, text)).into_iter().collect();
    let refused = refused_by_taplo(&committed(), &paths);
    let missed: Vec<&PathBuf> = paths.iter().filter(|path| !refused.contains(*path)).collect();
    assert!(missed.is_empty(), "the schema accepts {missed:#?}");
}

/// One value of each kind that TOML has, in the places of every key of every table.
#[test]
fn the_schema_and_the_functions_refuse_the_same_kinds_of_values() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let probes: Vec<Probe> = FUNCTIONS.into_iter().flat_map(probes).collect();
    let paths: Vec<PathBuf> = probes
        .iter()
        .enumerate()
        .map(|(index, probe)| written(folder.path(), &index.to_string(), &probe.text()))
        .collect();
    let lenient = written(folder.path(), "lenient", &without_required());
    let refused = refused_by_taplo(&lenient, &paths);
    let mut different = Vec::new();
    for (probe, path) in probes.iter().zip(&paths) {
        let (is_refused, problems) = (refused.contains(path), probe.problems());
        let is_kind = |problem: &Problem| [WRONG_TYPE, BAD_VALUE].contains(&problem.code);
        if is_refused && problems.is_empty() {
            different.push(format!("only the schema refuses {}", probe.text()));
        }
        if !is_refused && problems.iter().any(is_kind) {
            different.push(format!("only {} refuses {}", probe.function.name, probe.text()));
        }
    }
    assert!(probes.len() > 500, "only {} probes", probes.len());
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn the_schema_and_the_functions_require_the_same_keys() {
    for function in FUNCTIONS {
        for table in function.tables {
            let text = format!("{}\n", table.heading());
            let labels: Vec<String> =
                problems(function, &text).into_iter().map(|problem| problem.label).collect();
            for key in table.keys {
                let is_missed =
                    labels.iter().any(|label| *label == format!("this table has no `{}`", key.name));
                let is_required = match key.default {
                    KeyDefault::OneOf(keys) => keys[0] == key.name,
                    default => default == KeyDefault::Required,
                };
                assert_eq!(is_missed, is_required, "{}: `{}`, of {labels:#?}", table.heading(), key.name);
            }
        }
    }
}

/// A rules file with one key.
struct Probe {
    function: &'static Function,
    before: String,
    value: String,
    after: String,
}

impl Probe {
    fn text(&self) -> String {
        format!("{}{}{}\n", self.before, self.value, self.after)
    }

    /// The errors with the value, not with the rest of the file.
    fn problems(&self) -> Vec<Problem> {
        let value = self.before.len()..self.before.len() + self.value.len();
        let touches = |problem: &Problem| problem.span.start < value.end && value.start < problem.span.end;
        let is_inside =
            |problem: &Problem| value.start <= problem.span.start && problem.span.end <= value.end;
        problems(self.function, &self.text())
            .into_iter()
            .filter(|problem| touches(problem) && is_inside(problem))
            .collect()
    }
}

fn probes(function: &'static Function) -> Vec<Probe> {
    let of_table = |table: &'static Table| of_keys(function, table, &format!("{}\n", table.heading()), "");
    function.tables.iter().flat_map(of_table).collect()
}

fn of_keys(function: &'static Function, table: &'static Table, before: &str, after: &str) -> Vec<Probe> {
    table.keys.iter().flat_map(|key| of_key(function, key, before, after)).collect()
}

fn of_key(function: &'static Function, key: &'static Key, before: &str, after: &str) -> Vec<Probe> {
    let before = format!("{before}{} = ", key.name);
    let mut probes: Vec<Probe> = values(&key.takes)
        .into_iter()
        .map(|value| Probe { function, before: before.clone(), value, after: after.to_owned() })
        .collect();
    match key.takes {
        ValueType::Table(table) => {
            probes.extend(of_keys(function, table, &format!("{before}{{ "), &format!(" }}{after}")));
        }
        ValueType::Tables(table) => {
            probes.extend(of_keys(function, table, &format!("{before}[{{ "), &format!(" }}]{after}")));
        }
        _ => {}
    }
    probes
}

/// One value of each kind, and the values that the key names. JSON has no dates, so that taplo takes a date as a string.
fn values(takes: &ValueType) -> Vec<String> {
    let fixed = [
        "\"x\"",
        "\"\"",
        "1",
        "0",
        "-1",
        "4294967296",
        "1.5",
        "true",
        "[]",
        "[\"x\"]",
        "[1]",
        "[\"x\", 1]",
        "[[\"x\"]]",
        "{}",
        "{ A = \"x\" }",
        "{ A = 1 }",
        "[{}]",
        "[{ A = \"x\" }]",
    ];
    let mut values: Vec<String> = fixed.map(str::to_owned).to_vec();
    match takes {
        ValueType::OneOf(choices) => values.extend(choices.iter().map(|choice| format!("\"{choice}\""))),
        ValueType::Array(ValueType::OneOf(choices)) => {
            values.extend(choices.iter().map(|choice| format!("[\"{choice}\"]")));
        }
        _ => {}
    }
    values
}

fn problems(function: &Function, text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    (function.check)(&Document::new("pointsman.toml", text), &[], &mut problems);
    problems.retain(|problem| problem.level == ProblemLevel::Error);
    problems
}

/// The errors of a rules file, whose templates may be in the folder of the file or in `templates/`.
fn errors_of(path: &Path) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Ok(document) = Document::read(path) else { return problems };
    let tables: Vec<&Table> = FUNCTIONS.iter().flat_map(|function| function.tables).collect();
    document.unknown_tables(&tables, &mut problems);
    let folder = path.parent().expect("a file is in a folder").to_owned();
    let folders = [folder, root().join("templates")];
    for function in FUNCTIONS {
        (function.check)(&document, &folders, &mut problems);
    }
    problems.retain(|problem| problem.level == ProblemLevel::Error);
    problems
}

fn committed() -> PathBuf {
    root().join(COMMITTED)
}

/// The committed schema without its required keys, for files with one key.
fn without_required() -> String {
    fn remove(value: &mut Value) {
        match value {
            Value::Object(members) => {
                // A table may have a key of this name, whose value is then no array.
                if members.get("required").is_some_and(Value::is_array) {
                    members.remove("required");
                }
                members.values_mut().for_each(remove);
            }
            Value::Array(items) => items.iter_mut().for_each(remove),
            _ => {}
        }
    }
    let mut schema: Value = serde_json::from_str(&read(COMMITTED)).expect("the schema is JSON");
    remove(&mut schema);
    schema.to_string()
}

fn written(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(format!("{name}.toml"));
    std::fs::write(&path, text).expect("a file can be written");
    path
}

/// The files that taplo refuses under the schema.
fn refused_by_taplo(schema: &Path, files: &[PathBuf]) -> BTreeSet<PathBuf> {
    let python = std::env::var_os("POINTSMAN_PYTHON").map(PathBuf::from).expect(
        "POINTSMAN_PYTHON names no Python interpreter beside which taplo is: run `make test`, which installs both",
    );
    let taplo = python.with_file_name("taplo");
    let mut command = Command::new(taplo);
    command.args(["lint", "--no-auto-config", "--colors", "never"]).env("RUST_LOG", "error");
    let output = command.arg("--schema").arg(format!("file://{}", schema.display())).args(files).output();
    let printed = output.expect("taplo runs").stderr;
    // Each error names its place, as in `┌─ /tmp/a.toml:2:1`. taplo's log lines are no help: the last one is often lost.
    let printed = String::from_utf8_lossy(&printed).into_owned();
    let places = printed.lines().filter_map(|line| line.trim_start().strip_prefix("┌─ "));
    let paths = places.filter_map(|place| place.rsplitn(3, ':').nth(2));
    paths.map(PathBuf::from).collect()
}
