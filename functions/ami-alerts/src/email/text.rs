//! The text of an email, for a phone: present state, facts, what to do, and the event.

use std::fmt::Write as _;

use serde_json::Value;
use shared::text::printable;

use super::ancestry;
use super::headline::{image_action, name};
use super::instructions::instructions;
use super::mask::masked;
use super::sentence::sentences;
use super::{CallAlert, MOST, plain};
use crate::change::{ResourceKind, SharingChange};
use crate::exposure::{Exposure, by_exposure};
use crate::facts::{Encrypted, ImageDescription};
use crate::grantee::Grantee;
use shared::email::{Detail, shortened};
use shared::text::list_at_most;

/// The text, with as much of the event as `detail` allows.
pub(super) fn text(alert: &CallAlert<'_>, detail: Detail) -> String {
    let mut out = String::new();
    for sentence in sentences(alert) {
        let _ = writeln!(out, "{sentence}");
    }
    let _ = writeln!(out);
    for (name, value) in rows(alert).into_iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(out, "{:<15}{value}", format!("{name}:"));
    }
    if let Some(lines) = current_permissions(alert) {
        section(&mut out, "Current permissions", &lines);
    }
    let instructions = instructions(alert);
    let lines: Vec<String> = instructions.sentences.iter().map(|sentence| format!("- {sentence}")).collect();
    section(&mut out, "What to do", &lines);
    for (purpose, command) in instructions.commands {
        let _ = writeln!(out, "\n{purpose}:\n\n{command}");
    }
    let unknown = unknown_facts(alert);
    if !unknown.is_empty() {
        section(&mut out, "What could not be read", &unknown);
    }
    let record = alert.call.record;
    event(&mut out, &record.event, record.id.as_deref(), detail);
    out
}

pub(super) fn section(out: &mut String, title: &str, lines: &[String]) {
    let _ = writeln!(out, "\n{}\n", title.to_uppercase());
    for line in lines {
        let _ = writeln!(out, "{line}");
    }
}

fn rows(alert: &CallAlert<'_>) -> Vec<(&'static str, String)> {
    let record = alert.call.record;
    let image = alert.facts.image();
    let optional = |text: Option<&str>| text.map(plain).unwrap_or_default();
    let owner = image
        .and_then(|image| image.owner.as_deref())
        .filter(|owner| Some(*owner) != record.account.as_deref());
    let rule = alert.assessment.rule.map(|rule| rule.place.to_string()).unwrap_or_default();
    let mut rows = vec![("Severity", alert.assessment.severity.to_string())];
    if let Some(resource) = alert.resource() {
        let label = match resource.kind {
            ResourceKind::Image => "AMI ID",
            ResourceKind::Snapshot => "Snapshot ID",
        };
        rows.push(("Image action", image_action(alert)));
        rows.push((label, resource.id.as_deref().map_or("not in the record".to_owned(), plain)));
    } else if alert.call.change().is_some() {
        rows.push(("Image action", image_action(alert)));
    }
    rows.extend([
        ("Name", optional(image.and_then(|image| image.name.as_deref()))),
        ("Owner", optional(owner)),
        ("Created", optional(image.and_then(|image| image.created.as_deref()))),
        ("Encrypted", image.and_then(|image| image.encrypted).map(encrypted).unwrap_or_default().to_owned()),
        ("Tags", image.map(tags).unwrap_or_default()),
        ("Made from", ancestry::row(&alert.facts.ancestry)),
        ("Account", account(alert)),
        ("Region", plain(alert.region())),
        ("Public access", block(alert)),
        ("Actor", actor(alert)),
        ("Source IP", source(alert)),
        ("When", optional(record.time.as_deref())),
        ("Event name", format!("{} ({})", plain(&record.name), plain(&record.source))),
        ("Event ID", optional(record.id.as_deref())),
        ("Rule", rule),
    ]);
    let shown_paths = alert.call.call_rule().map_or(&[][..], |rule| &rule.show);
    rows.extend(shown_paths.iter().map(|path| ("Shown", shown(alert, path))));
    rows
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

fn encrypted(encrypted: Encrypted) -> &'static str {
    match encrypted {
        Encrypted::Yes => "yes",
        Encrypted::No => "no",
        Encrypted::Partly => "some of its disks",
    }
}

