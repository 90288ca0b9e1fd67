//! Reads a list of patterns from a table of the rules.

use super::dead::dead_patterns;
use super::{Pattern, PatternList};
use crate::config::{Code, Document, Problem, TableReader, Text};

/// An empty list.
pub const EMPTY_LIST: Code = Code { name: "empty-list", title: "a list is empty" };
/// Not a glob, or a glob that cannot match anything.
pub const BAD_GLOB: Code =
    Code { name: "bad-glob", title: "a pattern is not a valid glob, or cannot match anything" };
/// A pattern that another pattern always overrides.
pub const NEVER_DECIDES: Code = Code { name: "never-decides", title: "a pattern never decides anything" };

/// Every code of this module.
pub const CODES: &[Code] = &[EMPTY_LIST, BAD_GLOB, NEVER_DECIDES];

/// The list of patterns at `key`, every problem in it reported. `branches` and `tags` take short names.
pub fn read(
    document: &Document,
    table: &mut TableReader<'_, '_, '_>,
    key: &'static str,
) -> Option<PatternList> {
    let texts = table.strings(key)?;
    if texts.get_ref().is_empty() {
        let help = "write at least one pattern, or remove the key";
        table.problem(Problem::new(EMPTY_LIST, texts.span(), format!("`{key}` is empty")).help(help));
        return None;
    }
    let mut read = Vec::new();
    for text in texts.get_ref() {
        match pattern(document, key, text) {
            Ok(pattern) => read.push((pattern, text.span())),
            Err(problem) => table.problem(*problem),
        }
    }
    for problem in dead_patterns(&read, NEVER_DECIDES) {
        table.problem(problem);
    }
    Some(PatternList { patterns: read.into_iter().map(|(pattern, _)| pattern).collect() })
}

fn pattern(document: &Document, key: &str, text: &Text) -> Result<Pattern, Box<Problem>> {
    let body = text.get_ref().trim_start_matches('!');
    let refused =
        |label: String, help: String| Box::new(Problem::new(BAD_GLOB, text.span(), label).help(help));
    if let ("branches" | "tags" | "protected" | "pinned", Some(short)) = (key, short_name(body)) {
        return Err(refused(format!("`{key}` takes names without `refs/...`"), format!("write `{short}`")));
    }
    Pattern::parse(text.get_ref(), document.place(&text.span())).map_err(|bad| refused(bad.message, bad.help))
}

fn short_name(body: &str) -> Option<&str> {
    body.strip_prefix("refs/heads/").or_else(|| body.strip_prefix("refs/tags/"))
}
