//! Reads YAML as a tree whose nodes know their lines and tags.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Spanned, Tagged, budget, options};

/// The largest file that is read, in bytes.
const LARGEST: usize = 1_000_000;

/// Why a file is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum YamlError {
    #[error("it has more than {LARGEST} bytes")]
    Large,
    #[error("it is not valid YAML: {0}")]
    Syntax(String),
}

/// A node of the tree.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct YamlNode {
    /// Its line, from 1.
    pub(crate) line: usize,
    /// Its tag, as in `!reference`.
    pub(crate) tag: Option<String>,
    pub(crate) value: YamlValue,
}

/// The value of a node.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum YamlValue {
    Null,
    /// A text, a number or a boolean, as a text.
    Text(String),
    List(Vec<YamlNode>),
    Map(Vec<(String, YamlNode)>),
}

impl YamlNode {
    /// Reads the first document of a text. Aliases are followed up to a limit.
    pub(crate) fn parse(text: &str) -> Result<Self, YamlError> {
        if text.len() > LARGEST {
            return Err(YamlError::Large);
        }
        let options = options! {
            duplicate_keys: DuplicateKeyPolicy::LastWins,
            strict_booleans: true,
            budget: budget! { max_nodes: 100_000, max_aliases: 2_000 },
        };
        let documents = serde_saphyr::from_multiple_with_options::<YamlNode>(text, options);
        let documents = documents.map_err(|error| {
            let first = error.to_string();
            YamlError::Syntax(first.lines().next().unwrap_or_default().to_owned())
        })?;
        let nothing = YamlNode { line: 1, tag: None, value: YamlValue::Null };
        // GitLab writes a header document (`spec:`) before the configuration.
        Ok(documents.into_iter().next_back().unwrap_or(nothing))
    }

    pub(crate) fn get(&self, key: &str) -> Option<&YamlNode> {
        self.entries().iter().rev().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    pub(crate) fn entries(&self) -> &[(String, YamlNode)] {
        match &self.value {
            YamlValue::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            YamlValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of a list; a single text is a list of one.
    pub(crate) fn elements(&self) -> &[YamlNode] {
        match &self.value {
            YamlValue::List(elements) => elements,
            YamlValue::Text(_) => std::slice::from_ref(self),
            _ => &[],
        }
    }

    /// The texts of a list, or a single text.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.elements().iter().filter_map(YamlNode::text).map(str::to_owned).collect()
    }
}

impl<'de> Deserialize<'de> for YamlNode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value: Tagged(Bare(value), tag), referenced, .. } = Spanned::deserialize(deserializer)?;
        let line = usize::try_from(referenced.line()).unwrap_or_default();
        Ok(Self { line, tag, value })
    }
}

/// A value without its own line and tag.
struct Bare(YamlValue);

impl<'de> Deserialize<'de> for Bare {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BareVisitor).map(Bare)
    }
}

struct BareVisitor;

impl<'de> Visitor<'de> for BareVisitor {
    type Value = YamlValue;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<YamlValue, E> {
        Ok(YamlValue::Text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<YamlValue, E> {
        Ok(YamlValue::Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<YamlValue, E> {
        Ok(YamlValue::Text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<YamlValue, E> {
        Ok(YamlValue::Text(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<YamlValue, E> {
        Ok(YamlValue::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<YamlValue, E> {
        Ok(YamlValue::Null)
    }

    fn visit_none<E>(self) -> Result<YamlValue, E> {
        Ok(YamlValue::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<YamlValue, D::Error> {
        deserializer.deserialize_any(BareVisitor)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<YamlValue, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element()? {
            elements.push(element);
        }
        Ok(YamlValue::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<YamlValue, A::Error> {
        let mut entries = Vec::new();
        while let Some((Bare(key), node)) = map.next_entry::<Bare, YamlNode>()? {
            // A key that is a list is no key of a CI file.
            if let YamlValue::Text(key) = key {
                entries.push((key, node));
            }
        }
        Ok(YamlValue::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_know_their_lines_and_tags() {
        let node =
            YamlNode::parse("on:\n  push:\n    paths:\n      - a\n      - !reference [x, y]\n").unwrap();
        let paths = node.get("on").unwrap().get("push").unwrap().get("paths").unwrap();
        assert_eq!(paths.elements()[0].line, 4);
        assert_eq!(paths.elements()[1].tag.as_deref(), Some("!reference"));
        assert_eq!(paths.elements()[1].texts(), ["x", "y"]);
    }

    #[test]
    fn aliases_and_merge_keys_are_followed() {
        let text =
            ".a: &a\n  rules: &r\n    - changes: [x]\njob:\n  <<: *a\n  script: y\nother:\n  rules: *r\n";
        let node = YamlNode::parse(text).unwrap();
        for job in ["job", "other"] {
            let rules = node.get(job).unwrap().get("rules").unwrap();
            assert_eq!(rules.elements()[0].get("changes").unwrap().texts(), ["x"], "{job}");
        }
    }

    #[test]
    fn a_bomb_and_a_deep_text_are_errors() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let alias = format!("*a{}, ", level - 1).repeat(9);
            bomb += &format!("a{level}: &a{level} [{alias}]\n");
        }
        assert!(YamlNode::parse(&bomb).is_err());
        assert!(YamlNode::parse(&"[".repeat(10_000)).is_err());
        assert_eq!(YamlNode::parse(&" ".repeat(LARGEST + 1)), Err(YamlError::Large));
        assert_eq!(YamlNode::parse("").unwrap().value, YamlValue::Null);
    }
}
