//! A problem in a rules file and how it is shown: its code, its place, the underlined text, and help.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Document;
use crate::text::{list_at_most, printable, wrapping};

/// A kind of problem. `name` is stable and has a heading in `docs/problems.md`; `title` is its one-line meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Stable, in kebab case.
    pub name: &'static str,
    /// What is shown after the name.
    pub title: &'static str,
}

/// The file is not TOML.
pub const SYNTAX: Code = Code { name: "syntax", title: "the file is not valid TOML" };
/// The file is not UTF-8.
pub const NOT_UTF8: Code = Code { name: "not-utf-8", title: "the file is not UTF-8" };
/// A table at the top level that no function reads.
pub const UNKNOWN_TABLE: Code = Code { name: "unknown-table", title: "no function reads this table" };
/// A key that its table does not have.
pub const UNKNOWN_KEY: Code = Code { name: "unknown-key", title: "this table does not have this key" };
/// A required key that is missing.
pub const MISSING_KEY: Code = Code { name: "missing-key", title: "a required key is missing" };
/// A value of another type than its key takes.
pub const WRONG_TYPE: Code = Code { name: "wrong-type", title: "a value has the wrong type" };
/// A value that is not one of those its key takes.
pub const BAD_VALUE: Code = Code { name: "bad-value", title: "a value is not allowed" };
/// A rule that never applies, because an earlier rule covers everything that it covers.
pub const HIDDEN: Code =
    Code { name: "hidden-rule", title: "an earlier rule covers everything that this rule covers" };

/// Every code that any table can have.
pub const CODES: &[Code] =
    &[SYNTAX, NOT_UTF8, UNKNOWN_TABLE, UNKNOWN_KEY, MISSING_KEY, WRONG_TYPE, BAD_VALUE];

/// What a problem stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemLevel {
    /// Its function, and a deployment.
    Error,
    /// Nothing: the rules do what they say, but probably not what their author wants.
    Warning,
}

/// Whether a problem is an error.
pub fn has_errors(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.level == ProblemLevel::Error)
}

/// A problem with its place and its help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its kind.
    pub code: Code,
    /// What it stops.
    pub level: ProblemLevel,
    /// The problem with the underlined text.
    pub label: String,
    /// The underlined bytes.
    pub span: Range<usize>,
    /// A related place and its label.
    pub related: Option<(Range<usize>, String)>,
    /// How to fix the problem.
    pub help: Option<String>,
}

impl Problem {
    /// A problem with the text at `span`.
    pub fn new(code: Code, span: Range<usize>, label: impl Into<String>) -> Self {
        Self { code, level: ProblemLevel::Error, label: label.into(), span, related: None, help: None }
    }

    /// The same problem as a warning.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.level = ProblemLevel::Warning;
        self
    }

    /// Adds how to fix the problem.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a related place.
    #[must_use]
    pub fn related(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.related = Some((span, label.into()));
        self
    }
}

/// Columns of a help line, so that it ends within a terminal's 80.
const HELP_WIDTH: usize = 66;

/// The most problems that are shown with their lines. The others have one line each.
const MOST_SHOWN: usize = 200;

/// The longest line that is shown, in bytes.
const LONGEST_LINE: usize = 4_000;

/// The lines between a problem and a related place that are shown in one piece.
const NEAR: usize = 40;

/// All problems of one document as text, in the file's order. `path` is a path that the reader can open. Colours are ANSI
/// escapes when `coloured`.
pub fn render(document: &Document, path: &str, problems: &[Problem], coloured: bool) -> String {
    let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    sorted.sort_by_key(|problem| (problem.span.start, problem.code.name));
    // Lines of a list on one long line cannot be read anyway.
    let is_short = |problem: &&Problem| document.lines(&problem.span).1.len() <= LONGEST_LINE;
    let first_long = sorted.iter().position(|problem| !is_short(problem)).unwrap_or(sorted.len());
    let (shown, others) = sorted.split_at(first_long.min(MOST_SHOWN));
    let shown = shown.iter().map(|problem| renderer.render(&[group(document, path, problem)]));
    let others: Vec<String> = others.iter().map(|problem| line(document, path, problem)).collect();
    let others = (!others.is_empty()).then(|| others.join("\n"));
    shown.chain(others).collect::<Vec<String>>().join("\n\n")
}

