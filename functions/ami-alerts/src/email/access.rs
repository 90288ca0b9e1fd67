//! Sentences about access: what the record of a call proves, and what a look-up saw at which time. A look-up proves nothing about
//! a change: EC2 is eventually consistent ("Eventual consistency in the Amazon EC2 API", Amazon EC2 Developer Guide).

use shared::text::{count, verb};

use super::headline::{NAMED, names};
use super::{CallAlert, plain};
use crate::change::{ResourceKind, SharingChange, SnapshotUse};
use crate::exposure::Exposure;
use crate::facts::Encrypted;
use crate::finding::FindingKind;
use crate::grantee::Grantee;

/// The use that the permission allows: `launch this image`.
pub(super) fn action(alert: &CallAlert<'_>) -> &'static str {
    match alert.kind() {
        ResourceKind::Image => "launch this image",
        ResourceKind::Snapshot => "create volumes from this snapshot",
    }
}

/// The use with what it gives away: `launch this image and read its disks`.
pub(super) fn uses(alert: &CallAlert<'_>) -> String {
    // EC2 makes nothing with encrypted data public.
    let is_known = alert.encryption().is_some() || alert.is_about_public_access();
    let reads = match (alert.kind(), alert.encryption()) {
        (_, Some(Encrypted::Yes)) => "",
        (ResourceKind::Image, Some(Encrypted::Partly)) => " and read its unencrypted disks",
        (ResourceKind::Image, _) if is_known => " and read its disks",
        (ResourceKind::Image, _) => " and read its disks, unless they are encrypted",
        (ResourceKind::Snapshot, _) if is_known => " and read its data",
        (ResourceKind::Snapshot, _) => " and read its data, unless it is encrypted",
    };
    format!("{}{reads}", action(alert))
}

/// `Every AWS account can launch this image and read its disks (seen at 10:05:12 UTC).`
fn can(alert: &CallAlert<'_>, grantees: &[Grantee]) -> String {
    format!("{} can {}{}", names(grantees, NAMED), uses(alert), alert.seen())
}

/// Access that the look-up saw and that the call is not about.
pub(super) fn exposed_now(alert: &CallAlert<'_>, exposure: Exposure, grantees: &[Grantee]) -> String {
    let granted = match alert.call.change() {
        Some(SharingChange::SnapshotUsed { .. }) => "",
        _ => " This call did not grant it.",
    };
    format!("{}{}.{granted}", can(alert, grantees), trust(exposure, grantees.len()))
}

/// The access that the call granted, and that neither this function nor a later record removed; and what EC2 listed although a
/// later record removed it.
pub(super) fn shared(alert: &CallAlert<'_>, exposure: Exposure, grantees: &[Grantee]) -> Vec<String> {
    let (ended, left): (Vec<Grantee>, Vec<Grantee>) =
        grantees.iter().cloned().partition(|grantee| alert.has_ended(grantee));
    let mut sentences: Vec<String> = listed_after_removal(alert, &ended).into_iter().collect();
    sentences.extend(shared_and_not_removed(alert, exposure, left));
    sentences
}

fn listed_after_removal(alert: &CallAlert<'_>, ended: &[Grantee]) -> Option<String> {
    let is_stated = |grantee: &Grantee| {
        let mut kinds = alert.assessment.findings.iter().map(|finding| &finding.kind);
        alert.revert.revoked().contains(grantee)
            || kinds.any(|kind| matches!(kind, FindingKind::ExposedNow(_, now) if now.contains(grantee)))
    };
    let listed: Vec<Grantee> =
        alert.listed(ended).into_iter().filter(|grantee| !is_stated(grantee)).collect();
    (!listed.is_empty()).then(|| still_listed(alert, "A later call", &listed, &listed))
}

fn shared_and_not_removed(alert: &CallAlert<'_>, exposure: Exposure, left: Vec<Grantee>) -> Vec<String> {
    // A part of the request that could not be read has a sentence of its own.
    if left.is_empty() || (exposure == Exposure::Unknown && alert.listed(&left).is_empty()) {
        return Vec::new();
    }
    if exposure == Exposure::Own {
        return vec![format!("{} is the owner: it always has access.", names(&left, NAMED))];
    }
    let Some(now) = alert.facts.permissions.found() else { return vec![shared_unverified(alert, &left)] };
    let (seen, unseen): (Vec<Grantee>, Vec<Grantee>) =
        left.into_iter().partition(|grantee| now.contains(grantee));
    let mut sentences = Vec::new();
    if !seen.is_empty() && !unseen.is_empty() && seen.len() + unseen.len() > NAMED {
        return vec![partly_seen(alert, exposure, seen, unseen)];
    }
    if !seen.is_empty() {
        sentences.push(format!("{}{}.", can(alert, &seen), trust_in(exposure, &seen)));
    }
    if !unseen.is_empty() {
        sentences.push(unseen_share(alert, exposure, &unseen));
    }
    sentences
}

fn unseen_share(alert: &CallAlert<'_>, exposure: Exposure, grantees: &[Grantee]) -> String {
    let at = alert.seen_at().map(|at| format!(" at {at}")).unwrap_or_default();
    let (shown, uses) = (names(grantees, NAMED), uses(alert));
    let it = verb(grantees.len(), "it", "them");
    let trust = trust_in(exposure, grantees);
    format!(
        "{shown} may be able to {uses}: the call granted the access{trust}. EC2 did not list {it}{at}. EC2 shows a change with a \
         delay, so the access may still exist."
    )
}

/// Many grantees, of which the look-up listed some: one sentence for all of them.
fn partly_seen(
    alert: &CallAlert<'_>,
    exposure: Exposure,
    seen: Vec<Grantee>,
    unseen: Vec<Grantee>,
) -> String {
    let (number, uses) = (seen.len(), uses(alert));
    let at = alert.seen_at().map(|at| format!(" at {at}")).unwrap_or_default();
    let all: Vec<Grantee> = seen.into_iter().chain(unseen).collect();
    let (shown, trust) = (names(&all, NAMED), trust_in(exposure, &all));
    format!(
        "{shown} can {uses}, unless a later call removed the access{trust}. EC2 listed {number} of these {}{at}: EC2 shows a \
         change with a delay.",
        all.len()
    )
}

fn shared_unverified(alert: &CallAlert<'_>, grantees: &[Grantee]) -> String {
    let grantees = names(grantees, NAMED);
    let kind = alert.kind().name();
    match alert.facts.image_is_gone() {
        true => format!(
            "The {kind} was not found{}: it no longer exists, or this account cannot see it. The call shared it with {grantees}.",
            alert.seen_at().map(|at| format!(" at {at}")).unwrap_or_default()
        ),
        false => format!(
            "{grantees} can {}. A later call may have removed the access: the current permissions could not be read.",
            uses(alert)
        ),
    }
}

/// The trust in grantees, after a sentence about them. A rule with `public = true` trusts no account: it allows public access.
fn trust_in(exposure: Exposure, grantees: &[Grantee]) -> &'static str {
    match exposure {
        Exposure::Trusted if grantees.contains(&Grantee::Everyone) => ". A rule allows this",
        exposure => trust(exposure, grantees.len()),
    }
}

