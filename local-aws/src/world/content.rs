//! One file of a commit, as `world.toml` writes it: a string, or a table with more details.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use git_reader::is_full_id;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// The content that git stores at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// A file or a link: its mode as git writes it, and its bytes (a link's are its target).
    Blob { mode: &'static str, bytes: Vec<u8> },
    /// The commit that a submodule stands at.
    Submodule { commit: String },
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawContent {
    content: Option<String>,
    base64: Option<String>,
    repeat: Option<String>,
    times: Option<usize>,
    symlink: Option<String>,
    submodule: Option<String>,
    mode: Option<String>,
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Content, D::Error> {
        deserializer.deserialize_any(Either)
    }
}

struct Either;

impl<'de> Visitor<'de> for Either {
    type Value = Content;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .write_str("a file's text, or a table with its content, base64, repeat, symlink or submodule")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Content, E> {
        Ok(Content::Blob { mode: "100644", bytes: text.into() })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Content, A::Error> {
        let raw = RawContent::deserialize(MapAccessDeserializer::new(map))?;
        content(raw).map_err(A::Error::custom)
    }
}

fn content(raw: RawContent) -> Result<Content, String> {
    let mode = mode(raw.mode.as_deref())?;
    if raw.repeat.is_some() != raw.times.is_some() {
        return Err("`repeat` needs `times`, and `times` needs `repeat`".to_owned());
    }
    match (raw.content, raw.base64, raw.repeat, raw.symlink, raw.submodule) {
        (Some(text), None, None, None, None) => Ok(Content::Blob { mode, bytes: text.into() }),
        (None, Some(text), None, None, None) => {
            let bytes = BASE64.decode(text).map_err(|error| format!("`base64` is not base64: {error}"))?;
            Ok(Content::Blob { mode, bytes })
        }
        (None, None, Some(text), None, None) => {
            Ok(Content::Blob { mode, bytes: text.repeat(raw.times.unwrap_or_default()).into() })
        }
        (None, None, None, Some(target), None) => Ok(Content::Blob { mode: "120000", bytes: target.into() }),
        (None, None, None, None, Some(commit)) if is_full_id(&commit) => Ok(Content::Submodule { commit }),
        (None, None, None, None, Some(commit)) => Err(format!("`{commit}` is not a whole commit id")),
        _ => Err("a file has exactly one of content, base64, repeat, symlink and submodule".to_owned()),
    }
}

fn mode(mode: Option<&str>) -> Result<&'static str, String> {
    match mode {
        None | Some("644") => Ok("100644"),
        Some("755") => Ok("100755"),
        Some(other) => Err(format!("mode `{other}` is neither 644 nor 755")),
    }
}
