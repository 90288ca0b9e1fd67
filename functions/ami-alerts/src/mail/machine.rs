//! The same mail for machines; docs/ami-alerts.md has its members.

use serde_json::{Value, json};

use super::headline::{action, subject};
use super::mask::masked;
use super::sentence::sentences;
use super::{Reverted, Story};
use crate::change::{Change, Permissions};
use crate::decide::{Finding, What};
use crate::facts::{Encrypted, Image};
use crate::grantee::Grantee;
use shared::email::{Detail, shortened};

/// The most grantees that a list holds; its count says how many there are.
const MOST: usize = 100;

/// The version of the form. A member that is added does not change it.
pub(super) const VERSION: u32 = 1;

pub(super) fn form(story: &Story<'_>, detail: Detail) -> Value {
    let record = story.record;
    let whole = masked(&record.event);
    let event = shortened(&whole, detail);
    let is_shortened = event.as_ref() != Some(&whole);
    json!({
        "version": VERSION,
        "subject": shared::text::subject(&subject(story)),
        "text": sentences(story),
        "severity": story.judgement.severity,
        "action": action(story.judgement, story.change),
        "outcome": record.outcome.name(),
        "error": record.outcome.refused().map(ToString::to_string),
        "eventName": record.name,
        "eventSource": record.source,
        "eventId": record.id,
        "eventTime": record.time,
        "account": {"id": record.account, "alias": story.facts.alias.seen()},
        "region": story.region(),
        "resource": story.resource().map(|resource| json!({
            "kind": resource.kind.name(),
            "id": resource.id,
            "image": story.facts.image().map(image),
        })),
        "added": permissions(story).map(|permissions| names(&permissions.added)),
        "removed": permissions(story).map(|permissions| names(&permissions.removed)),
        "findings": story.judgement.findings.iter().map(finding).collect::<Vec<_>>(),
        "permissionsNow": story.facts.permissions.seen().map(|now| names(now)),
        "blockPublicAccess": story.facts.block.seen(),
        "actor": {
            "name": story.actor.name,
            "told": story.actor.told,
            "arn": story.actor.arn,
            "remarks": story.actor.remarks,
        },
        "sourceIpAddress": story.origin.address,
        "revert": revert(story.reverted),
        "rule": story.judgement.rule.map(|rule| rule.place.to_string()),
        "isShortened": is_shortened,
        "event": event,
    })
}

fn permissions<'s>(story: &Story<'s>) -> Option<&'s Permissions> {
    match story.change {
        Some(Change::Permissions(permissions)) if permissions.is_known => Some(permissions),
        _ => None,
    }
}

pub(super) fn names(grantees: &[Grantee]) -> Value {
    json!({"count": grantees.len(), "names": grantees.iter().take(MOST).map(Grantee::name).collect::<Vec<_>>()})
}

fn finding(finding: &Finding) -> Value {
    let grantees = match &finding.what {
        What::Given(_, grantees) | What::Taken(grantees) => Some(names(grantees)),
        _ => None,
    };
    json!({"code": finding.what.code(), "severity": finding.severity, "grantees": grantees})
}

pub(super) fn image(image: &Image) -> Value {
    let encrypted = image.encrypted.map(|encrypted| match encrypted {
        Encrypted::Yes => "yes",
        Encrypted::No => "no",
        Encrypted::Partly => "partly",
    });
    let tags = image.tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect::<Vec<_>>();
    json!({"name": image.name, "owner": image.owner, "created": image.created, "encrypted": encrypted, "tags": tags})
}

fn revert(reverted: &Reverted) -> Value {
    match reverted {
        Reverted::NotWanted => Value::Null,
        Reverted::Done(grantees) => json!({"result": "reverted", "grantees": names(grantees)}),
        Reverted::Failed(grantees, error) => {
            json!({"result": "failed", "grantees": names(grantees), "error": error})
        }
        Reverted::Held(why) => json!({"result": "held", "why": why}),
    }
}
