//! Block public access for AMIs and for snapshots: the operations, and the state of each account and region.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{EventualValue, request};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::{ACCOUNT, Context};

/// New public sharing is refused.
pub(crate) const BLOCK_NEW: &str = "block-new-sharing";
/// New public sharing is refused, and what is public is treated as private. Only for snapshots.
pub(crate) const BLOCK_ALL: &str = "block-all-sharing";
pub(crate) const UNBLOCKED: &str = "unblocked";

/// The kind of resources of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BlockedKind {
    Images,
    Snapshots,
}

impl BlockedKind {
    /// The states that the setting can have.
    pub(crate) fn states(self) -> &'static [&'static str] {
        match self {
            Self::Images => &[BLOCK_NEW, UNBLOCKED],
            Self::Snapshots => &[BLOCK_ALL, BLOCK_NEW, UNBLOCKED],
        }
    }
}

/// The account, the region and the kind of resources of a setting.
type BlockPlace = (String, String, BlockedKind);

/// The settings of all accounts and regions.
#[derive(Debug)]
pub(crate) struct BlockStates {
    /// The setting of the world's account in every region, until it is changed in one.
    pub(crate) images: &'static str,
    pub(crate) snapshots: &'static str,
    changed: BTreeMap<BlockPlace, EventualValue<&'static str>>,
}

impl Default for BlockStates {
    fn default() -> BlockStates {
        BlockStates { images: UNBLOCKED, snapshots: UNBLOCKED, changed: BTreeMap::new() }
    }
}

impl BlockStates {
    /// The state that is shown, which is the one in effect.
    pub(crate) fn seen(
        &self,
        kind: BlockedKind,
        account: &str,
        region: &str,
        now: Timestamp,
    ) -> &'static str {
        let changed = self.changed.get(&(account.to_owned(), region.to_owned(), kind));
        changed.map_or_else(|| self.at_start(kind, account), |state| state.seen(now))
    }

    fn at_start(&self, kind: BlockedKind, account: &str) -> &'static str {
        match kind {
            _ if account != ACCOUNT => UNBLOCKED,
            BlockedKind::Images => self.images,
            BlockedKind::Snapshots => self.snapshots,
        }
    }

    /// Changes the state from a time on.
    pub(crate) fn write(
        &mut self,
        kind: BlockedKind,
        place: (&str, &str),
        from: Timestamp,
        state: &'static str,
    ) {
        let (account, region) = place;
        let start = self.at_start(kind, account);
        let changed = self.changed.entry((account.to_owned(), region.to_owned(), kind));
        changed.or_insert_with(|| EventualValue::new(start)).write(from, state);
    }
}

pub(super) fn image_state(context: &Context<'_>, input: Members) -> Result<Value, ErrorAnswer> {
    request::finish(input)?;
    let state = context.world.ec2.block_state(BlockedKind::Images, context);
    Ok(json!({"imageBlockPublicAccessState": state, "managedBy": "account"}))
}

pub(super) fn snapshot_state(context: &Context<'_>, input: Members) -> Result<Value, ErrorAnswer> {
    request::finish(input)?;
    let state = context.world.ec2.block_state(BlockedKind::Snapshots, context);
    Ok(json!({"state": state, "managedBy": "account"}))
}

/// "It can take up to 10 minutes to configure this setting": until then the old state is shown, and is in effect.
pub(super) fn enable_for_images(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let state = asked(&mut input, "ImageBlockPublicAccessState", &[BLOCK_NEW])?;
    request::finish(input)?;
    set(context, BlockedKind::Images, state);
    Ok(json!({"imageBlockPublicAccessState": state}))
}

pub(super) fn disable_for_images(context: &Context<'_>, input: Members) -> Result<Value, ErrorAnswer> {
    request::finish(input)?;
    set(context, BlockedKind::Images, UNBLOCKED);
    Ok(json!({"imageBlockPublicAccessState": UNBLOCKED}))
}

pub(super) fn enable_for_snapshots(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let state = asked(&mut input, "State", &[BLOCK_ALL, BLOCK_NEW])?;
    request::finish(input)?;
    set(context, BlockedKind::Snapshots, state);
    Ok(json!({"state": state}))
}

pub(super) fn disable_for_snapshots(context: &Context<'_>, input: Members) -> Result<Value, ErrorAnswer> {
    request::finish(input)?;
    set(context, BlockedKind::Snapshots, UNBLOCKED);
    Ok(json!({"state": UNBLOCKED}))
}

fn asked(input: &mut Members, name: &str, allowed: &[&'static str]) -> Result<&'static str, ErrorAnswer> {
    let given = request::required(input, name)?;
    let found = allowed.iter().find(|state| **state == given);
    found.copied().ok_or_else(|| request::bad_value(&given, name))
}

fn set(context: &Context<'_>, kind: BlockedKind, state: &'static str) {
    let ec2 = &context.world.ec2;
    let from = context.now + ec2.block_delay;
    ec2.lock().blocks.write(kind, (context.account(), context.region), from, state);
}
