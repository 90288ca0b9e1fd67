//! A rules file: its path, its text, and the places in it.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Serialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, SYNTAX, UNKNOWN_TABLE, WRONG_TYPE};
use crate::function::Table;
use crate::text::list;
use crate::text_file::without_mark;

/// The place of a rule, as `file:line:column` (both counted from 1, columns in characters).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Place(String);

impl Place {
    /// A place in a file that is not the rules file, such as a repository's ignore file.
    pub fn line(file: &str, line: usize) -> Self {
        Self(format!("{file}:{line}"))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The rules file cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the rules file {}", path.display())]
pub struct ConfigError {
    path: PathBuf,
    source: std::io::Error,
}

/// The text of a rules file and the name it is shown under.
#[derive(Debug, Clone)]
pub struct Document {
    name: String,
    text: String,
    /// The byte offset of each line.
    lines: Vec<usize>,
}

/// A parsed `[[name]]` table with the place of its header.
#[derive(Debug, Clone)]
pub struct RawTable<'d> {
    pub(super) header: Range<usize>,
    pub(super) entries: DeTable<'d>,
}

impl RawTable<'_> {
    /// The bytes of the table's header.
    pub fn header(&self) -> Range<usize> {
        self.header.clone()
    }
}

impl Document {
    /// A document of `text`, shown as `name` in problems and places. A byte order mark is not a part of it.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let mut text = text.into();
        text.drain(..text.len() - without_mark(&text).len());
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { name: name.into(), text, lines }
    }

    /// Reads `path`. Places show only the file's name: there is one rules file, and its folder differs
    /// between a laptop (`config/`) and Lambda (`/opt/`).
    ///
    /// # Errors
    /// When the file cannot be read, or is not UTF-8.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError { path: path.to_owned(), source })?;
        let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
        Ok(Self::new(name, text))
    }

    /// The name that problems and places show.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The place at which a span of this document begins.
    pub fn place(&self, span: &Range<usize>) -> Place {
        let start = span.start.min(self.text.len());
        let line = self.lines.partition_point(|begin| *begin <= start);
        let column = self.text[self.lines[line - 1]..start].chars().count() + 1;
        Place(format!("{}:{line}:{column}", self.name))
    }

    /// Every `[[name]]` table, in the file's order. A syntax error anywhere in the file is a problem for every
    /// function, because the meaning of the rest of the file is then unknown.
    pub fn tables(&self, name: &str, problems: &mut Vec<Problem>) -> Vec<RawTable<'_>> {
        let Some(root) = self.parse(problems) else { return Vec::new() };
        let Some(value) = root.into_iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value)
        else {
            return Vec::new();
        };
        match value.into_inner() {
            DeValue::Array(items) => {
                items.into_iter().filter_map(|item| table(name, item, problems)).collect()
            }
            other => {
                let span = self.key_span(name);
                problems.push(not_a_list(name, span, kind(&other)));
                Vec::new()
            }
        }
    }

    /// The one `[name]` table, if the file has it.
    pub fn single_table(&self, name: &str, problems: &mut Vec<Problem>) -> Option<RawTable<'_>> {
        // A syntax error is a problem of the lists of tables already.
        let root = self.parse(&mut Vec::new())?;
        let (key, value) = root.into_iter().find(|(key, _)| key.get_ref() == name)?;
        match value.into_inner() {
            DeValue::Table(entries) => Some(RawTable { header: key.span(), entries }),
            other => {
                let label = format!("`{name}` is one table, not {}", kind(&other));
                let help = format!("write [{name}], with one pair of brackets, and once");
                problems.push(Problem::new(WRONG_TYPE, key.span(), label).help(help));
                None
            }
        }
    }

    /// Reports the tables at the top level that no function reads. `known` are the tables that a function reads.
    pub fn unknown_tables(&self, known: &[&Table], problems: &mut Vec<Problem>) {
        let Some(root) = self.parse(&mut Vec::new()) else { return };
        let is_known = |key: &str| known.iter().any(|table| table.name == key);
        for (key, _) in root.iter().filter(|(key, _)| !is_known(key.get_ref().as_ref())) {
            problems.push(
                Problem::new(UNKNOWN_TABLE, key.span(), format!("no function reads `{}`", key.get_ref()))
                    .help(format!("the tables are {}", list(known.iter().map(|table| table.heading())))),
            );
        }
    }

    fn parse(&self, problems: &mut Vec<Problem>) -> Option<DeTable<'_>> {
        let (root, errors) = DeTable::parse_recoverable(&self.text);
        let broken = !errors.is_empty();
        problems.extend(errors.into_iter().map(|error| {
            let span = error.span().unwrap_or_default();
            Problem::new(SYNTAX, span, error.message())
                .help("the file is TOML 1.1: https://toml.io/en/v1.1.0")
        }));
        (!broken).then(|| root.into_inner())
    }

    fn key_span(&self, name: &str) -> Range<usize> {
        let root = DeTable::parse_recoverable(&self.text).0.into_inner();
        root.iter().find(|(key, _)| key.get_ref() == name).map(|(key, _)| key.span()).unwrap_or_default()
    }
}

fn table<'d>(name: &str, item: Spanned<DeValue<'d>>, problems: &mut Vec<Problem>) -> Option<RawTable<'d>> {
    let header = item.span();
    match item.into_inner() {
        DeValue::Table(entries) => Some(RawTable { header, entries }),
        other => {
            problems.push(not_a_list(name, header, kind(&other)));
            None
        }
    }
}

fn not_a_list(name: &str, span: Range<usize>, found: &str) -> Problem {
    Problem::new(WRONG_TYPE, span, format!("`{name}` is a list of tables, not {found}"))
        .help(format!("write [[{name}]], with two brackets, above each table"))
}

/// The name of a TOML value's type in a sentence.
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_document() {
        let document = Document::new("pointsman.toml", "\u{feff}a = 1\n");
        assert_eq!(document.text(), "a = 1\n");
        assert_eq!(document.place(&(4..5)).to_string(), "pointsman.toml:1:5");
    }

    #[test]
    fn a_place_counts_lines_and_characters_from_one() {
        let document = Document::new("pointsman.toml", "a = 1\né = \"ü\" # b\n");
        let at = document.text().find("\"ü").unwrap();
        assert_eq!(document.place(&(at..at + 2)).to_string(), "pointsman.toml:2:5");
        assert_eq!(document.place(&(0..1)).to_string(), "pointsman.toml:1:1");
    }

    #[test]
    fn a_table_with_one_pair_of_brackets_is_reported() {
        let mut problems = Vec::new();
        let document = Document::new("pointsman.toml", "[pipeline]\nname = \"a\"\n");
        assert!(document.tables("pipeline", &mut problems).is_empty());
        assert_eq!(problems.len(), 1);
        assert_eq!(
            problems[0].help.as_deref(),
            Some("write [[pipeline]], with two brackets, above each table")
        );
    }
}
