//! `[account]`, `[[role]]`, `[ec2]`, `[[image]]` and `[[snapshot]]`.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};

use jiff::Timestamp;
use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawAccount {
    pub(in super::super) alias: Option<String>,
    /// The region of the functions, which a replay reads.
    pub(in super::super) region: Option<Spanned<String>>,
    pub(in super::super) organization: Option<Spanned<String>>,
    #[serde(default)]
    pub(in super::super) organizational_units: Vec<Spanned<String>>,
    pub(in super::super) caller: Option<Spanned<String>>,
    #[serde(default)]
    pub(in super::super) block_public_access: bool,
    /// Default `unblocked`.
    pub(in super::super) snapshot_block_public_access: Option<Spanned<String>>,
    /// Default: every account is in the organization.
    pub(in super::super) organization_accounts: Option<Vec<Spanned<String>>>,
    /// Default: whether the account is the management account.
    pub(in super::super) organizations_access: Option<Spanned<bool>>,
    /// Default true.
    pub(in super::super) security_hub: Option<bool>,
}

/// A role that the world's account can assume.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawRole {
    pub(in super::super) arn: Spanned<String>,
    pub(in super::super) external_id: Option<String>,
    pub(in super::super) account_alias: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawEc2 {
    /// Default 1000.
    pub(in super::super) page_size: Option<NonZeroUsize>,
    /// In seconds, as all delays.
    #[serde(default)]
    pub(in super::super) block_public_access_delay: u32,
    #[serde(default)]
    pub(in super::super) permission_delay: u32,
    /// Default 60.
    pub(in super::super) usage_report_delay: Option<u32>,
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
    /// More than one snapshot, instead of `snapshot`.
    #[serde(default)]
    pub(in super::super) snapshots: Vec<Spanned<String>>,
    pub(in super::super) earlier: Option<RawEarlier>,
    #[serde(default)]
    pub(in super::super) made_from: Vec<RawAncestor>,
    #[serde(default)]
    pub(in super::super) usage: Vec<RawUsage>,
    pub(in super::super) usage_report_error: Option<String>,
}

/// The permissions that look-ups show until a time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawEarlier {
    pub(in super::super) until: Timestamp,
    #[serde(default)]
    pub(in super::super) public: bool,
    #[serde(default)]
    pub(in super::super) shared_with: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawAncestor {
    pub(in super::super) id: Spanned<String>,
    pub(in super::super) region: Option<String>,
    pub(in super::super) owner_alias: Option<Spanned<String>>,
    pub(in super::super) created: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawUsage {
    pub(in super::super) account: Spanned<String>,
    /// Default `ec2:Instance`.
    pub(in super::super) resource_type: Option<Spanned<String>>,
    pub(in super::super) count: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawSnapshot {
    pub(in super::super) id: Spanned<String>,
    pub(in super::super) region: Option<String>,
    pub(in super::super) owner: Option<Spanned<String>>,
    pub(in super::super) volume: Option<Spanned<String>>,
    /// In GiB; default 8.
    pub(in super::super) size: Option<NonZeroU32>,
    #[serde(default)]
    pub(in super::super) description: String,
    #[serde(default)]
    pub(in super::super) tags: BTreeMap<String, String>,
    pub(in super::super) started: Option<Timestamp>,
    /// Default `completed`.
    pub(in super::super) state: Option<Spanned<String>>,
    #[serde(default)]
    pub(in super::super) encrypted: bool,
    pub(in super::super) kms_key: Option<Spanned<String>>,
    #[serde(default)]
    pub(in super::super) public: bool,
    #[serde(default)]
    pub(in super::super) shared_with: Vec<Spanned<String>>,
    pub(in super::super) earlier: Option<RawEarlier>,
}
