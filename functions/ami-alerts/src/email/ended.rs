//! Sentences about ends: how long access was open, and which record or call ended it; and what later records changed.

use jiff::Timestamp;

use super::headline::{NAMED, names};
use super::span::{duration, ends, span};
use super::{CallAlert, plain};
use crate::facts::Encrypted;
use crate::finding::FindingKind;
use crate::grantee::Grantee;
use crate::history::EndedFinding;
use crate::memory::{FindingClass, Proof, ProvenTime};

/// The sentences, from what the table remembers.
pub(super) fn ended(alert: &CallAlert<'_>) -> Vec<String> {
    let history = &alert.assessment.history;
    let mut sentences: Vec<String> = history.ended.iter().filter_map(|ended| one(alert, ended)).collect();
    let is_told = |grantee: &Grantee| history.ended.iter().any(|ended| ended.grantees.contains(grantee));
    for (moment, grantees) in by_moment(&history.removed_since) {
        let untold: Vec<Grantee> = grantees.into_iter().filter(|grantee| !is_told(grantee)).collect();
        if !untold.is_empty() {
            sentences.push(format!(
                "The access of {} was removed later. {}",
                names(&untold, NAMED),
                closed(alert, moment)
            ));
        }
    }
    for (moment, grantees) in by_moment(&history.granted_since) {
        sentences.push(format!("{} got access again. {}", names(&grantees, NAMED), granted(alert, moment)));
    }
    sentences.extend(still_open(alert));
    sentences
}

fn by_moment(pairs: &[(Grantee, ProvenTime)]) -> Vec<(&ProvenTime, Vec<Grantee>)> {
    let mut groups: Vec<(&ProvenTime, Vec<Grantee>)> = Vec::new();
    for (grantee, moment) in pairs {
        match groups.iter_mut().find(|(known, _)| *known == moment) {
            Some((_, grantees)) => grantees.push(grantee.clone()),
            None => groups.push((moment, vec![grantee.clone()])),
        }
    }
    groups
}

/// `This image was public from 10:04 to 10:51 UTC, 47 minutes; treat what is in it as read. This call ended it.`
fn one(alert: &CallAlert<'_>, ended: &EndedFinding) -> Option<String> {
    let time = time(ended, alert.call_time());
    let kind = alert.kind().name();
    let shown = names(&ended.grantees, NAMED);
    let was = match ended.class {
        FindingClass::Used => return None,
        FindingClass::Lost => format!("{shown} had lost access {time}."),
        FindingClass::Exposed | FindingClass::Expected => {
            let treat = match alert.encryption() {
                Some(Encrypted::Yes) => "",
                _ => "; treat what is in it as read",
            };
            match ended.grantees.as_slice() {
                [Grantee::Everyone] => format!("This {kind} was public {time}{treat}."),
                _ => format!("{shown} had access to this {kind} {time}{treat}."),
            }
        }
    };
    Some(format!("{was} {}", closed(alert, &ended.closed)))
}

/// The time span of a finding: only a record or this function's own call is an exact end.
fn time(ended: &EndedFinding, near: Option<Timestamp>) -> String {
    let is_exact = |moment: &ProvenTime| matches!(moment.proof, Proof::Record { .. } | Proof::OwnCall { .. });
    let from = ended.opened.as_ref().map(|opened| opened.at).or(ended.confirmed);
    let to = ended.closed.at;
    let Some(from) = from.filter(|from| *from <= to) else {
        return format!("until {}; since when is not known", super::span::moment(to, near));
    };
    let has_beginning = ended.opened.as_ref().is_some_and(is_exact);
    match (has_beginning, is_exact(&ended.closed)) {
        (true, true) => format!("from {}", span(from, to, near)),
        (false, true) => format!("at least from {}", span(from, to, near)),
        (true, false) => {
            format!("from {}, at most {}", ends(from, to, near), duration(to.duration_since(from)))
        }
        (false, false) => format!("about from {}", span(from, to, near)),
    }
}

/// What ended a finding.
fn closed(alert: &CallAlert<'_>, moment: &ProvenTime) -> String {
    let at = alert.moment(moment.at);
    match &moment.proof {
        Proof::Record { event, .. } if event.is_some() && *event == alert.call.record.id => {
            "This call ended it.".to_owned()
        }
        Proof::Record { event, actor, .. } => {
            format!("A call of {} at {at} ended it{}.", plain(actor), event_id(event.as_deref()))
        }
        Proof::OwnCall { .. } => format!("This function ended it at {at}."),
        Proof::LookUp => {
            format!("No record says which call ended it; EC2 did not list it at {at}.")
        }
        Proof::Rule { place } => format!("The rule at {} allows it now.", plain(place)),
        Proof::Gone => format!("The {} was not found at {at}.", alert.kind().name()),
    }
}

fn granted(alert: &CallAlert<'_>, moment: &ProvenTime) -> String {
    let at = alert.moment(moment.at);
    match &moment.proof {
        Proof::Record { event, actor, .. } => {
            format!("A call of {} at {at} granted it{}.", plain(actor), event_id(event.as_deref()))
        }
        _ => format!("EC2 listed it at {at}."),
    }
}

fn event_id(event: Option<&str>) -> String {
    event.map(|event| format!(" (event {})", plain(event))).unwrap_or_default()
}

/// Access that was open before the call, that the look-up did not show, and whose end no record shows.
fn still_open(alert: &CallAlert<'_>) -> Option<String> {
    let is_stated = |grantee: &Grantee| {
        let mut kinds = alert.assessment.findings.iter().map(|finding| &finding.kind);
        kinds.any(|kind| match kind {
            FindingKind::Shared(_, grantees)
            | FindingKind::ExposedNow(_, grantees)
            | FindingKind::Unshared(grantees)
            | FindingKind::Lost(grantees) => grantees.contains(grantee),
            _ => false,
        })
    };
    let open = alert.assessment.history.still_open.iter();
    let open = open.filter(|finding| finding.class == FindingClass::Exposed && !is_stated(&finding.grantee));
    let open: Vec<_> = open.collect();
    let grantees: Vec<Grantee> = open.iter().map(|finding| finding.grantee.clone()).collect();
    let since =
        open.iter().filter_map(|finding| finding.history.opened.as_ref()).map(|moment| moment.at).min();
    let since = since.map(|at| format!(", since {}", alert.moment(at))).unwrap_or_default();
    (!grantees.is_empty()).then(|| {
        format!(
            "{} had access before this call{since}, and no record shows its end.",
            names(&grantees, NAMED)
        )
    })
}
