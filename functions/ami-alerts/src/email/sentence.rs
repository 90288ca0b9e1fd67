//! The first lines of an email: the access that grantees have now, the revert, and the call.

use shared::text::verb;

use super::headline::{capitalized, change, names};
use super::{CallAlert, plain, revert};
use crate::call_outcome::CallOutcome;
use crate::change::ResourceKind;
use crate::exposure::Exposure;
use crate::facts::Encrypted;
use crate::finding::FindingKind;
use crate::grantee::Grantee;

/// The most grantees that a sentence names.
const NAMED: usize = 5;

/// The sentences, the present state first.
pub(super) fn sentences(alert: &CallAlert<'_>) -> Vec<String> {
    let mut sentences = nothing_changed(&alert.call.record.outcome);
    let kinds = alert.assessment.findings.iter().map(|finding| &finding.kind);
    // The present state follows from the revert first.
    sentences.extend(revert::revoked(alert));
    if alert.call.record.outcome.succeeded() {
        sentences.extend(kinds.flat_map(|kind| after_success(alert, kind)));
        sentences.extend(encryption(alert));
    } else {
        sentences.extend(kinds.filter_map(|kind| if_it_had_succeeded(alert, kind)));
    }
    sentences.extend(revert::not_revoked(alert));
    if alert.assessment.is_trusted_actor {
        let actor = plain(&alert.call.actor.name);
        sentences.push(format!("The rule trusts this actor: what {actor} shares is expected and not reverted, except with everyone."));
    }
    sentences.push(what_happened(alert));
    sentences.iter().map(|sentence| capitalized(sentence)).collect()
}

fn nothing_changed(outcome: &CallOutcome) -> Vec<String> {
    match outcome {
        CallOutcome::Succeeded => Vec::new(),
        CallOutcome::Denied(error) => {
            vec![format!("Nothing changed: AWS denied the call ({}).", plain(&error.to_string()))]
        }
        CallOutcome::DryRun(_) => {
            vec![
                "Nothing changed: the call was a dry run. Without DryRun, AWS would have allowed it."
                    .to_owned(),
            ]
        }
        CallOutcome::Failed(error) => {
            vec![format!("Nothing changed: the call failed ({}).", plain(&error.to_string()))]
        }
    }
}

/// The call: `Image made public (ModifyImageAttribute by alice at 2026-03-02T10:04:12Z).`
fn what_happened(alert: &CallAlert<'_>) -> String {
    let record = alert.call.record;
    let at = record.time.as_deref().map(|time| format!(" at {}", plain(time)));
    let call = format!("{} by {}", plain(&record.name), plain(&alert.call.actor.name));
    let call = call + &at.unwrap_or_default();
    match alert.call.change() {
        Some(_) => format!("{} ({call}).", change(alert)),
        None => format!("The call: {call}."),
    }
}

/// The use that the permission allows: `launch this image`.
fn action(alert: &CallAlert<'_>) -> &'static str {
    match alert.resource().map(|resource| resource.kind) {
        Some(ResourceKind::Snapshot) => "use this snapshot",
        _ => "launch this image",
    }
}

fn after_success(alert: &CallAlert<'_>, kind: &FindingKind) -> Vec<String> {
    match kind {
        FindingKind::Shared(exposure, grantees) => shared(alert, *exposure, grantees),
        FindingKind::Unshared(grantees) => vec![unshared(alert, grantees)],
        FindingKind::Reset => vec![reset(alert)],
        FindingKind::Lost(grantees) => vec![unshared(alert, grantees)],
        FindingKind::ExposedNow(exposure, grantees) => shared(alert, *exposure, grantees),
        FindingKind::SnapshotUsed(..) => vec!["An account used the shared snapshot.".to_owned()],
        FindingKind::BlockEnabled(_) => {
            let region = plain(alert.region());
            vec![format!(
                "Images in {region} can no longer be made public. Images that are public stay public."
            )]
        }
        FindingKind::BlockDisabled(_) => vec![block_disabled(alert)],
        FindingKind::UnknownChange(_) => unknown_change(alert),
        FindingKind::NamedCall => {
            vec!["The call succeeded. An [[api-alert]] rule asks for an email about it.".to_owned()]
        }
    }
}

/// The access of grantees that the call added, and that this function did not revoke.
fn shared(alert: &CallAlert<'_>, exposure: Exposure, grantees: &[Grantee]) -> Vec<String> {
    let revoked = alert.revert.revoked();
    let left: Vec<Grantee> = grantees.iter().filter(|grantee| !revoked.contains(grantee)).cloned().collect();
    if left.is_empty() {
        return Vec::new();
    }
    let Some(now) = alert.facts.permissions.found() else { return vec![shared_unverified(alert, &left)] };
    let (still, gone): (Vec<Grantee>, Vec<Grantee>) =
        left.into_iter().partition(|grantee| exposure == Exposure::Own || now.contains(grantee));
    let mut sentences = Vec::new();
    if !still.is_empty() {
        let trust = trust(exposure, still.len());
        sentences.push(format!("{} can {}{trust}.", names(&still, NAMED), action(alert)));
    }
    if !gone.is_empty() {
        let nothing = if still.is_empty() { " Nothing is left to revert." } else { "" };
        sentences.push(format!("Access was revoked from {} after this call.{nothing}", names(&gone, NAMED)));
    }
    sentences
}

fn shared_unverified(alert: &CallAlert<'_>, grantees: &[Grantee]) -> String {
    let grantees = names(grantees, NAMED);
    match alert.facts.image_is_gone() {
        true => format!(
            "The image no longer exists, or this account cannot see it. The call shared it with {grantees}."
        ),
        false => format!(
            "{grantees} can {}, unless the access was revoked since: the current permissions could not be read.",
            action(alert)
        ),
    }
}

/// The trust in grantees, after a sentence about them.
fn trust(exposure: Exposure, count: usize) -> &'static str {
    match exposure {
        Exposure::Public => "",
        Exposure::Trusted => verb(count, ". A rule trusts it", ". A rule trusts them"),
        Exposure::Own => ": it is the owner",
        Exposure::Unknown => verb(
            count,
            ". This function does not know that kind of grantee",
            ". This function does not know those kinds of grantees",
        ),
        Exposure::Unproven => verb(
            count,
            ". It is not known whether it belongs to a trusted organization",
            ". It is not known whether they belong to a trusted organization",
        ),
        Exposure::Account | Exposure::Organization | Exposure::Unit => {
            verb(count, ". No rule trusts it", ". No rule trusts them")
        }
    }
}

