//! The subject of an email: the change, the image, the account and the actor, in under 100 characters.

use shared::text::{LONGEST_SUBJECT, count, list_at_most};

use super::{CallAlert, plain};
use crate::call_outcome::CallOutcome;
use crate::change::{ResourceKind, SharedResource, SharingChange, SnapshotUse};
use crate::exposure::Exposure;
use crate::finding::FindingKind;
use crate::grantee::Grantee;
use crate::revert_plan::{FailedRevert, RevertOutcome};

/// The fewest characters that a part of a subject is cut to: enough to recognize it.
const SHORTEST: usize = 12;

/// The most grantees that the image action names.
const NAMED: usize = 5;

/// The subject. If it is too long, its longest parts are cut, so that every part remains.
pub(super) fn subject(alert: &CallAlert<'_>) -> String {
    let mut parts: Vec<(&str, String)> = vec![("", headline(alert))];
    // A cut id would be of no use; a text that is not an id is cut like any other.
    let id = alert.resource().and_then(SharedResource::legal_id).unwrap_or_default().to_owned();
    if let Some(resource) = alert.resource() {
        let name = alert.facts.image().and_then(|image| image.name.as_deref()).map(plain);
        let id = resource.id.as_deref().map(plain);
        match (name, id) {
            (Some(name), Some(id)) => parts.extend([(": ", name), (" (", id), (")", String::new())]),
            (None, Some(id)) => parts.push((": ", id)),
            (_, None) => {}
        }
    }
    parts.push((" in ", alert.account()));
    if matches!(alert.call.change(), Some(SharingChange::PublicAccessBlock { .. })) {
        parts.push((" ", plain(alert.region())));
    }
    parts.push((", by ", plain(&alert.call.actor.name)));
    fitted(parts, &id)
}

fn fitted(mut parts: Vec<(&str, String)>, id: &str) -> String {
    let joined = |parts: &[(&str, String)]| -> String {
        parts.iter().flat_map(|(separator, part)| [*separator, part]).collect()
    };
    // The change comes first and is not cut.
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

/// The revert and the change.
fn headline(alert: &CallAlert<'_>) -> String {
    let change = change(alert);
    match alert.revert {
        RevertOutcome::Failed(failed) => {
            format!("{}: {}", failed_revert(failed), uncapitalized(&change))
        }
        RevertOutcome::Revoked(_) | RevertOutcome::RevokedBefore(..) => {
            format!("Reverted: {}", uncapitalized(&change))
        }
        RevertOutcome::NotPlanned | RevertOutcome::Blocked(_) => change,
    }
}

/// A revert that failed in part, for certain, or perhaps.
fn failed_revert(failed: &FailedRevert) -> &'static str {
    match (failed.revoked.is_empty(), failed.may_have_had_effect()) {
        (false, _) => "REVERTED IN PART",
        (true, false) => "NOT REVERTED",
        (true, true) => "REVERT FAILED",
    }
}

/// The change, or the attempt: `Image made public`, `Denied attempt to make an image public`.
pub(super) fn change(alert: &CallAlert<'_>) -> String {
    let (done, attempted) = worst_finding(alert);
    match &alert.call.record.outcome {
        CallOutcome::Succeeded => capitalized(&done),
        CallOutcome::Denied(_) => format!("Denied attempt to {attempted}"),
        CallOutcome::DryRun(_) => format!("Dry run to {attempted}"),
        CallOutcome::Failed(_) => format!("Failed attempt to {attempted}"),
    }
}

