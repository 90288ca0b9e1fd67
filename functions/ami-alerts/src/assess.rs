//! The assessment of a recorded call by the rules and the facts: findings, severity and the revert. Pure.

use std::cmp::Reverse;

use crate::change::{PermissionChange, ResourceKind, SharedResource, SharingChange};
use crate::event::Record;
use crate::exposure::{Exposure, by_exposure};
use crate::facts::Facts;
use crate::finding::{Finding, FindingKind};
use crate::grantee::Grantee;
use crate::history::CallHistory;
use crate::revert_plan::{RevertPlan, RevertRequest};
use crate::rules::{CallRule, ImageRule, Rules, Trusted};
use crate::severity::Severity;

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
    let no_trust = Trusted::default();
    let trusted = rule.map_or(&no_trust, |rule| &rule.trusted);
    let findings = findings(record, change, facts, trusted);
    let severity = findings.first().map_or(Severity::Info, |finding| finding.severity);
    let is_muted = rule.is_some_and(|rule| severity < rule.mute_below);
    let revert = match (rule.and_then(|rule| rule.revert), change) {
        (Some(revert), SharingChange::Permissions(permissions)) => {
            RevertRequest { revert, permissions, record, facts, own, trusted, is_uncertain }.plan()
        }
        _ => RevertPlan::Nothing,
    };
    let history = CallHistory::default();
    Assessment { severity, findings, rule, is_uncertain, is_muted, revert, history }
}

/// Assesses a call that an `[[api-alert]]` rule names.
pub fn assess_named_call<'r>(record: &Record, rule: &CallRule) -> Assessment<'r> {
    let severity = rule.severity.after(&record.outcome);
    Assessment {
        severity,
        findings: vec![Finding { kind: FindingKind::NamedCall, severity }],
        rule: None,
        is_uncertain: false,
        is_muted: false,
        revert: RevertPlan::Nothing,
        history: CallHistory::default(),
    }
}

/// The first rule that covers an image or a snapshot; for a change to a whole region, the first rule that covers all images.
/// And whether an earlier rule might cover it, if its tags could be read.
pub fn covering_rule<'r>(
    rules: &'r Rules,
    resource: Option<&SharedResource>,
    facts: &Facts,
) -> (Option<&'r ImageRule>, bool) {
    let id = resource.and_then(|resource| resource.id.as_deref());
    let is_image = resource.is_some_and(|resource| resource.kind == ResourceKind::Image);
    let tags = facts.image().map(|image| &image.tags);
    let mut is_uncertain = false;
    for rule in &rules.images {
        if !rule.ids.is_empty() && !id.is_some_and(|id| rule.ids.contains(id)) {
            continue;
        }
        match tags {
            _ if rule.tags.is_empty() => return (Some(rule), is_uncertain),
            Some(tags) if rule.tags.iter().all(|wanted| tags.contains(wanted)) => {
                return (Some(rule), is_uncertain);
            }
            Some(_) => {}
            None => is_uncertain |= is_image,
        }
    }
    (None, is_uncertain)
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
