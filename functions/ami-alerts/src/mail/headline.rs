//! The subject: what happened, to which image, where, by whom, in under 100 characters; and the words for it.

use shared::text::LONGEST_SUBJECT;

use super::{Reverted, Story, listed, plain};
use crate::change::{Change, Kind, Resource};
use crate::decide::{Judgement, What};
use crate::exposure::Exposure;
use crate::grantee::Grantee;
use crate::outcome::Outcome;

/// What a part of a subject is cut to, if it must be: enough to tell what it is.
const SHORTEST: usize = 12;

/// The most grantees that the image action names.
const NAMED: usize = 5;

/// The subject. Where it is too long, its longest parts are cut, so that each is still there.
pub(super) fn subject(story: &Story<'_>) -> String {
    let what = what(story);
    let mut parts: Vec<(&str, String)> = vec![("", what)];
    // An id that is cut is of no use; one that is none is cut like anything else.
    let id = story.resource().and_then(Resource::legal_id).unwrap_or_default().to_owned();
    if let Some(resource) = story.resource() {
        let name = story.facts.image().and_then(|image| image.name.as_deref()).map(plain);
        let id = resource.id.as_deref().map(plain);
        match (name, id) {
            (Some(name), Some(id)) => parts.extend([(": ", name), (" (", id), (")", String::new())]),
            (None, Some(id)) => parts.push((": ", id)),
            (_, None) => {}
        }
    }
    parts.push((" in ", story.account()));
    if matches!(story.change, Some(Change::PublicAccessBlock { .. })) {
        parts.push((" ", plain(story.region())));
    }
    parts.push((", by ", plain(&story.actor.name)));
    fitted(parts, &id)
}

fn fitted(mut parts: Vec<(&str, String)>, id: &str) -> String {
    let joined = |parts: &[(&str, String)]| -> String {
        parts.iter().flat_map(|(before, part)| [*before, part]).collect()
    };
    // What happened comes first and is cut last.
    while joined(&parts).chars().count() > LONGEST_SUBJECT {
        let length = |part: &String| part.chars().count();
        let longest = parts
            .iter_mut()
            .skip(1)
            .map(|(_, part)| part)
            .filter(|part| **part != id)
            .max_by_key(|part| length(part));
        let Some(part) = longest.filter(|part| length(part) > SHORTEST) else { break };
        *part = part.chars().take(length(part) - 2).chain(['…']).collect();
    }
    joined(&parts)
}

/// What happened, in words that begin a subject.
fn what(story: &Story<'_>) -> String {
    let (done, asked) = words(story);
    let outcome = match &story.record.outcome {
        Outcome::Succeeded => capital(&done),
        Outcome::Denied(_) => format!("Denied attempt to {asked}"),
        Outcome::DryRun(_) => format!("Dry run to {asked}"),
        Outcome::Failed(_) => format!("Failed attempt to {asked}"),
    };
    match story.reverted {
        Reverted::Failed(..) => format!("NOT REVERTED: {}", small(&outcome)),
        Reverted::Done(_) => format!("Reverted: {}", small(&outcome)),
        Reverted::NotWanted | Reverted::Held(_) => outcome,
    }
}

/// What the worst of it is, as something done and as something asked for.
fn words(story: &Story<'_>) -> (String, String) {
    let kind = story.resource().map_or(Kind::Image, |resource| resource.kind);
    let (kind, one) = (kind.name(), kind.one());
    match story.judgement.findings.first().map(|finding| &finding.what) {
        Some(What::Given(_, grantees)) if grantees.contains(&Grantee::Everyone) => {
            (format!("{kind} made public"), format!("make {} public", one))
        }
        Some(What::Given(_, grantees)) => {
            let who = who(grantees);
            (format!("{kind} shared with {who}"), format!("share {} with {who}", one))
        }
        Some(What::Taken(grantees)) if grantees.contains(&Grantee::Everyone) => {
            (format!("{kind} no longer public"), format!("make {} no longer public", one))
        }
        Some(What::Taken(grantees)) => {
            let who = who(grantees);
            (format!("{kind} no longer shared with {who}"), format!("stop sharing {} with {who}", one))
        }
        Some(What::Reset) => (format!("{kind} made private"), format!("make {} private", one)),
        Some(What::BlockOn) => both("block public access for images", "switched on", "switch on"),
        Some(What::BlockOff) => both("block public access for images", "switched off", "switch off"),
        Some(What::Unsaid(_)) => {
            (format!("{kind} permissions changed"), format!("change the permissions of {}", one))
        }
        Some(What::Call) | None => {
            let service = story.record.source.trim_end_matches(".amazonaws.com");
            let call = format!("{} ({})", plain(&story.record.name), plain(service));
            (call.clone(), format!("call {call}"))
        }
    }
}

