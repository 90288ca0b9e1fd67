//! The words for what a call did: for the subject, for the row of changes, for filter policies; and the names of grantees.

use shared::text::{count, list, verb};

use super::{CallAlert, named, plain};
use crate::call_outcome::CallOutcome;
use crate::change::{ResourceKind, SharingChange, SnapshotUse};
use crate::exposure::Exposure;
use crate::finding::FindingKind;
use crate::grantee::Grantee;

/// The most grantees that a sentence names.
pub(super) const NAMED: usize = 5;

/// A change in the words of a subject.
pub(super) struct ChangeWords {
    full: String,
    short: String,
}

impl ChangeWords {
    /// With its detail: `Image shared with 444455556666`.
    pub(super) fn full(&self) -> String {
        self.full.clone()
    }

    /// Without its detail: `Image shared`.
    pub(super) fn short(&self) -> String {
        self.short.clone()
    }
}

/// The words for one consequence of a call.
struct Words {
    /// `image shared with 444455556666`.
    done: String,
    /// `share an image with 444455556666`.
    attempted: String,
    /// `image shared`.
    short_done: String,
    /// `share image`.
    short_attempted: String,
}

/// The change that the subject names. Access that existed before the call comes first if it is the worst finding.
pub(super) fn change(alert: &CallAlert<'_>) -> ChangeWords {
    let call = call_change(alert);
    match alert.assessment.findings.first().map(|finding| &finding.kind) {
        Some(FindingKind::ExposedNow(exposure, grantees)) => {
            let exposed = exposed_now(kind_of(alert), *exposure, grantees);
            let call = call.short.chars().next().map_or_else(String::new, |_| lower(&call.short));
            ChangeWords { full: capitalized(&format!("{exposed}; {call}")), short: capitalized(&exposed) }
        }
        _ => call,
    }
}

/// The change, or the attempt, of the call: `Image made public`, `Denied attempt to make an image public`.
pub(super) fn call_change(alert: &CallAlert<'_>) -> ChangeWords {
    let mut kinds = alert.assessment.findings.iter().map(|finding| &finding.kind);
    let words = words(alert, kinds.find(|kind| !matches!(kind, FindingKind::ExposedNow(..))));
    let attempt = |long: &str, short: &str| ChangeWords {
        full: format!("{long} to {}", words.attempted),
        short: format!("{short}: {}", words.short_attempted),
    };
    match &alert.call.record.outcome {
        CallOutcome::Succeeded => {
            ChangeWords { full: capitalized(&words.done), short: capitalized(&words.short_done) }
        }
        CallOutcome::Denied(_) => attempt("Denied attempt", "Denied"),
        CallOutcome::DryRun(_) => attempt("Dry run", "Dry run"),
        CallOutcome::Failed(_) => attempt("Failed attempt", "Failed"),
    }
}

fn kind_of(alert: &CallAlert<'_>) -> ResourceKind {
    alert.resource().map_or(ResourceKind::Image, |resource| resource.kind)
}

fn exposed_now(kind: ResourceKind, exposure: Exposure, grantees: &[Grantee]) -> String {
    match exposure {
        Exposure::Public => format!("{} is public", kind.name()),
        _ => format!("{} is shared with {}", kind.name(), brief(grantees)),
    }
}

