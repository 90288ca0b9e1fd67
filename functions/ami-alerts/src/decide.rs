//! What a recorded call means, by the rules and by what was looked up: pure.

use crate::change::{Change, Kind, Permissions, Resource};
use crate::event::Record;
use crate::exposure::{Exposure, offending, sorted};
use crate::facts::Facts;
use crate::grantee::Grantee;
use crate::outcome::Outcome;
use crate::rules::{CallRule, ImageRule, Revert, Rules, Trusted};
use crate::severity::Severity;
use shared::home::is_region;

/// What a call means.
#[derive(Debug, Clone)]
pub struct Judgement<'r> {
    /// How bad it is, all in all.
    pub severity: Severity,
    /// What it comes to, worst first. Never empty.
    pub findings: Vec<Finding>,
    /// The rule that decides about the image; none if no rule covers it.
    pub rule: Option<&'r ImageRule>,
    /// A rule that looks at tags may decide about it, and they could not be read.
    pub is_uncertain: bool,
    /// Whether the rule wants it recorded only.
    pub is_muted: bool,
    /// What is to be undone.
    pub plan: Plan,
}

/// One thing that a call comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub what: What,
    /// How bad it is, as the call went.
    pub severity: Severity,
}

/// What a call comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// These were let in.
    Given(Exposure, Vec<Grantee>),
    /// These were shut out.
    Taken(Vec<Grantee>),
    /// Everybody but the owner was shut out.
    Reset,
    /// Images of the region cannot be made public any more.
    BlockOn,
    /// Images of the region can be made public.
    BlockOff,
    /// The record does not say who was let in or shut out. This is who may use it now, if that could be read.
    Unsaid(Option<Vec<(Exposure, Vec<Grantee>)>>),
    /// A call that a rule names.
    Call,
}

/// What is to be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Nothing; no rule asks for it, or there is nothing to undo.
    Nothing,
    /// These are to be shut out again.
    Remove(Vec<Grantee>),
    /// A rule asks for it, and it is not done; why.
    Held(&'static str),
}

/// What a call of EC2 means. `own` is the account that the function runs in.
pub fn judge<'r>(
    record: &Record,
    change: &Change,
    facts: &Facts,
    rules: &'r Rules,
    own: &str,
) -> Judgement<'r> {
    let (rule, is_uncertain) = covering(rules, change.resource(), facts);
    let nobody = Trusted::default();
    let trusted = rule.map_or(&nobody, |rule| &rule.trusted);
    let owner = record.account.as_deref();
    let whats = match change {
        Change::Permissions(permissions) => meanings(permissions, facts, owner, trusted),
        Change::PublicAccessBlock { on: true } => vec![What::BlockOn],
        Change::PublicAccessBlock { on: false } => vec![What::BlockOff],
        Change::OtherAttribute { .. } => Vec::new(),
    };
    let finding = |what: What| Finding { severity: what.severity(&record.outcome), what };
    let mut findings: Vec<Finding> = whats.into_iter().map(finding).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let severity = findings.first().map_or(Severity::Info, |finding| finding.severity);
    let is_muted = rule.is_some_and(|rule| severity < rule.mute_below);
    let plan = match (rule.and_then(|rule| rule.revert), change) {
        (Some(revert), Change::Permissions(permissions)) => {
            plan(revert, permissions, record, facts, own, trusted, is_uncertain)
        }
        _ => Plan::Nothing,
    };
    Judgement { severity, findings, rule, is_uncertain, is_muted, plan }
}

/// What a call means that a rule names.
pub fn judge_call<'r>(record: &Record, rule: &CallRule) -> Judgement<'r> {
    let severity = by_outcome(rule.severity, &record.outcome);
    Judgement {
        severity,
        findings: vec![Finding { what: What::Call, severity }],
        rule: None,
        is_uncertain: false,
        is_muted: false,
        plan: Plan::Nothing,
    }
}