/// An encrypted image can be used only with its key.
fn encryption(alert: &CallAlert<'_>) -> Option<String> {
    let encrypted = alert.facts.image()?.encrypted?;
    let is_shared =
        |kind: &FindingKind| matches!(kind, FindingKind::Shared(exposure, _) if *exposure != Exposure::Own);
    let is_shared = alert.assessment.findings.iter().any(|finding| is_shared(&finding.kind));
    let disks = match encrypted {
        Encrypted::Yes => "The disks of the image are encrypted",
        Encrypted::Partly => "Some disks of the image are encrypted",
        Encrypted::No => return None,
    };
    is_shared.then(|| format!("{disks}: a grantee can read them only if the KMS key is shared, too."))
}

/// The access of grantees that the call removed.
fn unshared(alert: &CallAlert<'_>, grantees: &[Grantee]) -> String {
    let (removed, action) = (names(grantees, NAMED), action(alert));
    let Some(now) = alert.facts.permissions.found() else {
        return format!("Access was revoked from {removed}. The current permissions could not be read.");
    };
    let again: Vec<Grantee> = grantees.iter().filter(|grantee| now.contains(grantee)).cloned().collect();
    let has_members =
        |grantee: &Grantee| matches!(grantee, Grantee::Organization { .. } | Grantee::Unit { .. });
    if !again.is_empty() {
        let again = names(&again, NAMED);
        return format!("{again} can {action}: access was granted again after this call revoked it.");
    }
    if now.contains(&Grantee::Everyone) {
        let kind = alert.resource().map_or("image", |resource| resource.kind.name());
        return format!("Everyone can still {action}, {removed} too: the {kind} is public.");
    }
    if grantees.contains(&Grantee::Everyone) {
        let others: Vec<Grantee> =
            grantees.iter().filter(|grantee| **grantee != Grantee::Everyone).cloned().collect();
        let kind = alert.resource().map_or("image", |resource| resource.kind.name());
        let others =
            (!others.is_empty()).then(|| format!(" {} can no longer {action}.", names(&others, NAMED)));
        return format!("The {kind} is no longer public.{}", others.unwrap_or_default());
    }
    let unless = if now.iter().any(has_members) {
        ", except through an organization or organizational unit that still has access"
    } else {
        ""
    };
    format!("{removed} can no longer {action}{unless}.")
}

fn reset(alert: &CallAlert<'_>) -> String {
    let action = action(alert);
    match alert.facts.permissions.found() {
        Some(now) if now.is_empty() => format!("Only the owner can {action}."),
        Some(now) => {
            format!("{} can {action}: access was granted again after this call.", names(now, NAMED))
        }
        None => "All permissions were removed. The current permissions could not be read.".to_owned(),
    }
}

fn block_disabled(alert: &CallAlert<'_>) -> String {
    let region = plain(alert.region());
    match alert.facts.block.found().map(String::as_str) {
        Some("block-new-sharing") => format!(
            "Images in {region} cannot be made public: block public access was enabled again after this call."
        ),
        _ => format!("Images in {region} can be made public. This call made no image public."),
    }
}

/// The current access, since the record does not name the change.
fn unknown_change(alert: &CallAlert<'_>) -> Vec<String> {
    let request = alert.call.record.request();
    let why = match request.is_some_and(|request| request.contains_key("omitted")) {
        true => "CloudTrail omits values larger than 100 KB",
        false => "CloudTrail did not record them",
    };
    let action = action(alert);
    let now = match alert.facts.permissions.found().map(Vec::as_slice) {
        Some([]) => format!("Only the owner can {action}."),
        Some(now) if now.contains(&Grantee::Everyone) => format!("Everyone can {action}."),
        Some(now) => format!("{} can {action}.", names(now, NAMED)),
        None => format!("It is not known who can {action}: the current permissions could not be read."),
    };
    vec![now, format!("The record does not name the grantees that the call added or removed: {why}.")]
}

/// The access that a call without success would have granted.
fn if_it_had_succeeded(alert: &CallAlert<'_>, kind: &FindingKind) -> Option<String> {
    match kind {
        FindingKind::Shared(_, grantees) => {
            Some(format!("If it had succeeded, {} could {}.", names(grantees, NAMED), action(alert)))
        }
        FindingKind::UnknownChange(_) => {
            Some("CloudTrail did not record the permissions that the call would have changed.".to_owned())
        }
        FindingKind::Unshared(_)
        | FindingKind::Reset
        | FindingKind::Lost(_)
        | FindingKind::ExposedNow(..)
        | FindingKind::SnapshotUsed(..)
        | FindingKind::BlockEnabled(_)
        | FindingKind::BlockDisabled(_)
        | FindingKind::NamedCall => None,
    }
}