/// The trust in grantees, after a sentence about them.
fn trust(exposure: Exposure, count: usize) -> &'static str {
    match exposure {
        Exposure::Public => "",
        Exposure::Trusted => verb(count, ". A rule trusts it", ". A rule trusts them"),
        Exposure::Own => ". It is the owner",
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

/// Encryption, stated once, if the call is about a share. EC2 makes no image and no snapshot with encrypted data public ("Share
/// an Amazon EBS snapshot with other AWS accounts", Amazon EBS User Guide).
pub(super) fn encryption(alert: &CallAlert<'_>) -> Option<String> {
    let grantees: Vec<&Grantee> = alert
        .assessment
        .findings
        .iter()
        .filter_map(|finding| match &finding.kind {
            FindingKind::Shared(Exposure::Own, _) => None,
            FindingKind::Shared(_, grantees) | FindingKind::ExposedNow(_, grantees) => Some(grantees),
            _ => None,
        })
        .flatten()
        .collect();
    let kind = alert.kind().name();
    let what = match (alert.encryption()?, alert.kind()) {
        (Encrypted::No, _) => return None,
        (Encrypted::Yes, ResourceKind::Image) => "The disks of the image are encrypted",
        (Encrypted::Yes, ResourceKind::Snapshot) => "The snapshot is encrypted",
        (Encrypted::Partly, _) => "Some disks of the image are encrypted, and others are not",
    };
    if grantees.iter().any(|grantee| **grantee == Grantee::Everyone) {
        return Some(format!("{what}. EC2 makes no {kind} with encrypted data public."));
    }
    let needs = match alert.encryption()? {
        Encrypted::Partly => "the KMS key protects only the encrypted ones",
        _ => "a grantee also needs access to the KMS key",
    };
    (!grantees.is_empty()).then(|| format!("{what}: {needs}."))
}

/// The parts of the request that could not be read, if others were.
pub(super) fn not_understood(alert: &CallAlert<'_>) -> Option<String> {
    let Some(SharingChange::Permissions(permissions)) = alert.call.change() else { return None };
    let others = permissions.added.iter().chain(&permissions.removed);
    let others: Vec<String> = others
        .filter_map(|grantee| match grantee {
            Grantee::Other(text) => Some(format!("`{}`", plain(text))),
            _ => None,
        })
        .collect();
    if others.is_empty() {
        return None;
    }
    let shown = shared::text::list_at_most(&others, NAMED);
    let parts = if others.len() == 1 { "a part".to_owned() } else { count(others.len(), "part") };
    Some(format!("This function could not read {parts} of the request, which may grant access: {shown}."))
}

/// The access of grantees that the call removed.
pub(super) fn unshared(alert: &CallAlert<'_>, grantees: &[Grantee]) -> Vec<String> {
    let is_lost = |grantee: &Grantee| {
        let mut kinds = alert.assessment.findings.iter().map(|finding| &finding.kind);
        kinds.any(|kind| matches!(kind, FindingKind::Lost(lost) if lost.contains(grantee)))
    };
    let removed: Vec<Grantee> = grantees.iter().filter(|grantee| !is_lost(grantee)).cloned().collect();
    if removed.is_empty() { Vec::new() } else { no_longer(alert, &removed) }
}

fn no_longer(alert: &CallAlert<'_>, removed: &[Grantee]) -> Vec<String> {
    let (shown, kind, action) = (names(removed, NAMED), alert.kind().name(), action(alert));
    let Some(now) = alert.facts.permissions.found() else {
        return vec![format!(
            "The call removed the access of {shown}. The current permissions could not be read."
        )];
    };
    let listed = alert.listed(removed);
    if !listed.is_empty() {
        return vec![still_listed(alert, "The call", removed, &listed)];
    }
    if now.contains(&Grantee::Everyone) {
        return vec![format!("The {kind} is public{}: {shown} can still {action}.", alert.seen())];
    }
    let unless = unless_member(alert);
    let not_seen = alert.seen_at().map(|at| format!(" (not seen at {at})")).unwrap_or_default();
    match removed {
        [Grantee::Everyone] => {
            vec![format!("The {kind} is no longer public: the call removed the access{not_seen}.")]
        }
        _ => vec![format!("{shown} can no longer {action}{unless}: the call removed the access{not_seen}.")],
    }
}

/// A member of an organization or unit with access has access, too.
fn unless_member(alert: &CallAlert<'_>) -> &'static str {
    let has_members =
        |grantee: &Grantee| matches!(grantee, Grantee::Organization { .. } | Grantee::Unit { .. });
    let now = alert.facts.permissions.found().map_or(&[][..], Vec::as_slice);
    if now.iter().any(has_members) {
        ", except as a member of an organization or unit that still has access"
    } else {
        ""
    }
}

fn still_listed(alert: &CallAlert<'_>, call: &str, removed: &[Grantee], listed: &[Grantee]) -> String {
    let at = alert.seen_at().map(|at| format!(" at {at}")).unwrap_or_default();
    format!(
        "{call} removed the access of {}, but EC2 still listed {}{at}. EC2 can list removed access for some time, or another \
         call granted it again.",
        names(removed, NAMED),
        names(listed, NAMED)
    )
}

/// Trusted grantees that lost access.
pub(super) fn lost(alert: &CallAlert<'_>, grantees: &[Grantee]) -> Vec<String> {
    let (others, everyone): (Vec<Grantee>, Vec<Grantee>) =
        grantees.iter().cloned().partition(|grantee| *grantee != Grantee::Everyone);
    let mut sentences = if everyone.is_empty() { Vec::new() } else { no_longer(alert, &everyone) };
    if !everyone.is_empty() {
        sentences.push(format!("A rule allows public access to this {}.", alert.kind().name()));
    }
    if !others.is_empty() {
        sentences.push(trusted_access_lost(alert, &others));
    }
    sentences
}

fn trusted_access_lost(alert: &CallAlert<'_>, grantees: &[Grantee]) -> String {
    let shown = names(grantees, NAMED);
    let trusts = verb(grantees.len(), "A rule trusts it", "A rule trusts them");
    let listed = alert.listed(grantees);
    if !listed.is_empty() {
        return format!("{} {trusts}.", still_listed(alert, "The call", grantees, &listed));
    }
    let is_public = alert.facts.permissions.found().is_some_and(|now| now.contains(&Grantee::Everyone));
    let kind = alert.kind().name();
    if is_public {
        return format!(
            "{shown} lost access. {trusts}. The {kind} is public{}, so its use does not fail yet.",
            alert.seen()
        );
    }
    let not_seen = alert.seen_at().filter(|_| alert.facts.permissions.found().is_some());
    let not_seen = not_seen.map(|at| format!(" (not seen at {at})")).unwrap_or_default();
    let fails = match alert.kind() {
        ResourceKind::Image => "launches there will fail",
        ResourceKind::Snapshot => "creating volumes there will fail",
    };
    let unless = unless_member(alert);
    format!("{shown}, trusted by a rule, lost access to this {kind}{not_seen}: {fails}{unless}.")
}

/// All permissions removed, with what was known before.
pub(super) fn reset(alert: &CallAlert<'_>) -> Vec<String> {
    let (action, kind) = (action(alert), alert.kind().name());
    let at = alert.seen_at().map(|at| format!(" at {at}")).unwrap_or_default();
    let mut sentences = vec![match alert.facts.permissions.found() {
        Some(now) if now.is_empty() => {
            format!("Only the owner can {action}{}: the call removed all permissions.", alert.seen())
        }
        Some(now) => format!(
            "The call removed all permissions, but EC2 listed {}{at}. EC2 can list removed access for some time, or another call \
             granted it again.",
            names(now, NAMED)
        ),
        None => format!(
            "The call removed all permissions of the {kind}. The current permissions could not be read."
        ),
    }];
    if let Some(before) = &alert.assessment.history.seen_before {
        let at = alert.moment(before.at);
        sentences.push(match before.grantees.as_slice() {
            [] => format!("Before it, EC2 listed no grantee (seen at {at})."),
            grantees => format!("Before it, EC2 listed {} (seen at {at}).", names(grantees, NAMED)),
        });
    }
    sentences
}

/// A use of a shared snapshot by an account.
pub(super) fn snapshot_used(how: SnapshotUse, by: Option<&str>, exposure: Exposure) -> Vec<String> {
    let by = by.map_or("An account that the record does not name".to_owned(), |id| {
        format!("AWS account {}", plain(id))
    });
    let used = match how {
        SnapshotUse::VolumeCreated => {
            "created a volume from this shared snapshot and can read everything in it"
        }
        SnapshotUse::Copied => "copied this shared snapshot and can read everything in it",
    };
    let trusted = match exposure {
        Exposure::Own => " It is the owner.",
        Exposure::Trusted => " A rule trusts it.",
        _ => {
            " No rule trusts it. Treat the data as read: removing the access does not delete what the account has."
        }
    };
    vec![format!("{by} {used}.{trusted}")]
}

/// The current access, since the record does not name the change.
pub(super) fn unknown_change(alert: &CallAlert<'_>) -> Vec<String> {
    let record = alert.call.record;
    let omitted = |request: &serde_json::Map<String, serde_json::Value>| request.contains_key("omitted");
    let why = if record.request().is_some_and(omitted) {
        "The record does not name the grantees that the call added or removed: CloudTrail omits values larger than 100 KB."
    } else if record.request_is_missing() {
        "The record does not name the grantees that the call added or removed: CloudTrail did not record them."
    } else {
        "This function cannot read the form of this request: which grantees the call added or removed is not known. Read the event \
         below."
    };
    let action = action(alert);
    let revoked = alert.revert.revoked();
    let now = alert
        .facts
        .permissions
        .found()
        .map(|now| now.iter().filter(|grantee| !revoked.contains(grantee)).cloned().collect::<Vec<_>>());
    let now = match now.as_deref() {
        // What this function removed, and EC2 still listed, has a sentence of its own.
        Some([]) if !alert.listed(revoked).is_empty() => return vec![why.to_owned()],
        Some([]) => format!("Only the owner can {action}{}.", alert.seen()),
        Some(now) => format!("{}.", can(alert, now)),
        None if alert.facts.image_is_gone() => {
            format!("The {} no longer exists, or this account cannot see it.", alert.kind().name())
        }
        None => {
            format!("It is not known which accounts can {action}: the current permissions could not be read.")
        }
    };
    vec![now, why.to_owned()]
}
