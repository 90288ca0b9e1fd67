//! The assessment of a recorded call by the rules and the facts: findings, severity and the revert. Pure.

use std::cmp::Reverse;

use jiff::Timestamp;

use crate::access::{AccessQuestion, CallAccess};
use crate::change::{PermissionChange, SharingChange};
use crate::event::Record;
use crate::exposure::{Exposure, by_exposure};
use crate::facts::Facts;
use crate::finding::{Finding, FindingKind};
use crate::grantee::Grantee;
use crate::history::{CallHistory, CallTime, KnownCall};
use crate::memory::ResourceMemory;
use crate::revert_plan::{RevertPlan, RevertRequest};
use crate::rules::{CallRule, ImageRule, Revert, Rules, Trusted};
use crate::severity::Severity;

pub use crate::covering::covering_rule;

/// The assessment of a recorded call.
#[derive(Debug, Clone)]
pub struct Assessment<'r> {
    /// The severity of the worst finding.
    pub severity: Severity,
    /// The findings, worst first. Never empty.
    pub findings: Vec<Finding>,
    /// The rule that covers the image; `None` if no rule does.
    pub rule: Option<&'r ImageRule>,
    /// A rule that selects images by tags may cover the image, and the tags could not be read.
    pub is_uncertain: bool,
    /// What the rule trusts, with the accounts that belong to its organizations.
    pub trusted: Trusted,
    /// Whether the rule names the actor of the call (`trusted-actors`): its shares with others than everyone are expected.
    pub is_trusted_actor: bool,
    /// Whether the rule asks for no email about this severity.
    pub is_muted: bool,
    /// The revert.
    pub revert: RevertPlan,
    /// What the table's memory adds.
    pub history: CallHistory,
    /// The time of the call; `None` for a call that changes no sharing.
    pub time: Option<CallTime>,
    /// The access that the call changed, and that others have now; `None` for a call that changes no sharing.
    pub access: Option<CallAccess>,
}

/// Assesses a call that changed who can use something. `own` is the account that the function runs in, or acts in through a role.
pub fn assess_change<'r>(
    record: &Record,
    change: &SharingChange,
    facts: &Facts,
    rules: &'r Rules,
    own: &str,
    now: Timestamp,
) -> Assessment<'r> {
    let (rule, is_uncertain) = covering_rule(rules, change.resource(), facts);
    let trusted = rules.trust(rule, &facts.memberships);
    let trusted_as = trusted_as(record, change, rule);
    let is_trusted_actor = trusted_as.is_some();
    let time = CallTime::of(record, now);
    let trusted_as = trusted_as.as_deref();
    let access = AccessQuestion { record, change, facts, trusted: &trusted, rule, trusted_as, time }.access();
    let assessed =
        AssessedChange { record, change, facts, trusted: &trusted, access: &access, is_trusted_actor };
    let findings = assessed.findings();
    let severity = findings.first().map_or(Severity::Info, |finding| finding.severity);
    let is_muted = rule.is_some_and(|rule| severity < rule.mute_below);
    let revert = match (rule.and_then(|rule| rule.revert), change) {
        (Some(revert), SharingChange::Permissions(permissions)) => {
            // What a trusted actor shares is expected, except with everyone.
            let revert = if is_trusted_actor { Revert::Public } else { revert };
            let has_access = record.account.as_deref() == Some(own);
            let trusted = &trusted;
            let is_rule_broken = rules.broken.is_some();
            RevertRequest {
                revert,
                permissions,
                record,
                facts,
                trusted,
                is_uncertain,
                is_rule_broken,
                has_access,
            }
            .plan()
        }
        _ => RevertPlan::Nothing,
    };
    Assessment {
        severity,
        findings,
        rule,
        is_uncertain,
        trusted,
        is_trusted_actor,
        is_muted,
        revert,
        history: CallHistory::default(),
        time: Some(time),
        access: Some(access),
    }
}

impl Assessment<'_> {
    /// What the memory adds to the call. `before` is the memory as it was read, `after` the memory with what happened.
    pub fn history_of(
        &self,
        record: &Record,
        before: &ResourceMemory,
        after: &ResourceMemory,
    ) -> CallHistory {
        let Some(access) = &self.access else { return CallHistory::default() };
        let removed = [access.removed.clone(), access.lost.clone()].concat();
        let (moment, succeeded) = (&access.moment, record.outcome.succeeded());
        let call = KnownCall { moment, succeeded, added: &access.added, removed: &removed };
        CallHistory::of(call, before, after)
    }
}

