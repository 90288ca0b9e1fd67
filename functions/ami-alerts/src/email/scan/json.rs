//! The email of the daily scan as JSON; docs/ami-alerts.md documents its members.

use serde_json::{Value, json};
use shared::email::Detail;

use super::ScanAlert;
use crate::change::ResourceKind;
use crate::email::json_form;
use crate::history::EndedFinding;
use crate::memory::{FindingClass, Proof, ProvenTime};
use crate::scan::{News, OpenFindings, ResourceDescription, ResourceNews};

impl ScanAlert<'_> {
    pub(super) fn form(&self, detail: Detail) -> Value {
        let of_kind = |kind: ResourceKind| -> Vec<Value> {
            let news = self.news.iter().filter(|news| news.description.kind() == kind);
            news.map(|news| resource(news, detail)).collect()
        };
        json!({
            "version": json_form::VERSION,
            "subject": shared::text::subject(&self.subject()),
            "severity": self.severity(),
            "action": self.action(),
            "outcome": "succeeded",
            "account": {"id": self.home.account, "alias": self.scan.alias},
            "region": self.scan.region,
            "scannedAt": self.scan.at,
            "blockPublicAccess": self.scan.block,
            "snapshotBlockPublicAccess": self.scan.snapshot_block,
            "images": of_kind(ResourceKind::Image),
            "snapshots": of_kind(ResourceKind::Snapshot),
            "isShortened": detail != Detail::Whole,
        })
    }
}

fn resource(news: &ResourceNews<'_>, detail: Detail) -> Value {
    let id = news.description.id();
    if detail == Detail::None {
        return json!({"id": id, "severity": news.severity()});
    }
    let findings = news.open.iter().map(open).chain(news.ended.iter().map(ended));
    let mut form = json!({
        "id": id,
        "severity": news.severity(),
        "findings": findings.collect::<Vec<_>>(),
        "rule": news.rule.map(|rule| rule.place.to_string()),
    });
    match &news.description {
        ResourceDescription::Image(image) => form["image"] = json_form::image(image),
        ResourceDescription::Snapshot { found: Some(snapshot), .. } => {
            let images: Vec<&String> = snapshot.images.iter().map(|image| &image.id).collect();
            form["snapshot"] = json!({
                "description": snapshot.description,
                "created": snapshot.created,
                "volume": snapshot.volume,
                "gibibytes": snapshot.gibibytes,
                "encrypted": snapshot.encrypted,
                "images": images,
            });
        }
        ResourceDescription::Snapshot { found: None, .. } | ResourceDescription::Unread(_) => {}
    }
    form
}

fn open(open: &OpenFindings) -> Value {
    let code = if open.class == FindingClass::Lost { "trusted-access-lost" } else { open.exposure.code() };
    let state = match open.news {
        News::New => "new",
        News::Worse => "worse",
        _ => "reminder",
    };
    json!({
        "code": code,
        "class": open.class,
        "severity": open.severity,
        "grantees": json_form::names(&open.grantees),
        "state": state,
        "opened": open.opened.as_ref().map(moment),
        "emails": open.reported.map_or(1, |reported| reported.emails + 1),
    })
}

fn ended(ended: &EndedFinding) -> Value {
    json!({
        "code": "finding-ended",
        "class": ended.class,
        "severity": ended.severity,
        "grantees": json_form::names(&ended.grantees),
        "state": "ended",
        "opened": ended.opened.as_ref().map(moment),
        "lastSeen": ended.confirmed,
        "ended": moment(&ended.closed),
    })
}

/// A time with its proof: `record`, `own-call`, `look-up`, `rule`, `gone`.
fn moment(moment: &ProvenTime) -> Value {
    let (proof, event, actor, rule) = match &moment.proof {
        Proof::Record { event, actor, .. } => ("record", event.as_deref(), Some(actor), None),
        Proof::OwnCall { event } => ("own-call", event.as_deref(), None, None),
        Proof::LookUp => ("look-up", None, None, None),
        Proof::Rule { place } => ("rule", None, None, Some(place)),
        Proof::Gone => ("gone", None, None, None),
    };
    json!({"at": moment.at, "proof": proof, "event": event, "actor": actor, "rule": rule})
}