fn words(alert: &CallAlert<'_>, finding: Option<&FindingKind>) -> Words {
    let kind = kind_of(alert);
    let (kind, one) = (kind.name(), kind.with_article());
    let words = |done: String, attempted: String, short_done: String, short_attempted: String| Words {
        done,
        attempted,
        short_done,
        short_attempted,
    };
    let whole = |done: String, attempted: String| Words {
        short_done: done.clone(),
        short_attempted: attempted.clone(),
        done,
        attempted,
    };
    match finding {
        Some(FindingKind::Shared(_, grantees)) if grantees.contains(&Grantee::Everyone) => words(
            format!("{kind} made public"),
            format!("make {one} public"),
            format!("{kind} made public"),
            format!("make {kind} public"),
        ),
        Some(FindingKind::Shared(_, grantees)) => {
            let grantees = brief(grantees);
            words(
                format!("{kind} shared with {grantees}"),
                format!("share {one} with {grantees}"),
                format!("{kind} shared"),
                format!("share {kind}"),
            )
        }
        Some(FindingKind::Unshared(grantees)) if grantees.contains(&Grantee::Everyone) => {
            whole(format!("public access removed from {kind}"), format!("remove public access from {one}"))
        }
        Some(FindingKind::Unshared(grantees)) => {
            let grantees = brief(grantees);
            words(
                format!("{kind} no longer shared with {grantees}"),
                format!("stop sharing {one} with {grantees}"),
                format!("{kind} access removed"),
                format!("stop sharing {kind}"),
            )
        }
        Some(FindingKind::Lost(grantees)) if grantees.contains(&Grantee::Everyone) => {
            whole(format!("public access removed from {kind}"), format!("remove public access from {one}"))
        }
        Some(FindingKind::Lost(grantees)) => {
            let grantees = brief(grantees);
            words(
                format!("trusted access to {kind} lost by {grantees}"),
                format!("remove trusted {grantees} from {one}"),
                format!("trusted access to {kind} lost"),
                format!("remove trusted access to {kind}"),
            )
        }
        Some(FindingKind::Reset) => {
            whole(format!("{kind} permissions removed"), format!("remove all permissions of {one}"))
        }
        Some(FindingKind::BlockEnabled(of)) => block(*of, "enabled", "enable"),
        Some(FindingKind::BlockDisabled(of)) => block(*of, "disabled", "disable"),
        Some(FindingKind::ExposedNow(exposure, grantees)) => {
            let exposed = exposed_now(kind_of(alert), *exposure, grantees);
            whole(exposed.clone(), exposed)
        }
        Some(FindingKind::SnapshotUsed(SnapshotUse::VolumeCreated, ..)) => {
            whole("volume created from shared snapshot".to_owned(), "use a shared snapshot".to_owned())
        }
        Some(FindingKind::SnapshotUsed(SnapshotUse::Copied, ..)) => {
            whole("shared snapshot copied".to_owned(), "copy a shared snapshot".to_owned())
        }
        Some(FindingKind::UnknownChange(_)) => {
            whole(format!("{kind} permissions changed"), format!("change the permissions of {one}"))
        }
        Some(FindingKind::NamedCall) | None => {
            let record = alert.call.record;
            if let Some((done, attempted)) = named::action(record) {
                return words(done.clone(), attempted.clone(), done, attempted);
            }
            let service = record.source.trim_end_matches(".amazonaws.com");
            let call = format!("{} ({})", plain(&record.name), plain(service));
            words(call.clone(), format!("call {call}"), plain(&record.name), plain(&record.name))
        }
    }
}

fn block(kind: ResourceKind, done: &str, attempted: &str) -> Words {
    let block = format!("block public access for {}s", kind.name());
    let (done, attempted) = (format!("{block} {done}"), format!("{attempted} {block}"));
    Words { short_done: done.clone(), short_attempted: attempted.clone(), done, attempted }
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
        [Grantee::Other(_)] => "an unknown grantee".to_owned(),
        grantees => match grantees.first().map(kind) {
            Some(first) if grantees.iter().all(|grantee| kind(grantee) == first) => {
                count(grantees.len(), first)
            }
            _ => format!("{} grantees", grantees.len()),
        },
    }
}

/// Every finding: the change that the subject names, and all others.
pub(super) fn changes(alert: &CallAlert<'_>) -> String {
    let kind = kind_of(alert);
    let findings = alert.assessment.findings.iter();
    let (now, called): (Vec<_>, Vec<_>) =
        findings.partition(|finding| matches!(finding.kind, FindingKind::ExposedNow(..)));
    let shown = |findings: Vec<&crate::finding::Finding>| {
        let parts: Vec<String> = findings.iter().map(|finding| finding_change(kind, &finding.kind)).collect();
        capitalized(&parts.join("; "))
    };
    let called = shown(called);
    let called = match &alert.call.record.outcome {
        CallOutcome::Succeeded => called,
        CallOutcome::Denied(_) => format!("{called} (attempted, and denied)"),
        CallOutcome::DryRun(_) => format!("{called} (attempted as a dry run)"),
        CallOutcome::Failed(_) => format!("{called} (attempted, and failed)"),
    };
    if now.is_empty() { called } else { format!("{called}; already: {}", lower(&shown(now))) }
}