fn both(thing: &str, done: &str, asked: &str) -> (String, String) {
    (format!("{thing} {done}"), format!("{asked} {thing}"))
}

/// One by its name, more of one kind by their number.
fn who(grantees: &[Grantee]) -> String {
    let kind = |grantee: &Grantee| match grantee {
        Grantee::Everyone => "groups",
        Grantee::Account(_) => "accounts",
        Grantee::Organization { .. } => "organizations",
        Grantee::Unit { .. } => "organizational units",
        Grantee::Other(_) => "others",
    };
    match grantees {
        [Grantee::Account(id)] => id.clone(),
        [Grantee::Organization { id, .. }] => format!("organization {id}"),
        [Grantee::Unit { id, .. }] => format!("unit {id}"),
        [Grantee::Other(text)] => format!("`{}`", plain(text).chars().take(30).collect::<String>()),
        grantees => match grantees.first().map(kind) {
            Some(first) if grantees.iter().all(|grantee| kind(grantee) == first) => {
                format!("{} {first}", grantees.len())
            }
            _ => format!("{} accounts and organizations", grantees.len()),
        },
    }
}

/// The image action in full: what the subject says, and all the rest of it.
pub(super) fn image_action(story: &Story<'_>) -> String {
    let kind = story.resource().map_or("Image", |resource| match resource.kind {
        Kind::Image => "Image",
        Kind::Snapshot => "Snapshot",
    });
    let parts: Vec<String> =
        story.judgement.findings.iter().map(|finding| told(kind, &finding.what)).collect();
    let parts = parts.join("; ");
    match &story.record.outcome {
        Outcome::Succeeded => parts,
        Outcome::Denied(_) => format!("{parts} (asked for, and denied)"),
        Outcome::DryRun(_) => format!("{parts} (asked for as a dry run)"),
        Outcome::Failed(_) => format!("{parts} (asked for, and failed)"),
    }
}

fn told(kind: &str, what: &What) -> String {
    let names = |grantees: &[Grantee]| listed(&grantees.iter().map(name).collect::<Vec<_>>(), NAMED);
    match what {
        What::Given(Exposure::Public, _) => format!("{kind} made public"),
        What::Given(_, grantees) if grantees.contains(&Grantee::Everyone) => {
            format!("{kind} made public, which is trusted")
        }
        What::Given(_, grantees) => format!("{kind} shared with {}", names(grantees)),
        What::Taken(grantees) if *grantees == [Grantee::Everyone] => {
            format!("{kind} made private: no longer public")
        }
        What::Taken(grantees) => format!("{kind} unshared with {}", names(grantees)),
        What::Reset => format!("{kind} made private: all permissions taken away"),
        What::BlockOn => "Block public access for images switched on".to_owned(),
        What::BlockOff => "Block public access for images switched off".to_owned(),
        What::Unsaid(_) => format!("{kind} permissions changed; the record does not say for whom"),
        What::Call => "none: a call that a rule names".to_owned(),
    }
}

/// What a grantee is called in a list.
pub(super) fn name(grantee: &Grantee) -> String {
    match grantee {
        Grantee::Account(id) => format!("AWS account {id}"),
        other => plain(&other.to_string()),
    }
}

/// A word for filters: what was done to the image.
pub fn action(judgement: &Judgement<'_>, change: Option<&Change>) -> &'static str {
    let Some(change) = change else { return "api-call" };
    let whats = || judgement.findings.iter().map(|finding| &finding.what);
    let (mut public, mut given, mut taken, mut private) = (false, false, false, false);
    for what in whats() {
        match what {
            What::Given(_, grantees) => {
                given = true;
                public |= grantees.contains(&Grantee::Everyone);
            }
            What::Taken(grantees) => {
                taken = true;
                private |= grantees.contains(&Grantee::Everyone);
            }
            _ => {}
        }
    }
    match change {
        Change::PublicAccessBlock { on: true } => "block-public-access-on",
        Change::PublicAccessBlock { on: false } => "block-public-access-off",
        _ if whats().any(|what| matches!(what, What::Unsaid(_))) => "unknown-change",
        _ if whats().any(|what| *what == What::Reset) => "reset",
        _ if public => "made-public",
        _ if given && taken => "changed",
        _ if given => "shared",
        _ if private => "made-private",
        _ => "unshared",
    }
}

pub(super) fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect()
}

fn small(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(characters).collect()
}
