//! Carries out the effects of decisions, and nothing else does. In a dry run the invocation's executor makes no call.

#![expect(clippy::disallowed_methods, reason = "this file carries the effects out")]

pub mod security_hub;
pub mod usage;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use aws_sdk_ec2::Client as Ec2;
use aws_sdk_ec2::types::{
    CreateVolumePermission, CreateVolumePermissionModifications, LaunchPermission,
    LaunchPermissionModifications, PermissionGroup, SnapshotAttributeName,
};
use notification::{Publication, publish, publish_claimed};
use shared::act::{Effect as _, Performed};
use shared::call_error::CallError;
use shared::decision::Action;
use shared::report::Report;

use crate::alert_table::ClaimedEvent;
use crate::change::ResourceKind;
use crate::claim::{AlertTableError, ClaimAnswer};
use crate::decide::Decided;
use crate::effect::{Acted, AlertPublication, Effect, Revocation};
use crate::grantee::Grantee;
use crate::memory::update::MemoryUpdate;
use crate::revert_plan::{FailedRevert, RecordedRevert, may_have_had_effect};
use crate::run::Run;

/// The most grantees of one call. EC2 takes up to 10,000 for an image and answers a smaller request sooner (ModifyImageAttribute,
/// Amazon EC2 API Reference); for a snapshot it takes up to 500 (ModifySnapshotAttribute).
const GRANTEES_OF_A_CALL: usize = 500;

/// The time of an invocation that a revert leaves for the email.
const TIME_FOR_EMAIL: Duration = Duration::from_secs(60);

/// The time of an invocation that is left for its end: Lambda does not stop it while it writes the table.
const TIME_FOR_END: Duration = Duration::from_secs(5);

/// Carries out the effects of a decision one after the other. `after` decides about the result of each, and the effects of
/// that decision come next.
pub async fn act(run: &Run<'_>, decided: Decided, mut after: impl AsyncFnMut(Acted) -> Decided) -> Report {
    let mut report = decided.report;
    let mut due = VecDeque::from(decided.effects);
    while let Some(effect) = due.pop_front() {
        let acted = carry_out(run, effect, &mut report.actions).await;
        let next = after(acted).await;
        report.add(next.report);
        next.effects.into_iter().rev().for_each(|effect| due.push_front(effect));
    }
    report
}

async fn carry_out(run: &Run<'_>, effect: Effect, actions: &mut Vec<Action>) -> Acted {
    match effect {
        Effect::Claim(key) => Acted::Claimed(claim(run, key).await),
        Effect::Revoke(revocation) => {
            let result = revoke(run, &revocation, actions).await;
            let unrecorded = record_revert(run, &revocation, &result).await;
            Acted::Revoked(revocation, result, unrecorded)
        }
        Effect::Publish(publication) => email(run, publication, actions).await,
        Effect::Update(update) => {
            let unrecorded = change_memory(run, &update).await;
            Acted::Updated(update, unrecorded)
        }
    }
}

/// Claims an event for this invocation. In a dry run no event is claimed, and none is held.
pub(crate) async fn claim(run: &Run<'_>, key: String) -> ClaimAnswer {
    let asked = async {
        let table = run.table().ok_or(AlertTableError::NoTable)?;
        table.claim(&run.claim(key), run.invocation.now).await
    };
    match run.invocation.executor.perform(asked).await {
        Performed::Done(answer) => answer,
        Performed::Failed(error) => ClaimAnswer::Unknown(error),
        Performed::NotCalled => ClaimAnswer::Ours { reverted: None },
    }
}

/// Removes the permissions, some grantees a call. A call that fails does not prevent the next one, unless the next one would
/// fail, too. EC2 accepts the removal of a permission that does not exist, so a retry is safe.
async fn revoke(
    run: &Run<'_>,
    revocation: &Revocation,
    actions: &mut Vec<Action>,
) -> Performed<(), FailedRevert> {
    let ec2 = run.aws.ec2(&revocation.region);
    let mut progress = RevertProgress::default();
    for some in revocation.grantees.chunks(GRANTEES_OF_A_CALL) {
        if progress.is_stopped || is_late(run) {
            progress.left.extend_from_slice(some);
            continue;
        }
        let part = Revocation { grantees: some.to_vec(), ..revocation.clone() };
        let performed = run.invocation.executor.perform(remove_permissions(&part, &ec2)).await;
        actions.push(part.action(performed.result(|()| String::new())));
        match performed {
            Performed::NotCalled => progress.is_dry_run = true,
            Performed::Done(()) => progress.revoked.extend_from_slice(some),
            Performed::Failed(error) => progress.fail(some, error),
        }
    }
    progress.result(revocation.call())
}

/// Whether the rest of the invocation is needed for the email.
fn is_late(run: &Run<'_>) -> bool {
    time_left(run) < TIME_FOR_EMAIL
}

fn time_left(run: &Run<'_>) -> Duration {
    run.invocation.deadline.saturating_duration_since(Instant::now())
}

/// A revocation in progress.
#[derive(Debug, Default)]
struct RevertProgress {
    revoked: Vec<Grantee>,
    left: Vec<Grantee>,
    error: Option<CallError>,
    is_stopped: bool,
    is_dry_run: bool,
}

impl RevertProgress {
    fn fail(&mut self, some: &[Grantee], error: CallError) {
        self.left.extend_from_slice(some);
        self.is_stopped = would_fail_again(&error);
        let is_worse = |earlier: &CallError| may_have_had_effect(&error) && !may_have_had_effect(earlier);
        if self.error.as_ref().is_none_or(is_worse) {
            self.error = Some(error);
        }
    }

