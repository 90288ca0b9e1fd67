//! The email as JSON for programs; docs/ami-alerts.md documents its members.

use serde_json::{Value, json};

use super::CallAlert;
use super::headline::{action, subject};
use super::mask::masked;
use super::sentence::sentences;
use crate::change::{PermissionChange, SharingChange};
use crate::facts::{Encrypted, ImageDescription};
use crate::finding::{Finding, FindingKind};
use crate::grantee::Grantee;
use crate::revert_plan::{FailedRevert, HeldGrantees, RevertOutcome};
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
        })),
        "added": permissions(alert).map(|permissions| names(&permissions.added)),
        "removed": permissions(alert).map(|permissions| names(&permissions.removed)),
        "findings": alert.assessment.findings.iter().map(finding).collect::<Vec<_>>(),
        "permissionsNow": alert.facts.permissions.found().map(|now| names(now)),
        "blockPublicAccess": alert.facts.block.found(),
        "actor": {
            "name": alert.call.actor.name,
            "told": alert.call.actor.description,
            "arn": alert.call.actor.arn,
            "remarks": alert.call.actor.remarks,
        },
        "sourceIpAddress": alert.call.origin.address,
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

fn finding(finding: &Finding) -> Value {
    let grantees = match &finding.kind {
        FindingKind::Shared(_, grantees) | FindingKind::Unshared(grantees) => Some(names(grantees)),
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
    let tags = image.tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect::<Vec<_>>();
    json!({"name": image.name, "owner": image.owner, "created": image.created, "encrypted": encrypted, "tags": tags})
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
