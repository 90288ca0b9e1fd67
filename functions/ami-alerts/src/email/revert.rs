//! The sentences of an email about the revert: what this function removed, and what it did not remove.

use super::access::uses;
use super::headline::{NAMED, names};
use super::{CallAlert, clause};
use crate::grantee::Grantee;
use crate::revert_plan::{FailedRevert, RevertOutcome};

/// What this function removed. EC2 may list it for some time afterwards.
pub(super) fn revoked(alert: &CallAlert<'_>) -> Vec<String> {
    let revoked = alert.revert.revoked();
    if revoked.is_empty() {
        return Vec::new();
    }
    let shown = names(revoked, NAMED);
    let mut sentences = vec![match alert.revert {
        RevertOutcome::RevokedBefore(_, at) => {
            let at = alert.moment(*at);
            format!("This function removed the access of {shown} at {at}. Its first email was not sent.")
        }
        // A record without the grantees does not prove that the call granted this access.
        _ if alert.is_unknown_change() => format!("This function removed the access of {shown}."),
        _ => format!("This function removed the access that the call granted to {shown}."),
    }];
    let listed: Vec<Grantee> = alert.listed(revoked);
    if let Some(at) = alert.seen_at().filter(|_| !listed.is_empty()) {
        let listed = names(&listed, NAMED);
        sentences
            .push(format!("EC2 still listed {listed} at {at}. EC2 can list removed access for some time."));
    }
    // An end that the memory knows has its own sentence, with its length.
    let ended = &alert.assessment.history.ended;
    let is_stated = alert.is_unknown_change()
        || ended.iter().any(|ended| revoked.iter().all(|grantee| ended.grantees.contains(grantee)));
    if let Some(at) = alert.call_time().filter(|_| !is_stated) {
        let at = alert.moment(at);
        let could = uses(alert);
        sentences.push(format!("From the call at {at} until then, {shown} could {could}."));
    }
    sentences
}

/// A revert that failed, or that may have failed.
pub(super) fn failure(alert: &CallAlert<'_>) -> Option<String> {
    let RevertOutcome::Failed(failed) = alert.revert else { return None };
    let FailedRevert { left, error, .. } = failed;
    let (left_names, error) = (names(left, NAMED), clause(&error.to_string()));
    Some(match failed.may_have_had_effect() {
        true => format!(
            "The revert FAILED: the access of {left_names} may not have been removed ({error}). Check the current permissions."
        ),
        false => format!("The revert FAILED: the access of {left_names} could not be removed ({error})."),
    })
}

/// What this function did not remove, although a rule asks for it.
pub(super) fn held(alert: &CallAlert<'_>) -> Vec<String> {
    let held = alert.assessment.revert.held();
    let whole = match alert.revert {
        RevertOutcome::Blocked(block) if held.is_empty() => {
            Some(format!("A rule asks for a revert, but this function did not revert the share: {block}."))
        }
        _ => None,
    };
    let parts = held.iter().map(|held| {
        format!(
            "A rule asks for a revert, but this function did not remove the access of {}: {}.",
            names(&held.grantees, NAMED),
            held.block
        )
    });
    whole.into_iter().chain(parts).collect()
}
