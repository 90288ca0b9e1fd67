//! The assessment of a recorded call by the rules and the facts: findings, severity and the revert. Pure.

use std::cmp::Reverse;

use jiff::Timestamp;

use crate::access::{AccessQuestion, CallAccess};
use crate::change::{PermissionChange, ResourceKind, SharedResource, SharingChange};
use crate::event::Record;
use crate::exposure::{Exposure, by_exposure};
use crate::facts::Facts;
use crate::finding::{Finding, FindingKind};
use crate::grantee::Grantee;
use crate::history::{CallHistory, CallTime, KnownCall};
use crate::memory::ResourceMemory;
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
    /// Whether a rule expects the calls of this actor.
    pub is_trusted_actor: bool,
    /// The time of the call; `None` for a call that changes no sharing.
    pub time: Option<CallTime>,
    /// The access that the call changed, and that others have now; `None` for a call that changes no sharing.
    pub access: Option<CallAccess>,
}

/// What an assessment takes beside the record, the facts and the rules.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The account that the function runs in.
    pub own: &'a str,
    /// The time that counts as now.
    pub now: Timestamp,
    /// Whether the rule that covers the image expects the calls of this actor.
    pub is_trusted_actor: bool,
}

/// Assesses a call that changed who can use something.
pub fn assess_change<'r>(
    record: &Record,
    change: &SharingChange,
    facts: &Facts,
    rules: &'r Rules,
    circumstances: Circumstances<'_>,
) -> Assessment<'r> {
    let Circumstances { own, now, is_trusted_actor } = circumstances;
    let (rule, is_uncertain) = covering_rule(rules, change.resource(), facts);
    let no_trust = Trusted::default();
    let trusted = rule.map_or(&no_trust, |rule| &rule.trusted);
    let time = CallTime::of(record, now);
    let access = AccessQuestion { record, change, facts, trusted, time }.access();
    let findings = AssessedChange { record, change, facts, trusted, access: &access, is_trusted_actor }.findings();
    let severity = findings.first().map_or(Severity::Info, |finding| finding.severity);
    let is_muted = rule.is_some_and(|rule| severity < rule.mute_below);
    let revert = match (rule.and_then(|rule| rule.revert), change) {
        (Some(revert), SharingChange::Permissions(permissions)) if !is_trusted_actor => {
            RevertRequest { revert, permissions, record, facts, own, trusted, is_uncertain }.plan()
        }
        _ => RevertPlan::Nothing,
    };
    Assessment {
        severity,
        findings,
        rule,
        is_uncertain,
        is_muted,
        revert,
        history: CallHistory::default(),
        is_trusted_actor,
        time: Some(time),
        access: Some(access),
    }
}

impl Assessment<'_> {
    /// What the memory adds to the call. `before` is the memory as it was read, `after` the memory with what happened.
    pub fn history_of(&self, record: &Record, before: &ResourceMemory, after: &ResourceMemory) -> CallHistory {
        let Some(access) = &self.access else { return CallHistory::default() };
        let removed = [access.removed.clone(), access.lost.clone()].concat();
        let (moment, succeeded) = (&access.moment, record.outcome.succeeded());
        let call = KnownCall { moment, succeeded, added: &access.added, removed: &removed };
        CallHistory::of(call, before, after)
    }
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
        is_trusted_actor: false,
        time: None,
        access: None,
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

    /// What a trusted actor shares is expected.
    fn severity(&self, kind: &FindingKind) -> Severity {
        match kind {
            FindingKind::Shared(..) if self.is_trusted_actor => Severity::Info,
            kind => kind.severity(&self.record.outcome),
        }
    }

    fn permission_findings(&self, permissions: &PermissionChange) -> Vec<FindingKind> {
        let CallAccess { added, removed, lost, .. } = self.access;
        if !permissions.is_known {
            let now = self.facts.permissions.found();
            return vec![FindingKind::UnknownChange(now.map(|now| by_exposure(now, self.owner(), self.trusted)))];
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
        let is_named = matches!(self.change, SharingChange::Permissions(permissions) if !permissions.is_known);
        if is_named && self.record.outcome.succeeded() {
            return Vec::new();
        }
        let exposed = by_exposure(&self.access.exposed_now, self.owner(), self.trusted).into_iter();
        exposed.map(|(exposure, grantees)| FindingKind::ExposedNow(exposure, grantees)).collect()
    }
}
