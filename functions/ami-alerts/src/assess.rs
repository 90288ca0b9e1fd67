//! The assessment of a recorded call by the rules and the facts: findings, severity and the revert. Pure.

use std::cmp::Reverse;

use crate::change::{PermissionChange, SharingChange};
use crate::event::Record;
use crate::exposure::{Exposure, by_exposure};
use crate::facts::Facts;
use crate::finding::{Finding, FindingKind};
use crate::grantee::Grantee;
use crate::history::CallHistory;
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
}

/// Assesses a call that changed who can use something. `own` is the account that the function runs in.
pub fn assess_change<'r>(
    record: &Record,
    change: &SharingChange,
    facts: &Facts,
    rules: &'r Rules,
    own: &str,
) -> Assessment<'r> {
    let (rule, is_uncertain) = covering_rule(rules, change.resource(), facts);
    let trusted = rules.trust(rule, &facts.memberships);
    let is_trusted_actor = is_trusted_actor(record, change, rule);
    let mut findings = findings(record, change, facts, &trusted);
    if is_trusted_actor {
        findings
            .iter_mut()
            .filter(|finding| finding.kind.may_be_expected())
            .for_each(|finding| finding.severity = Severity::Info);
        findings.sort_by_key(|finding| Reverse(finding.severity));
    }
    let severity = findings.first().map_or(Severity::Info, |finding| finding.severity);
    let is_muted = rule.is_some_and(|rule| severity < rule.mute_below);
    let revert = match (rule.and_then(|rule| rule.revert), change) {
        (Some(revert), SharingChange::Permissions(permissions)) => {
            // What a trusted actor shares is expected, except with everyone.
            let revert = if is_trusted_actor { Revert::Public } else { revert };
            RevertRequest { revert, permissions, record, facts, own, trusted: &trusted, is_uncertain }.plan()
        }
        _ => RevertPlan::Nothing,
    };
    let history = CallHistory::default();
    Assessment {
        severity,
        findings,
        rule,
        is_uncertain,
        trusted,
        is_trusted_actor,
        is_muted,
        revert,
        history,
    }
}

/// Whether the rule names the actor of the call. The record of a used snapshot names the account that used it, and a rule about
/// images expects no change to a whole region.
fn is_trusted_actor(record: &Record, change: &SharingChange, rule: Option<&ImageRule>) -> bool {
    matches!(change, SharingChange::Permissions(_))
        && rule.is_some_and(|rule| rule.trusts_actor(record).is_some())
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
    }
}

/// The findings, worst first.
fn findings(record: &Record, change: &SharingChange, facts: &Facts, trusted: &Trusted) -> Vec<Finding> {
    let kinds = match change {
        SharingChange::Permissions(permissions) => {
            permission_findings(permissions, facts, record.account.as_deref(), trusted)
        }
        SharingChange::PublicAccessBlock { of, on: true, .. } => vec![FindingKind::BlockEnabled(*of)],
        SharingChange::PublicAccessBlock { of, on: false, .. } => vec![FindingKind::BlockDisabled(*of)],
        SharingChange::SnapshotUsed { how, by, .. } => {
            let user = by.as_deref().map_or(Grantee::Other("an unknown account".to_owned()), Grantee::of);
            let exposure = Exposure::of(&user, record.account.as_deref(), trusted);
            vec![FindingKind::SnapshotUsed(*how, by.clone(), exposure)]
        }
        SharingChange::OtherAttribute { .. } => Vec::new(),
    };
    let finding = |kind: FindingKind| Finding { severity: kind.severity(&record.outcome), kind };
    let mut findings: Vec<Finding> = kinds.into_iter().map(finding).collect();
    findings.sort_by_key(|finding| Reverse(finding.severity));
    findings
}

fn permission_findings(
    permissions: &PermissionChange,
    facts: &Facts,
    owner: Option<&str>,
    trusted: &Trusted,
) -> Vec<FindingKind> {
    if permissions.reset {
        return vec![FindingKind::Reset];
    }
    if !permissions.is_known {
        let now = facts.permissions.found().map(|now| by_exposure(now, owner, trusted));
        return vec![FindingKind::UnknownChange(now)];
    }
    let added = by_exposure(&permissions.added, owner, trusted);
    let added = added.into_iter().map(|(exposure, grantees)| FindingKind::Shared(exposure, grantees));
    let removed = &permissions.removed;
    let removed = (!removed.is_empty()).then(|| FindingKind::Unshared(removed.clone()));
    added.chain(removed).collect()
}