/// The most errors that a summary names.
const MOST_IN_A_SUMMARY: usize = 3;

/// The errors in one line, each with its place.
pub fn summary(document: &Document, problems: &[Problem]) -> String {
    let errors = problems.iter().filter(|problem| problem.level == ProblemLevel::Error);
    let errors: Vec<String> = errors
        .map(|problem| format!("{} ({})", printable(&problem.label), document.place(&problem.span)))
        .collect();
    list_at_most(&errors, MOST_IN_A_SUMMARY)
}

/// A problem in one line.
fn line(document: &Document, path: &str, problem: &Problem) -> String {
    let level = match problem.level {
        ProblemLevel::Error => "error",
        ProblemLevel::Warning => "warning",
    };
    let label = printable(&problem.label);
    if document.row(problem.span.start).is_some() {
        return format!("{level}[{}]: {}: {label}", problem.code.name, document.place(&problem.span));
    }
    let (line, column) = document.line_and_column(problem.span.start);
    format!("{level}[{}]: {path}:{line}:{column}: {label}", problem.code.name)
}

fn group<'a>(document: &'a Document, path: &'a str, problem: &'a Problem) -> Group<'a> {
    let level = match problem.level {
        ProblemLevel::Error => Level::ERROR,
        ProblemLevel::Warning => Level::WARNING,
    };
    let title = level.primary_title(problem.code.title).id(problem.code.name);
    let primary = (problem.span.clone(), AnnotationKind::Primary, problem.label.as_str());
    let related =
        problem.related.as_ref().map(|(span, label)| (span.clone(), AnnotationKind::Context, label.as_str()));
    let distance = |span: &Range<usize>| {
        let line = |at| document.line_and_column(at).0;
        line(span.start).abs_diff(line(problem.span.start))
    };
    // A row has a place of its own.
    let is_elsewhere =
        |span: &Range<usize>| document.row_index(span.start) != document.row_index(problem.span.start);
    let mut group = Group::with_title(title);
    group = match related {
        Some(related) if distance(&related.0) > NEAR || is_elsewhere(&related.0) => group
            .element(snippet(document, path, vec![primary]))
            .element(snippet(document, path, vec![related])),
        Some(related) => group.element(snippet(document, path, vec![primary, related])),
        None => group.element(snippet(document, path, vec![primary])),
    };
    match &problem.help {
        Some(help) => {
            group.element(Level::HELP.message(textwrap::fill(&printable(help), wrapping(HELP_WIDTH))))
        }
        None => group,
    }
}

/// The lines around some places, and a label at each of them. The file may be long, so that only these lines are read.
fn snippet<'a>(
    document: &'a Document,
    path: &'a str,
    places: Vec<(Range<usize>, AnnotationKind, &str)>,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let start = places.iter().map(|(span, ..)| span.start).min().unwrap_or_default();
    let end = places.iter().map(|(span, ..)| span.end).max().unwrap_or_default();
    let (first, lines) = document.lines(&(start..end));
    let from = lines.start;
    let annotations = places
        .into_iter()
        .map(|(span, kind, label)| kind.span(span.start - from..span.end - from).label(printable(label)));
    // A row has the place of a row, and lines of its own.
    let row = document.row(start);
    let path = row.map_or(path, |row| row.name.as_str());
    let before = row.map_or(0, |row| document.line_and_column(row.range.start).0 - 1);
    let first = first.saturating_sub(before).max(1);
    Snippet::source(&document.text()[lines]).line_start(first).path(path).annotations(annotations)
}
