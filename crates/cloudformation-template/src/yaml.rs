//! Reads YAML with CloudFormation's short tags into the long forms: `!Ref A` becomes `{"Ref": "A"}`.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, json};
use serde_saphyr::{DuplicateKeyPolicy, Options, Tagged, budget, options};

use crate::error::SyntaxError;

/// Reads a template's text, YAML or JSON, into its long form.
///
/// ```
/// use cloudformation_template::parse;
/// use serde_json::json;
///
/// let output = parse("{ Value: !GetAtt Topic.TopicArn, Condition: IsProd }").unwrap();
/// assert_eq!(output, json!({ "Value": { "Fn::GetAtt": ["Topic", "TopicArn"] }, "Condition": "IsProd" }));
///
/// assert_eq!(parse("Resources: [").unwrap_err().location().map(|(line, _)| line), Some(1));
/// ```
///
/// Aliases are resolved, as command-line tools of AWS resolve them. [`crate::read`] reads a text as CloudFormation does.
///
/// # Errors
///
/// [`SyntaxError`] if the text is neither YAML nor JSON.
pub fn parse(text: &str) -> Result<Value, SyntaxError> {
    let node = serde_saphyr::from_str_with_options::<TemplateNode>(text, yaml_options());
    node.map(|node| with_plain_keys(node.0)).map_err(SyntaxError::new)
}

/// As [`parse`], but refuses aliases, and marks keys that are numbers.
pub(crate) fn parse_strictly(text: &str) -> Result<Value, SyntaxError> {
    let mut options = yaml_options();
    options.budget = budget! { max_aliases: 0 };
    let node = serde_saphyr::from_str_with_options::<TemplateNode>(text, options);
    node.map(|node| node.0).map_err(SyntaxError::new)
}

/// The last of two members with one name counts. `012345678901` is an account, and not a number.
fn yaml_options() -> Options {
    options! {
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        leading_zero_numbers_as_strings: true,
    }
}

/// Precedes a key that is a number. No text of a template has this character: YAML and JSON do not allow it.
const NUMERIC: char = '\u{0}';

/// The number that a key is, if YAML reads it as one.
pub(crate) fn numeric_key(name: &str) -> Option<&str> {
    name.strip_prefix(NUMERIC)
}

fn with_plain_keys(value: Value) -> Value {
    match value {
        Value::Array(elements) => elements.into_iter().map(with_plain_keys).collect(),
        Value::Object(members) => {
            let plain = |(name, member): (String, Value)| {
                (numeric_key(&name).unwrap_or(&name).to_owned(), with_plain_keys(member))
            };
            members.into_iter().map(plain).collect()
        }
        scalar => scalar,
    }
}

/// A member's name.
struct MemberName(String);

impl<'de> Deserialize<'de> for MemberName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<MemberName, D::Error> {
        let Untagged(name) = Untagged::deserialize(deserializer)?;
        match name {
            Value::String(name) => Ok(MemberName(name)),
            Value::Number(number) => Ok(MemberName(format!("{NUMERIC}{number}"))),
            Value::Bool(name) => Ok(MemberName(name.to_string())),
            Value::Null => Ok(MemberName(String::new())),
            _ => Err(serde::de::Error::custom("a key is a list or a map")),
        }
    }
}

/// A value in its long form: its own tag and those of its members have become functions.
struct TemplateNode(Value);

impl<'de> Deserialize<'de> for TemplateNode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TemplateNode, D::Error> {
        let Tagged(Untagged(value), tag) = Tagged::deserialize(deserializer)?;
        Ok(TemplateNode(long_form(tag.as_deref(), value)))
    }
}

/// AWS CloudFormation User Guide, "Intrinsic function reference": `!X` is `Fn::X`, except `!Ref` and `!Condition`.
/// `!GetAtt` takes its two parts with a dot between them.
fn long_form(tag: Option<&str>, value: Value) -> Value {
    match (tag.and_then(|tag| tag.strip_prefix('!')), value) {
        (None, value) => value,
        // A tag of its own makes an empty scalar a text: `!GetAZs` is `!GetAZs ""`.
        (Some(name), Value::Null) => long_form(Some(&format!("!{name}")), json!("")),
        (Some(name @ ("Ref" | "Condition")), value) => json!({ name: value }),
        (Some("GetAtt"), Value::String(dotted)) => {
            let (resource, attribute) = dotted.split_once('.').unwrap_or((&dotted, ""));
            json!({ "Fn::GetAtt": [resource, attribute] })
        }
        (Some(name), value) => json!({ format!("Fn::{name}"): value }),
    }
}

/// A value without its own tag; its members keep theirs.
struct Untagged(Value);

impl<'de> Deserialize<'de> for Untagged {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Untagged, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Untagged)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(TemplateNode(element)) = seq.next_element()? {
            elements.push(element);
        }
        Ok(elements.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((MemberName(name), TemplateNode(member))) = map.next_entry()? {
            members.insert(name, member);
        }
        Ok(members.into())
    }
}
