//! The revert of a recorded call: which grantees lose access again, or why the revert is blocked. Pure.

use std::collections::BTreeMap;
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
    /// The access of some grantees is to be revoked.
    Revoke(PlannedRevert),
    /// A rule asks for a revert of the access of these grantees, and it is blocked for each. Never empty.
    Held(Vec<HeldGrantees>),
    /// A rule asks for a revert, and this blocks all of it.
    Blocked(RevertBlock),
}

/// A revert that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRevert {
    /// The grantees whose access is to be revoked. Never empty.
    pub grantees: Vec<Grantee>,
    /// The grantees whose access is not revoked, although a rule asks for it.
    pub held: Vec<HeldGrantees>,
}

/// Grantees whose access is not revoked, although a rule asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldGrantees {
    /// Why.
    pub block: RevertBlock,
    /// The grantees.
    pub grantees: Vec<Grantee>,
}

/// Why a revert that a rule asks for is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RevertBlock {
    /// The record has no id of AWS's form.
    NoId(ResourceKind),
    /// The image or snapshot belongs to another account, and the function has no role in it.
    OtherAccount(ResourceKind),
    /// The record's region does not have the form of a region's name.
    NotARegion,
    /// The tags are unknown, and a rule that selects by tags may trust the grantees.
    TagsUnknown,
    /// Neither the record nor EC2 names the grantees.
    GranteesUnknown,
    /// This function does not know the kind of the grantees, or EC2 does not share this kind of resource with them.
    UnknownGrantees,
    /// The grantees may belong to an organization that the rule trusts.
    MembershipUnknown,
    /// A rule cannot be read, and it may trust the grantees.
    RuleBroken,
}

/// The result of the revert, as the email and the table record it. [`RevertPlan::held`] has the grantees that no call was made
/// for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevertOutcome {
    /// Nothing was to be reverted.
    NotPlanned,
    /// The access of these grantees was revoked.
    Revoked(Vec<Grantee>),
    /// An earlier try of this event revoked the access of these grantees, and its email was not sent.
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
    /// Why. Of several errors, the first one after which the access may have been revoked, or else the first one.
    pub error: CallError,
}

/// A revert that an earlier try of the same event made, as the event's item has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedRevert {
    /// The grantees whose access was revoked.
    pub grantees: Vec<Grantee>,
    /// The time of the try.
    pub at: Timestamp,
}

/// The codes of errors after which EC2 may have made the change ("Error codes for the Amazon EC2 API", Amazon EC2 Developer
/// Guide: server error codes).
pub(crate) const SERVER_ERRORS: [&str; 5] =
    ["InternalError", "InternalFailure", "InternalServerError", "ServiceUnavailable", "Unavailable"];

/// Whether a call that failed may have had its effect: no answer arrived, or the service itself failed.
pub fn may_have_had_effect(error: &CallError) -> bool {
    error.code.as_deref().is_none_or(|code| SERVER_ERRORS.contains(&code))
}

impl RevertPlan {
    /// The grantees whose access is to be revoked.
    pub fn revocable(&self) -> &[Grantee] {
        match self {
            Self::Revoke(planned) => &planned.grantees,
            Self::Nothing | Self::Held(_) | Self::Blocked(_) => &[],
        }
    }

    /// The grantees whose access is not revoked, although a rule asks for it; empty where the whole revert is blocked.
    pub fn held(&self) -> &[HeldGrantees] {
        match self {
            Self::Revoke(planned) => &planned.held,
            Self::Held(held) => held,
            Self::Nothing | Self::Blocked(_) => &[],
        }
    }
}

impl FailedRevert {
    /// Whether the access of the grantees that are left may have been revoked all the same.
    pub fn may_have_had_effect(&self) -> bool {
        may_have_had_effect(&self.error)
    }
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

