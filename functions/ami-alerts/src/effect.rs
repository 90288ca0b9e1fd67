//! The effects of this function: claim an event, revoke access, publish an email, remember findings.
//!
//! A decision returns effects, `act.rs` carries them out, and their results are the input of the next decision.

use serde_json::{Value, json};
use shared::act::Performed;
use shared::email::Message;

use crate::change::ResourceKind;
use crate::claim::{AlertTableError, ClaimAnswer};
use crate::grantee::Grantee;
use crate::memory::update::MemoryUpdate;
use crate::revert_plan::{FailedRevert, RevertOutcome};

/// An effect.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Claim the event of this key, so that one invocation reports it.
    Claim(String),
    /// Remove permissions of an image or a snapshot.
    Revoke(Revocation),
    /// Publish an email.
    Publish(Box<AlertPublication>),
    /// Change the memory of an image or a snapshot.
    Update(MemoryUpdate),
}

/// Permissions that are removed from an image or a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The key of the event in the table.
    pub event: String,
    /// The account of the image or snapshot.
    pub account: Option<String>,
    /// The region of the image or snapshot.
    pub region: String,
    /// An image or a snapshot.
    pub kind: ResourceKind,
    /// Its id.
    pub id: String,
    /// The grantees that lose access.
    pub grantees: Vec<Grantee>,
    /// The grantees whose access an earlier try of the event revoked.
    pub revoked_before: Vec<Grantee>,
    /// Whether an earlier invocation reported that this revocation failed.
    pub failure_was_reported: bool,
}

/// An email with what is recorded about it.
#[derive(Debug, Clone)]
pub struct AlertPublication {
    /// The subject of the reasons about the email.
    pub subject: String,
    /// The email.
    pub message: Message,
    /// The claimed event that the email reports; `None` for the daily scan.
    pub event: Option<EmailedEvent>,
    /// What is remembered once the email is sent.
    pub updates: Vec<MemoryUpdate>,
}

/// A claimed event that an email reports.
#[derive(Debug, Clone)]
pub struct EmailedEvent {
    /// The key of the event in the table.
    pub key: String,
    /// The revert that the email reports.
    pub revert: RevertOutcome,
}

/// An effect that was carried out, with its result.
#[derive(Debug, Clone)]
pub enum Acted {
    /// An event was claimed, or not.
    Claimed(ClaimAnswer),
    /// Permissions were removed, or not; and why the table could not record that.
    Revoked(Revocation, Performed<(), FailedRevert>, Option<AlertTableError>),
    /// An email was published, or not; and why the table could not record that.
    Published(Box<AlertPublication>, Performed<String>, Option<AlertTableError>),
    /// The memory of an image or a snapshot was changed, or not.
    Updated(MemoryUpdate, Option<AlertTableError>),
}

impl Acted {
    /// Whether permissions have changed, or may have, since the facts were gathered. A call that fails can have had its effect.
    pub fn changed_permissions(&self) -> bool {
        match self {
            Self::Revoked(_, Performed::Done(()), _) => true,
            Self::Revoked(_, Performed::Failed(failed), _) => {
                !failed.revoked.is_empty() || failed.may_have_had_effect()
            }
            _ => false,
        }
    }

    /// The grantees whose access was revoked for certain.
    pub fn revoked(&self) -> &[Grantee] {
        match self {
            Self::Revoked(revocation, Performed::Done(()), _) => &revocation.grantees,
            Self::Revoked(_, Performed::Failed(failed), _) => &failed.revoked,
            _ => &[],
        }
    }
}

impl shared::act::Effect for Revocation {
    fn call(&self) -> &'static str {
        match self.kind {
            ResourceKind::Image => "ec2:ModifyImageAttribute",
            ResourceKind::Snapshot => "ec2:ModifySnapshotAttribute",
        }
    }

    fn subject(&self) -> String {
        self.id.clone()
    }

    fn input(&self) -> Value {
        let names: Vec<_> = self.grantees.iter().map(Grantee::name).collect();
        match self.kind {
            ResourceKind::Image => json!({"ImageId": self.id, "LaunchPermission": {"Remove": names}}),
            ResourceKind::Snapshot => {
                json!({"SnapshotId": self.id, "CreateVolumePermission": {"Remove": names}})
            }
        }
    }
}
