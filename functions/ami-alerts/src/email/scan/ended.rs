//! The end of a finding in a sentence: how long it was open, what proves the end, and what follows from it.

use super::MOST;
use crate::change::ResourceKind;
use crate::email::span::{duration, span, utc};
use crate::email::{headline, plain};
use crate::grantee::Grantee;
use crate::history::EndedFinding;
use crate::memory::{FindingClass, Proof, ProvenTime};

/// Whether one of them was public, and no rule allows it now.
pub(super) fn was_public(ended: &[EndedFinding]) -> bool {
    ended.iter().any(|ended| {
        let is_allowed = matches!(ended.closed.proof, Proof::Rule { .. });
        ended.class == FindingClass::Exposed && !is_allowed && ended.grantees.contains(&Grantee::Everyone)
    })
}

/// Whether no record says who ended one of them.
pub(super) fn has_unknown_end(ended: &[EndedFinding]) -> bool {
    ended.iter().any(|ended| ended.class == FindingClass::Exposed && ended.closed.proof == Proof::LookUp)
}

/// `public from 2026-03-02 10:04 UTC to 2026-03-02 10:51 UTC, 47 minutes; ended by bob (event ...)`.
pub(super) fn sentence(kind: ResourceKind, ended: &EndedFinding) -> String {
    let what = subject(ended);
    let time = time(kind, ended);
    let advice = match (ended.class, &ended.closed.proof) {
        (FindingClass::Lost, _) | (_, Proof::Rule { .. }) => "",
        _ => " Treat what is in it as read.",
    };
    format!("{what} {time}.{advice}")
}

fn subject(ended: &EndedFinding) -> String {
    let names = || headline::names(&ended.grantees, MOST);
    match ended.class {
        FindingClass::Lost => format!("{}, which a rule trusts, had no permission", names()),
        _ if ended.grantees.contains(&Grantee::Everyone) => "public".to_owned(),
        _ => format!("{} had access", names()),
    }
}

fn time(kind: ResourceKind, ended: &EndedFinding) -> String {
    let ProvenTime { at, proof } = &ended.closed;
    let from = from(ended.opened.as_ref());
    match proof {
        Proof::LookUp if ended.class == FindingClass::Lost => {
            format!("{from}; access seen again at {}", utc(*at))
        }
        Proof::LookUp => format!(
            "{from}; {}not seen at {}{}; no record says which call ended it",
            last_seen(ended),
            utc(*at),
            at_most(ended)
        ),
        Proof::Record { actor, event, .. } => {
            let event =
                event.as_deref().map(|event| format!(" (event {})", plain(event))).unwrap_or_default();
            format!("{}; ended by {}{event}", whole(ended), plain(actor))
        }
        Proof::OwnCall { .. } => format!("{}; this function revoked it", whole(ended)),
        Proof::Rule { place } if place.is_empty() => format!("{from}; no rule trusts it since {}", utc(*at)),
        Proof::Rule { place } if ended.class == FindingClass::Lost => {
            format!("{from}; the rule {place} no longer trusts it, as the scan at {} found", utc(*at))
        }
        Proof::Rule { place } => {
            format!("{from}; the rule {place} allows it, as the scan at {} found", utc(*at))
        }
        Proof::Gone => {
            let name = kind.name();
            format!("{from}; {}the {name} did not exist at {}{}", last_seen(ended), utc(*at), at_most(ended))
        }
    }
}

fn from(opened: Option<&ProvenTime>) -> String {
    match opened {
        Some(ProvenTime { at, proof: Proof::Record { actor, .. } }) => {
            format!("from {} (by {})", utc(*at), plain(actor))
        }
        Some(ProvenTime { at, .. }) => format!("from {} or earlier", utc(*at)),
        None => "(since when is not known)".to_owned(),
    }
}

/// The whole period, whose end a call made.
fn whole(ended: &EndedFinding) -> String {
    match &ended.opened {
        Some(ProvenTime { at, proof: Proof::Record { .. } }) => {
            format!("from {}", span(*at, ended.closed.at, None))
        }
        Some(ProvenTime { at, .. }) => format!("from {} or longer", span(*at, ended.closed.at, None)),
        None => format!("until {} (since when is not known)", utc(ended.closed.at)),
    }
}

fn last_seen(ended: &EndedFinding) -> String {
    ended.confirmed.map(|at| format!("last seen at {}, ", utc(at))).unwrap_or_default()
}

/// ` (open for 23 hours to 2 days)`: at least until it was seen last, at most until the look-up. Without a record of its
/// beginning, only the least is known.
fn at_most(ended: &EndedFinding) -> String {
    let (Some(ProvenTime { at, proof }), Some(confirmed)) = (&ended.opened, ended.confirmed) else {
        return String::new();
    };
    let least = duration(confirmed.duration_since(*at));
    let most = duration(ended.closed.at.duration_since(*at));
    match proof {
        Proof::Record { .. } if least == most => format!(" (open for {least})"),
        Proof::Record { .. } if confirmed == *at => format!(" (open for {most} at most)"),
        Proof::Record { .. } => format!(" (open for {least} to {most})"),
        _ if confirmed == *at => String::new(),
        _ => format!(" (open for at least {least})"),
    }
}
