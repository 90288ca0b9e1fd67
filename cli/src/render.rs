//! Decisions and calls as a person reads them on a terminal of 80 columns.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use local_aws::{Answer, Call};
use serde_json::Value;
use shared::decision::{Action, ActionResult, Decision, Note, Reason, Verdict};

/// Columns of the terminal that the text is wrapped for.
const WIDTH: usize = 80;

/// The longest subject that still has its sentence beside it.
const BESIDE: usize = 24;

const DIM: Style = Style::new().dimmed();

/// A decision: what it is about, each reason, what should be known besides, each action.
pub fn decision(decision: &Decision) -> String {
    let mut out = format!("{}\n", printable(&decision.event));
    let subjects = decision.reasons.iter().map(|reason| reason.subject.chars().count());
    let column = subjects.filter(|length| *length <= BESIDE).max().unwrap_or(0);
    for told in &decision.reasons {
        out.push_str(&reason(told, column));
    }
    for (what, count) in &decision.reason_counts {
        let _ = writeln!(out, "  {count:>6} x {what}");
    }
    for told in &decision.notes {
        out.push_str(&note(told));
    }
    for told in &decision.actions {
        out.push_str(&action(told));
    }
    out
}

/// The calls that were made: to CodeCommit in their order; those to CodePipeline by operation and pipeline, since they
/// are made for many pipelines at a time and arrive in any order.
pub fn calls(calls: &[Call]) -> String {
    let mut out = String::new();
    let mut sorted: Vec<&Call> = calls.iter().collect();
    sorted.sort_by_cached_key(|call| match call.service.as_str() {
        "codepipeline" => (call.service.as_str(), call.operation.as_str(), brief(&call.input)),
        service => (service, "", String::new()),
    });
    for call in sorted {
        let line = format!("{} {}", call.operation, brief(&call.input));
        let effect = if call.injected && call.took_effect { ", after its effect" } else { "" };
        let line =
            wrapped(&printable(&format!("{line} -> {}{effect}", answer(&call.answer))), "  call   ", 9);
        let _ = writeln!(out, "{DIM}{line}{DIM:#}");
    }
    out
}

fn reason(reason: &Reason, column: usize) -> String {
    let style = style(reason.verdict);
    let subject = printable(&reason.subject);
    let place = reason.because.config.as_deref().map(|place| format!(" ({place})")).unwrap_or_default();
    let sentence = printable(&format!("{}{place}", reason.because.sentence));
    let verdict = format!("{style}{:<5}{style:#}", reason.verdict);
    if subject.chars().count() <= column {
        let indent = 2 + 5 + 2 + column + 2;
        let body = wrapped(&sentence, "", indent);
        return format!("  {verdict}  {subject:<column$}  {}\n", body.trim_start());
    }
    format!("  {verdict}  {subject}\n{}\n", wrapped(&sentence, "", 9))
}

fn note(note: &Note) -> String {
    let sentence = format!("{}: {}", note.subject, note.because.sentence);
    wrapped(&printable(&sentence), "  note   ", 9) + "\n"
}

fn action(action: &Action) -> String {
    let pinned = action.input["sourceRevisions"].as_array().into_iter().flatten();
    let pinned: Vec<String> = pinned
        .filter_map(|revision| {
            Some(format!(
                "{} at {}",
                revision["actionName"].as_str()?,
                short(revision["revisionValue"].as_str()?)
            ))
        })
        .collect();
    let call = action.call.rsplit(':').next().unwrap_or(&action.call);
    let pinned = if pinned.is_empty() { String::new() } else { format!(" ({})", pinned.join(", ")) };
    let (did, result) = match &action.result {
        ActionResult::Done(id) => ("did    ", format!("execution {id}")),
        ActionResult::Failed(error) => ("failed ", error.clone()),
        ActionResult::NotCalled(why) => ("would  ", format!("not called: {why}")),
    };
    wrapped(&printable(&format!("{call} {}{pinned}: {result}", action.subject)), &format!("  {did}"), 9)
        + "\n"
}

fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Start => AnsiColor::Green.on_default().bold(),
        Verdict::Skip => DIM,
        Verdict::Hold => AnsiColor::Yellow.on_default().bold(),
        Verdict::Fail => AnsiColor::Red.on_default().bold(),
    }
}

/// Wraps to the width, with `first` before the first line and `indent` spaces before the others.
fn wrapped(text: &str, first: &str, indent: usize) -> String {
    let spaces = " ".repeat(indent);
    let first = if first.is_empty() { &spaces } else { first };
    textwrap::fill(text, textwrap::Options::new(WIDTH).initial_indent(first).subsequent_indent(&spaces))
}

/// The strings and numbers of a call's input, ids shortened, tokens left out.
fn brief(input: &Value) -> String {
    match input {
        Value::String(text) if is_hexadecimal(text, 64) => String::new(),
        Value::String(text) => short(text),
        Value::Number(number) => number.to_string(),
        Value::Array(items) => joined(items.iter()),
        Value::Object(members) => joined(members.values()),
        Value::Null | Value::Bool(_) => String::new(),
    }
}

fn joined<'v>(values: impl Iterator<Item = &'v Value>) -> String {
    let parts: Vec<String> = values.map(brief).filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

fn answer(answer: &Answer) -> String {
    match answer {
        Answer::Ok(value) => answered(value),
        Answer::Error { code, message, .. } if message.is_empty() => code.clone(),
        Answer::Error { code, message, .. } => format!("{code}: {message}"),
        Answer::Cut => "the connection was cut".to_owned(),
    }
}

/// What a call answered, in a few words: the id it gave, or how many things it listed.
fn answered(value: &Value) -> String {
    for pointer in
        ["/pipelineExecutionId", "/branch/commitId", "/baseCommitId", "/repositoryMetadata/defaultBranch"]
    {
        if let Some(id) = value.pointer(pointer).and_then(Value::as_str) {
            return short(id);
        }
    }
    let lists = value.as_object().into_iter().flatten();
    let counted: Vec<String> =
        lists.filter_map(|(name, list)| Some(format!("{} {name}", list.as_array()?.len()))).collect();
    if counted.is_empty() { "ok".to_owned() } else { counted.join(", ") }
}

fn short(text: &str) -> String {
    if is_hexadecimal(text, 40) { text[..7].to_owned() } else { text.to_owned() }
}

fn is_hexadecimal(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Names come from repositories and events: none of them may move the cursor.
pub fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}