/// The entry of the rule that names the actor of the call. The record of a used snapshot names the account that used it, and a rule about
/// images expects no change to a whole region.
fn trusted_as(record: &Record, change: &SharingChange, rule: Option<&ImageRule>) -> Option<String> {
    let rule = rule.filter(|_| matches!(change, SharingChange::Permissions(_)))?;
    rule.trusts_actor(record).map(ToString::to_string)
}

/// Assesses a call that an `[[api-alert]]` rule names.
pub fn assess_named_call<'r>(record: &Record, rule: &CallRule) -> Assessment<'r> {
    let severity = rule.severity.after(&record.outcome);
    Assessment {
        severity,
        findings: vec![Finding { kind: FindingKind::NamedCall, severity }],
        rule: None,
        is_uncertain: false,
        trusted: Trusted::default(),
        is_trusted_actor: false,
        is_muted: false,
        revert: RevertPlan::Nothing,
        history: CallHistory::default(),
        time: None,
        access: None,
    }
}

/// A change of the sharing that is being assessed.
struct AssessedChange<'a> {
    record: &'a Record,
    change: &'a SharingChange,
    facts: &'a Facts,
    trusted: &'a Trusted,
    access: &'a CallAccess,
    is_trusted_actor: bool,
}

impl AssessedChange<'_> {
    /// The findings, worst first.
    fn findings(&self) -> Vec<Finding> {
        let mut kinds = match self.change {
            SharingChange::Permissions(permissions) => self.permission_findings(permissions),
            SharingChange::PublicAccessBlock { of, on: true, .. } => vec![FindingKind::BlockEnabled(*of)],
            SharingChange::PublicAccessBlock { of, on: false, .. } => vec![FindingKind::BlockDisabled(*of)],
            SharingChange::SnapshotUsed { how, by, .. } => {
                let user = Grantee::user(by.as_deref());
                let exposure = Exposure::of(&user, self.owner(), self.trusted);
                vec![FindingKind::SnapshotUsed(*how, by.clone(), exposure)]
            }
            SharingChange::OtherAttribute { .. } => Vec::new(),
        };
        kinds.extend(self.exposed_now());
        let finding = |kind: FindingKind| Finding { severity: self.severity(&kind), kind };
        let mut findings: Vec<Finding> = kinds.into_iter().map(finding).collect();
        findings.sort_by_key(|finding| Reverse(finding.severity));
        findings
    }

    fn owner(&self) -> Option<&str> {
        self.record.account.as_deref()
    }

    /// What a trusted actor does may be expected.
    fn severity(&self, kind: &FindingKind) -> Severity {
        match kind {
            kind if self.is_trusted_actor && kind.may_be_expected() => Severity::Info,
            kind => kind.severity(&self.record.outcome),
        }
    }

    fn permission_findings(&self, permissions: &PermissionChange) -> Vec<FindingKind> {
        let CallAccess { added, removed, lost, .. } = self.access;
        if !permissions.is_known {
            let now = self.facts.permissions.found();
            return vec![FindingKind::UnknownChange(
                now.map(|now| by_exposure(now, self.owner(), self.trusted)),
            )];
        }
        let added = by_exposure(added, self.owner(), self.trusted).into_iter();
        let added = added.map(|(exposure, grantees)| FindingKind::Shared(exposure, grantees));
        let lost = (!lost.is_empty()).then(|| FindingKind::Lost(lost.clone()));
        let removed = (!removed.is_empty()).then(|| FindingKind::Unshared(removed.clone()));
        // A reset that is known to have removed no access of others is still a reset.
        let reset = (permissions.reset && lost.is_none() && removed.is_none()).then_some(FindingKind::Reset);
        added.chain(lost).chain(removed).chain(reset).collect()
    }

    /// What is exposed now, unless the finding about an unknown change names it.
    fn exposed_now(&self) -> Vec<FindingKind> {
        let is_named =
            matches!(self.change, SharingChange::Permissions(permissions) if !permissions.is_known);
        if is_named && self.record.outcome.succeeded() {
            return Vec::new();
        }
        let exposed = by_exposure(&self.access.exposed_now, self.owner(), self.trusted).into_iter();
        exposed.map(|(exposure, grantees)| FindingKind::ExposedNow(exposure, grantees)).collect()
    }
}
