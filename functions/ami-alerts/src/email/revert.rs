//! The sentences of an email about the revert: what this function revoked, and what it did not revoke.

use super::headline::names;
use super::{CallAlert, plain};
use crate::revert_plan::{FailedRevert, RevertOutcome};

/// The most grantees that a sentence names.
const NAMED: usize = 5;

/// What this function revoked.
pub(super) fn revoked(alert: &CallAlert<'_>) -> Option<String> {
    match alert.revert {
        RevertOutcome::Revoked(grantees) => Some(format!(
            "This function has reverted {}: access is revoked from {}.",
            extent(alert),
            names(grantees, NAMED)
        )),
        RevertOutcome::RevokedBefore(grantees, at) => Some(format!(
            "This function has reverted {}: it revoked access from {} at {at}. The email of that time could not be sent.",
            extent(alert),
            names(grantees, NAMED)
        )),
        RevertOutcome::Failed(failed) if !failed.revoked.is_empty() => Some(format!(
            "This function has reverted a part of the share: access is revoked from {}.",
            names(&failed.revoked, NAMED)
        )),
        RevertOutcome::Failed(_) | RevertOutcome::NotPlanned | RevertOutcome::Blocked(_) => None,
    }
}

/// The share, or a part of it if the revert is blocked for some grantees.
fn extent(alert: &CallAlert<'_>) -> &'static str {
    match alert.assessment.revert.held() {
        [] => "the share",
        _ => "a part of the share",
    }
}

/// What this function did not revoke, although a rule asks for it.
pub(super) fn not_revoked(alert: &CallAlert<'_>) -> Vec<String> {
    let failed = match alert.revert {
        RevertOutcome::Failed(failed) => Some(failure(failed)),
        RevertOutcome::Blocked(block) if alert.assessment.revert.held().is_empty() => {
            Some(format!("A rule asks for a revert, but this function did not revert the share: {block}."))
        }
        RevertOutcome::Blocked(_)
        | RevertOutcome::NotPlanned
        | RevertOutcome::Revoked(_)
        | RevertOutcome::RevokedBefore(..) => None,
    };
    let held = alert.assessment.revert.held().iter().map(|held| {
        format!(
            "A rule asks for a revert, but this function did not revoke the access of {}: {}.",
            names(&held.grantees, NAMED),
            held.block
        )
    });
    failed.into_iter().chain(held).collect()
}

fn failure(failed: &FailedRevert) -> String {
    let FailedRevert { left, error, .. } = failed;
    let (left_names, error) = (names(left, NAMED), plain(&error.to_string()));
    match failed.may_have_had_effect() {
        true => format!(
            "The revert FAILED: access may not have been revoked from {left_names} ({error}). Check the current permissions."
        ),
        false => format!(
            "The revert FAILED: access could not be revoked from {left_names} ({error}). Revoke it with the command \
             below."
        ),
    }
}
