//! A problem in a rules file and how it is shown: its code, its place, the underlined text, and help.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Document;
use crate::text::{printable, wrapping};

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
pub const CODES: &[Code] = &[SYNTAX, UNKNOWN_TABLE, UNKNOWN_KEY, MISSING_KEY, WRONG_TYPE, BAD_VALUE];

/// A problem with its place and its help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its kind.
    pub code: Code,
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
        Self { code, label: label.into(), span, related: None, help: None }
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

/// All problems of one document as text, in the file's order. `path` is a path that the reader can open. Colours are ANSI escapes when `coloured`.
pub fn render(document: &Document, path: &str, problems: &[Problem], coloured: bool) -> String {
    let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    sorted.sort_by_key(|problem| (problem.span.start, problem.code.name));
    let shown: Vec<String> =
        sorted.into_iter().map(|problem| renderer.render(&[group(document, path, problem)])).collect();
    shown.join("\n\n")
}

fn group<'a>(document: &'a Document, path: &'a str, problem: &'a Problem) -> Group<'a> {
    let primary = AnnotationKind::Primary.span(problem.span.clone()).label(printable(&problem.label));
    let related = problem
        .related
        .iter()
        .map(|(span, label)| AnnotationKind::Context.span(span.clone()).label(printable(label)));
    let snippet = Snippet::source(document.text()).path(path).annotation(primary).annotations(related);
    let title = Level::ERROR.primary_title(problem.code.title).id(problem.code.name);
    let group = Group::with_title(title).element(snippet);
    match &problem.help {
        Some(help) => {
            group.element(Level::HELP.message(textwrap::fill(&printable(help), wrapping(HELP_WIDTH))))
        }
        None => group,
    }
}
