//! `[[table]]`.

use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawDynamoDbTable {
    pub(in super::super) name: Spanned<String>,
    pub(in super::super) region: Option<String>,
    pub(in super::super) hash: RawKey,
    pub(in super::super) range: Option<RawKey>,
    #[serde(default)]
    pub(in super::super) items: Vec<Spanned<toml::Table>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawKey {
    pub(in super::super) name: String,
    /// Default `S`.
    #[serde(default, rename = "type")]
    pub(in super::super) kind: RawKeyType,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
pub(in super::super) enum RawKeyType {
    #[default]
    S,
    N,
    B,
}
