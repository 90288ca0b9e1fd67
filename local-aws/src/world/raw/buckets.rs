//! `[s3]` and `[[bucket]]`.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use jiff::Timestamp;
use serde::Deserialize;
use toml::Spanned;

use super::Content;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawS3 {
    /// Default 1000.
    pub(in super::super) page_size: Option<NonZeroUsize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawBucket {
    pub(in super::super) name: Spanned<String>,
    /// Default: every region.
    pub(in super::super) region: Option<String>,
    /// `enabled` (default), `suspended` or `off`.
    pub(in super::super) versioning: Option<Spanned<String>>,
    /// Whether its events reach EventBridge; default true.
    pub(in super::super) events: Option<bool>,
    #[serde(default)]
    pub(in super::super) object: Vec<Spanned<RawObject>>,
}

/// One version of an object, in exactly one form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawObject {
    pub(in super::super) key: String,
    /// The text, or a table as for a file of a commit.
    pub(in super::super) content: Option<Content>,
    /// A file beside the world's file.
    pub(in super::super) file: Option<String>,
    /// The files of a zip archive without compression.
    pub(in super::super) zip: Option<BTreeMap<String, Content>>,
    /// The object is deleted: a delete marker.
    #[serde(default)]
    pub(in super::super) deleted: bool,
    /// Default: derived.
    pub(in super::super) version: Option<String>,
    /// Default: now. Not of an object of the timeline.
    pub(in super::super) modified: Option<Timestamp>,
    /// Of an object of the timeline.
    pub(in super::super) bucket: Option<String>,
}
