//! The email as JSON for programs; docs/ami-alerts.md documents its members.

use serde_json::{Value, json};

use super::CallAlert;
use super::headline::action;
use super::mask::masked;
use super::sentence::sentences;
use super::subject::subject;
use crate::change::{PermissionChange, SharingChange};
use crate::exposure::by_exposure;
use crate::facts::{Encrypted, ImageDescription, SnapshotDescription};
use crate::finding::{Finding, FindingKind};
use crate::grantee::Grantee;
use crate::history::EndedFinding;
use crate::memory::Proof;
use crate::revert_plan::{FailedRevert, HeldGrantees, RevertOutcome};
use crate::severity::Severity;
use shared::email::{Detail, shortened};

/// The most grantees of a list; its count is the number of all.
const MOST: usize = 100;

/// The version of the form. An additional member does not change it.
pub(super) const VERSION: u32 = 1;

pub(super) fn form(alert: &CallAlert<'_>, detail: Detail) -> Value {
    let record = alert.call.record;
    let whole = masked(&record.event);
    let event = shortened(&whole, detail);
    let is_shortened = event.as_ref() != Some(&whole);
    json!({
        "version": VERSION,
        "subject": shared::text::subject(&subject(alert)),
        "text": sentences(alert),
        "severity": alert.assessment.severity,
        "action": action(alert),
        "outcome": record.outcome.name(),
        "error": record.outcome.error().map(ToString::to_string),
        "eventName": record.name,
        "eventSource": record.source,
        "eventId": record.id,
        "eventTime": record.time,
        "account": {"id": record.account, "alias": alert.facts.alias.found()},
        "region": alert.region(),
        "resource": alert.resource().map(|resource| json!({
            "kind": resource.kind.name(),
            "id": resource.id,
            "image": alert.facts.image().map(image),
            "madeFrom": super::ancestry::form(&alert.facts.ancestry),
            "snapshot": alert.snapshot().map(snapshot),
        })),
        "added": permissions(alert).map(|permissions| names(&permissions.added)),
        "removed": permissions(alert).map(|permissions| names(&permissions.removed)),
        "findings": alert.assessment.findings.iter().map(finding).collect::<Vec<_>>(),
        "lost": lost(alert),
        "notUnderstood": not_understood(alert),
        "permissionsNow": alert.facts.permissions.found().map(|now| names(now)),
        "seenAt": alert.facts.permissions_at,
        "severityNow": severity_now(alert),
        "ended": alert.assessment.history.ended.iter().map(ended).collect::<Vec<_>>(),
        "blockPublicAccess": alert.facts.block.found(),
        "blockPublicAccessAnswered": block_answered(alert),
        "actor": {
            "name": alert.call.actor.name,
            "told": alert.call.actor.description,
            "arn": alert.call.actor.arn,
            "remarks": alert.call.actor.remarks,
        },
        "sourceIpAddress": alert.call.origin.address,
        "userAgent": record.text("/userAgent").map(super::plain),
        "revert": revert(alert),
        "rule": alert.assessment.rule.map(|rule| rule.place.to_string()),
        "isShortened": is_shortened,
        "event": event,
    })
}

fn permissions<'s>(alert: &CallAlert<'s>) -> Option<&'s PermissionChange> {
    match alert.call.change() {
        Some(SharingChange::Permissions(permissions)) if permissions.is_known => Some(permissions),
        _ => None,
    }
}

pub(super) fn names(grantees: &[Grantee]) -> Value {
    json!({"count": grantees.len(), "names": grantees.iter().take(MOST).map(Grantee::name).collect::<Vec<_>>()})
}

/// The grantees that a rule trusts and that lost access.
fn lost(alert: &CallAlert<'_>) -> Value {
    let lost = alert.assessment.findings.iter().filter_map(|finding| match &finding.kind {
        FindingKind::Lost(grantees) => Some(grantees),
        _ => None,
    });
    names(&lost.flatten().cloned().collect::<Vec<_>>())
}

