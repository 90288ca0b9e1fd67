//! Reads the facts about a recorded call: names, tags and the current permissions.

use std::time::Duration;

use aws_sdk_ec2::Client as Ec2;
use shared::call_error::CallError;
use shared::home::is_region;

use super::{DESCRIBE_IMAGES, GET_CALLER, alias, block, image, permissions};
use crate::change::{ResourceKind, SharedResource};
use crate::facts::{Facts, ImageDescription, LookUp, LookupError};
use crate::grantee::Grantee;
use crate::recorded_call::RecordedCall;
use crate::run::Run;

/// The time limit of all lookups together: an early email with fewer facts is better than a late one.
const TIME: Duration = Duration::from_secs(15);

/// The facts about a recorded call.
pub async fn gather(call: &RecordedCall<'_>, run: &Run<'_>) -> Facts {
    if is_own_call(call, run).await {
        return Facts { is_own_call: true, ..Facts::default() };
    }
    let (ours, region) = (&run.home.account, call.region(&run.home));
    if let Some(theirs) = call.record.account.as_ref().filter(|account| *account != ours) {
        let error = LookupError::OtherAccount { theirs: theirs.clone(), ours: ours.clone() };
        return failed_facts(call, &error);
    }
    let alias = within_time(alias(run.aws));
    if call.change().is_none() {
        return Facts { alias: alias.await, ..Facts::default() };
    }
    if !is_region(region) && call.record.region.is_some() {
        let error = LookupError::NotARegion(region.to_owned());
        return Facts { alias: alias.await, ..failed_facts(call, &error) };
    }
    let ec2 = run.aws.ec2(region);
    let (alias, regional) = tokio::join!(alias, regional_facts(call, &ec2));
    Facts { alias, permissions_at: Some(run.invocation.now), ..regional }
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
    let caller = run.aws.sts.get_caller_identity().send().await;
    let caller = caller.map_err(|error| CallError::new(GET_CALLER, error));
    caller.ok().and_then(|caller| caller.arn).is_some_and(|arn| call.actor.has_role_of(&arn))
}

async fn regional_facts(call: &RecordedCall<'_>, ec2: &Ec2) -> Facts {
    let needed = Needed::by(call);
    let (image, permissions, block) = tokio::join!(
        async {
            match needed.image {
                Some(resource) => within_time(find_image(resource, ec2)).await,
                None => LookUp::NotNeeded,
            }
        },
        async {
            match needed.permissions {
                Some(resource) => within_time(permissions(resource, ec2)).await,
                None => LookUp::NotNeeded,
            }
        },
        async {
            match needed.block {
                true => within_time(block(ec2)).await,
                false => LookUp::NotNeeded,
            }
        },
    );
    Facts { image, permissions, block, ..Facts::default() }
}

/// The facts of a region that a call needs.
struct Needed<'c> {
    image: Option<&'c SharedResource>,
    permissions: Option<&'c SharedResource>,
    block: bool,
}

impl<'c> Needed<'c> {
    fn by(call: &'c RecordedCall<'_>) -> Self {
        let resource = call.resource();
        let image = resource.filter(|resource| resource.kind == ResourceKind::Image);
        let block = call.change().is_some() && (image.is_some() || resource.is_none());
        Self { image, permissions: resource, block }
    }
}

/// The facts where every needed lookup failed with the same error.
fn failed_facts(call: &RecordedCall<'_>, error: &LookupError) -> Facts {
    let needed = Needed::by(call);
    let is_needed = [needed.image.is_some(), needed.permissions.is_some(), needed.block];
    let [image, permissions, block] = is_needed.map(|is_needed| is_needed.then(|| error.clone()));
    Facts {
        alias: LookUp::Failed(error.clone()),
        image: image.map_or(LookUp::NotNeeded, LookUp::Failed),
        permissions: permissions.map_or(LookUp::NotNeeded, LookUp::Failed),
        block: block.map_or(LookUp::NotNeeded, LookUp::Failed),
        ..Facts::default()
    }
}

async fn within_time<T>(lookup: impl Future<Output = Result<T, LookupError>>) -> LookUp<T> {
    match tokio::time::timeout(TIME, lookup).await {
        Ok(result) => result.into(),
        Err(_) => LookUp::Failed(LookupError::TooSlow { seconds: TIME.as_secs() }),
    }
}

async fn find_image(resource: &SharedResource, ec2: &Ec2) -> Result<Option<ImageDescription>, LookupError> {
    let id = resource.legal_id().ok_or(LookupError::NoId(resource.kind))?;
    let call = ec2.describe_images().image_ids(id).include_deprecated(true).include_disabled(true);
    match call.send().await.map_err(|error| CallError::new(DESCRIBE_IMAGES, error)) {
        Ok(found) => Ok(found.images().iter().map(image::description).next()),
        Err(error) if image::is_gone(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