    fn result(self, call: &'static str) -> Performed<(), FailedRevert> {
        let Self { revoked, left, error, is_dry_run, .. } = self;
        match (error, left.is_empty()) {
            _ if is_dry_run => Performed::NotCalled,
            (None, true) => Performed::Done(()),
            (error, _) => {
                let error = error.unwrap_or_else(|| not_called(call));
                Performed::Failed(FailedRevert { revoked, left, error })
            }
        }
    }
}

/// The error of a call that was not made.
fn not_called(call: &'static str) -> CallError {
    let mut error = CallError::without_answer(call, "no time was left for the call");
    error.code = Some("NotCalled".to_owned());
    error
}

/// Whether the next call would fail in the same way: the role may not make it, EC2 asks for fewer calls, or the image or
/// snapshot does not exist ("Error codes for the Amazon EC2 API", Amazon EC2 Developer Guide).
fn would_fail_again(error: &CallError) -> bool {
    let code = error.code.as_deref().unwrap_or_default();
    let refusals = ["AccessDenied", "AuthFailure", "OptInRequired", "UnauthorizedOperation"];
    let missing = ["InvalidAMIID.", "InvalidSnapshot.", "InvalidSnapshotID."];
    error.is_throttling()
        || refusals.iter().any(|refusal| code.starts_with(refusal))
        || missing.iter().any(|missing| code.starts_with(missing))
}

async fn remove_permissions(revocation: &Revocation, ec2: &Ec2) -> Result<(), CallError> {
    match revocation.kind {
        ResourceKind::Image => {
            let remove = revocation.grantees.iter().filter_map(launch_permission).collect();
            let change = LaunchPermissionModifications::builder().set_remove(Some(remove)).build();
            let call = ec2.modify_image_attribute().image_id(&revocation.id).launch_permission(change);
            call.send().await.map(|_| ()).map_err(|error| CallError::new(revocation.call(), error))
        }
        ResourceKind::Snapshot => {
            let remove = revocation.grantees.iter().filter_map(create_volume_permission).collect();
            let change = CreateVolumePermissionModifications::builder().set_remove(Some(remove)).build();
            let call = ec2.modify_snapshot_attribute().snapshot_id(&revocation.id);
            let call = call.attribute(SnapshotAttributeName::CreateVolumePermission);
            let call = call.create_volume_permission(change);
            call.send().await.map(|_| ()).map_err(|error| CallError::new(revocation.call(), error))
        }
    }
}

/// Records in the table what was revoked, so that a later try of the event reports it if this one sends no email.
async fn record_revert(
    run: &Run<'_>,
    revocation: &Revocation,
    result: &Performed<(), FailedRevert>,
) -> Option<AlertTableError> {
    let revoked = match result {
        Performed::Done(()) => &revocation.grantees,
        Performed::Failed(failed) => &failed.revoked,
        Performed::NotCalled => return None,
    };
    let table = run.table().filter(|_| !revoked.is_empty())?;
    let grantees = [&revocation.revoked_before[..], revoked].concat();
    let reverted = RecordedRevert { grantees, at: run.invocation.now };
    table.record_revert(&revocation.event, &reverted).await.err()
}

/// A snapshot is shared with accounts and with everyone (CreateVolumePermission, Amazon EC2 API Reference).
fn create_volume_permission(grantee: &Grantee) -> Option<CreateVolumePermission> {
    let permission = CreateVolumePermission::builder();
    Some(match grantee {
        Grantee::Everyone => permission.group(PermissionGroup::All).build(),
        Grantee::Account(id) => permission.user_id(id).build(),
        Grantee::Organization { .. } | Grantee::Unit { .. } | Grantee::Other(_) => return None,
    })
}

fn launch_permission(grantee: &Grantee) -> Option<LaunchPermission> {
    let permission = LaunchPermission::builder();
    Some(match grantee {
        Grantee::Everyone => permission.group(PermissionGroup::All).build(),
        Grantee::Account(id) => permission.user_id(id).build(),
        Grantee::Organization { arn, .. } => permission.organization_arn(arn.to_string()).build(),
        Grantee::Unit { arn, .. } => permission.organizational_unit_arn(arn.to_string()).build(),
        Grantee::Other(_) => return None,
    })
}

/// Publishes an email, and records in the table that its event was reported.
async fn email(run: &Run<'_>, publication: Box<AlertPublication>, actions: &mut Vec<Action>) -> Acted {
    let to_topic = Publication { topic: &run.settings.topic, message: &publication.message };
    let (executor, sns) = (run.invocation.executor, &run.aws.sns);
    let (published, unrecorded) = match (&publication.event, run.table()) {
        (Some(event), Some(table)) => {
            let (claim, now) = (run.claim(event.key.clone()), run.invocation.now);
            let mut claimed = ClaimedEvent { table, claim, revert: &event.revert, now };
            let reported = publish_claimed(to_topic, &mut claimed, executor, sns).await;
            (reported.published, reported.unrecorded)
        }
        (None, _) | (_, None) => (publish(to_topic, executor, sns).await, None),
    };
    actions.push(published.action);
    Acted::Published(publication, published.outcome, unrecorded)
}

/// Changes the memory of an image or a snapshot. Without a table nothing is remembered. The scan of many images may have no time
/// left for all of them; the next one finds the same.
async fn change_memory(run: &Run<'_>, update: &MemoryUpdate) -> Option<AlertTableError> {
    let table = run.memories()?;
    if time_left(run) < TIME_FOR_END {
        return Some(AlertTableError::NoTimeLeft);
    }
    let written = async { table.update(update, run.invocation.now).await.map_err(AlertTableError::from) };
    match run.invocation.executor.perform(written).await {
        Performed::Failed(error) => Some(error),
        Performed::Done(_) | Performed::NotCalled => None,
    }
}
