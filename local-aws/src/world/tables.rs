//! `[[table]]`: the tables of DynamoDB, and their items.

use serde_json::{Value, json};

use super::file::WorldFile;
use super::raw::{RawDynamoDbTable, RawKey};
use super::{AwsWorld, WorldError};
use crate::dynamodb::{DynamoDbTable, KeyPart, TableItem, is_table_name};

pub(super) fn add(world: &AwsWorld, file: &WorldFile<'_>, raw: RawDynamoDbTable) -> Result<(), WorldError> {
    let name = raw.name.get_ref();
    if !is_table_name(name) {
        let message =
            format!("`{name}` cannot be a table's name: 3 to 255 of a-z, A-Z, 0-9, `_`, `-` and `.`");
        return Err(file.invalid(&raw.name, message));
    }
    let region = raw.region.unwrap_or_else(|| world.region.clone());
    let mut table = DynamoDbTable::new(name, &region, key_part(raw.hash), raw.range.map(key_part));
    for given in raw.items {
        let item = item(given.get_ref()).map_err(|message| file.invalid(&given, message))?;
        table.seed(item).map_err(|message| file.invalid(&given, message))?;
    }
    match world.dynamodb.add(table) {
        true => Ok(()),
        false => Err(file.invalid(&raw.name, format!("table `{name}` is listed twice"))),
    }
}

fn key_part(raw: RawKey) -> KeyPart {
    KeyPart { name: raw.name, kind: format!("{:?}", raw.kind) }
}

fn item(table: &toml::Table) -> Result<TableItem, &'static str> {
    table.iter().map(|(name, value)| Ok((name.clone(), attribute(value)?))).collect()
}

/// A TOML value, as DynamoDB stores it. Sets and binaries cannot be written.
fn attribute(value: &toml::Value) -> Result<Value, &'static str> {
    Ok(match value {
        toml::Value::String(text) => json!({"S": text}),
        toml::Value::Integer(number) => json!({"N": number.to_string()}),
        toml::Value::Float(number) => json!({"N": number.to_string()}),
        toml::Value::Boolean(value) => json!({"BOOL": value}),
        toml::Value::Array(items) => {
            json!({"L": items.iter().map(attribute).collect::<Result<Vec<_>, _>>()?})
        }
        toml::Value::Table(inner) => json!({"M": item(inner)?}),
        toml::Value::Datetime(_) => return Err("DynamoDB has no times: write a string or a number"),
    })
}
