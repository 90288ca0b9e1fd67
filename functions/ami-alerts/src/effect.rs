//! The effects of this function: claim an event, revoke access, publish an email, remember and forget shares.
//!
//! A decision returns effects, `act.rs` carries them out, and their results are the input of the next decision.

use serde_json::{Value, json};
use shared::act::Performed;
use shared::email::Message;

use crate::claim::{AlertTableError, ClaimAnswer};
use crate::grantee::Grantee;
use crate::memory::update::MemoryUpdate;
use crate::revert_plan::RevertOutcome;

/// An effect.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Claim the event of this key, so that one invocation reports it.
    Claim(String),
    /// Remove launch permissions of an image.
    Revoke(Revocation),
    /// Publish an email.
    Publish(Box<AlertPublication>),
    /// Remember the untrusted shares of an image, or forget them.
    Remember(ImageShares),
    /// Change the memory of an image or a snapshot.
    Update(MemoryUpdate),
}

/// Launch permissions that are removed from an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The region of the image.
    pub region: String,
    /// The id of the image.
    pub image: String,
    /// The grantees that lose access.
    pub grantees: Vec<Grantee>,
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
    /// The shares that the email reports; they are remembered once it is sent.
    pub shares: Vec<ImageShares>,
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

/// The untrusted shares of an image, as the table remembers them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageShares {
    /// The region of the image.
    pub region: String,
    /// The id of the image.
    pub image: String,
    /// The digest of the untrusted grantees; `None` where there are none, and the item is deleted.
    pub digest: Option<String>,
}

/// An effect that was carried out, with its result.
#[derive(Debug, Clone)]
pub enum Acted {
    /// An event was claimed, or not.
    Claimed(ClaimAnswer),
    /// Launch permissions were removed, or not.
    Revoked(Revocation, Performed<()>),
    /// An email was published, or not; and why the table could not record that.
    Published(Box<AlertPublication>, Performed<String>, Option<AlertTableError>),
    /// Shares of an image were remembered, or not.
    Remembered(ImageShares, Option<AlertTableError>),
    /// The memory of an image or a snapshot was changed, or not.
    Updated(MemoryUpdate, Option<AlertTableError>),
}

impl Acted {
    /// Whether launch permissions have changed since the facts were gathered.
    pub fn changed_permissions(&self) -> bool {
        matches!(self, Self::Revoked(_, Performed::Done(())))
    }
}

impl shared::act::Effect for Revocation {
    fn call(&self) -> &'static str {
        "ec2:ModifyImageAttribute"
    }

    fn subject(&self) -> String {
        self.image.clone()
    }

    fn input(&self) -> Value {
        let names: Vec<_> = self.grantees.iter().map(Grantee::name).collect();
        json!({"ImageId": self.image, "LaunchPermission": {"Remove": names}})
    }
}
