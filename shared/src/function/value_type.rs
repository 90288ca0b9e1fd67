//! The type of a key's value: the words of the documents and the JSON Schema of the rules file come from it.

use std::fmt;

use super::Table;

/// What a key takes.
#[derive(Debug, Clone, Copy)]
pub enum ValueType {
    /// Any string.
    String,
    /// A string in a form.
    Text {
        /// The form, in the words of the documents: `a duration of 1m to 30d`.
        form: &'static str,
        /// A regular expression that every allowed string matches, without look-around, so that each editor has it.
        pattern: Option<&'static str>,
    },
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Number {
        /// The lowest.
        least: u32,
    },
    /// An array of such values.
    Array(&'static ValueType),
    /// An array of such values, or one of them in place of an array of one.
    OneOrArray(&'static ValueType),
    /// A table whose keys the operator names, with such values.
    TableOf(&'static ValueType),
    /// One table, `key = { ... }`.
    Table(&'static Table),
    /// An array of tables, `key = [{ ... }, { ... }]`.
    Tables(&'static Table),
}

impl ValueType {
    /// Any strings, in an array.
    pub const STRINGS: Self = Self::Array(&Self::String);
    /// Ordered patterns of names.
    pub const PATTERNS: Self = Self::Array(&Self::text("patterns"));
    /// A table of any strings.
    pub const TABLE_OF_STRINGS: Self = Self::TableOf(&Self::String);

    /// A string in a form that no expression describes.
    pub const fn text(form: &'static str) -> Self {
        Self::Text { form, pattern: None }
    }

    /// The table in the value, if it is one that the function describes.
    pub fn nested(&self) -> Option<&'static Table> {
        match self {
            Self::Table(table) | Self::Tables(table) => Some(table),
            Self::Array(item) | Self::OneOrArray(item) | Self::TableOf(item) => item.nested(),
            _ => None,
        }
    }

    /// `string`, and `strings` for several.
    fn noun(&self) -> (&'static str, &'static str) {
        match self {
            Self::String | Self::Text { .. } | Self::OneOf(_) => ("string", "strings"),
            Self::Boolean => ("boolean", "booleans"),
            Self::Number { .. } => ("whole number", "whole numbers"),
            Self::Array(_) | Self::OneOrArray(_) | Self::Tables(_) => ("array", "arrays"),
            Self::TableOf(_) | Self::Table(_) => ("table", "tables"),
        }
    }

    /// What is more to say of a value than its noun: `: "head", "commit"`.
    fn detail(&self) -> String {
        match self {
            Self::Text { form, .. } => format!(", {form}"),
            Self::OneOf(values) => {
                let values: Vec<String> = values.iter().map(|value| format!("`\"{value}\"`")).collect();
                format!(": {}", values.join(", "))
            }
            Self::Number { least } => format!(", at least {least}"),
            Self::Array(item) | Self::OneOrArray(item) | Self::TableOf(item) => item.detail(),
            Self::String | Self::Boolean | Self::Table(_) | Self::Tables(_) => String::new(),
        }
    }
}

/// In the words of the documents.
impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Array(item) => write!(f, "array of {}", item.noun().1)?,
            Self::OneOrArray(item) => {
                let (one, several) = item.noun();
                write!(f, "array of {several} or one {one}")?;
            }
            Self::TableOf(item) => write!(f, "table of {}", item.noun().1)?,
            Self::Tables(_) => f.write_str("array of tables")?,
            value => f.write_str(value.noun().0)?,
        }
        f.write_str(&self.detail())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: ValueType = ValueType::text("gitignore lines");
    const FILLED: ValueType = ValueType::text("placeholders");

    #[test]
    fn each_type_has_its_words() {
        for (value, words) in [
            (ValueType::STRINGS, "array of strings"),
            (ValueType::PATTERNS, "array of strings, patterns"),
            (ValueType::OneOrArray(&LINES), "array of strings or one string, gitignore lines"),
            (ValueType::OneOf(&["head", "commit"]), "string: `\"head\"`, `\"commit\"`"),
            (ValueType::Array(&ValueType::OneOf(&["ready"])), "array of strings: `\"ready\"`"),
            (ValueType::TableOf(&FILLED), "table of strings, placeholders"),
            (ValueType::Number { least: 1 }, "whole number, at least 1"),
            (ValueType::Boolean, "boolean"),
        ] {
            assert_eq!(value.to_string(), words);
        }
    }
}
