//! Reads one table key by key, collecting every problem instead of stopping at the first.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;

use crate::function::Table;

use super::document::RawTable;
use super::near::did_you_mean;
use super::problem::{BAD_VALUE, Code, MISSING_KEY, Problem, UNKNOWN_KEY, WRONG_TYPE};
use super::value::RawValue;
use crate::text::list;

/// A string of the file with its place.
pub type Text = Spanned<String>;

/// One table and the keys read so far; [`TableReader::finish`] reports every other key as unknown.
pub struct TableReader<'t, 'd, 'p> {
    description: &'static Table,
    table: &'t RawTable<'d>,
    asked: BTreeSet<&'static str>,
    problems: &'p mut Vec<Problem>,
}

impl<'t, 'd, 'p> TableReader<'t, 'd, 'p> {
    /// Starts reading `table`, one of the tables that `description` describes.
    pub fn new(description: &'static Table, table: &'t RawTable<'d>, problems: &'p mut Vec<Problem>) -> Self {
        Self { description, table, asked: BTreeSet::new(), problems }
    }

    /// The bytes of the table's header.
    pub fn header(&self) -> Range<usize> {
        self.table.header.clone()
    }

    /// The bytes of the value at `key`, if there is one.
    pub fn span(&mut self, key: &'static str) -> Option<Range<usize>> {
        self.value(key).map(Spanned::span)
    }

    /// Reports a problem with a value of this table.
    pub fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The string at `key`, if it is there and a string.
    pub fn string(&mut self, key: &'static str) -> Option<Text> {
        let value = self.value(key)?;
        self.as_string(key, value)
    }

    /// The string at `key`; its absence, or an empty string, is a problem. `empty` is the code of the latter.
    pub fn required_string(&mut self, key: &'static str, empty: Code) -> Option<Text> {
        if self.value(key).is_none() {
            let label = format!("this table has no `{key}`");
            self.problem(
                Problem::new(MISSING_KEY, self.header(), label).help(format!("add `{key} = \"...\"` to it")),
            );
            return None;
        }
        let text = self.string(key)?;
        if text.get_ref().trim().is_empty() {
            let help = format!("write the {key}, or remove the table");
            self.problem(Problem::new(empty, text.span(), format!("`{key}` is empty")).help(help));
            return None;
        }
        Some(text)
    }

    /// The strings of the array at `key`; each item that is not a string is a problem. A string without brackets is a
    /// problem, not an array of one.
    pub fn strings(&mut self, key: &'static str) -> Option<Spanned<Vec<Text>>> {
        let value = self.value(key)?;
        let RawValue::Array(items) = value.get_ref() else {
            let label = format!("`{key}` is an array of strings, not {}", value.get_ref().kind());
            let help = match value.get_ref() {
                RawValue::String(text) => format!("write {key} = [{}]", toml::Value::from(text.as_str())),
                _ => format!("write {key} = [\"...\", \"...\"]"),
            };
            self.problem(Problem::new(WRONG_TYPE, value.span(), label).help(help));
            return None;
        };
        let texts: Vec<Text> = items.iter().filter_map(|item| self.as_string(key, item)).collect();
        (!texts.is_empty() || items.is_empty()).then(|| Spanned::new(value.span(), texts))
    }

    /// The strings of the array at `key`, or the one string there.
    pub fn texts(&mut self, key: &'static str) -> Option<Vec<Text>> {
        let value = self.value(key)?;
        match value.get_ref() {
            RawValue::String(text) => Some(vec![Spanned::new(value.span(), text.clone())]),
            _ => self.strings(key).map(Spanned::into_inner),
        }
    }

    /// The table of strings at `key`, in the file's order: each name with its place, and its value. Each value that is not
    /// a string is a problem.
    pub fn string_table(&mut self, key: &'static str) -> Option<Vec<(Text, Text)>> {
        let value = self.value(key)?;
        let RawValue::Table(entries) = value.get_ref() else {
            let label = format!("`{key}` is a table of strings, not {}", value.get_ref().kind());
            let help = format!("write {key} = {{ Name = \"value\" }}");
            self.problem(Problem::new(WRONG_TYPE, value.span(), label).help(help));
            return None;
        };
        let mut texts: Vec<(Text, Text)> = Vec::new();
        for (name, item) in entries {
            texts.extend(self.as_string(key, item).map(|value| (name.clone(), value)));
        }
        Some(texts)
    }

