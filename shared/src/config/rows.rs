//! Rules that are rows of a table: each row becomes one TOML table of a document, and its places name the row and the attribute.

use std::ops::Range;

use super::problem::{MISSING_KEY, Problem, UNKNOWN_TABLE, WRONG_TYPE};
use super::{Document, Place};

/// The attribute that names the table of the rules: `pipeline`.
pub const TABLE_ATTRIBUTE: &str = "table";

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum RowValue {
    /// A string.
    Text(String),
    /// A number, as the store writes it.
    Number(String),
    /// `true` or `false`.
    Boolean(bool),
    /// A list, or a set in a stable order.
    List(Vec<RowValue>),
    /// A map.
    Table(Vec<(String, RowValue)>),
    /// A value that TOML has no type for, named in a sentence: `a binary value`.
    Other(&'static str),
}

/// How a row's table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowTable<'a> {
    /// `[[name]]`.
    List(&'a str),
    /// `[name]`.
    Single(&'a str),
    /// No function reads a table of this name.
    Unknown(&'a str),
    /// The row names no table.
    Missing,
}

/// One rule as a row: its TOML text, and where each attribute stands in it.
#[derive(Debug, Clone)]
pub struct RuleRow {
    /// The place of the row: `table/item`.
    pub name: String,
    /// The name of its table, if the row has one that a function reads.
    pub table: Option<String>,
    text: String,
    attributes: Vec<(Range<usize>, String)>,
    problems: Vec<Problem>,
}

impl RuleRow {
    /// The row of that name with its attributes, without those that name the row and its table.
    pub fn new(name: String, table: RowTable<'_>, attributes: &[(String, RowValue)]) -> Self {
        let (heading, problem) = heading(table);
        let known = match table {
            RowTable::List(name) | RowTable::Single(name) => Some(name.to_owned()),
            RowTable::Unknown(_) | RowTable::Missing => None,
        };
        let mut row =
            Self { name, table: known, text: heading, attributes: Vec::new(), problems: Vec::new() };
        row.problems.extend(problem);
        row.text.push('\n');
        for (name, value) in attributes {
            row.attribute(name, value);
        }
        row
    }

    fn attribute(&mut self, name: &str, value: &RowValue) {
        let start = self.text.len();
        self.text.push_str(&format!("{} = ", key(name)));
        let value_start = self.text.len();
        let mut unknown = None;
        written(value, &mut self.text, &mut unknown);
        if let Some(kind) = unknown {
            let label = format!("`{name}` has {kind}");
            let help = "write a string, a number, true or false, a list, a set of strings or a map";
            self.problems.push(Problem::new(WRONG_TYPE, value_start..self.text.len(), label).help(help));
        }
        self.attributes.push((start..self.text.len(), name.to_owned()));
        self.text.push('\n');
    }
}

/// The table's header, and the problem of a row whose table is not known.
fn heading(table: RowTable<'_>) -> (String, Option<Problem>) {
    match table {
        RowTable::List(name) => (format!("[[{}]]", key(name)), None),
        RowTable::Single(name) => (format!("[{}]", key(name)), None),
        RowTable::Unknown(name) => {
            let heading = format!("[[{}]]", key(name));
            let label = format!("no function reads `{name}`");
            let help = format!("write the name of a table of the rules in the attribute `{TABLE_ATTRIBUTE}`");
            let problem = Problem::new(UNKNOWN_TABLE, 0..heading.len(), label).help(help);
            (heading, Some(problem))
        }
        RowTable::Missing => {
            let heading = "[[\"\"]]".to_owned();
            let label = format!("the item has no string `{TABLE_ATTRIBUTE}`");
            let help = format!("write {TABLE_ATTRIBUTE} = \"pipeline\", or the name of another table");
            let problem = Problem::new(MISSING_KEY, 0..heading.len(), label).help(help);
            (heading, Some(problem))
        }
    }
}

/// A key of TOML.
fn key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(is_bare) { name.to_owned() } else { quoted(name) }
}

/// A basic string of TOML, on one line.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Writes a value as TOML. A value that TOML has no type for is written as a string, and its kind is kept.
fn written(value: &RowValue, out: &mut String, unknown: &mut Option<&'static str>) {
    match value {
        RowValue::Text(text) => out.push_str(&quoted(text)),
        RowValue::Number(number) if is_number(number) => out.push_str(number),
        RowValue::Number(number) => {
            *unknown = Some("a number that TOML cannot hold");
            out.push_str(&quoted(number));
        }
        RowValue::Boolean(value) => out.push_str(&value.to_string()),
        RowValue::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                written(item, out, unknown);
            }
            out.push(']');
        }
        RowValue::Table(entries) => {
            out.push('{');
            for (index, (name, item)) in entries.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { " " });
                out.push_str(&format!("{} = ", key(name)));
                written(item, out, unknown);
            }
            out.push_str(if entries.is_empty() { "}" } else { " }" });
        }
        RowValue::Other(kind) => {
            *unknown = Some(kind);
            out.push_str("\"\"");
        }
    }
}