/// The first rule that covers an image or a snapshot; for what is about no single one, the first that covers all. Whether
/// a rule before it might, if the tags could be read.
pub fn covering<'r>(
    rules: &'r Rules,
    resource: Option<&Resource>,
    facts: &Facts,
) -> (Option<&'r ImageRule>, bool) {
    let id = resource.and_then(|resource| resource.id.as_deref());
    let is_image = resource.is_some_and(|resource| resource.kind == Kind::Image);
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

fn meanings(permissions: &Permissions, facts: &Facts, owner: Option<&str>, trusted: &Trusted) -> Vec<What> {
    if permissions.reset {
        return vec![What::Reset];
    }
    if !permissions.is_known {
        let now = facts.permissions.seen().map(|now| sorted(now, owner, trusted));
        return vec![What::Unsaid(now)];
    }
    let given = sorted(&permissions.added, owner, trusted);
    let given = given.into_iter().map(|(exposure, grantees)| What::Given(exposure, grantees));
    let taken = (!permissions.removed.is_empty()).then(|| What::Taken(permissions.removed.clone()));
    given.chain(taken).collect()
}

impl What {
    /// The reason's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Given(exposure, _) => exposure.code(),
            Self::Taken(_) => "unshared",
            Self::Reset => "reset",
            Self::BlockOn => "block-public-access-on",
            Self::BlockOff => "block-public-access-off",
            Self::Unsaid(_) => "unknown-change",
            Self::Call => "api-call",
        }
    }

    fn severity(&self, outcome: &Outcome) -> Severity {
        let done = match self {
            Self::Given(exposure, _) => exposure.severity(),
            Self::Taken(_) | Self::Reset | Self::BlockOn => Severity::Info,
            Self::BlockOff => Severity::High,
            // What is not known may be the worst; it is not said to be.
            Self::Unsaid(now) => match now.as_deref() {
                Some([(worst, _), ..]) => worst.severity(),
                Some([]) => Severity::Info,
                None => Severity::High,
            },
            Self::Call => Severity::Medium,
        };
        by_outcome(done, outcome)
    }
}

/// What only was tried has a level of its own.
fn by_outcome(done: Severity, outcome: &Outcome) -> Severity {
    match (outcome.succeeded(), done) {
        (true, done) => done,
        (false, Severity::Critical) => Severity::Medium,
        (false, Severity::High) => Severity::Low,
        (false, _) => Severity::Info,
    }
}

fn plan(
    revert: Revert,
    permissions: &Permissions,
    record: &Record,
    facts: &Facts,
    own: &str,
    trusted: &Trusted,
    is_uncertain: bool,
) -> Plan {
    let owner = record.account.as_deref();
    // Where the record does not say who was let in, whoever is in now counts.
    let candidates: &[Grantee] = match permissions.is_known {
        true => &permissions.added,
        false => facts.permissions.seen().map_or(&[], Vec::as_slice),
    };
    let wanted = |grantee: &Grantee| match revert {
        Revert::Public => *grantee == Grantee::Everyone,
        Revert::Untrusted => true,
    };
    let mut offenders = offending(candidates, owner, trusted);
    offenders.retain(wanted);
    if !record.outcome.succeeded() || (offenders.is_empty() && permissions.is_known) {
        return Plan::Nothing;
    }
    if permissions.resource.kind == Kind::Snapshot {
        return Plan::Held("only images are reverted, not snapshots");
    }
    if permissions.resource.legal_id().is_none() {
        return Plan::Held("the record has no id of an image");
    }
    if owner != Some(own) {
        return Plan::Held("the image is not of the account that this function runs in");
    }
    if record.region.as_deref().is_some_and(|region| !is_region(region)) {
        return Plan::Held("the record's region is none");
    }
    if is_uncertain {
        return Plan::Held(
            "the image's tags could not be read, and a rule that looks at them may trust everybody named here",
        );
    }
    if !permissions.is_known && facts.permissions.seen().is_none() {
        return Plan::Held("neither the record nor EC2 said who was let in");
    }
    // Whoever is not in any more needs no shutting out.
    if let Some(now) = facts.permissions.seen() {
        offenders.retain(|grantee| now.contains(grantee));
    }
    if offenders.iter().any(|grantee| matches!(grantee, Grantee::Other(_))) {
        offenders.retain(|grantee| !matches!(grantee, Grantee::Other(_)));
        if offenders.is_empty() {
            return Plan::Held("what was let in is of a kind that is unknown here");
        }
    }
    if offenders.is_empty() { Plan::Nothing } else { Plan::Remove(offenders) }
}
