//! Reads the facts about a recorded call: names, tags and the current permissions.

use std::time::Duration;

use aws_sdk_ec2::Client as Ec2;
use jiff::Timestamp;
use shared::call_error::CallError;
use shared::home::is_region;

use super::account::AccountAccess;
use super::ancestry::ancestry;
use super::organization::{MOST_OF_A_CALL, MembershipReader};
use super::snapshot::find_snapshot;
use super::{DESCRIBE_IMAGES, GET_CALLER, alias, block, image, permissions};
use crate::assess::covering_rule;
use crate::change::{ResourceKind, SharedResource, SharingChange};
use crate::facts::{Facts, ImageAncestor, ImageDescription, LookUp, LookupError};
use crate::grantee::Grantee;
use crate::memory::ResourceMemory;
use crate::recorded_call::RecordedCall;
use crate::remember::ResourceKey;
use crate::rules::Memberships;
use crate::run::Run;

/// The time limit of all lookups together: an early email with fewer facts is better than a late one.
const TIME: Duration = Duration::from_secs(15);

/// The facts about a recorded call.
pub async fn gather(call: &RecordedCall<'_>, run: &Run<'_>) -> Facts {
    if is_own_call(call, run).await {
        return Facts { is_own_call: true, ..Facts::default() };
    }
    let (memory, facts) = tokio::join!(memory(call, run), facts_of_aws(call, run));
    let facts = Facts { memory, ..facts };
    // Also where the image could not be looked up: the function's own account asks, and the record names the grantees.
    Facts { memberships: memberships(call, &facts, run).await, ..facts }
}

/// What the table remembers of the call's image or snapshot, in whichever account it is.
async fn memory(call: &RecordedCall<'_>, run: &Run<'_>) -> LookUp<ResourceMemory> {
    let Some(key) = ResourceKey::of(call, &run.home) else { return LookUp::NotNeeded };
    let Some(table) = run.memories() else { return LookUp::Failed(LookupError::NoTable) };
    let read = table.read(&key.account, &key.region, &key.resource);
    within_time(async { read.await.map_err(LookupError::from) }).await
}

async fn facts_of_aws(call: &RecordedCall<'_>, run: &Run<'_>) -> Facts {
    let role = match &run.access {
        AccountAccess::Own => None,
        AccountAccess::Role(assumed) => Some(assumed.role.clone()),
        AccountAccess::None(error) => return failed_facts(call, error),
    };
    let alias = within_time(alias(run.aws));
    if call.change().is_none() {
        return Facts { alias: alias.await, role, ..Facts::default() };
    }
    let region = call.region(&run.home);
    if !is_region(region) && call.record.region.is_some() {
        let error = LookupError::NotARegion(region.to_owned());
        return Facts { alias: alias.await, role, ..failed_facts(call, &error) };
    }
    let ec2 = run.aws.ec2(region);
    let (alias, regional, ancestry) =
        tokio::join!(alias, regional_facts(call, &ec2), ancestors(call, run, &ec2));
    Facts { alias, role, ancestry, permissions_at: Some(run.invocation.now), ..regional }
}

/// The organizations of the accounts that the call or the permissions name: first those that gain access.
async fn memberships(call: &RecordedCall<'_>, facts: &Facts, run: &Run<'_>) -> Memberships {
    let (rule, _) = covering_rule(run.rules, call.resource(), facts);
    let named: Vec<Grantee> = match call.change() {
        Some(SharingChange::Permissions(permissions)) if permissions.reset => known_grantees(facts),
        Some(SharingChange::Permissions(permissions)) => {
            permissions.added.iter().chain(&permissions.removed).cloned().collect()
        }
        Some(SharingChange::SnapshotUsed { by, .. }) => by.iter().map(|by| Grantee::of(by)).collect(),
        _ => Vec::new(),
    };
    let now = facts.permissions.found().into_iter().flatten();
    let owner = call.record.account.as_deref();
    MembershipReader::new(run, MOST_OF_A_CALL).memberships(rule, owner, named.iter().chain(now)).await
}

/// The grantees that the table knows, of which a reset may have removed the access.
fn known_grantees(facts: &Facts) -> Vec<Grantee> {
    let memory = facts.memory.found();
    let known = memory.map(|memory| memory.access_before(Timestamp::MAX)).unwrap_or_default();
    known.into_iter().chain(memory.into_iter().flat_map(|memory| memory.changes.keys().cloned())).collect()
}

