//! The request for an operator's approval of a start, as an incident keeps it, and its answer.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::token::client_token;

use super::{ChosenSnapshot, EntryKind, Incident};
use crate::rules::{Approval, RecoveryPlan};

/// The time in which a request can be answered, or after which one that starts by itself is void.
const VALID: SignedDuration = SignedDuration::from_mins(30);

/// The most requests of an incident, each with its email.
pub const MOST_REQUESTS: u32 = 10;

/// The characters of a digest.
const DIGEST: usize = 16;

/// What an incident knows of its approval.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct IncidentApproval {
    /// The number of requests.
    pub asked_count: u32,
    /// The last request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<ApprovalRequest>,
    /// The last answer that was read; later ones are new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<ReadAnswer>,
}

impl IncidentApproval {
    /// Whether nothing was asked or read.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A request for an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ApprovalRequest {
    /// The digest of the incident, the plan, its mode, the snapshots and the expiry. An approval names it.
    pub digest: String,
    /// The digest of the plan, its mode and its servers: another one makes another request.
    pub of: String,
    /// When the function asked.
    pub asked: Timestamp,
    /// Until then the request can be approved, and an approved start can begin.
    pub expires: Timestamp,
    /// Since when nothing else blocks the start.
    pub unblocked: Timestamp,
    /// The snapshots that the servers would be launched from.
    pub snapshots: Vec<ChosenSnapshot>,
}

/// The operator who approved the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Approver {
    /// The ARN of the principal (`LastModifiedUser`).
    pub by: String,
    /// When the principal answered.
    pub at: Timestamp,
    /// The version of the parameter.
    pub version: i64,
}

/// The time and the version of an answer that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReadAnswer {
    /// When it was given.
    pub at: Timestamp,
    /// The version of the parameter.
    pub version: i64,
}

/// The digest of what a request is about, besides its snapshots: the plan, its mode and its servers.
pub fn digest_of_plan<'s>(plan: &RecoveryPlan, servers: impl Iterator<Item = &'s str>) -> String {
    let drs_plan = plan.drs_plan.as_ref().map(ToString::to_string).unwrap_or_default();
    let (waves, approval) = (format!("{:?}", plan.waves), format!("{:?}", plan.approval));
    let mut servers: Vec<&str> = servers.collect();
    servers.sort_unstable();
    let parts = [plan.name.as_str(), &drs_plan, &waves, plan.mode.name(), &approval];
    short(&client_token(parts.into_iter().chain(servers)))
}

fn short(digest: &str) -> String {
    digest[..DIGEST.min(digest.len())].to_owned()
}

impl Incident {
    /// Asks for an approval of a start from these snapshots. An earlier request and its approval are void.
    pub fn ask(&mut self, plan: &RecoveryPlan, of: String, snapshots: Vec<ChosenSnapshot>, now: Timestamp) {
        let wait = match plan.approval {
            Approval::After(wait) => wait,
            Approval::None | Approval::Required => SignedDuration::ZERO,
        };
        let expires = now + wait + VALID;
        let (asked, until) = (now.to_string(), expires.to_string());
        let named: Vec<String> =
            snapshots.iter().map(|chosen| format!("{}={}", chosen.server, chosen.snapshot)).collect();
        let parts = [self.id.as_str(), &of, &asked, &until].into_iter().chain(named.iter().map(String::as_str));
        let digest = short(&client_token(parts));
        self.approval.asked_count += 1;
        self.note(
            now,
            EntryKind::Approval,
            format!("the function asks for an approval: request {}, {digest}, until {expires}", self.approval.asked_count),
        );
        self.approval.request =
            Some(ApprovalRequest { digest, of, asked: now, expires, unblocked: now, snapshots });
        self.approved_by = None;
        // Each request has its email, also while the same interlocks block the start.
        self.reported = None;
    }

    /// The request that can be approved now.
    pub fn open_request(&self, now: Timestamp) -> Option<&ApprovalRequest> {
        let request = self.approval.request.as_ref()?;
        (self.is_open() && self.approved_by.is_none() && now < request.expires).then_some(request)
    }
}
