//! A rules file: its path, its text, and the places in it.

use std::fmt;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use serde::Serialize;
use toml::Spanned;

use super::files::RulesFiles;
use super::near::did_you_mean;
use super::problem::{Problem, UNKNOWN_TABLE, WRONG_TYPE};
use super::rows::{BrokenRow, RowSpan};
use super::syntax::{decoded, parsed};
use super::value::{Entries, RawValue};
use crate::function::Table;
use crate::text::list;
use crate::text_file::without_mark;

/// The place of a rule: `file:line:column` (both counted from 1, columns in characters), or `table/item/attribute` of a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
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

/// Why a file beside the rules cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BesideError {
    /// The name is not that of one file.
    #[error("it is not the name of a file beside the rules")]
    Name,
    /// The rules are not in a folder.
    #[error("the rules are in no folder")]
    Nowhere,
    /// The file cannot be read.
    #[error("{0}")]
    Read(#[from] std::io::Error),
}

/// The text of a rules file and the name it is shown under.
#[derive(Debug, Clone)]
pub struct Document {
    name: String,
    text: String,
    /// The byte offset of each line.
    lines: Vec<usize>,
    /// The characters before each block of [`BLOCK`] bytes, so that a place in a long line is found quickly.
    characters: Vec<usize>,
    entries: Entries,
    /// What is wrong with the text itself.
    problems: Vec<Problem>,
    wants_warnings: bool,
    /// The folder of the file; none if the text is in no folder.
    folder: Option<PathBuf>,
    /// The files beside rules that are in no folder.
    pub(super) files: RulesFiles,
    /// The rows that the text was made from; none if it is a file.
    pub(super) rows: Vec<RowSpan>,
    /// The rows that are left out because they have errors.
    pub(super) broken_rows: Vec<BrokenRow>,
}

/// The bytes between two counts of characters.
const BLOCK: usize = 1_024;

