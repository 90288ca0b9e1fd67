//! Decisions and calls as a person reads them on a terminal of 80 columns.

mod calls;
pub mod columns;

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use shared::decision::{Action, ActionResult, Decision, Note, Reason, Verdict};
use shared::text::{printable, wrapping};

pub use calls::calls;
pub(crate) use calls::email_text;
use calls::short;

/// Columns of the terminal that the text is wrapped for.
const WIDTH: usize = 80;

/// The longest subject that still has its sentence beside it.
const BESIDE: usize = 24;

const DIM: Style = Style::new().dimmed();

/// A decision: its event, each reason, each note, each action.
pub fn decision(decision: &Decision) -> String {
    let mut out = sentence(&decision.event);
    let subjects = decision.reasons.iter().map(|reason| reason.subject.chars().count());
    let column = subjects.filter(|length| *length <= BESIDE).max().unwrap_or(0);
    let verdicts = decision.reasons.iter().map(|reason| reason.verdict.to_string().len());
    let columns = Columns { verdict: verdicts.max().unwrap_or(0).max(5), subject: column };
    for shown in &decision.reasons {
        out.push_str(&reason(shown, &columns));
    }
    for (what, count) in &decision.reason_counts {
        let _ = writeln!(out, "  {count:>6} x {what}");
    }
    for shown in &decision.notes {
        out.push_str(&note(shown));
    }
    for shown in &decision.actions {
        out.push_str(&action(shown));
    }
    out
}

/// A sentence by itself, wrapped, its further lines indented.
pub fn sentence(text: &str) -> String {
    format!("{}\n", wrapped(&printable(text.trim_end()), "  ", 2).trim_start())
}

/// A text with its own line breaks, such as the problems of a rules file.
pub fn block(text: &str) -> String {
    text.trim_end().lines().map(|line| format!("{}\n", printable(line))).collect()
}

/// The widths of the columns of the reasons.
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
    let details: Vec<String> = pinned.into_iter().chain(variables).collect();
    let call = action.call.rsplit(':').next().unwrap_or(&action.call);
    let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) };
    let (did, result) = match &action.result {
        ActionResult::Done(id) if call == "StartPipelineExecution" => ("did    ", format!("execution {id}")),
        ActionResult::Done(id) if id.is_empty() => ("did    ", "done".to_owned()),
        ActionResult::Done(id) => ("did    ", short(id)),
        ActionResult::Failed(error) => ("failed ", error.clone()),
        ActionResult::NotCalled(why) => ("would  ", format!("not called: {why}")),
    };
    wrapped(&printable(&format!("{call} {}{details}: {result}", action.subject)), &format!("  {did}"), 9)
        + "\n"
}

fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Start | Verdict::Create | Verdict::Update | Verdict::Delete | Verdict::Revert => {
            AnsiColor::Green.on_default().bold()
        }
        Verdict::Alert => AnsiColor::Magenta.on_default().bold(),
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
