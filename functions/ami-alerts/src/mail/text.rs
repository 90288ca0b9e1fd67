//! The text of a mail, for a phone: what is true, what is known, what to do, and below all that the event.

use std::fmt::Write as _;

use serde_json::Value;
use shared::text::printable;

use super::advice::advice;
use super::headline::image_action;
use super::mask::masked;
use super::sentence::{now, sentences};
use super::{MOST, Story, plain};
use crate::facts::Encrypted;
use shared::email::{Detail, shortened};

/// The text, with as much of the event as `detail` says.
pub(super) fn text(story: &Story<'_>, detail: Detail) -> String {
    let mut out = String::new();
    for sentence in sentences(story) {
        let _ = writeln!(out, "{sentence}");
    }
    let _ = writeln!(out);
    for (name, value) in rows(story).into_iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(out, "{:<15}{value}", format!("{name}:"));
    }
    if let Some(lines) = now(story) {
        section(&mut out, "Who may use it now", &lines);
    }
    let advice = advice(story);
    let lines: Vec<String> = advice.sentences.iter().map(|sentence| format!("- {sentence}")).collect();
    section(&mut out, "What to do", &lines);
    for (what_for, command) in advice.commands {
        let _ = writeln!(out, "\n{what_for}:\n\n{command}");
    }
    let unseen = unseen(story);
    if !unseen.is_empty() {
        section(&mut out, "What could not be looked up", &unseen);
    }
    event(&mut out, &story.record.event, story.record.id.as_deref(), detail);
    out
}

pub(super) fn section(out: &mut String, title: &str, lines: &[String]) {
    let _ = writeln!(out, "\n{}\n", title.to_uppercase());
    for line in lines {
        let _ = writeln!(out, "{line}");
    }
}

fn rows(story: &Story<'_>) -> Vec<(&'static str, String)> {
    let record = story.record;
    let image = story.facts.image();
    let optional = |text: Option<&str>| text.map(plain).unwrap_or_default();
    let owner = image
        .and_then(|image| image.owner.as_deref())
        .filter(|owner| Some(*owner) != record.account.as_deref());
    let rule = story.judgement.rule.map(|rule| rule.place.to_string()).unwrap_or_default();
    let mut rows = vec![("Severity", story.judgement.severity.to_string())];
    if let Some(resource) = story.resource() {
        let label = match resource.kind {
            crate::change::Kind::Image => "AMI ID",
            crate::change::Kind::Snapshot => "Snapshot ID",
        };
        rows.push(("Image action", image_action(story)));
        rows.push((label, resource.id.as_deref().map_or("not in the record".to_owned(), plain)));
    } else if story.change.is_some() {
        rows.push(("Image action", image_action(story)));
    }
    rows.extend([
        ("Name", optional(image.and_then(|image| image.name.as_deref()))),
        ("Owner", optional(owner)),
        ("Made", optional(image.and_then(|image| image.created.as_deref()))),
        ("Encrypted", image.and_then(|image| image.encrypted).map(encrypted).unwrap_or_default().to_owned()),
        ("Tags", image.map(tags).unwrap_or_default()),
        ("Account", account(story)),
        ("Region", plain(story.region())),
        ("Public access", block(story)),
        ("Actor", actor(story)),
        ("Source IP", source(story)),
        ("When", optional(record.time.as_deref())),
        ("Event name", format!("{} ({})", plain(&record.name), plain(&record.source))),
        ("Event ID", optional(record.id.as_deref())),
        ("Rule", rule),
    ]);
    rows.extend(story.shown.iter().map(|path| ("Shown", shown(story, path))));
    rows
}

fn shown(story: &Story<'_>, path: &str) -> String {
    let pointer = format!("/{}", path.replace('.', "/"));
    let record = masked(&Value::Object(story.record.detail.clone()));
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

fn tags(image: &crate::facts::Image) -> String {
    let tags: Vec<String> =
        image.tags.iter().map(|(key, value)| format!("{}={}", plain(key), plain(value))).collect();
    if tags.is_empty() { "none".to_owned() } else { super::listed(&tags, MOST) }
}

fn account(story: &Story<'_>) -> String {
    let id = story.record.account.as_deref().map(plain);
    match (story.facts.alias.seen(), id) {
        (Some(Some(alias)), Some(id)) => format!("{} ({id})", plain(alias)),
        (_, Some(id)) => id,
        (_, None) => "not in the event".to_owned(),
    }
}

/// Only where it is about images becoming public.
fn block(story: &Story<'_>) -> String {
    story.facts.block.seen().map(|state| blocked(state)).unwrap_or_default()
}

/// What a state of block public access means.
pub(super) fn blocked(state: &str) -> String {
    match state {
        "block-new-sharing" => "blocked: no image of the region can be made public".to_owned(),
        "unblocked" => "not blocked: images of the region can be made public".to_owned(),
        other => plain(other),
    }
}

fn actor(story: &Story<'_>) -> String {
    let actor = story.actor;
    let remarks = actor.remarks.iter().map(|remark| plain(remark));
    [plain(&actor.told)].into_iter().chain(remarks).collect::<Vec<_>>().join(", ")
}

fn source(story: &Story<'_>) -> String {
    match (&story.origin.address, &story.origin.meaning) {
        (Some(address), Some(meaning)) => format!("{} ({})", plain(address), plain(meaning)),
        (Some(address), None) => plain(address),
        (None, meaning) => meaning.as_deref().map(plain).unwrap_or_default(),
    }
}

fn unseen(story: &Story<'_>) -> Vec<String> {
    let facts = story.facts;
    let looks = [
        ("the account's alias", facts.alias.unseen()),
        ("the image", facts.image.unseen()),
        ("who may use it now", facts.permissions.unseen()),
        ("block public access", facts.block.unseen()),
    ];
    let mut lines: Vec<String> =
        looks.into_iter().filter_map(|(what, why)| Some(format!("- {what}: {}", plain(why?)))).collect();
    if facts.image_is_gone() {
        lines.push("- the image: there is none of this id any more, or not for this account".to_owned());
    }
    if story.judgement.is_uncertain {
        lines.push("- which rule is the image's: some look at tags, which are not known".to_owned());
    }
    lines
}

/// The event as it came, without what gives access.
pub(super) fn event(out: &mut String, event: &Value, id: Option<&str>, detail: Detail) {
    let whole = masked(event);
    let bytes = whole.to_string().len();
    let found = id.map(|id| format!(" In CloudTrail it has the id {}.", plain(id))).unwrap_or_default();
    let title = "The event, access keys and tokens masked";
    match shortened(&whole, detail) {
        None => {
            let line = format!("Left out: its {bytes} bytes do not fit into a mail.{found}");
            section(out, title, &[line]);
        }
        Some(told) => {
            let mut lines = Vec::new();
            if told != whole {
                lines.push(format!("Shortened, since its {bytes} bytes do not fit into a mail.{found}\n"));
            }
            let pretty = serde_json::to_string_pretty(&told).unwrap_or_default();
            lines.extend(pretty.lines().map(printable));
            section(out, title, &lines);
        }
    }
}