/// The parts of the request that this function could not read.
fn not_understood(alert: &CallAlert<'_>) -> Value {
    let Some(permissions) = permissions(alert) else { return json!([]) };
    let grantees = permissions.added.iter().chain(&permissions.removed);
    grantees.filter(|grantee| matches!(grantee, Grantee::Other(_))).take(MOST).map(Grantee::name).collect()
}

/// The severity of the access that the look-up saw, whatever the call did.
fn severity_now(alert: &CallAlert<'_>) -> Option<Severity> {
    let now = alert.facts.permissions.found()?;
    let sorted = by_exposure(now, alert.call.record.account.as_deref(), &alert.assessment.trusted);
    Some(sorted.first().map_or(Severity::Info, |(exposure, _)| exposure.severity()))
}

fn block_answered<'a>(alert: &CallAlert<'a>) -> Option<&'a str> {
    match alert.call.change() {
        Some(SharingChange::PublicAccessBlock { answered, .. }) => answered.as_deref(),
        _ => None,
    }
}

fn ended(ended: &EndedFinding) -> Value {
    let (by, event) = match &ended.closed.proof {
        Proof::Record { event, actor, .. } => (Some(actor.as_str()), event.as_deref()),
        Proof::OwnCall { event } => (Some("this function"), event.as_deref()),
        Proof::LookUp | Proof::Rule { .. } | Proof::Gone => (None, None),
    };
    json!({
        "class": ended.class,
        "grantees": names(&ended.grantees),
        "from": ended.opened.as_ref().map(|opened| opened.at),
        "confirmed": ended.confirmed,
        "to": ended.closed.at,
        "by": by,
        "eventId": event,
    })
}

fn finding(finding: &Finding) -> Value {
    let grantees = match &finding.kind {
        FindingKind::Shared(_, grantees)
        | FindingKind::ExposedNow(_, grantees)
        | FindingKind::Lost(grantees)
        | FindingKind::Unshared(grantees) => Some(names(grantees)),
        FindingKind::SnapshotUsed(_, Some(by), _) => Some(names(&[Grantee::of(by)])),
        _ => None,
    };
    json!({"code": finding.kind.code(), "severity": finding.severity, "grantees": grantees})
}

pub(super) fn image(image: &ImageDescription) -> Value {
    let encrypted = image.encrypted.map(|encrypted| match encrypted {
        Encrypted::Yes => "yes",
        Encrypted::No => "no",
        Encrypted::Partly => "partly",
    });
    let tags = tags(&image.tags);
    json!({"name": image.name, "owner": image.owner, "created": image.created, "encrypted": encrypted, "tags": tags})
}

fn tags(tags: &[(String, String)]) -> Value {
    tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

fn snapshot(snapshot: &SnapshotDescription) -> Value {
    json!({
        "description": snapshot.description,
        "owner": snapshot.owner,
        "created": snapshot.created,
        "volume": snapshot.volume,
        "gibibytes": snapshot.gibibytes,
        "encrypted": snapshot.encrypted,
        "tags": tags(&snapshot.tags),
        "images": snapshot.images.iter().take(MOST).map(|image| &image.id).collect::<Vec<_>>(),
    })
}

fn revert(alert: &CallAlert<'_>) -> Value {
    let held: Vec<Value> = alert.assessment.revert.held().iter().map(held).collect();
    match alert.revert {
        RevertOutcome::NotPlanned => Value::Null,
        RevertOutcome::Revoked(grantees) => {
            json!({"result": "reverted", "grantees": names(grantees), "held": held})
        }
        RevertOutcome::RevokedBefore(grantees, at) => {
            json!({"result": "reverted", "grantees": names(grantees), "at": at, "held": held})
        }
        RevertOutcome::Failed(FailedRevert { revoked, left, error }) => json!({
            "result": "failed",
            "grantees": names(left),
            "revoked": names(revoked),
            "error": error.to_string(),
            "held": held,
        }),
        RevertOutcome::Blocked(block) => json!({"result": "held", "why": block.to_string(), "held": held}),
    }
}

fn held(held: &HeldGrantees) -> Value {
    json!({"grantees": names(&held.grantees), "why": held.block.to_string()})
}
