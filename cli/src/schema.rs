//! `pointsman schema`: the JSON Schema of the rules file, for editors, from the tables that the functions describe.
//!
//! The schema refuses nothing that the functions read. The functions refuse more: names, patterns, durations.

use anyhow::{Context as _, Result};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;
use shared::function::{Function, Key, KeyDefault, Table, ValueType};

use crate::exit::Exit;
use crate::functions::FUNCTIONS;

/// Draft-07, the newest that taplo, and with it Even Better TOML, understands.
const DRAFT: &str = "http://json-schema.org/draft-07/schema#";

/// Prints the schema.
///
/// # Errors
/// When the description of a function has a default value that is not TOML.
pub fn run() -> Result<Exit> {
    anstream::print!("{}", text()?);
    Ok(Exit::Success)
}

/// The schema as a file has it.
///
/// # Errors
/// When the description of a function has a default value that is not TOML.
pub fn text() -> Result<String> {
    let tables = FUNCTIONS.iter().flat_map(|function| function.tables.iter().map(|table| (*function, table)));
    let properties = tables.map(|(function, table)| Ok((table.name, of_top_table(function, table)?)));
    let schema = Schema {
        draft: Some(DRAFT),
        title: Some("The rules file of pointsman"),
        kind: Some("object"),
        properties: SchemaMembers(properties.collect::<Result<_>>()?),
        additional: Some(Additional::None),
        ..Schema::default()
    };
    Ok(serde_json::to_string_pretty(&schema)? + "\n")
}

/// The members of a schema that are used here, in the order in which they are written.
#[derive(Debug, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Schema {
    #[serde(rename = "$schema", skip_serializing_if = "Option::is_none")]
    draft: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(rename = "enum", skip_serializing_if = "<[_]>::is_empty")]
    choices: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_length: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    any_of: Vec<Schema>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Box<Schema>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    required: Vec<&'static str>,
    #[serde(skip_serializing_if = "SchemaMembers::is_empty")]
    properties: SchemaMembers,
    #[serde(rename = "additionalProperties", skip_serializing_if = "Option::is_none")]
    additional: Option<Additional>,
}

/// The keys of a table, in the order of its description.
#[derive(Debug, Default)]
struct SchemaMembers(Vec<(&'static str, Schema)>);

impl SchemaMembers {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for SchemaMembers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, schema) in &self.0 {
            map.serialize_entry(name, schema)?;
        }
        map.end()
    }
}

/// The keys that a table may have beside those that it lists.
#[derive(Debug)]
enum Additional {
    /// No other key.
    None,
    /// Any key, with such a value.
    Any(Box<Schema>),
}

impl Serialize for Additional {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_bool(false),
            Self::Any(schema) => schema.serialize(serializer),
        }
    }
}

fn of_top_table(function: &Function, table: &'static Table) -> Result<Schema> {
    let one = of_table(table)?;
    let description = format!("{} Read by {}.", sentence(table.summary), function.name);
    Ok(if table.is_list { array(one) } else { one })
        .map(|schema| Schema { description: Some(description), ..schema })
}

fn of_table(table: &'static Table) -> Result<Schema> {
    let is_required = |key: &&Key| key.default == KeyDefault::Required;
    let properties = table.keys.iter().map(|key| Ok((key.name, of_key(key)?)));
    Ok(Schema {
        description: Some(sentence(table.summary)),
        kind: Some("object"),
        any_of: alternatives(table),
        required: table.keys.iter().filter(is_required).map(|key| key.name).collect(),
        properties: SchemaMembers(properties.collect::<Result<_>>()?),
        additional: Some(Additional::None),
        ..Schema::default()
    })
}

/// One of some keys is required: a schema for each of them.
fn alternatives(table: &'static Table) -> Vec<Schema> {
    let keys = table.keys.iter().find_map(|key| match key.default {
        KeyDefault::OneOf(keys) => Some(keys),
        _ => None,
    });
    let needs = |key: &&'static str| Schema { required: vec![*key], ..Schema::default() };
    keys.unwrap_or_default().iter().map(needs).collect()
}

fn of_key(key: &'static Key) -> Result<Schema> {
    let mut schema = of_value(&key.takes)?;
    let (without, default) = match key.default {
        KeyDefault::Required => ("Required.".to_owned(), None),
        KeyDefault::Value(value) => {
            (format!("The default is `{value}`."), Some(default_value(key.name, value)?))
        }
        KeyDefault::Absent(effect) => (format!("Without it: {effect}."), None),
        KeyDefault::OneOf(keys) => {
            let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
            (format!("A table has one of {}.", keys.join(", ")), None)
        }
    };
    if let (KeyDefault::Required, ValueType::String) = (key.default, key.takes) {
        schema.min_length = Some(1);
    }
    let takes = sentence(&key.takes.to_string());
    schema.description = Some(format!("{}\n\n{takes} {without}", sentence(key.summary)));
    schema.default = default;
    Ok(schema)
}

fn of_value(value: &'static ValueType) -> Result<Schema> {
    let kind = |kind| Schema { kind: Some(kind), ..Schema::default() };
    Ok(match value {
        ValueType::String => kind("string"),
        ValueType::Text { pattern, .. } => Schema { pattern: *pattern, ..kind("string") },
        ValueType::OneOf(choices) => Schema { choices, ..kind("string") },
        ValueType::Boolean => kind("boolean"),
        ValueType::Number { least } => {
            Schema { minimum: Some(*least), maximum: Some(u32::MAX), ..kind("integer") }
        }
        ValueType::Array(item) => array(of_value(item)?),
        ValueType::OneOrArray(item) => {
            Schema { any_of: vec![of_value(item)?, array(of_value(item)?)], ..Schema::default() }
        }
        ValueType::TableOf(item) => {
            Schema { additional: Some(Additional::Any(Box::new(of_value(item)?))), ..kind("object") }
        }
        ValueType::Table(table) => of_table(table)?,
        ValueType::Tables(table) => array(of_table(table)?),
    })
}

fn array(item: Schema) -> Schema {
    Schema { kind: Some("array"), items: Some(Box::new(item)), ..Schema::default() }
}

/// The JSON of a value that the description has in TOML.
fn default_value(key: &str, written: &str) -> Result<Value> {
    let table: toml::Table =
        toml::from_str(&format!("value = {written}")).with_context(|| format!("the default of `{key}`"))?;
    Ok(serde_json::to_value(&table["value"])?)
}

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with('.') { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}
