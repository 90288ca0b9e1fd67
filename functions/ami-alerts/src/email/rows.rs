//! The facts of an email, a row each.

use serde_json::Value;
use shared::text::list_at_most;

use super::headline::changes;
use super::mask::masked;
use super::span::readable;
use super::{CallAlert, MOST, ancestry, named, plain};
use crate::change::{ResourceKind, SharingChange};
use crate::facts::{Encrypted, ImageDescription, SnapshotDescription};

/// The rows: a label and a value, which can be empty.
pub(super) fn rows(alert: &CallAlert<'_>) -> Vec<(&'static str, String)> {
    let record = alert.call.record;
    let rule = alert.assessment.rule.map(|rule| rule.place.to_string()).unwrap_or_default();
    let mut rows = vec![("Severity", alert.assessment.severity.to_string())];
    if alert.call.change().is_some() {
        rows.push(("Change", changes(alert)));
    }
    if let Some(resource) = alert.resource() {
        let label = match resource.kind {
            ResourceKind::Image => "AMI ID",
            ResourceKind::Snapshot => "Snapshot ID",
        };
        rows.push((label, resource.id.as_deref().map_or("not in the record".to_owned(), plain)));
    }
    rows.extend(alert.facts.image().map(|image| of_image(alert, image)).unwrap_or_default());
    rows.extend(alert.snapshot().map(|snapshot| of_snapshot(alert, snapshot)).unwrap_or_default());
    rows.extend([
        ("Account", account(alert)),
        ("Region", plain(alert.region())),
        ("Public access", block(alert)),
        ("Actor", actor(alert)),
        ("Actor ARN", optional(alert.call.actor.arn.as_deref())),
        ("MFA", named::mfa(record)),
        ("Source IP", source(alert)),
        ("User agent", optional(record.text("/userAgent"))),
        ("When", time(record.time.as_deref())),
        ("Event name", format!("{} ({})", plain(&record.name), plain(&record.source))),
        ("Event ID", optional(record.id.as_deref())),
        ("Rule", rule),
    ]);
    let shown_paths = alert.call.call_rule().map_or(&[][..], |rule| &rule.show);
    rows.extend(shown_paths.iter().map(|path| ("Shown", shown(alert, path))));
    rows
}

fn optional(text: Option<&str>) -> String {
    text.map(plain).unwrap_or_default()
}

fn time(text: Option<&str>) -> String {
    text.map(|text| plain(&readable(text))).unwrap_or_default()
}

/// The owner, if it is not the account of the event.
fn owner(alert: &CallAlert<'_>, owner: Option<&str>) -> String {
    optional(owner.filter(|owner| Some(*owner) != alert.call.record.account.as_deref()))
}

fn of_image(alert: &CallAlert<'_>, image: &ImageDescription) -> Vec<(&'static str, String)> {
    let encrypted = image.encrypted.map(|encrypted| match encrypted {
        Encrypted::Yes => "yes, all disks",
        Encrypted::No => "no",
        Encrypted::Partly => "some of its disks",
    });
    vec![
        ("Name", optional(image.name.as_deref())),
        ("Owner", owner(alert, image.owner.as_deref())),
        ("Created", time(image.created.as_deref())),
        ("Encrypted", encrypted.unwrap_or_default().to_owned()),
        ("Tags", tags(&image.tags)),
        ("Made from", ancestry::row(&alert.facts.ancestry)),
    ]
}

fn of_snapshot(alert: &CallAlert<'_>, snapshot: &SnapshotDescription) -> Vec<(&'static str, String)> {
    let images: Vec<String> = snapshot.images.iter().map(image_name).collect();
    let encrypted = snapshot.encrypted.map(|encrypted| if encrypted { "yes" } else { "no" });
    vec![
        ("Description", optional(snapshot.description.as_deref())),
        ("Owner", owner(alert, snapshot.owner.as_deref())),
        ("Created", time(snapshot.created.as_deref())),
        ("Volume", optional(snapshot.volume.as_deref())),
        ("Size", snapshot.gibibytes.map(|size| format!("{size} GiB")).unwrap_or_default()),
        ("Encrypted", encrypted.unwrap_or_default().to_owned()),
        ("Tags", tags(&snapshot.tags)),
        ("Images", list_at_most(&images, MOST)),
    ]
}

fn image_name(image: &ImageDescription) -> String {
    let name = image.name.as_deref().map(|name| format!(" ({})", plain(name))).unwrap_or_default();
    format!("{}{name}", plain(&image.id))
}

fn tags(tags: &[(String, String)]) -> String {
    let tags: Vec<String> =
        tags.iter().map(|(key, value)| format!("{}={}", plain(key), plain(value))).collect();
    if tags.is_empty() { "none".to_owned() } else { list_at_most(&tags, MOST) }
}

fn shown(alert: &CallAlert<'_>, path: &str) -> String {
    let pointer = format!("/{}", path.replace('.', "/"));
    let record = masked(&Value::Object(alert.call.record.detail.clone()));
    let value = match record.pointer(&pointer) {
        None | Some(Value::Null) => "not in the record".to_owned(),
        Some(Value::String(text)) => plain(text),
        Some(other) => plain(&other.to_string()),
    };
    format!("{} = {value}", plain(path))
}

fn account(alert: &CallAlert<'_>) -> String {
    let id = alert.call.record.account.as_deref().map(plain);
    match (alert.facts.alias.found(), id) {
        (Some(Some(alias)), Some(id)) => format!("{} ({id})", plain(alias)),
        (_, Some(id)) => id,
        (_, None) => "not in the event".to_owned(),
    }
}

/// The region's block public access, if it was read. An email about a change of it states it in a sentence.
fn block(alert: &CallAlert<'_>) -> String {
    if matches!(alert.call.change(), Some(SharingChange::PublicAccessBlock { .. })) {
        return String::new();
    }
    alert.facts.block.found().map(|state| block_state(alert.kind(), state)).unwrap_or_default()
}

/// The meaning of a state of block public access.
pub(super) fn block_state(of: ResourceKind, state: &str) -> String {
    let kind = of.name();
    match state {
        "block-new-sharing" => format!("blocked: no {kind} in the region can be made public"),
        "block-all-sharing" => format!("blocked: no {kind} in the region is public or can be made public"),
        "unblocked" => format!("not blocked: {}s in the region can be made public", kind),
        other => plain(other),
    }
}

fn actor(alert: &CallAlert<'_>) -> String {
    let actor = &alert.call.actor;
    let remarks = actor.remarks.iter().map(|remark| plain(remark));
    [plain(&actor.description)].into_iter().chain(remarks).collect::<Vec<_>>().join(", ")
}

fn source(alert: &CallAlert<'_>) -> String {
    let origin = &alert.call.origin;
    match (&origin.address, &origin.meaning) {
        (Some(address), Some(meaning)) => format!("{} ({})", plain(address), plain(meaning)),
        (Some(address), None) => plain(address),
        (None, meaning) => meaning.as_deref().map(plain).unwrap_or_default(),
    }
}
