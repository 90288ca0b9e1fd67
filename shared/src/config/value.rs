//! The values of a rules file with their places, in the order of the file.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value of the file.
#[derive(Debug, Clone)]
pub(super) enum RawValue {
    String(String),
    Integer { digits: String, radix: u32 },
    Float,
    Boolean(bool),
    Datetime,
    Array(Vec<Spanned<RawValue>>),
    Table(Entries),
}

/// The keys and values of a table.
pub(super) type Entries = Vec<(Spanned<String>, Spanned<RawValue>)>;

impl RawValue {
    fn of(value: DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::String(text.into_owned()),
            DeValue::Integer(integer) => {
                Self::Integer { digits: integer.as_str().to_owned(), radix: integer.radix() }
            }
            DeValue::Float(_) => Self::Float,
            DeValue::Boolean(value) => Self::Boolean(value),
            DeValue::Datetime(_) => Self::Datetime,
            DeValue::Array(items) => Self::Array(items.into_iter().map(spanned).collect()),
            DeValue::Table(table) => Self::Table(entries(table)),
        }
    }

    /// The name of the value's type in a sentence.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer { .. } => "an integer",
            Self::Float => "a float",
            Self::Boolean(_) => "a boolean",
            Self::Datetime => "a date or time",
            Self::Array(_) => "an array",
            Self::Table(_) => "a table",
        }
    }
}

/// The entries of a table, in the order of the file.
pub(super) fn entries(table: DeTable<'_>) -> Entries {
    let mut entries: Entries = table
        .into_iter()
        .map(|(key, value)| (Spanned::new(key.span(), key.into_inner().into_owned()), spanned(value)))
        .collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn spanned(value: Spanned<DeValue<'_>>) -> Spanned<RawValue> {
    Spanned::new(value.span(), RawValue::of(value.into_inner()))
}