/// The worst finding, as a past action and as an infinitive.
fn worst_finding(alert: &CallAlert<'_>) -> (String, String) {
    let kind = alert.resource().map_or(ResourceKind::Image, |resource| resource.kind);
    let (kind, one) = (kind.name(), kind.with_article());
    match alert.assessment.findings.first().map(|finding| &finding.kind) {
        Some(FindingKind::Shared(_, grantees)) if grantees.contains(&Grantee::Everyone) => {
            (format!("{kind} made public"), format!("make {one} public"))
        }
        Some(FindingKind::Shared(_, grantees)) => {
            let grantees = brief(grantees);
            (format!("{kind} shared with {grantees}"), format!("share {one} with {grantees}"))
        }
        Some(FindingKind::Unshared(grantees)) if grantees.contains(&Grantee::Everyone) => {
            (format!("{kind} no longer public"), format!("make {one} no longer public"))
        }
        Some(FindingKind::Unshared(grantees)) => {
            let grantees = brief(grantees);
            (
                format!("{kind} no longer shared with {grantees}"),
                format!("stop sharing {one} with {grantees}"),
            )
        }
        Some(FindingKind::Reset) => (format!("{kind} made private"), format!("make {one} private")),
        Some(FindingKind::BlockEnabled(kind)) => block(*kind, "enabled", "enable"),
        Some(FindingKind::BlockDisabled(kind)) => block(*kind, "disabled", "disable"),
        Some(FindingKind::Lost(grantees)) => {
            let grantees = brief(grantees);
            (
                format!("{kind} no longer shared with {grantees}, which a rule trusts"),
                format!("stop sharing {one} with {grantees}, which a rule trusts"),
            )
        }
        Some(FindingKind::ExposedNow(Exposure::Public, _)) => {
            (format!("{kind} is public"), format!("change {one} that is public"))
        }
        Some(FindingKind::ExposedNow(_, grantees)) => {
            let grantees = brief(grantees);
            (
                format!("{kind} is shared with {grantees}"),
                format!("change {one} that is shared with {grantees}"),
            )
        }
        Some(FindingKind::SnapshotUsed(how, by, _)) => {
            let by = by.as_deref().map_or("an unknown account".to_owned(), plain);
            let used = match how {
                SnapshotUse::VolumeCreated => format!("shared snapshot used by {by}"),
                SnapshotUse::Copied => format!("shared snapshot copied by {by}"),
            };
            (used.clone(), used)
        }
        Some(FindingKind::UnknownChange(_)) => {
            (format!("{kind} permissions changed"), format!("change the permissions of {one}"))
        }
        Some(FindingKind::NamedCall) | None => {
            let record = alert.call.record;
            let service = record.source.trim_end_matches(".amazonaws.com");
            let call = format!("{} ({})", plain(&record.name), plain(service));
            (call.clone(), format!("call {call}"))
        }
    }
}

fn block(kind: ResourceKind, done: &str, attempted: &str) -> (String, String) {
    let block = format!("block public access for {}s", kind.name());
    (format!("{block} {done}"), format!("{attempted} {block}"))
}

/// One grantee by its name, several by their number.
fn brief(grantees: &[Grantee]) -> String {
    let kind = |grantee: &Grantee| match grantee {
        Grantee::Everyone => "group",
        Grantee::Account(_) => "account",
        Grantee::Organization { .. } => "organization",
        Grantee::Unit { .. } => "organizational unit",
        Grantee::Other(_) => "unknown grantee",
    };
    match grantees {
        [Grantee::Account(id)] => id.clone(),
        [Grantee::Organization { id, .. }] => format!("organization {id}"),
        [Grantee::Unit { id, .. }] => format!("unit {id}"),
        [Grantee::Other(text)] => format!("`{}`", plain(text).chars().take(30).collect::<String>()),
        grantees => match grantees.first().map(kind) {
            Some(first) if grantees.iter().all(|grantee| kind(grantee) == first) => {
                count(grantees.len(), first)
            }
            _ => format!("{} accounts and organizations", grantees.len()),
        },
    }
}

/// Every finding: the change that the subject names, and all others.
pub(super) fn image_action(alert: &CallAlert<'_>) -> String {
    let kind = alert.resource().map_or("Image", |resource| match resource.kind {
        ResourceKind::Image => "Image",
        ResourceKind::Snapshot => "Snapshot",
    });
    let findings = alert.assessment.findings.iter();
    let parts: Vec<String> = findings.map(|finding| finding_action(kind, &finding.kind)).collect();
    let parts = parts.join("; ");
    match &alert.call.record.outcome {
        CallOutcome::Succeeded => parts,
        CallOutcome::Denied(_) => format!("{parts} (attempted, and denied)"),
        CallOutcome::DryRun(_) => format!("{parts} (attempted as a dry run)"),
        CallOutcome::Failed(_) => format!("{parts} (attempted, and failed)"),
    }
}

