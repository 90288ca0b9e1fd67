//! Sentences about block public access. EC2 can show the previous state for up to 10 minutes ("Block public access to your AMIs",
//! Amazon EC2 User Guide), so the state in the record's answer counts, and a look-up is only reported.

use super::{CallAlert, plain};
use crate::change::{ResourceKind, SharingChange, asked_block_state};

/// After a call that enabled block public access.
pub(super) fn enabled(alert: &CallAlert<'_>, of: ResourceKind) -> Vec<String> {
    let region = plain(alert.region());
    let state = answered(alert).or_else(|| asked_block_state(alert.call.record, of));
    let effect = match (of, state.as_deref()) {
        (ResourceKind::Image, _) => {
            format!("Images in {region} can no longer be made public. Images that are public stay public.")
        }
        (ResourceKind::Snapshot, Some("block-all-sharing")) => format!(
            "No snapshot in {region} is accessible to the public: snapshots that are public are treated as private while this \
             state lasts."
        ),
        (ResourceKind::Snapshot, Some("block-new-sharing")) => format!(
            "Snapshots in {region} can no longer be made public. Snapshots that are public stay public, and a snapshot that was \
             public before `block-all-sharing` is public again."
        ),
        (ResourceKind::Snapshot, _) => format!(
            "Snapshots in {region} can no longer be made public. The record does not say whether public snapshots stay public."
        ),
    };
    [Some(effect), about_answer(alert), look_up(alert, of)].into_iter().flatten().collect()
}

/// After a call that disabled block public access.
pub(super) fn disabled(alert: &CallAlert<'_>, of: ResourceKind) -> Vec<String> {
    let (region, kind) = (plain(alert.region()), of.name());
    let effect = match of {
        ResourceKind::Image => {
            format!("Images in {region} can be made public. This call made no image public.")
        }
        ResourceKind::Snapshot => format!(
            "Snapshots in {region} can be made public. A {kind} that was public before `block-all-sharing` is public again."
        ),
    };
    [Some(effect), about_answer(alert), look_up(alert, of)].into_iter().flatten().collect()
}

fn answered(alert: &CallAlert<'_>) -> Option<String> {
    match alert.call.change() {
        Some(SharingChange::PublicAccessBlock { answered, .. }) => answered.clone(),
        _ => None,
    }
}

fn about_answer(alert: &CallAlert<'_>) -> Option<String> {
    let SharingChange::PublicAccessBlock { on, .. } = alert.call.change()? else { return None };
    Some(match answered(alert) {
        Some(state) if (state == "unblocked") == *on => format!(
            "EC2 answered the call with the state `{}`, which is not the state that the call asks for.",
            plain(&state)
        ),
        Some(state) => format!("EC2 answered the call with the state `{}`.", plain(&state)),
        None => "The record does not contain the state that EC2 answered.".to_owned(),
    })
}

fn look_up(alert: &CallAlert<'_>, of: ResourceKind) -> Option<String> {
    let state = alert.facts.block.found()?;
    let SharingChange::PublicAccessBlock { on, .. } = alert.call.change()? else { return None };
    // A call can also change one of the two states that block into the other.
    let asked = answered(alert).or_else(|| asked_block_state(alert.call.record, of)).filter(|_| *on);
    let is_new = asked.map_or((state == "unblocked") != *on, |asked| asked == *state);
    let at = alert.seen_at().map(|at| format!(" at {at}")).unwrap_or_default();
    let delay =
        if is_new { "" } else { ": a change of block public access takes up to 10 minutes to have effect" };
    Some(format!("EC2 showed the state `{}` for {}s{at}{delay}.", plain(state), of.name()))
}