fn finding_change(kind: ResourceKind, finding: &FindingKind) -> String {
    let kind_name = kind.name();
    match finding {
        FindingKind::Shared(Exposure::Public, _) => format!("{kind_name} made public"),
        FindingKind::Shared(_, grantees) if grantees.contains(&Grantee::Everyone) => {
            format!("{kind_name} made public, as a rule allows")
        }
        FindingKind::Shared(_, grantees) => format!("{kind_name} shared with {}", names(grantees, NAMED)),
        FindingKind::Unshared(grantees) if *grantees == [Grantee::Everyone] => {
            format!("public access removed from {kind_name}")
        }
        FindingKind::Unshared(grantees) => {
            format!("{kind_name} no longer shared with {}", names(grantees, NAMED))
        }
        FindingKind::Reset => format!("all permissions of the {kind_name} removed"),
        FindingKind::BlockEnabled(of) => format!("block public access for {}s enabled", of.name()),
        FindingKind::BlockDisabled(of) => format!("block public access for {}s disabled", of.name()),
        FindingKind::Lost(grantees) if *grantees == [Grantee::Everyone] => {
            format!("public access removed from {kind_name}, although a rule allows it")
        }
        FindingKind::Lost(grantees) => format!("trusted access lost by {}", names(grantees, NAMED)),
        FindingKind::ExposedNow(exposure, grantees) => exposed_now(kind, *exposure, grantees),
        FindingKind::SnapshotUsed(SnapshotUse::VolumeCreated, ..) => {
            "volume created from the shared snapshot".to_owned()
        }
        FindingKind::SnapshotUsed(SnapshotUse::Copied, ..) => "shared snapshot copied".to_owned(),
        FindingKind::UnknownChange(_) => format!("{kind_name} permissions changed; which ones is not known"),
        FindingKind::NamedCall => "none: an [[api-alert]] rule names this call".to_owned(),
    }
}

/// The name of a grantee in a list.
pub(super) fn name(grantee: &Grantee) -> String {
    match grantee {
        Grantee::Everyone => "every AWS account".to_owned(),
        Grantee::Account(id) => format!("AWS account {id}"),
        other => plain(&other.to_string()),
    }
}

/// The names of grantees: `AWS accounts 444455556666, 555566667777 and 3 more`.
pub(super) fn names(grantees: &[Grantee], most: usize) -> String {
    let shown = &grantees[..grantees.len().min(most)];
    let accounts: Vec<&str> = shown
        .iter()
        .filter_map(|grantee| match grantee {
            Grantee::Account(id) => Some(id.as_str()),
            _ => None,
        })
        .collect();
    let everyone = shown.iter().filter(|grantee| **grantee == Grantee::Everyone).map(name);
    let label = if grantees.len() > most {
        "AWS accounts"
    } else {
        verb(accounts.len(), "AWS account", "AWS accounts")
    };
    let accounts = accounts
        .iter()
        .enumerate()
        .map(|(at, id)| if at == 0 { format!("{label} {id}") } else { (*id).to_owned() });
    let others = shown.iter().filter(|grantee| !matches!(grantee, Grantee::Everyone | Grantee::Account(_)));
    let more = (grantees.len() > most).then(|| format!("{} more", grantees.len() - most));
    list(everyone.chain(accounts).chain(others.map(name)).chain(more).collect::<Vec<_>>())
}

/// The change to the image, as a word for filter policies.
pub(super) fn action(alert: &CallAlert<'_>) -> &'static str {
    let Some(change) = alert.call.change() else { return "api-call" };
    let kinds = || alert.assessment.findings.iter().map(|finding| &finding.kind);
    let has_everyone = |grantees: &Vec<Grantee>| grantees.contains(&Grantee::Everyone);
    let shared = |kind: &FindingKind| matches!(kind, FindingKind::Shared(..));
    let public =
        |kind: &FindingKind| matches!(kind, FindingKind::Shared(_, grantees) if has_everyone(grantees));
    let unshared = |kind: &FindingKind| matches!(kind, FindingKind::Unshared(_) | FindingKind::Lost(_));
    let private =
        |kind: &FindingKind| matches!(kind, FindingKind::Unshared(grantees) if has_everyone(grantees));
    let is_reset = matches!(change, SharingChange::Permissions(permissions) if permissions.reset);
    match change {
        SharingChange::PublicAccessBlock { on: true, .. } => "block-public-access-on",
        SharingChange::SnapshotUsed { .. } => "snapshot-used",
        SharingChange::PublicAccessBlock { on: false, .. } => "block-public-access-off",
        _ if kinds().any(|kind| matches!(kind, FindingKind::UnknownChange(_))) => "unknown-change",
        _ if is_reset => "reset",
        _ if kinds().any(public) => "made-public",
        _ if kinds().any(shared) && kinds().any(unshared) => "changed",
        _ if kinds().any(shared) => "shared",
        _ if kinds().any(private) => "made-private",
        _ => "unshared",
    }
}

pub(super) fn capitalized(text: &str) -> String {
    first_letter(text, |first| first.to_ascii_uppercase())
}

pub(super) fn lower(text: &str) -> String {
    first_letter(text, |first| first.to_ascii_lowercase())
}

fn first_letter(text: &str, change: impl Fn(char) -> char) -> String {
    let mut characters = text.chars();
    characters.next().map(change).into_iter().chain(characters).collect()
}
