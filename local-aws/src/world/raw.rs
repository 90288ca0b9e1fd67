//! The shape of `world.toml`, exactly as it is written. The modules of the parent folder interpret it.

mod addresses;
mod buckets;
mod drs;
mod images;
mod pull_requests;
mod signals;
mod tables;
mod timeline;

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};

use jiff::Timestamp;
use serde::Deserialize;
use toml::Spanned;

pub(super) use addresses::{RawAddress, RawInstance};
pub(super) use buckets::{RawBucket, RawObject, RawS3};
pub(super) use drs::{
    RawDrs, RawPlanStep, RawRecoveryExecution, RawRecoveryInstance, RawRecoveryJob, RawRecoveryPlan,
    RawSnapshotOf, RawSourceServer,
};
pub(super) use images::{
    RawAccount, RawAncestor, RawEarlier, RawEc2, RawImage, RawRole, RawSnapshot, RawUsage,
};
pub(super) use pull_requests::{RawComment, RawPullRequest};
pub(super) use signals::{RawAlarm, RawEndpoint, RawParameter};
pub(super) use tables::{RawDynamoDbTable, RawKey};
pub(super) use timeline::{RawImagePush, RawTimed};

use super::content::Content;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawWorld {
    pub(super) now: Option<Timestamp>,
    /// Default `us-east-1`.
    pub(super) region: Option<String>,
    #[serde(default)]
    pub(super) events: RawEvents,
    #[serde(default)]
    pub(super) lambda: RawLambda,
    #[serde(default)]
    pub(super) codecommit: RawCodeCommit,
    #[serde(default)]
    pub(super) cloudformation: RawCloudFormation,
    #[serde(default)]
    pub(super) account: RawAccount,
    #[serde(default)]
    pub(super) role: Vec<RawRole>,
    #[serde(default)]
    pub(super) ec2: RawEc2,
    #[serde(default)]
    pub(super) iam: RawIam,
    #[serde(default)]
    pub(super) sns: RawSns,
    #[serde(default)]
    pub(super) repository: Vec<RawRepository>,
    #[serde(default)]
    pub(super) pipeline: Vec<RawPipeline>,
    #[serde(default)]
    pub(super) stack: Vec<RawStack>,
    #[serde(default)]
    pub(super) image: Vec<RawImage>,
    #[serde(default)]
    pub(super) snapshot: Vec<RawSnapshot>,
    #[serde(default)]
    pub(super) table: Vec<RawDynamoDbTable>,
    #[serde(default)]
    pub(super) alarm: Vec<RawAlarm>,
    #[serde(default)]
    pub(super) parameter: Vec<RawParameter>,
    #[serde(default)]
    pub(super) endpoint: Vec<RawEndpoint>,
    #[serde(default)]
    pub(super) drs: RawDrs,
    #[serde(default)]
    pub(super) source_server: Vec<RawSourceServer>,
    #[serde(default)]
    pub(super) recovery_plan: Vec<RawRecoveryPlan>,
    #[serde(default)]
    pub(super) recovery_job: Vec<RawRecoveryJob>,
    #[serde(default)]
    pub(super) recovery_instance: Vec<RawRecoveryInstance>,
    #[serde(default)]
    pub(super) instance: Vec<RawInstance>,
    #[serde(default)]
    pub(super) address: Vec<RawAddress>,
    #[serde(default)]
    pub(super) s3: RawS3,
    #[serde(default)]
    pub(super) bucket: Vec<RawBucket>,
    #[serde(default)]
    pub(super) timeline: Vec<Spanned<RawTimed>>,
    #[serde(default)]
    pub(super) fault: Vec<RawFault>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawEvents {
    pub(super) follow: Option<Spanned<bool>>,
    pub(super) schedules: Option<Spanned<bool>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawIam {
    #[serde(default)]
    pub(super) denied: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawSns {
    #[serde(default)]
    pub(super) topics: Vec<String>,
    /// `confirmed` or `pending`, one for each subscription.
    pub(super) subscriptions: Option<Vec<Spanned<String>>>,
    pub(super) maximum_message_size: Option<Spanned<usize>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawCloudFormation {
    /// Default 60.
    pub(super) seconds: Option<u32>,
    /// Default 100.
    pub(super) page_size: Option<NonZeroUsize>,
    /// Default 2000.
    pub(super) max_stacks: Option<usize>,
    #[serde(default)]
    pub(super) exports: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) template: Vec<RawTemplate>,
    #[serde(default)]
    pub(super) failing: Vec<RawFailing>,
}

/// The template behind a TemplateURL.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawTemplate {
    pub(super) url: Spanned<String>,
    pub(super) body: Option<String>,
    /// Beside the world's file.
    pub(super) file: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawFailing {
    pub(super) resource: String,
    pub(super) stack: Option<String>,
    pub(super) on: Spanned<String>,
    pub(super) reason: Option<String>,
    /// Fails in this validation before the deployment: `PROPERTY_VALIDATION`.
    pub(super) validation: Option<Spanned<String>>,
    /// The validation's path in the template; default: the resource's properties.
    pub(super) path: Option<String>,
    pub(super) times: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawStack {
    pub(super) name: Spanned<String>,
    pub(super) id: Option<String>,
    /// Default `CREATE_COMPLETE`.
    pub(super) status: Option<Spanned<String>>,
    pub(super) status_reason: Option<String>,
    pub(super) created: Option<Timestamp>,
    pub(super) updated: Option<Timestamp>,
    pub(super) deleted: Option<Timestamp>,
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
    pub(super) role: Option<String>,
    #[serde(default)]
    pub(super) capabilities: Vec<String>,
    #[serde(default)]
    pub(super) protected: bool,
    /// The id of the stack it is nested in.
    pub(super) parent: Option<String>,
    pub(super) template: Option<Spanned<String>>,
    pub(super) template_file: Option<Spanned<String>>,
    pub(super) token: Option<String>,
    #[serde(default)]
    pub(super) event: Vec<RawStackEvent>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawStackEvent {
    pub(super) status: String,
    pub(super) reason: Option<String>,
    /// A logical id; default: the stack itself.
    pub(super) resource: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) token: Option<String>,
    pub(super) time: Option<Timestamp>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawLambda {
    /// Default 1.
    pub(super) deliveries: Option<NonZeroU32>,
    #[serde(default)]
    pub(super) retries: u32,
    /// Values of parameters of the template that deploys the functions. Default: the template's.
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawCodeCommit {
    /// Default 100.
    pub(super) page_size: Option<NonZeroUsize>,
    /// Default 100.
    pub(super) list_page_size: Option<NonZeroUsize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawRepository {
    pub(super) name: Spanned<String>,
    pub(super) default_branch: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) commit: Vec<RawCommit>,
    #[serde(default)]
    pub(super) branches: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    pub(super) pull_request: Vec<RawPullRequest>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawCommit {
    pub(super) label: Spanned<String>,
    /// Default: the commit before it.
    pub(super) parents: Option<Vec<Spanned<String>>>,
    /// Default: the label.
    pub(super) message: Option<String>,
    #[serde(default)]
    pub(super) files: BTreeMap<String, Content>,
    #[serde(default)]
    pub(super) delete: Vec<String>,
    pub(super) generate: Option<RawGenerate>,
}

/// Generates `count` files: `PREFIX00000`, `PREFIX00001` and so on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawGenerate {
    pub(super) prefix: String,
    pub(super) count: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawPipeline {
    pub(super) name: Spanned<String>,
    #[serde(default, rename = "type")]
    pub(super) kind: RawType,
    pub(super) repository: Option<String>,
    /// Default `main`.
    pub(super) branch: Option<Spanned<String>>,
    /// The ECR repository of its source.
    pub(super) image: Option<Spanned<String>>,
    /// Default `latest`.
    pub(super) image_tag: Option<Spanned<String>>,
    pub(super) bucket: Option<Spanned<String>>,
    pub(super) key: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) allow_override_for_s3_object_key: bool,
    /// Default `Source`.
    pub(super) source_action: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) poll_for_source_changes: bool,
    /// The names of the variables that the pipeline declares.
    #[serde(default)]
    pub(super) variables: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) busy: u32,
    #[serde(default)]
    pub(super) execution: Vec<RawExecution>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) enum RawType {
    V1,
    #[default]
    V2,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawExecution {
    pub(super) commit: Option<Spanned<String>>,
    /// Default `Succeeded`.
    pub(super) status: Option<Spanned<String>>,
    pub(super) started: Timestamp,
    pub(super) id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawFault {
    pub(super) operation: Spanned<String>,
    pub(super) call: Option<NonZeroU64>,
    #[serde(default)]
    pub(super) calls: Vec<NonZeroU64>,
    pub(super) answer: Option<String>,
    pub(super) message: Option<String>,
    pub(super) status: Option<u16>,
    #[serde(default)]
    pub(super) after_effect: bool,
    /// In milliseconds of real time.
    #[serde(default)]
    pub(super) delay: u64,
}
