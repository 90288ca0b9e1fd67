//! The first lines of an email: what can happen now, what the call did, what this function did, and what has ended.

use super::access;
use super::block;
use super::ended::ended;
use super::headline::{NAMED, call_change, capitalized, names};
use super::revert;
use super::{CallAlert, clause, named, plain};
use crate::call_outcome::CallOutcome;
use crate::finding::FindingKind;

/// The sentences. What can happen now comes first.
pub(super) fn sentences(alert: &CallAlert<'_>) -> Vec<String> {
    let mut sentences = used(alert);
    let kinds = alert.assessment.findings.iter().map(|finding| &finding.kind);
    if alert.call.record.outcome.succeeded() {
        // The worst comes first.
        sentences.extend(kinds.flat_map(|kind| after_success(alert, kind)));
    } else {
        sentences.extend(kinds.clone().filter_map(|kind| exposed_now(alert, kind)));
        sentences.extend(nothing_changed(alert, !sentences.is_empty()));
        sentences.extend(kinds.filter_map(|kind| if_it_had_succeeded(alert, kind)));
    }
    sentences.extend(revert::failure(alert));
    sentences.extend(revert::revoked(alert));
    sentences.extend(access::encryption(alert));
    sentences.extend(access::not_understood(alert));
    sentences.extend(revert::held(alert));
    if alert.assessment.is_trusted_actor {
        let actor = alert.actor_name();
        sentences.push(format!(
            "The rule trusts this actor: shares by {actor} are expected and not reverted, unless they are public."
        ));
    }
    // What has ended comes first if nothing else says what can happen now.
    let is_over = sentences.is_empty();
    sentences.push(what_happened(alert));
    sentences.extend(ended(alert));
    if is_over {
        sentences.rotate_left(1);
    }
    sentences.iter().map(|sentence| capitalized(sentence)).collect()
}

/// The use of a shared snapshot, which is worse than any access.
fn used(alert: &CallAlert<'_>) -> Vec<String> {
    let mut kinds = alert.assessment.findings.iter().map(|finding| &finding.kind);
    let used = kinds.find_map(|kind| match kind {
        FindingKind::SnapshotUsed(how, by, exposure) => Some((*how, by.as_deref(), *exposure)),
        _ => None,
    });
    let used = used.filter(|_| alert.call.record.outcome.succeeded());
    used.map(|(how, by, exposure)| access::snapshot_used(how, by, exposure)).unwrap_or_default()
}

/// The access that exists beside what the call did.
fn exposed_now(alert: &CallAlert<'_>, kind: &FindingKind) -> Option<String> {
    match kind {
        FindingKind::ExposedNow(exposure, grantees) => Some(access::exposed_now(alert, *exposure, grantees)),
        _ => None,
    }
}

fn nothing_changed(alert: &CallAlert<'_>, is_exposed: bool) -> Option<String> {
    let record = alert.call.record;
    let nothing = if is_exposed { "This call changed nothing" } else { "Nothing changed" };
    match &record.outcome {
        CallOutcome::Succeeded => None,
        CallOutcome::Denied(error) => {
            Some(format!("{nothing}: AWS denied the call ({}).", clause(&error.to_string())))
        }
        CallOutcome::DryRun(_) => {
            Some(format!("{nothing}: the call was a dry run. Without DryRun, AWS would have allowed it."))
        }
        CallOutcome::Failed(error) => {
            let noun = named::noun(record);
            Some(format!("{nothing}: the {noun} failed ({}).", clause(&error.to_string())))
        }
    }
}

/// The call: `Image made public (ModifyImageAttribute by alice at 2026-03-02 10:04:12 UTC).`
fn what_happened(alert: &CallAlert<'_>) -> String {
    let record = alert.call.record;
    // A time of another form is in the facts only.
    let at = alert.call_time().map(|time| format!(" at {}", super::span::moment(time, None)));
    let call = format!("{} {} {}", plain(&record.name), named::preposition(record), alert.actor_name());
    let call = call + &at.unwrap_or_default();
    match alert.call.change() {
        Some(_) => format!("{} ({call}).", call_change(alert).full()),
        None => format!("The {}: {call}.", named::noun(record)),
    }
}

fn after_success(alert: &CallAlert<'_>, kind: &FindingKind) -> Vec<String> {
    match kind {
        FindingKind::Shared(exposure, grantees) => access::shared(alert, *exposure, grantees),
        FindingKind::Unshared(grantees) => access::unshared(alert, grantees),
        FindingKind::Reset => access::reset(alert),
        FindingKind::Lost(grantees) => access::lost(alert, grantees),
        FindingKind::ExposedNow(..) => exposed_now(alert, kind).into_iter().collect(),
        FindingKind::SnapshotUsed(..) => Vec::new(),
        FindingKind::BlockEnabled(kind) => block::enabled(alert, *kind),
        FindingKind::BlockDisabled(kind) => block::disabled(alert, *kind),
        FindingKind::UnknownChange(_) => access::unknown_change(alert),
        FindingKind::NamedCall => {
            vec![named::succeeded(alert)]
        }
    }
}

/// The access that a call without success would have granted or removed.
fn if_it_had_succeeded(alert: &CallAlert<'_>, kind: &FindingKind) -> Option<String> {
    match kind {
        FindingKind::Shared(_, grantees) => {
            Some(format!("If it had succeeded, {} could {}.", names(grantees, NAMED), access::uses(alert)))
        }
        FindingKind::Lost(grantees) => Some(format!(
            "If it had succeeded, {}, trusted by a rule, could no longer {}.",
            names(grantees, NAMED),
            access::action(alert)
        )),
        FindingKind::UnknownChange(_) => {
            Some("The record does not contain the permissions that the call would have changed.".to_owned())
        }
        FindingKind::NamedCall => named::failed(alert),
        _ => None,
    }
}
