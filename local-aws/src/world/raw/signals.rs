//! `[[alarm]]`, `[[parameter]]` and `[[endpoint]]`.

use std::num::NonZeroU32;

use jiff::Timestamp;
use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawAlarm {
    pub(in super::super) name: Spanned<String>,
    pub(in super::super) region: Option<String>,
    /// Default `metric`.
    #[serde(rename = "type")]
    pub(in super::super) kind: Option<Spanned<String>>,
    /// Default `OK`.
    pub(in super::super) state: Option<Spanned<String>>,
    pub(in super::super) reason: Option<String>,
    pub(in super::super) since: Option<Timestamp>,
    pub(in super::super) suppressed_by: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawParameter {
    pub(in super::super) name: Spanned<String>,
    pub(in super::super) region: Option<String>,
    pub(in super::super) value: Option<Spanned<String>>,
    /// There is no parameter of that name, also if a template would create one.
    #[serde(default)]
    pub(in super::super) absent: bool,
    /// Default `String`.
    #[serde(rename = "type")]
    pub(in super::super) kind: Option<Spanned<String>>,
    /// The principal that wrote it. Default: the caller.
    pub(in super::super) by: Option<String>,
    /// The number of equal versions. Default 1.
    pub(in super::super) versions: Option<NonZeroU32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawEndpoint {
    pub(in super::super) url: Spanned<String>,
    /// Default 200.
    pub(in super::super) status: Option<Spanned<u16>>,
    /// Default true.
    pub(in super::super) answers: Option<bool>,
}