    /// The time at which this function revoked the access of [`Self::revoked`], for an invocation at `now`.
    pub fn revoked_at(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::RevokedBefore(_, at) => *at,
            Self::NotPlanned | Self::Revoked(_) | Self::Failed(_) | Self::Blocked(_) => now,
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
        match self {
            Self::NoId(kind) => write!(f, "the record has no id of {}", kind.with_article()),
            Self::OtherAccount(kind) => write!(
                f,
                "the {} belongs to another account, and this function has no access to that account",
                kind.name()
            ),
            Self::NotARegion => f.write_str("the record names no valid region"),
            Self::TagsUnknown => f.write_str(
                "the tags or images that decide which rule covers it could not be read, and that rule may trust the grantees",
            ),
            Self::GranteesUnknown => f.write_str("neither the record nor EC2 names the grantees"),
            Self::UnknownGrantees => f.write_str("this function cannot revoke the access of this kind of grantee"),
            Self::MembershipUnknown => {
                f.write_str("it is not known whether the account belongs to an organization that the rule trusts")
            }
            Self::RuleBroken => f.write_str("a rule cannot be read, and it may trust the grantees"),
        }
    }
}

/// The assessed call that a revert is planned for.
pub(crate) struct RevertRequest<'a> {
    pub(crate) revert: Revert,
    pub(crate) permissions: &'a PermissionChange,
    pub(crate) record: &'a Record,
    pub(crate) facts: &'a Facts,
    pub(crate) trusted: &'a Trusted,
    pub(crate) is_uncertain: bool,
    /// Whether a rule cannot be read.
    pub(crate) is_rule_broken: bool,
    /// Whether the function can change images and snapshots of the record's account: its own account, or one with a role.
    pub(crate) has_access: bool,
}

impl RevertRequest<'_> {
    /// The revert, or why it is blocked. A look-up excludes no grantee: EC2 is eventually consistent, and the removal of a
    /// permission that does not exist does no harm.
    pub(crate) fn plan(&self) -> RevertPlan {
        if !self.record.outcome.succeeded() {
            return RevertPlan::Nothing;
        }
        let untrusted = self.untrusted();
        if untrusted.is_empty() && self.permissions.is_known {
            return RevertPlan::Nothing;
        }
        match self.block() {
            Some(block) => RevertPlan::Blocked(block),
            None => self.planned(untrusted),
        }
    }

    /// The untrusted grantees that gained access. If the record does not name the grantees, all current ones count.
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

    /// What blocks the whole revert.
    fn block(&self) -> Option<RevertBlock> {
        let resource = &self.permissions.resource;
        let is_known = self.permissions.is_known || self.facts.permissions.found().is_some();
        let blocks = [
            (resource.legal_id().is_none(), RevertBlock::NoId(resource.kind)),
            (!self.has_access, RevertBlock::OtherAccount(resource.kind)),
            (self.record.region.as_deref().is_some_and(|region| !is_region(region)), RevertBlock::NotARegion),
            (self.is_uncertain, RevertBlock::TagsUnknown),
            (self.is_rule_broken, RevertBlock::RuleBroken),
            (!is_known, RevertBlock::GranteesUnknown),
        ];
        blocks.into_iter().find_map(|(applies, block)| applies.then_some(block))
    }

    /// What blocks the revert of the access of one grantee.
    fn block_of(&self, grantee: &Grantee) -> Option<RevertBlock> {
        match (grantee, self.permissions.resource.kind) {
            // EC2 shares a snapshot with accounts and with everyone (CreateVolumePermission, Amazon EC2 API Reference).
            (Grantee::Other(_), _)
            | (Grantee::Organization { .. } | Grantee::Unit { .. }, ResourceKind::Snapshot) => {
                Some(RevertBlock::UnknownGrantees)
            }
            (grantee, _) if self.trusted.is_unproven(grantee) => Some(RevertBlock::MembershipUnknown),
            _ => None,
        }
    }

    fn planned(&self, untrusted: Vec<Grantee>) -> RevertPlan {
        let mut grantees = Vec::new();
        let mut held: BTreeMap<RevertBlock, Vec<Grantee>> = BTreeMap::new();
        for grantee in untrusted {
            match self.block_of(&grantee) {
                Some(block) => held.entry(block).or_default().push(grantee),
                None => grantees.push(grantee),
            }
        }
        let held: Vec<HeldGrantees> =
            held.into_iter().map(|(block, grantees)| HeldGrantees { block, grantees }).collect();
        match (grantees.is_empty(), held.is_empty()) {
            (false, _) => RevertPlan::Revoke(PlannedRevert { grantees, held }),
            (true, false) => RevertPlan::Held(held),
            (true, true) => RevertPlan::Nothing,
        }
    }
}

#[cfg(test)]
mod tests;
