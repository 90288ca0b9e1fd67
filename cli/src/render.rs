//! Decisions and calls as a person reads them on a terminal of 80 columns.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use local_aws::{Answer, Call};
use serde_json::{Map, Value};
use shared::decision::{Action, ActionResult, Decision, Note, Reason, Verdict};
use shared::text::{printable, wrapping};

/// Columns of the terminal that the text is wrapped for.
const WIDTH: usize = 80;

/// The longest subject that still has its sentence beside it.
const BESIDE: usize = 24;

const DIM: Style = Style::new().dimmed();

/// A decision: what it is about, each reason, what should be known besides, each action.
pub fn decision(decision: &Decision) -> String {
    let mut out = sentence(&decision.event);
    let subjects = decision.reasons.iter().map(|reason| reason.subject.chars().count());
    let column = subjects.filter(|length| *length <= BESIDE).max().unwrap_or(0);
    let verdicts = decision.reasons.iter().map(|reason| reason.verdict.to_string().len());
    let columns = Columns { verdict: verdicts.max().unwrap_or(0).max(5), subject: column };
    for told in &decision.reasons {
        out.push_str(&reason(told, &columns));
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

/// A sentence by itself, wrapped, its further lines indented.
pub fn sentence(text: &str) -> String {
    format!("{}\n", wrapped(&printable(text.trim_end()), "  ", 2).trim_start())
}

/// A text whose lines are as they should be: the problems of a rules file.
pub fn block(text: &str) -> String {
    text.trim_end().lines().map(|line| format!("{}\n", printable(line))).collect()
}

/// The calls that were made, service by service, in their order; those to CodePipeline by operation and pipeline, since
/// they are made for many pipelines at a time and arrive in any order. The pages of one list are one line. What SNS sends
/// is shown as whoever gets the mail sees it.
pub fn calls(calls: &[Call]) -> String {
    let mut sorted: Vec<(String, &Call)> = calls.iter().map(|call| (asked(call), call)).collect();
    sorted.sort_by(|(asked, call), (other_asked, other)| {
        let concurrent = |call: &Call| call.service == "codepipeline";
        call.service
            .cmp(&other.service)
            .then_with(|| if concurrent(call) { asked.cmp(other_asked) } else { std::cmp::Ordering::Equal })
    });
    let mut out = String::new();
    for pages in sorted.chunk_by(|(asked, call), (next, other)| asked == next && continues(call, other)) {
        let (asked, first) = &pages[0];
        let answers: Vec<&Answer> = pages.iter().map(|(_, call)| &call.answer).collect();
        let times = if pages.len() > 1 { format!(" ({} pages)", pages.len()) } else { String::new() };
        let effect = if first.injected && first.took_effect { ", after its effect" } else { "" };
        let line = printable(&format!("{asked}{times} -> {}{effect}", answered(&answers)));
        let _ = writeln!(out, "{DIM}{}{DIM:#}", wrapped(&line, "  call   ", 9));
        if first.operation == "Publish" && (first.took_effect || matches!(first.answer, Answer::Ok(_))) {
            out.push_str(&mail(&first.input));
        }
    }
    out
}

/// A mail: its subject, and its text line by line.
fn mail(input: &Value) -> String {
    let text = |member: &str| input[member].as_str().unwrap_or_default();
    let mut out = wrapped(&printable(text("Subject")), "  mail   ", 9) + "\n";
    for line in text("Message").lines() {
        let line = printable(line);
        out.push_str(&if line.is_empty() { "\n".to_owned() } else { wrapped(&line, "", 11) + "\n" });
    }
    out
}

fn asked(call: &Call) -> String {
    // Its text is shown as a mail.
    let told = if call.operation == "Publish" { &call.input["TopicArn"] } else { &call.input };
    format!("{} {}", call.operation, brief(told)).trim_end().to_owned()
}

/// Whether `next` asks for a further page of the list that `call` gave a page of.
fn continues(call: &Call, next: &Call) -> bool {
    let lists = |call: &Call| matches!(&call.answer, Answer::Ok(answer) if list(answer).is_some());
    let further =
        ["nextToken", "NextToken"].iter().any(|token| next.input.get(token).is_some_and(Value::is_string));
    further && lists(call) && lists(next)
}

/// How wide the columns of the reasons are.
struct Columns {
    verdict: usize,
    subject: usize,
}

fn reason(reason: &Reason, columns: &Columns) -> String {
    let style = style(reason.verdict);
    let subject = printable(&reason.subject);
    let place = reason.because.config.as_deref().map(|place| format!(" ({place})")).unwrap_or_default();
    let sentence = printable(&format!("{}{place}", reason.because.sentence));
    let Columns { verdict: width, subject: column } = *columns;
    let verdict = format!("{style}{:<width$}{style:#}", reason.verdict);
    if subject.chars().count() <= column {
        let indent = 2 + width + 2 + column + 2;
        let body = wrapped(&sentence, "", indent);
        return format!("  {verdict}  {subject:<column$}  {}\n", body.trim_start());
    }
    format!("  {verdict}  {subject}\n{}\n", wrapped(&sentence, "", width + 4))
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
    let variables = action.input["variables"].as_array().into_iter().flatten();
    let variables = variables.filter_map(|variable| {
        Some(format!("{}={}", variable["name"].as_str()?, short(variable["value"].as_str()?)))
    });
    let told: Vec<String> = pinned.into_iter().chain(variables).collect();
    let call = action.call.rsplit(':').next().unwrap_or(&action.call);
    let told = if told.is_empty() { String::new() } else { format!(" ({})", told.join(", ")) };
    let (did, result) = match &action.result {
        ActionResult::Done(id) if call == "StartPipelineExecution" => ("did    ", format!("execution {id}")),
        ActionResult::Done(id) if id.is_empty() => ("did    ", "done".to_owned()),
        ActionResult::Done(id) => ("did    ", short(id)),
        ActionResult::Failed(error) => ("failed ", error.clone()),
        ActionResult::NotCalled(why) => ("would  ", format!("not called: {why}")),
    };
    wrapped(&printable(&format!("{call} {}{told}: {result}", action.subject)), &format!("  {did}"), 9) + "\n"
}

fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Start | Verdict::Create | Verdict::Update | Verdict::Delete => {
            AnsiColor::Green.on_default().bold()
        }
        Verdict::Skip => DIM,
        Verdict::Hold => AnsiColor::Yellow.on_default().bold(),
        Verdict::Fail => AnsiColor::Red.on_default().bold(),
    }
}

