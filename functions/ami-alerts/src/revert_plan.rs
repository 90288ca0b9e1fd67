//! The revert of a recorded call: which grantees lose access again, or why the revert is blocked. Pure.

use std::fmt;

use jiff::Timestamp;
use shared::call_error::CallError;
use shared::home::is_region;

use crate::change::{PermissionChange, ResourceKind};
use crate::event::Record;
use crate::exposure::untrusted;
use crate::facts::Facts;
use crate::grantee::Grantee;
use crate::rules::{Revert, Trusted};

/// The revert that the rules ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevertPlan {
    /// No rule asks for a revert, or there is nothing to revert.
    Nothing,
    /// The access of these grantees is to be revoked.
    Revoke(Vec<Grantee>),
    /// A rule asks for a revert, and this blocks it.
    Blocked(RevertBlock),
}

/// Why a revert that a rule asks for is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevertBlock {
    /// The call shared a snapshot.
    Snapshot,
    /// The record has no image id of AWS's form.
    NoImageId,
    /// The image belongs to another account.
    OtherAccount,
    /// The record's region does not have the form of a region's name.
    NotARegion,
    /// The tags are unknown, and a rule that selects by tags may trust the grantees.
    TagsUnknown,
    /// Neither the record nor EC2 names the grantees.
    GranteesUnknown,
    /// This function does not know the kind of the grantees.
    UnknownGrantees,
}

/// The result of the revert, as the email and the table record it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevertOutcome {
    /// Nothing was to be reverted.
    NotPlanned,
    /// The access of these grantees was revoked.
    Revoked(Vec<Grantee>),
    /// An earlier try of this invocation revoked the access of these grantees, and its email was not sent.
    RevokedBefore(Vec<Grantee>, Timestamp),
    /// The access of some or all grantees could not be revoked.
    Failed(FailedRevert),
    /// A rule asks for a revert, and this blocked it.
    Blocked(RevertBlock),
}

/// A revert that failed, or failed in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedRevert {
    /// The grantees whose access was revoked.
    pub revoked: Vec<Grantee>,
    /// The grantees whose access was to be revoked, and was not or may not have been.
    pub left: Vec<Grantee>,
    /// Why.
    pub error: CallError,
}

impl RevertOutcome {
    /// The grantees whose access this function revoked.
    pub fn revoked(&self) -> &[Grantee] {
        match self {
            Self::Revoked(grantees) | Self::RevokedBefore(grantees, _) => grantees,
            Self::Failed(failed) => &failed.revoked,
            Self::NotPlanned | Self::Blocked(_) => &[],
        }
    }

    /// The word for filter policies and the table, if a rule asks for a revert.
    pub fn name(&self) -> Option<&'static str> {
        match self {
            Self::NotPlanned => None,
            Self::Revoked(_) | Self::RevokedBefore(..) => Some("reverted"),
            Self::Failed(..) => Some("failed"),
            Self::Blocked(_) => Some("held"),
        }
    }
}

impl fmt::Display for RevertBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Snapshot => "this function reverts shares of images, not of snapshots",
            Self::NoImageId => "the record has no id of an image",
            Self::OtherAccount => "the image does not belong to the account that this function runs in",
            Self::NotARegion => "the record names no valid region",
            Self::TagsUnknown => {
                "the image's tags could not be read, and a rule that selects images by tags may trust the grantees"
            }
            Self::GranteesUnknown => "neither the record nor EC2 names the grantees",
            Self::UnknownGrantees => "this function does not know this kind of grantee",
        })
    }
}

/// The assessed call that a revert is planned for.
pub(crate) struct RevertRequest<'a> {
    pub(crate) revert: Revert,
    pub(crate) permissions: &'a PermissionChange,
    pub(crate) record: &'a Record,
    pub(crate) facts: &'a Facts,
    pub(crate) own: &'a str,
    pub(crate) trusted: &'a Trusted,
    pub(crate) is_uncertain: bool,
}

impl RevertRequest<'_> {
    /// The revert, or why it is blocked.
    pub(crate) fn plan(&self) -> RevertPlan {
        let untrusted = self.untrusted();
        let is_known = self.permissions.is_known;
        if !self.record.outcome.succeeded() || (untrusted.is_empty() && is_known) {
            return RevertPlan::Nothing;
        }
        match self.block() {
            Some(block) => RevertPlan::Blocked(block),
            None => revocable(untrusted, self.facts.permissions.found()),
        }
    }

    /// The untrusted grantees that gained access. Where the record does not name the grantees, all current ones count.
    fn untrusted(&self) -> Vec<Grantee> {
        let candidates: &[Grantee] = match self.permissions.is_known {
            true => &self.permissions.added,
            false => self.facts.permissions.found().map_or(&[], Vec::as_slice),
        };
        let mut untrusted = untrusted(candidates, self.record.account.as_deref(), self.trusted);
        untrusted.retain(|grantee| match self.revert {
            Revert::Public => *grantee == Grantee::Everyone,
            Revert::Untrusted => true,
        });
        untrusted
    }

    fn block(&self) -> Option<RevertBlock> {
        let resource = &self.permissions.resource;
        let is_known = self.permissions.is_known || self.facts.permissions.found().is_some();
        let blocks = [
            (resource.kind == ResourceKind::Snapshot, RevertBlock::Snapshot),
            (resource.legal_id().is_none(), RevertBlock::NoImageId),
            (self.record.account.as_deref() != Some(self.own), RevertBlock::OtherAccount),
            (self.record.region.as_deref().is_some_and(|region| !is_region(region)), RevertBlock::NotARegion),
            (self.is_uncertain, RevertBlock::TagsUnknown),
            (!is_known, RevertBlock::GranteesUnknown),
        ];
        blocks.into_iter().find_map(|(applies, block)| applies.then_some(block))
    }
}

/// Of these grantees, those whose access can be revoked and was not revoked since.
fn revocable(mut grantees: Vec<Grantee>, now: Option<&Vec<Grantee>>) -> RevertPlan {
    if let Some(now) = now {
        grantees.retain(|grantee| now.contains(grantee));
    }
    let count = grantees.len();
    grantees.retain(|grantee| !matches!(grantee, Grantee::Other(_)));
    match grantees.is_empty() {
        true if count > 0 => RevertPlan::Blocked(RevertBlock::UnknownGrantees),
        true => RevertPlan::Nothing,
        false => RevertPlan::Revoke(grantees),
    }
}
