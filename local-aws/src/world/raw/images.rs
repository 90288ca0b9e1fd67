//! `[account]`, `[ec2]`, `[[image]]` and `[[snapshot]]`.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use jiff::Timestamp;
use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawAccount {
    pub(in super::super) alias: Option<String>,
    pub(in super::super) organization: Option<Spanned<String>>,
    #[serde(default)]
    pub(in super::super) organizational_units: Vec<Spanned<String>>,
    pub(in super::super) caller: Option<Spanned<String>>,
    #[serde(default)]
    pub(in super::super) block_public_access: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawEc2 {
    /// Default 1000.
    pub(in super::super) page_size: Option<NonZeroUsize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawImage {
    pub(in super::super) id: Spanned<String>,
    pub(in super::super) name: Option<String>,
    pub(in super::super) region: Option<String>,
    pub(in super::super) owner: Option<Spanned<String>>,
    pub(in super::super) owner_alias: Option<Spanned<String>>,
    pub(in super::super) created: Option<Timestamp>,
    pub(in super::super) deprecated: Option<Timestamp>,
    pub(in super::super) state: Option<Spanned<String>>,
    pub(in super::super) architecture: Option<Spanned<String>>,
    pub(in super::super) description: Option<String>,
    pub(in super::super) imds_support: Option<Spanned<String>>,
    #[serde(default)]
    pub(in super::super) tags: BTreeMap<String, String>,
    #[serde(default)]
    pub(in super::super) public: bool,
    #[serde(default)]
    pub(in super::super) shared_with: Vec<Spanned<String>>,
    pub(in super::super) encrypted: Option<bool>,
    pub(in super::super) snapshot: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawSnapshot {
    pub(in super::super) id: Spanned<String>,
    pub(in super::super) region: Option<String>,
    pub(in super::super) owner: Option<Spanned<String>>,
    #[serde(default)]
    pub(in super::super) encrypted: bool,
    #[serde(default)]
    pub(in super::super) public: bool,
    #[serde(default)]
    pub(in super::super) shared_with: Vec<Spanned<String>>,
}
