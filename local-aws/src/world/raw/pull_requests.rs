//! The shape of `[[repository.pull-request]]` of `world.toml`.

use jiff::Timestamp;
use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::world) struct RawPullRequest {
    pub(in crate::world) source: Spanned<String>,
    /// Default: the default branch.
    pub(in crate::world) destination: Option<Spanned<String>>,
    /// Default: the source.
    pub(in crate::world) title: Option<String>,
    /// Default `OPEN`.
    pub(in crate::world) status: Option<Spanned<String>>,
    /// The label of the source's commit, where the branch no longer exists.
    pub(in crate::world) commit: Option<Spanned<String>>,
    pub(in crate::world) author: Option<String>,
    #[serde(default)]
    pub(in crate::world) comment: Vec<RawComment>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::world) struct RawComment {
    pub(in crate::world) content: String,
    /// Default: the caller.
    pub(in crate::world) author: Option<String>,
    pub(in crate::world) created: Option<Timestamp>,
    #[serde(default)]
    pub(in crate::world) deleted: bool,
    pub(in crate::world) token: Option<String>,
}
