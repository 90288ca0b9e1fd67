//! What can be wrong in a rules file, and how it is shown: code, place, the span underlined, what to do.

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
/// A table at the top level that nothing reads.
pub const UNKNOWN_TABLE: Code = Code { name: "unknown-table", title: "a table that nothing reads" };
/// A key that its table does not have.
pub const UNKNOWN_KEY: Code = Code { name: "unknown-key", title: "a key that this table does not have" };
/// A key that must be there and is not.
pub const MISSING_KEY: Code = Code { name: "missing-key", title: "a key that must be there is missing" };
/// A value of another type than its key takes.
pub const WRONG_TYPE: Code = Code { name: "wrong-type", title: "a value has the wrong type" };
/// A value that is not one of those its key takes.
pub const BAD_VALUE: Code = Code { name: "bad-value", title: "a value is not one of those allowed" };
/// A rule that never decides, in a table of which the first that covers something does.
pub const HIDDEN: Code =
    Code { name: "hidden-rule", title: "a rule before this one covers all that it covers" };

/// Every code that any table can have.
pub const CODES: &[Code] = &[SYNTAX, UNKNOWN_TABLE, UNKNOWN_KEY, MISSING_KEY, WRONG_TYPE, BAD_VALUE];

/// One thing that is wrong, where it is, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its kind.
    pub code: Code,
    /// What is wrong with the underlined text.
    pub label: String,
    /// The bytes that are underlined.
    pub span: Range<usize>,
    /// Another place that belongs to it, with what is there.
    pub related: Option<(Range<usize>, String)>,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    /// A problem with the text at `span`.
    pub fn new(code: Code, span: Range<usize>, label: impl Into<String>) -> Self {
        Self { code, label: label.into(), span, related: None, help: None }
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds another place that belongs to it.
    #[must_use]
    pub fn related(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.related = Some((span, label.into()));
        self
    }
}

/// Columns of a help line, so that it ends within a terminal's 80.
const HELP_WIDTH: usize = 66;

/// All problems of one document as a person reads them, in the file's order. `path` is the file as the reader can
/// open it. Colours are ANSI escapes when `coloured`.
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