/// The current permissions of the call's image or snapshot, after this function has changed them.
pub async fn current_permissions(call: &RecordedCall<'_>, run: &Run<'_>) -> LookUp<Vec<Grantee>> {
    let ec2 = run.aws.ec2(call.region(&run.home));
    match call.resource() {
        Some(resource) => permissions(resource, &ec2).await.into(),
        None => LookUp::NotNeeded,
    }
}

/// Whether this function made the call. If its own role cannot be read, its revert is reported like any other call.
async fn is_own_call(call: &RecordedCall<'_>, run: &Run<'_>) -> bool {
    if !call.may_be_own(run.rules, &run.home) {
        return false;
    }
    if let AccountAccess::Role(assumed) = &run.access {
        return call.actor.has_role_of(&assumed.caller);
    }
    let caller = run.aws.sts.get_caller_identity().send().await;
    let caller = caller.map_err(|error| CallError::new(GET_CALLER, error));
    caller.ok().and_then(|caller| caller.arn).is_some_and(|arn| call.actor.has_role_of(&arn))
}

async fn regional_facts(call: &RecordedCall<'_>, ec2: &Ec2) -> Facts {
    let needed = Needed::by(call);
    let (image, snapshot, permissions, block) = tokio::join!(
        if_needed(needed.image, |resource| find_image(resource, ec2)),
        if_needed(needed.snapshot, |resource| find_snapshot(resource, ec2)),
        if_needed(needed.permissions, |resource| permissions(resource, ec2)),
        if_needed(needed.block, |kind| block(kind, ec2)),
    );
    Facts { image, snapshot, permissions, block, ..Facts::default() }
}

/// Looks up a fact, if the call needs it.
async fn if_needed<N, T, F>(needed: Option<N>, look_up: impl FnOnce(N) -> F) -> LookUp<T>
where
    F: Future<Output = Result<T, LookupError>>,
{
    match needed {
        Some(needed) => within_time(look_up(needed)).await,
        None => LookUp::NotNeeded,
    }
}

/// The images that the call's image was made from, if the deployment asks for them.
async fn ancestors(call: &RecordedCall<'_>, run: &Run<'_>, ec2: &Ec2) -> LookUp<Vec<ImageAncestor>> {
    match Needed::by(call).image.filter(|_| run.settings.optional.ancestry) {
        Some(image) => within_time(ancestry(image, ec2)).await,
        None => LookUp::NotNeeded,
    }
}

/// The facts of a region that a call needs.
struct Needed<'c> {
    image: Option<&'c SharedResource>,
    snapshot: Option<&'c SharedResource>,
    permissions: Option<&'c SharedResource>,
    block: Option<ResourceKind>,
}

impl<'c> Needed<'c> {
    fn by(call: &'c RecordedCall<'_>) -> Self {
        let resource = call.resource();
        let of_kind = |kind| resource.filter(|resource| resource.kind == kind);
        let block = match call.change() {
            Some(SharingChange::PublicAccessBlock { of, .. }) => Some(*of),
            _ => resource.map(|resource| resource.kind),
        };
        Self {
            image: of_kind(ResourceKind::Image),
            snapshot: of_kind(ResourceKind::Snapshot),
            permissions: resource,
            block,
        }
    }
}

/// The facts where every needed lookup failed with the same error.
fn failed_facts(call: &RecordedCall<'_>, error: &LookupError) -> Facts {
    fn failed<N, T>(needed: Option<N>, error: &LookupError) -> LookUp<T> {
        needed.map_or(LookUp::NotNeeded, |_| LookUp::Failed(error.clone()))
    }
    let needed = Needed::by(call);
    Facts {
        alias: LookUp::Failed(error.clone()),
        image: failed(needed.image, error),
        snapshot: failed(needed.snapshot, error),
        permissions: failed(needed.permissions, error),
        block: failed(needed.block, error),
        ..Facts::default()
    }
}

pub(super) async fn within_time<T>(lookup: impl Future<Output = Result<T, LookupError>>) -> LookUp<T> {
    match tokio::time::timeout(TIME, lookup).await {
        Ok(result) => result.into(),
        Err(_) => LookUp::Failed(LookupError::TooSlow { seconds: TIME.as_secs() }),
    }
}

pub(super) async fn find_image(
    resource: &SharedResource,
    ec2: &Ec2,
) -> Result<Option<ImageDescription>, LookupError> {
    let id = resource.legal_id().ok_or(LookupError::NoId(resource.kind))?;
    let call = ec2.describe_images().image_ids(id).include_deprecated(true).include_disabled(true);
    match call.send().await.map_err(|error| CallError::new(DESCRIBE_IMAGES, error)) {
        Ok(found) => Ok(found.images().iter().map(image::description).next()),
        Err(error) if image::is_gone(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