    /// The tables of the array at `key`; each item that is not a table is a problem.
    pub fn tables(&mut self, key: &'static str) -> Option<Spanned<Vec<RawTable<'d>>>> {
        let value = self.value(key)?;
        let RawValue::Array(items) = value.get_ref() else {
            let label = format!("`{key}` is an array of tables, not {}", value.get_ref().kind());
            let help = format!("write {key} = [{{ ... }}, {{ ... }}]");
            self.problem(Problem::new(WRONG_TYPE, value.span(), label).help(help));
            return None;
        };
        let mut tables = Vec::new();
        for item in items {
            match item.get_ref() {
                RawValue::Table(entries) => tables.push(RawTable { header: item.span(), entries }),
                other => {
                    let label = format!("`{key}` takes tables, not {}", other.kind());
                    let help = format!("write {key} = [{{ ... }}, {{ ... }}]");
                    self.problem(Problem::new(WRONG_TYPE, item.span(), label).help(help));
                }
            }
        }
        Some(Spanned::new(value.span(), tables))
    }

    /// A reader of a table in this table, whose problems are reported with those of this table.
    pub fn nested<'n>(
        &'n mut self,
        description: &'static Table,
        table: &'n RawTable<'d>,
    ) -> TableReader<'n, 'd, 'n> {
        TableReader::new(description, table, self.problems)
    }

    /// The whole number at `key`, at least `least`.
    pub fn number(&mut self, key: &'static str, least: u32) -> Option<u32> {
        let value = self.value(key)?;
        let number = match value.get_ref() {
            RawValue::Integer { digits, radix } => u32::from_str_radix(digits, *radix).ok(),
            other => {
                let label = format!("`{key}` is a whole number, not {}", other.kind());
                self.problem(
                    Problem::new(WRONG_TYPE, value.span(), label).help(format!("write {key} = {least}")),
                );
                return None;
            }
        };
        let number = number.filter(|number| *number >= least);
        if number.is_none() {
            let label = format!("`{key}` is a whole number of at least {least}");
            self.problem(
                Problem::new(BAD_VALUE, value.span(), label).help(format!("write {key} = {least}, or more")),
            );
        }
        number
    }

    /// `true` or `false` at `key`.
    pub fn boolean(&mut self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        match value.get_ref() {
            RawValue::Boolean(value) => Some(*value),
            other => {
                let label = format!("`{key}` is true or false, not {}", other.kind());
                let help = format!("write {key} = true, without quotation marks");
                self.problem(Problem::new(WRONG_TYPE, value.span(), label).help(help));
                None
            }
        }
    }

    /// One of the named values at `key`.
    pub fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.string(key)?;
        let chosen = choices.iter().find(|(name, _)| name == text.get_ref());
        if chosen.is_none() {
            let names = list(choices.iter().map(|(name, _)| format!("`{name}`")));
            let label = format!("`{}` is not a value of `{key}`", text.get_ref());
            let meant = did_you_mean(text.get_ref(), choices.iter().map(|(name, _)| *name), |name| {
                format!("`{name}`")
            });
            let help = format!("{meant}the values are {names}");
            self.problem(Problem::new(BAD_VALUE, text.span(), label).help(help));
        }
        chosen.map(|(_, value)| *value)
    }

    /// Reports the keys of the table that were not read.
    pub fn finish(self) {
        for key in self.description.keys {
            let name = self.description.name;
            debug_assert!(self.asked.contains(key.name), "[[{name}]]: no code reads the key `{}`", key.name);
        }
        for (key, _) in
            self.table.entries.iter().filter(|(key, _)| !self.asked.contains(key.get_ref().as_str()))
        {
            let meant = did_you_mean(key.get_ref(), self.asked.iter().copied(), |name| format!("`{name}`"));
            let keys = list(self.asked.iter().map(|key| format!("`{key}`")));
            self.problems.push(
                Problem::new(
                    UNKNOWN_KEY,
                    key.span(),
                    format!("{} has no key `{}`", self.description.heading(), key.get_ref()),
                )
                .help(format!("{meant}its keys are {keys}")),
            );
        }
    }

    fn value(&mut self, key: &'static str) -> Option<&'d Spanned<RawValue>> {
        let is_described = self.description.keys.iter().any(|described| described.name == key);
        debug_assert!(is_described, "[[{}]]: the description lacks the key `{key}`", self.description.name);
        self.asked.insert(key);
        self.table.entries.iter().find(|(found, _)| found.get_ref() == key).map(|(_, value)| value)
    }

    fn as_string(&mut self, key: &str, value: &Spanned<RawValue>) -> Option<Text> {
        match value.get_ref() {
            RawValue::String(text) => Some(Spanned::new(value.span(), text.clone())),
            other => {
                self.wrong_type(value.span(), format!("`{key}` takes strings, not {}", other.kind()));
                None
            }
        }
    }

    fn wrong_type(&mut self, span: Range<usize>, label: String) {
        self.problem(Problem::new(WRONG_TYPE, span, label).help("write strings in double quotes"));
    }
}