/// A parsed `[[name]]` table with the place of its header.
#[derive(Debug, Clone)]
pub struct RawTable<'d> {
    pub(super) header: Range<usize>,
    pub(super) entries: &'d Entries,
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
        Self::of(name.into(), text.into(), Vec::new())
    }

    pub(super) fn of(name: String, mut text: String, mut problems: Vec<Problem>) -> Self {
        text.drain(..text.len() - without_mark(&text).len());
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut counted = 0;
        let counts = text.as_bytes().chunks(BLOCK).map(|block| {
            let before = counted;
            counted += characters(block);
            before
        });
        let characters = counts.collect();
        let (entries, mistakes) = parsed(&text);
        problems.extend(mistakes);
        Self {
            name,
            text,
            lines,
            characters,
            entries,
            problems,
            wants_warnings: true,
            folder: None,
            files: RulesFiles::default(),
            rows: Vec::new(),
            broken_rows: Vec::new(),
        }
    }

    /// The same document for a function, which needs its errors only.
    #[must_use]
    pub fn without_warnings(self) -> Self {
        Self { wants_warnings: false, ..self }
    }

    /// Whether the warnings that take time are wanted.
    pub fn wants_warnings(&self) -> bool {
        self.wants_warnings
    }

    /// What is wrong with the text itself, before any table is read.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Reads `path`. Places show only the file's name: there is one rules file, and its folder differs
    /// between a laptop (`config/`) and Lambda (`/opt/`).
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let bytes = std::fs::read(path).map_err(|source| ConfigError { path: path.to_owned(), source })?;
        let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
        let folder = path.parent().map(Path::to_owned);
        Ok(Self { folder, ..Self::from_bytes(name.into_owned(), bytes) })
    }

    /// The bytes of a file beside the rules, which is deployed with them.
    ///
    /// # Errors
    /// When the name is not that of one file, or the file cannot be read.
    pub fn beside(&self, name: &str) -> Result<Vec<u8>, BesideError> {
        if !is_one_name(name) {
            return Err(BesideError::Name);
        }
        if let Some(file) = self.files.get(name) {
            return file.map_err(|error| BesideError::Read(std::io::Error::other(error)));
        }
        let folder = self.folder.as_ref().ok_or(BesideError::Nowhere)?;
        Ok(std::fs::read(folder.join(name))?)
    }

    /// The files that the rules name in a key of a table, as far as they are names of one file.
    pub fn files_named(&self, table: &str, key: &str) -> Vec<String> {
        let tables = self.entries.iter().filter(|(name, _)| name.get_ref() == table);
        let items = tables.filter_map(|(_, value)| match value.get_ref() {
            RawValue::Array(items) => Some(items),
            _ => None,
        });
        let entries = items.flatten().filter_map(|item| match item.get_ref() {
            RawValue::Table(entries) => Some(entries),
            _ => None,
        });
        let values = entries.flatten().filter(|(name, _)| name.get_ref() == key);
        let names = values.filter_map(|(_, value)| match value.get_ref() {
            RawValue::String(text) if is_one_name(text) => Some(text.clone()),
            _ => None,
        });
        let mut names: Vec<String> = names.collect();
        names.sort();
        names.dedup();
        names
    }

    /// A document of a file's bytes, shown as `name`.
    pub fn from_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        let (text, problems) = decoded(bytes);
        Self::of(name.into(), text, problems)
    }

    /// Whether the document has no table and no key at all, and no mistake that hides one.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.problems.is_empty()
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
        if let Some(row) = self.row(span.start) {
            return Place(row.place(span.start));
        }
        let (line, column) = self.line_and_column(span.start);
        Place(format!("{}:{line}:{column}", self.name))
    }

    /// The line and the column of a byte, both counted from 1, columns in characters.
    pub(super) fn line_and_column(&self, at: usize) -> (usize, usize) {
        let at = at.min(self.text.len());
        let line = self.lines.partition_point(|begin| *begin <= at);
        (line, self.characters_before(at) - self.characters_before(self.lines[line - 1]) + 1)
    }

    fn characters_before(&self, at: usize) -> usize {
        let block = (at / BLOCK).min(self.characters.len().saturating_sub(1));
        let counted = self.characters.get(block).copied().unwrap_or_default();
        counted + characters(&self.text.as_bytes()[block * BLOCK..at])
    }

    /// The bytes of the whole lines that a span touches, and the number of the first.
    pub(super) fn lines(&self, span: &Range<usize>) -> (usize, Range<usize>) {
        let first = self.line_and_column(span.start).0;
        let end = span.end.clamp(span.start, self.text.len());
        let last = self.lines.partition_point(|begin| *begin <= end.saturating_sub(1).max(span.start));
        let until = self.lines.get(last).map_or(self.text.len(), |next| *next);
        (first, self.lines[first - 1]..until)
    }

    /// Every `[[name]]` table, in the file's order. A mistake in the text of any table is an error for every function,
    /// because the meaning of the file is then unknown.
    pub fn tables(&self, name: &str, problems: &mut Vec<Problem>) -> Vec<RawTable<'_>> {
        let new: Vec<Problem> =
            self.problems.iter().filter(|problem| !problems.contains(problem)).cloned().collect();
        problems.extend(new);
        let Some((key, value)) = self.entries.iter().find(|(key, _)| key.get_ref() == name) else {
            return Vec::new();
        };
        match value.get_ref() {
            RawValue::Array(items) => items.iter().filter_map(|item| table(name, item, problems)).collect(),
            other => {
                problems.push(not_a_list(name, key.span(), other.kind()));
                Vec::new()
            }
        }
    }

    /// The one `[name]` table, if the file has it.
    pub fn single_table(&self, name: &str, problems: &mut Vec<Problem>) -> Option<RawTable<'_>> {
        let (key, value) = self.entries.iter().find(|(key, _)| key.get_ref() == name)?;
        match value.get_ref() {
            RawValue::Table(entries) => Some(RawTable { header: key.span(), entries }),
            other => {
                let label = format!("`{name}` is one table, not {}", other.kind());
                let help = format!("write [{name}], with one pair of brackets, and once");
                problems.push(Problem::new(WRONG_TYPE, key.span(), label).help(help));
                None
            }
        }
    }

    /// Whether the file has a table, or a key, of this name at the top level.
    pub fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, _)| key.get_ref() == name)
    }

    /// Reports the tables at the top level that no function reads. `known` are the tables that a function reads.
    pub fn unknown_tables(&self, known: &[&Table], problems: &mut Vec<Problem>) {
        let table_of = |name: &str| known.iter().find(|table| table.name == name);
        // A row of an unknown table has its problem already.
        let is_new = |span: Range<usize>| self.row(span.start).is_none();
        let unknown = self.entries.iter().filter(|(key, _)| table_of(key.get_ref()).is_none());
        for (key, _) in unknown.filter(|(key, _)| is_new(key.span())) {
            let name = key.get_ref();
            let heading = |name: &str| table_of(name).map(|table| table.heading()).unwrap_or_default();
            let meant = did_you_mean(name, known.iter().map(|table| table.name), heading);
            let tables = list(known.iter().map(|table| table.heading()));
            problems.push(
                Problem::new(UNKNOWN_TABLE, key.span(), format!("no function reads `{name}`"))
                    .help(format!("{meant}the tables are {tables}")),
            );
        }
    }

    /// The same by the names of the tables alone, for a function that knows only its own.
    pub fn tables_beside(&self, known: &[&str], problems: &mut Vec<Problem>) {
        let unknown = self.entries.iter().filter(|(key, _)| !known.contains(&key.get_ref().as_str()));
        problems.extend(unknown.map(|(key, _)| {
            let tables = list(known.iter().map(|name| format!("`{name}`")));
            Problem::new(UNKNOWN_TABLE, key.span(), format!("no function reads `{}`", key.get_ref()))
                .help(format!("the tables are {tables}"))
        }));
    }
}

/// Whether a text is the name of one file, without a folder.
fn is_one_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let is_one =
        matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == name);
    is_one && !name.contains(['/', '\\', '\0'])
}

/// The characters that begin in some bytes of UTF-8.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

fn table<'d>(name: &str, item: &'d Spanned<RawValue>, problems: &mut Vec<Problem>) -> Option<RawTable<'d>> {
    let header = item.span();
    match item.get_ref() {
        RawValue::Table(entries) => Some(RawTable { header, entries }),
        other => {
            problems.push(not_a_list(name, header, other.kind()));
            None
        }
    }
}

fn not_a_list(name: &str, span: Range<usize>, found: &str) -> Problem {
    Problem::new(WRONG_TYPE, span, format!("`{name}` is a list of tables, not {found}"))
        .help(format!("write [[{name}]], with two brackets, above each table"))
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