fn finding_action(kind: &str, finding: &FindingKind) -> String {
    match finding {
        FindingKind::Shared(Exposure::Public, _) => format!("{kind} made public"),
        FindingKind::Shared(_, grantees) if grantees.contains(&Grantee::Everyone) => {
            format!("{kind} made public, as a rule allows")
        }
        FindingKind::Shared(_, grantees) => format!("{kind} shared with {}", names(grantees, NAMED)),
        FindingKind::Unshared(grantees) if *grantees == [Grantee::Everyone] => {
            format!("{kind} no longer public")
        }
        FindingKind::Unshared(grantees) => format!("{kind} no longer shared with {}", names(grantees, NAMED)),
        FindingKind::Reset => format!("{kind} made private: all permissions removed"),
        FindingKind::BlockEnabled(kind) => format!("Block public access for {}s enabled", kind.name()),
        FindingKind::BlockDisabled(kind) => format!("Block public access for {}s disabled", kind.name()),
        FindingKind::Lost(grantees) => format!("{kind} no longer shared with {}", names(grantees, NAMED)),
        FindingKind::ExposedNow(Exposure::Public, _) => format!("{kind} is public"),
        FindingKind::ExposedNow(_, grantees) => format!("{kind} is shared with {}", names(grantees, NAMED)),
        FindingKind::SnapshotUsed(..) => "Shared snapshot used".to_owned(),
        FindingKind::UnknownChange(_) => {
            format!("{kind} permissions changed; the record does not name the grantees")
        }
        FindingKind::NamedCall => "none: an [[api-alert]] rule names this call".to_owned(),
    }
}

/// The name of a grantee in a list.
pub(super) fn name(grantee: &Grantee) -> String {
    match grantee {
        Grantee::Account(id) => format!("AWS account {id}"),
        other => plain(&other.to_string()),
    }
}

/// The names of grantees: `AWS account 444455556666, everyone and 3 more`.
pub(super) fn names(grantees: &[Grantee], most: usize) -> String {
    list_at_most(&grantees.iter().map(name).collect::<Vec<_>>(), most)
}

/// The change to the image, as a word for filter policies.
pub(super) fn action(alert: &CallAlert<'_>) -> &'static str {
    let Some(change) = alert.call.change() else { return "api-call" };
    let kinds = || alert.assessment.findings.iter().map(|finding| &finding.kind);
    let has_everyone = |grantees: &Vec<Grantee>| grantees.contains(&Grantee::Everyone);
    let shared = |kind: &FindingKind| matches!(kind, FindingKind::Shared(..));
    let public =
        |kind: &FindingKind| matches!(kind, FindingKind::Shared(_, grantees) if has_everyone(grantees));
    let unshared = |kind: &FindingKind| matches!(kind, FindingKind::Unshared(_));
    let private =
        |kind: &FindingKind| matches!(kind, FindingKind::Unshared(grantees) if has_everyone(grantees));
    match change {
        SharingChange::PublicAccessBlock { on: true, .. } => "block-public-access-on",
        SharingChange::SnapshotUsed { .. } => "snapshot-used",
        SharingChange::PublicAccessBlock { on: false, .. } => "block-public-access-off",
        _ if kinds().any(|kind| matches!(kind, FindingKind::UnknownChange(_))) => "unknown-change",
        _ if kinds().any(|kind| *kind == FindingKind::Reset) => "reset",
        _ if kinds().any(public) => "made-public",
        _ if kinds().any(shared) && kinds().any(unshared) => "changed",
        _ if kinds().any(shared) => "shared",
        _ if kinds().any(private) => "made-private",
        _ => "unshared",
    }
}

pub(super) fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect()
}

fn uncapitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(characters).collect()
}