fn tags(image: &ImageDescription) -> String {
    let tags: Vec<String> =
        image.tags.iter().map(|(key, value)| format!("{}={}", plain(key), plain(value))).collect();
    if tags.is_empty() { "none".to_owned() } else { list_at_most(&tags, MOST) }
}

fn account(alert: &CallAlert<'_>) -> String {
    let id = alert.call.record.account.as_deref().map(plain);
    match (alert.facts.alias.found(), id) {
        (Some(Some(alias)), Some(id)) => format!("{} ({id})", plain(alias)),
        (_, Some(id)) => id,
        (_, None) => "not in the event".to_owned(),
    }
}

/// The region's block public access, if it was read.
fn block(alert: &CallAlert<'_>) -> String {
    alert.facts.block.found().map(|state| block_state(state)).unwrap_or_default()
}

/// The meaning of a state of block public access.
pub(super) fn block_state(state: &str) -> String {
    match state {
        "block-new-sharing" => "blocked: no image in the region can be made public".to_owned(),
        "unblocked" => "not blocked: images in the region can be made public".to_owned(),
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

/// The grantees that have access now, a line each; `None` if the call changed no permissions.
fn current_permissions(alert: &CallAlert<'_>) -> Option<Vec<String>> {
    if !matches!(alert.call.change(), Some(SharingChange::Permissions(_))) {
        return None;
    }
    let now = match (alert.facts.permissions.found(), alert.facts.permissions.error()) {
        (Some(now), _) => now,
        (None, Some(error)) => {
            return Some(vec![format!("- could not be read ({})", plain(&error.to_string()))]);
        }
        (None, None) => return None,
    };
    let sorted = by_exposure(now, alert.call.record.account.as_deref(), &alert.assessment.trusted);
    let lines = sorted.iter().flat_map(|(exposure, grantees)| {
        grantees.iter().map(move |grantee| match (grantee, exposure) {
            (Grantee::Everyone, Exposure::Public) => "- EVERYONE (public)".to_owned(),
            (grantee, exposure) => format!("- {}: {}", name(grantee), exposure.status()),
        })
    });
    let mut lines: Vec<String> = lines.collect();
    let more = lines.len().saturating_sub(MOST);
    if more > 0 {
        lines.truncate(MOST);
        lines.push(format!("- and {more} more"));
    }
    if lines.is_empty() {
        lines.push("- only the owner has access".to_owned());
    }
    Some(lines)
}

fn unknown_facts(alert: &CallAlert<'_>) -> Vec<String> {
    let failed = alert.facts.failed_lookups().into_iter();
    let mut lines: Vec<String> =
        failed.map(|(fact, error)| format!("- {fact}: {}", plain(&error.to_string()))).collect();
    if alert.facts.image_is_gone() {
        lines.push("- the image: it no longer exists, or this account cannot see it".to_owned());
    }
    if alert.assessment.is_uncertain {
        lines.push(
            "- the rule of the image: some rules select images by tags, and the tags are unknown".to_owned(),
        );
    }
    lines
}

/// The event, with access keys and tokens masked.
pub(super) fn event(out: &mut String, event: &Value, id: Option<&str>, detail: Detail) {
    let whole = masked(event);
    let bytes = whole.to_string().len();
    let found = id.map(|id| format!(" Its id in CloudTrail is {}.", plain(id))).unwrap_or_default();
    let title = "Event (access keys and tokens masked)";
    match shortened(&whole, detail) {
        None => {
            let line = format!("Left out: its {bytes} bytes do not fit into an email.{found}");
            section(out, title, &[line]);
        }
        Some(shown) => {
            let mut lines = Vec::new();
            if shown != whole {
                lines
                    .push(format!("Shortened, because its {bytes} bytes do not fit into an email.{found}\n"));
            }
            let pretty = serde_json::to_string_pretty(&shown).unwrap_or_default();
            lines.extend(pretty.lines().map(printable));
            section(out, title, &lines);
        }
    }
}
