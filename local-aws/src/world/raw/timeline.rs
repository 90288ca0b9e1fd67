//! `[[timeline]]`.

use std::num::NonZeroU32;

use jiff::Timestamp;
use serde::Deserialize;
use toml::Spanned;

use super::RawObject;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawImagePush {
    pub(in super::super) repository: String,
    pub(in super::super) tag: Option<String>,
    /// Default: derived from repository and tag.
    pub(in super::super) digest: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawTimed {
    pub(in super::super) at: Option<Spanned<Timestamp>>,
    /// Seconds after the entry before it.
    pub(in super::super) after: Option<Spanned<u32>>,
    pub(in super::super) every: Option<Spanned<NonZeroU32>>,
    pub(in super::super) times: Option<NonZeroU32>,
    pub(in super::super) until: Option<Timestamp>,

    pub(in super::super) reconcile: Option<Spanned<bool>>,
    pub(in super::super) event: Option<Spanned<String>>,
    pub(in super::super) alarm: Option<Spanned<String>>,
    pub(in super::super) parameter: Option<Spanned<String>>,
    pub(in super::super) endpoint: Option<Spanned<String>>,
    pub(in super::super) launch: Option<Spanned<String>>,
    pub(in super::super) snapshot: Option<Spanned<String>>,
    /// An operator's action in DRS.
    pub(in super::super) drs: Option<Spanned<String>>,
    pub(in super::super) fault: Option<Spanned<String>>,
    pub(in super::super) image: Option<Spanned<String>>,
    pub(in super::super) ebs_snapshot: Option<Spanned<String>>,
    /// The allocation of an Elastic IP address.
    pub(in super::super) address: Option<Spanned<String>>,
    /// The instance that receives the address.
    pub(in super::super) instance: Option<Spanned<String>>,
    pub(in super::super) object: Option<Spanned<RawObject>>,
    pub(in super::super) image_push: Option<Spanned<RawImagePush>>,
    /// `images` or `snapshots`.
    pub(in super::super) block_public_access: Option<Spanned<String>>,

    /// Grantees of an image or a snapshot.
    pub(in super::super) add: Option<Spanned<Vec<Spanned<String>>>>,
    pub(in super::super) remove: Option<Spanned<Vec<Spanned<String>>>>,
    /// Default: the world's.
    pub(in super::super) region: Option<Spanned<String>>,
    /// Default: the world's.
    pub(in super::super) account: Option<Spanned<String>>,

    /// The plan's name or the server's id of `drs`.
    pub(in super::super) of: Option<Spanned<String>>,
    pub(in super::super) state: Option<Spanned<String>>,
    pub(in super::super) suppressed_by: Option<Spanned<String>>,
    pub(in super::super) value: Option<Spanned<String>>,
    /// The principal that sets a parameter.
    pub(in super::super) by: Option<Spanned<String>>,
    pub(in super::super) removed: Option<Spanned<bool>>,
    pub(in super::super) answers: Option<Spanned<bool>>,
    pub(in super::super) result: Option<Spanned<String>>,
    /// Of an endpoint, or of a fault's answer.
    pub(in super::super) status: Option<Spanned<u16>>,

    pub(in super::super) answer: Option<Spanned<String>>,
    pub(in super::super) message: Option<Spanned<String>>,
    pub(in super::super) after_effect: Option<Spanned<bool>>,
    /// Seconds.
    #[serde(rename = "for")]
    pub(in super::super) lasting: Option<Spanned<u32>>,
}