/// Wraps to the width, with `first` before the first line and `indent` spaces before the others.
fn wrapped(text: &str, first: &str, indent: usize) -> String {
    let spaces = " ".repeat(indent);
    let first = if first.is_empty() { &spaces } else { first };
    textwrap::fill(text, wrapping(WIDTH).initial_indent(first).subsequent_indent(&spaces))
}

/// The names and ids in a call's input, shortened; what only tells pages and repeats apart is left out.
fn brief(input: &Value) -> String {
    match input {
        Value::String(text) => short(text),
        Value::Array(items) => joined(items.iter()),
        Value::Object(members) => {
            if let Some(pair) = pair(members) {
                return pair;
            }
            let told = members.iter().filter(|(name, _)| !is_token(name)).map(member);
            told.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
        }
        Value::Number(_) | Value::Null | Value::Bool(_) => String::new(),
    }
}

fn member((name, value): (&String, &Value)) -> String {
    match value {
        Value::String(body) if name == "TemplateBody" => sized(body),
        value => brief(value),
    }
}

/// A tag, or a stack's parameter.
fn pair(members: &Map<String, Value>) -> Option<String> {
    let text = |names: [&str; 2]| names.iter().find_map(|name| members.get(*name)?.as_str());
    Some(format!("{}={}", text(["Key", "ParameterKey"])?, short(text(["Value", "ParameterValue"])?)))
}

fn is_token(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with("token")
}

fn joined<'v>(values: impl Iterator<Item = &'v Value>) -> String {
    let parts: Vec<String> = values.map(brief).filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

/// What a call answered, in a few words; for the pages of a list, what all of them have.
fn answered(answers: &[&Answer]) -> String {
    match answers {
        [Answer::Ok(value)] => given(value),
        [Answer::Error { code, message, .. }] if message.is_empty() => code.clone(),
        [Answer::Error { code, message, .. }] => format!("{code}: {message}"),
        [Answer::Cut] => "the connection was cut".to_owned(),
        pages => {
            let lists = pages.iter().filter_map(|page| match page {
                Answer::Ok(value) => list(value),
                Answer::Error { .. } | Answer::Cut => None,
            });
            let lists: Vec<(&str, usize)> = lists.collect();
            counted(lists.iter().map(|(_, count)| count).sum(), lists.first().map_or("", |(name, _)| name))
        }
    }
}

/// The id that an answer gives, or how many things it lists.
fn given(value: &Value) -> String {
    if let Some([stack]) = value["Stacks"].as_array().map(Vec::as_slice) {
        return stack["StackStatus"].as_str().unwrap_or("1 stack").to_owned();
    }
    for pointer in [
        "/pipelineExecutionId",
        "/branch/commitId",
        "/commit/commitId",
        "/baseCommitId",
        "/repositoryMetadata/defaultBranch",
        "/StackId",
        "/MessageId",
    ] {
        if let Some(id) = value.pointer(pointer).and_then(Value::as_str) {
            return short(id);
        }
    }
    list(value).map_or_else(|| "ok".to_owned(), |(name, count)| counted(count, name))
}

fn list(value: &Value) -> Option<(&str, usize)> {
    value.as_object()?.iter().find_map(|(name, list)| Some((name.as_str(), list.as_array()?.len())))
}

fn counted(count: usize, name: &str) -> String {
    let (one, many) = match name {
        "pipelineExecutionSummaries" => ("execution", "executions"),
        "Stacks" => ("stack", "stacks"),
        "StackEvents" => ("event", "events"),
        "branches" => ("branch", "branches"),
        "repositories" => ("repository", "repositories"),
        name => (name.trim_end_matches('s'), name),
    };
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// The longest text that is shown whole: a branch's name may have 256 characters.
const LONGEST: usize = 300;

/// A commit or a digest by its beginning, a stack's ARN by its name and the beginning of its id, a template by its size.
fn short(text: &str) -> String {
    if is_hexadecimal(text, 40) || is_hexadecimal(text, 64) {
        return text[..7].to_owned();
    }
    if let Some((name, id)) = text.split_once(":stack/").and_then(|(_, stack)| stack.split_once('/')) {
        return format!("{name}/{}", id.get(..8).unwrap_or(id));
    }
    if text.len() > LONGEST { sized(text) } else { text.to_owned() }
}

fn sized(text: &str) -> String {
    format!("({} bytes)", thousands(text.len()))
}

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join(",")
}

fn is_hexadecimal(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
