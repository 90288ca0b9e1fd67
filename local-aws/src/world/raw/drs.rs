//! `[drs]`, `[[source-server]]`, `[[recovery-plan]]`, `[[recovery-job]]` and `[[recovery-instance]]`.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use jiff::Timestamp;
use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawDrs {
    /// Default true.
    pub(in super::super) initialized: Option<bool>,
    /// Default 30.
    pub(in super::super) seconds: Option<u32>,
    /// Default 100.
    pub(in super::super) page_size: Option<NonZeroUsize>,
    /// The time that an instance is pending after its launch.
    #[serde(default)]
    pub(in super::super) pending_seconds: u32,
    /// Default true.
    pub(in super::super) events: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawSourceServer {
    pub(in super::super) id: Spanned<String>,
    pub(in super::super) hostname: Option<String>,
    /// Default `CONTINUOUS`.
    pub(in super::super) replication: Option<Spanned<String>>,
    pub(in super::super) lag: Option<String>,
    /// Default `LAUNCHED`.
    pub(in super::super) launch: Option<Spanned<String>>,
    /// Default 600.
    pub(in super::super) launch_seconds: Option<u32>,
    #[serde(default)]
    pub(in super::super) snapshots: Vec<Spanned<RawSnapshotOf>>,
}

/// A time, or a time and more.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(in super::super) enum RawSnapshotOf {
    Taken(Timestamp),
    Of(RawRecoverySnapshot),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawRecoverySnapshot {
    pub(in super::super) taken: Option<Timestamp>,
    pub(in super::super) expected: Option<Timestamp>,
    pub(in super::super) id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawRecoveryPlan {
    pub(in super::super) name: Spanned<String>,
    pub(in super::super) arn: Option<Spanned<String>>,
    /// Default `ACTIVE`.
    pub(in super::super) status: Option<Spanned<String>>,
    #[serde(default)]
    pub(in super::super) step: Vec<RawPlanStep>,
    #[serde(default)]
    pub(in super::super) execution: Vec<RawRecoveryExecution>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawPlanStep {
    pub(in super::super) name: Spanned<String>,
    #[serde(default)]
    pub(in super::super) servers: Vec<Spanned<String>>,
    #[serde(default)]
    pub(in super::super) optional: Vec<Spanned<String>>,
    pub(in super::super) wait_minutes: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawRecoveryExecution {
    /// Default `RECOVERY`.
    pub(in super::super) mode: Option<Spanned<String>>,
    pub(in super::super) status: Spanned<String>,
    pub(in super::super) started: Timestamp,
    /// It never ends by itself.
    #[serde(default)]
    pub(in super::super) stays: bool,
    #[serde(default)]
    pub(in super::super) tags: BTreeMap<String, String>,
}

/// A job that was started without a plan. It never ends by itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawRecoveryJob {
    pub(in super::super) servers: Vec<Spanned<String>>,
    /// Default `LAUNCH`.
    #[serde(rename = "type")]
    pub(in super::super) kind: Option<Spanned<String>>,
    #[serde(default)]
    pub(in super::super) drill: bool,
    pub(in super::super) started: Timestamp,
}

/// An instance that was launched before.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawRecoveryInstance {
    pub(in super::super) server: Spanned<String>,
    /// Default: follows from the server and the place in the list.
    pub(in super::super) id: Option<String>,
    #[serde(default)]
    pub(in super::super) drill: bool,
    /// Default `RUNNING`.
    pub(in super::super) state: Option<Spanned<String>>,
}