/// Whether the text is a decimal number of TOML.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let whole = |text: &str| digits(text) && (text == "0" || !text.starts_with('0'));
    match text.strip_prefix('-').unwrap_or(text).split_once('.') {
        Some((before, after)) => whole(before) && digits(after),
        None => whole(text.strip_prefix('-').unwrap_or(text)),
    }
}

/// A row of a document.
#[derive(Debug, Clone)]
pub(super) struct RowSpan {
    /// The bytes of the row.
    pub(super) range: Range<usize>,
    /// `table/item`.
    pub(super) name: String,
    attributes: Vec<(Range<usize>, String)>,
}

impl RowSpan {
    /// The place of a byte of the row.
    pub(super) fn place(&self, at: usize) -> String {
        let attribute = self.attributes.iter().find(|(range, _)| (range.start..=range.end).contains(&at));
        match attribute {
            Some((_, attribute)) => format!("{}/{attribute}", self.name),
            None => self.name.clone(),
        }
    }
}

/// A row that is not used, because it has an error.
#[derive(Debug, Clone)]
pub struct BrokenRow {
    /// The place of the row.
    pub place: Place,
    /// The name of its table; none if the row may be of any table.
    pub table: Option<String>,
    /// The row alone.
    pub document: Document,
    /// Its problems in a line.
    pub problems: String,
}

