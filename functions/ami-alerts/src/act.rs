//! Carries out the effects of decisions, and nothing else does. In a dry run the invocation's executor makes no call.

#![expect(clippy::disallowed_methods, reason = "this file carries the effects out")]

pub mod security_hub;
pub mod usage;

use std::collections::VecDeque;

use aws_sdk_ec2::Client as Ec2;
use aws_sdk_ec2::types::{LaunchPermission, LaunchPermissionModifications, PermissionGroup};
use notification::{Publication, publish, publish_claimed};
use shared::act::{Effect as _, Performed};
use shared::call_error::CallError;
use shared::decision::Action;
use shared::report::Report;

use crate::alert_table::ClaimedEvent;
use crate::claim::{AlertTableError, ClaimAnswer};
use crate::decide::Decided;
use crate::effect::{Acted, AlertPublication, Effect, ImageShares, Revocation};
use crate::grantee::Grantee;
use crate::memory::update::MemoryUpdate;
use crate::run::Run;

/// The most grantees of one call. EC2 takes up to 10,000 (ModifyImageAttribute, Amazon EC2 API Reference) and answers a smaller
/// request sooner.
const GRANTEES_OF_A_CALL: usize = 500;

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
            Acted::Revoked(revocation, result)
        }
        Effect::Publish(publication) => email(run, publication, actions).await,
        Effect::Remember(shares) => {
            let unrecorded = remember(run, &shares).await;
            Acted::Remembered(shares, unrecorded)
        }
        Effect::Update(update) => {
            let unrecorded = change_memory(run, &update).await;
            Acted::Updated(update, unrecorded)
        }
    }
}

async fn claim(run: &Run<'_>, key: String) -> ClaimAnswer {
    let asked = async {
        let table = run.table().ok_or(AlertTableError::NoTable)?;
        table.claim(&run.claim(key), run.invocation.now).await
    };
    match run.invocation.executor.perform(asked).await {
        Performed::Done(answer) => answer,
        Performed::Failed(error) => ClaimAnswer::Unknown(error),
        Performed::NotCalled => ClaimAnswer::Ours,
    }
}

/// Removes the launch permissions, some grantees a call, until a call fails. EC2 accepts the removal of a permission that
/// does not exist, so a retry is safe.
async fn revoke(run: &Run<'_>, revocation: &Revocation, actions: &mut Vec<Action>) -> Performed<()> {
    let ec2 = run.aws.ec2(&revocation.region);
    let mut last = Performed::Done(());
    for some in revocation.grantees.chunks(GRANTEES_OF_A_CALL) {
        let part = Revocation { grantees: some.to_vec(), ..revocation.clone() };
        last = run.invocation.executor.perform(remove_permissions(&part, &ec2)).await;
        actions.push(part.action(last.result(|()| String::new())));
        if !last.did_not_fail() {
            break;
        }
    }
    last
}

async fn remove_permissions(revocation: &Revocation, ec2: &Ec2) -> Result<(), CallError> {
    let remove = revocation.grantees.iter().filter_map(launch_permission).collect();
    let change = LaunchPermissionModifications::builder().set_remove(Some(remove)).build();
    let call = ec2.modify_image_attribute().image_id(&revocation.image).launch_permission(change);
    call.send().await.map(|_| ()).map_err(|error| CallError::new(revocation.call(), error))
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

/// Without a table nothing is remembered.
async fn remember(run: &Run<'_>, shares: &ImageShares) -> Option<AlertTableError> {
    let table = run.table()?;
    let written = table.remember(&run.home.account, shares, run.invocation.now);
    match run.invocation.executor.perform(written).await {
        Performed::Failed(error) => Some(error),
        Performed::Done(()) | Performed::NotCalled => None,
    }
}

/// Changes the memory of an image or a snapshot. Without a table nothing is remembered.
async fn change_memory(run: &Run<'_>, update: &MemoryUpdate) -> Option<AlertTableError> {
    let table = run.memories()?;
    let written = async { table.update(update, run.invocation.now).await.map_err(AlertTableError::from) };
    match run.invocation.executor.perform(written).await {
        Performed::Failed(error) => Some(error),
        Performed::Done(_) | Performed::NotCalled => None,
    }
}
