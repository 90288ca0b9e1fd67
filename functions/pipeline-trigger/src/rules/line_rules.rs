//! The changed lines that do not count, of `ignore-whitespace` and `ignore-lines`.

use regex::Regex;
use shared::config::{Code, Document, Place, Problem, TableReader, Text};

pub(super) const BAD_LINE_PATTERN: Code =
    Code { name: "bad-line-pattern", title: "a line pattern cannot be used" };

/// The changed lines that do not count; a rule without them has none of these.
#[derive(Debug, Clone)]
pub struct LineRules {
    /// Whether changes of whitespace do not count.
    pub ignore_whitespace: bool,
    /// The patterns of lines that do not count.
    pub patterns: Vec<LinePattern>,
}

/// A pattern of lines that do not count.
#[derive(Debug, Clone)]
pub struct LinePattern {
    /// As it is written.
    pub text: String,
    /// Where it stands.
    pub place: Place,
    regex: Regex,
}

/// Why a changed line does not count.
#[derive(Debug, Clone, Copy)]
enum LineIgnored<'r> {
    /// It is blank.
    Blank,
    /// The pattern matches it.
    By(&'r LinePattern),
}

/// Why a file whose lines differ counts as not changed.
#[derive(Debug, Clone)]
pub struct IgnoredBy<'r> {
    /// How many lines differ, in the old file and in the new one.
    pub lines: usize,
    /// The pattern that matches the first of them; none if only whitespace differs.
    pub pattern: Option<&'r LinePattern>,
}

/// The changed lines of one file, for one rule.
#[derive(Debug, Clone)]
pub struct LineJudge<'r> {
    rules: &'r LineRules,
    ignored: IgnoredBy<'r>,
    has_counting: bool,
}

impl<'r> LineJudge<'r> {
    /// No line seen yet.
    pub fn new(rules: &'r LineRules) -> Self {
        Self { rules, ignored: IgnoredBy { lines: 0, pattern: None }, has_counting: false }
    }

    /// Takes a line into account that differs.
    pub fn see(&mut self, line: &str) {
        self.ignored.lines += 1;
        match self.rules.ignoring(line) {
            Some(LineIgnored::By(pattern)) => self.ignored.pattern = self.ignored.pattern.or(Some(pattern)),
            Some(LineIgnored::Blank) => {}
            None => self.has_counting = true,
        }
    }

    /// Whether a line counts, so that the others do not matter.
    pub fn is_settled(&self) -> bool {
        self.has_counting
    }

    /// Why the file counts as not changed, if it does. A file without a differing line differs in whitespace, or in
    /// something that no line shows.
    pub fn finish(self) -> Option<IgnoredBy<'r>> {
        let is_ignored = !self.has_counting && (self.ignored.lines > 0 || self.rules.ignore_whitespace);
        is_ignored.then_some(self.ignored)
    }
}

impl LineRules {
    fn ignoring(&self, line: &str) -> Option<LineIgnored<'_>> {
        // Files of Windows end their lines with both characters.
        let line = line.strip_suffix('\r').unwrap_or(line);
        if self.ignore_whitespace && line.trim().is_empty() {
            return Some(LineIgnored::Blank);
        }
        self.patterns.iter().find(|pattern| pattern.regex.is_match(line)).map(LineIgnored::By)
    }
}

/// Reads the keys; none if no changed line is ignored.
pub(super) fn read(document: &Document, table: &mut TableReader<'_, '_, '_>) -> Option<LineRules> {
    let ignore_whitespace = table.boolean("ignore-whitespace").unwrap_or_default();
    let texts = table.strings("ignore-lines").map(toml::Spanned::into_inner).unwrap_or_default();
    let patterns: Vec<LinePattern> =
        texts.into_iter().filter_map(|text| pattern(document, table, text)).collect();
    (ignore_whitespace || !patterns.is_empty()).then_some(LineRules { ignore_whitespace, patterns })
}

/// A line that no pattern has on purpose, and one without a letter.
const ANY_LINES: [&str; 3] = ["", "\u{1}pointsman 0f3c\u{1}", "  }"];

fn pattern(document: &Document, table: &mut TableReader<'_, '_, '_>, text: Text) -> Option<LinePattern> {
    let regex = match Regex::new(text.get_ref()) {
        Ok(regex) => regex,
        Err(error) => {
            let label = format!("not a regular expression: {}", last_line(&error.to_string()));
            let help = "write a regular expression of Rust's `regex` crate, without look-around; in single quotes, \
                        TOML keeps backslashes";
            table.problem(Problem::new(BAD_LINE_PATTERN, text.span(), label).help(help));
            return None;
        }
    };
    if ANY_LINES.iter().all(|line| regex.is_match(line)) {
        let help = "write what only the ignored lines have, as in '^version = '";
        let label = "this pattern matches every line, so no change of a file would start the pipeline";
        table.problem(Problem::new(BAD_LINE_PATTERN, text.span(), label).help(help));
        return None;
    }
    let place = document.place(&text.span());
    Some(LinePattern { text: text.into_inner(), place, regex })
}

/// The message itself: the lines before it show the expression.
fn last_line(error: &str) -> &str {
    let line = error.lines().last().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line)
}