impl Document {
    /// The document of some rows, in their order. `name` is shown for a problem of no row.
    pub fn of_rows<'r>(name: &str, rows: impl IntoIterator<Item = &'r RuleRow>) -> Self {
        // No row begins at the first byte, where a problem of the whole document stands.
        let mut text = format!("# {}\n", name.replace(['\n', '\r'], " "));
        let (mut spans, mut problems) = (Vec::new(), Vec::new());
        for row in rows {
            let start = text.len();
            text.push_str(&row.text);
            let moved = |range: &Range<usize>| range.start + start..range.end + start;
            let attributes = row.attributes.iter().map(|(range, name)| (moved(range), name.clone()));
            let range = start..text.len();
            spans.push(RowSpan { range, name: row.name.clone(), attributes: attributes.collect() });
            let own = row.problems.iter().cloned();
            problems.extend(own.map(|problem| Problem { span: moved(&problem.span), ..problem }));
        }
        let mut document = Self::of(name.to_owned(), text, problems);
        document.rows = spans;
        document
    }

    /// The index of the row that a byte belongs to.
    pub fn row_index(&self, at: usize) -> Option<usize> {
        self.rows.iter().position(|row| row.range.contains(&at))
    }

    pub(super) fn row(&self, at: usize) -> Option<&RowSpan> {
        self.row_index(at).map(|index| &self.rows[index])
    }

    /// The same document, with the rows that are not in it because they have errors.
    #[must_use]
    pub fn with_broken_rows(mut self, broken: Vec<BrokenRow>) -> Self {
        self.broken_rows = broken;
        self
    }

    /// The rows of some table, or of an unknown one, that are not in this document because they have errors. What such a rule
    /// would say is unknown: a function must not act on its absence.
    pub fn broken_rows(&self, tables: &[&str]) -> impl Iterator<Item = &BrokenRow> {
        let of_table = |row: &&BrokenRow| row.table.as_deref().is_none_or(|table| tables.contains(&table));
        self.broken_rows.iter().filter(of_table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TableReader;
    use crate::function::{Key, KeyDefault, Table, ValueType};

    const KEY: Key =
        Key { name: "paths", takes: ValueType::STRINGS, default: KeyDefault::Absent("none"), summary: "" };
    const PIPELINE: Table = Table { name: "pipeline", summary: "", keys: &[KEY], is_list: true };

    fn row(name: &str, attributes: &[(&str, RowValue)]) -> RuleRow {
        let attributes: Vec<_> =
            attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        RuleRow::new(name.to_owned(), RowTable::List("pipeline"), &attributes)
    }

    fn texts(texts: &[&str]) -> RowValue {
        RowValue::List(texts.iter().map(|text| RowValue::Text((*text).to_owned())).collect())
    }

    #[test]
    fn a_place_names_the_row_and_the_attribute_and_a_hostile_text_stays_a_text() {
        let hostile = "a\"]\n[[pipeline]]\n\\ \u{7f}'''\u{0}";
        let rows = [row("t/one", &[("paths", texts(&["x"]))]), row("t/two", &[("paths", texts(&[hostile]))])];
        let document = Document::of_rows("dynamodb://t", &rows);
        let mut problems = Vec::new();
        let tables = document.tables("pipeline", &mut problems);
        assert_eq!((tables.len(), &problems), (2, &Vec::new()));
        let mut reader = TableReader::new(&PIPELINE, &tables[1], &mut problems);
        let read = reader.strings("paths").unwrap();
        assert_eq!(read.get_ref()[0].get_ref(), hostile);
        assert_eq!(document.place(&read.get_ref()[0].span()).to_string(), "t/two/paths");
        assert_eq!(document.place(&tables[1].header()).to_string(), "t/two");
        assert_eq!(document.row_index(tables[0].header().start), Some(0));
        assert_eq!(document.row_index(0), None);
    }

    #[test]
    fn every_value_of_a_store_is_toml_or_a_problem_of_its_attribute() {
        let number = |text: &str| RowValue::Number(text.to_owned());
        let values = [
            (number("-12"), true),
            (number("0"), true),
            (number("1.5"), true),
            (number("1E+20"), false),
            (number("007"), false),
            (RowValue::Boolean(true), true),
            (RowValue::Table(vec![("a b".into(), RowValue::Table(Vec::new()))]), true),
            (RowValue::List(vec![RowValue::Other("a binary value")]), false),
            (RowValue::Other("NULL"), false),
        ];
        for (value, fits) in values {
            let document = Document::of_rows("t", &[row("t/a", &[("paths", value.clone())])]);
            assert_eq!(document.problems().is_empty(), fits, "{value:?}: {:?}", document.problems());
            let places = document.problems().iter().map(|one| document.place(&one.span).to_string());
            assert!(places.into_iter().all(|place| place == "t/a/paths"));
        }
    }

    #[test]
    fn a_problem_shows_its_own_row_and_the_related_one() {
        let name = |text: &str| [("paths", RowValue::Text(text.to_owned()))];
        let rows = [row("t/one", &name("a")), row("t/two", &name("b"))];
        let document = Document::of_rows("dynamodb://t", &rows);
        let at = |text: &str| document.text().find(text).map(|at| at..at + 3).unwrap();
        let problem = Problem::new(WRONG_TYPE, at("\"b\""), "second").related(at("\"a\""), "first");
        let shown = crate::config::render(&document, "dynamodb://t", &[problem], false);
        assert!(shown.contains("--> t/two:2:9") && shown.contains("t/one:2:9"), "{shown}");
        let mut problems = Vec::new();
        let unknown = Document::of_rows("t", &[RuleRow::new("t/a".into(), RowTable::Unknown("x"), &[])]);
        unknown.unknown_tables(&[], &mut problems);
        assert_eq!((problems.len(), unknown.problems().len()), (0, 1));
    }

    #[test]
    fn a_row_of_an_unknown_table_may_be_a_rule_of_any_function() {
        let rows = [RowTable::Unknown("pipelne"), RowTable::Missing]
            .map(|table| RuleRow::new("t/a".into(), table, &[]));
        let document = Document::of_rows("t", &rows);
        assert_eq!(document.problems().len(), 2);
        assert!(rows.iter().all(|row| row.table.is_none()));
    }
}
