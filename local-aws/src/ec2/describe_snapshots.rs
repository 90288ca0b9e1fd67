//! DescribeSnapshots.

use serde_json::{Value, json};

use super::filters::{self, Filter};
use super::{BlockedKind, Ec2State, PermissionGrantee, SnapshotRecord, block, describe, grantee, request};
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

const FILTERS: &[&str] = &[
    "description",
    "encrypted",
    "owner-id",
    "progress",
    "snapshot-id",
    "start-time",
    "status",
    "storage-tier",
    "tag-key",
    "volume-id",
    "volume-size",
];

/// A request of DescribeSnapshots.
struct SnapshotsRequest {
    ids: Vec<String>,
    owners: Vec<String>,
    restorable_by: Vec<String>,
    filters: Vec<Filter>,
    size: Option<i64>,
    token: Option<String>,
}

/// A snapshot as look-ups show it.
struct ShownSnapshot<'s> {
    snapshot: &'s SnapshotRecord,
    shared_with: &'s [PermissionGrantee],
    /// Shared publicly, and not treated as private.
    is_public: bool,
}

pub(super) fn describe_snapshots(context: &Context<'_>, mut input: Members) -> Result<Value, ErrorAnswer> {
    let request = input.text();
    let asked = asked(&mut input)?;
    request::finish(input)?;
    let state = context.world.ec2.lock();
    let here = || state.snapshots.iter().filter(|snapshot| snapshot.region == context.region);
    if let Some(missing) = asked.ids.iter().find(|id| here().all(|snapshot| snapshot.id != **id)) {
        return Err(request::no_such_snapshot(missing));
    }
    let shown = here().map(|snapshot| ShownSnapshot::new(snapshot, &state, context));
    let found: Vec<ShownSnapshot<'_>> = shown.filter(|snapshot| asked.fits(snapshot, context)).collect();
    let list = ("snapshotSet", &found[..], ShownSnapshot::shown);
    request::page(context, list, (asked.size, asked.token.as_deref()), &request)
}

fn asked(input: &mut Members) -> Result<SnapshotsRequest, ErrorAnswer> {
    let asked = SnapshotsRequest {
        ids: input.strings("SnapshotId")?,
        owners: input.strings("Owner")?,
        restorable_by: input.strings("RestorableBy")?,
        filters: filters::read(input, "DescribeSnapshots", FILTERS)?,
        size: input.integer("MaxResults")?,
        token: input.string("NextToken")?,
    };
    if let Some(id) = asked.ids.iter().find(|id| !request::is_snapshot_id(id)) {
        return Err(request::malformed_snapshot(id));
    }
    let is_owner = |name: &&String| matches!(&***name, "self" | "amazon") || grantee::is_account(name);
    let is_user = |name: &&String| matches!(&***name, "self" | "all") || grantee::is_account(name);
    let malformed = asked.owners.iter().find(|owner| !is_owner(owner));
    if let Some(user) = malformed.or_else(|| asked.restorable_by.iter().find(|user| !is_user(user))) {
        return Err(request::malformed_account(user));
    }
    match asked.size {
        // The limits of the reference of ec2:DescribeSnapshots: 5 to 1000, and not together with ids.
        Some(size) if !(5..=1000).contains(&size) => Err(request::bad_value(&size.to_string(), "maxResults")),
        Some(_) if !asked.ids.is_empty() => Err(request::bad_combination(
            "The parameter snapshotSet cannot be used with the parameter maxResults",
        )),
        _ => Ok(asked),
    }
}

impl SnapshotsRequest {
    fn fits(&self, shown: &ShownSnapshot<'_>, context: &Context<'_>) -> bool {
        let among = |asked: &[String], fits: &dyn Fn(&str) -> bool| {
            asked.is_empty() || asked.iter().any(|one| fits(one))
        };
        let snapshot = shown.snapshot;
        let is_own = snapshot.owner == context.account();
        (is_own || shown.is_public || shown.is_shared_with(context.account()))
            && among(&self.ids, &|id| snapshot.id == id)
            && among(&self.owners, &|owner| (owner == "self" && is_own) || snapshot.owner == owner)
            && among(&self.restorable_by, &|user| match user {
                "all" => shown.is_public,
                // "self for snapshots for which you own or have explicit permissions"
                "self" => is_own || shown.is_shared_with(context.account()),
                _ if user == context.account() => is_own || shown.is_shared_with(user),
                _ => shown.is_shared_with(user),
            })
            && self.filters.iter().all(|filter| filter.fits(&snapshot.tags, |name| shown.held(name)))
    }
}

impl<'s> ShownSnapshot<'s> {
    fn new(snapshot: &'s SnapshotRecord, state: &Ec2State, context: &Context<'_>) -> ShownSnapshot<'s> {
        let shared_with = snapshot.shared_with.seen(context.now);
        let (kind, owner) = (BlockedKind::Snapshots, &snapshot.owner);
        let block = state.blocks.seen(kind, owner, &snapshot.region, context.now);
        let is_public = shared_with.contains(&PermissionGrantee::Everyone) && block != block::BLOCK_ALL;
        ShownSnapshot { snapshot, shared_with, is_public }
    }

    fn is_shared_with(&self, account: &str) -> bool {
        self.shared_with.contains(&PermissionGrantee::Account(account.to_owned()))
    }

    /// The snapshot's values for a filter.
    fn held(&self, name: &str) -> Vec<String> {
        let snapshot = self.snapshot;
        vec![match name {
            "description" => snapshot.description.clone(),
            "encrypted" => snapshot.encrypted.to_string(),
            "owner-id" => snapshot.owner.clone(),
            "progress" => self.progress().to_owned(),
            "snapshot-id" => snapshot.id.clone(),
            "start-time" => describe::time(snapshot.started),
            "status" => snapshot.state.clone(),
            "storage-tier" => "standard".to_owned(),
            "volume-id" => snapshot.volume.clone(),
            "volume-size" => snapshot.size.to_string(),
            _ => return Vec::new(),
        }]
    }

    fn progress(&self) -> &'static str {
        if self.snapshot.state == "completed" { "100%" } else { "0%" }
    }

    fn shown(&self) -> Value {
        let snapshot = self.snapshot;
        let mut shown = json!({
            "snapshotId": snapshot.id,
            "volumeId": snapshot.volume,
            "status": snapshot.state,
            "startTime": describe::time(snapshot.started),
            "progress": self.progress(),
            "ownerId": snapshot.owner,
            "volumeSize": snapshot.size,
            "description": snapshot.description,
            "encrypted": snapshot.encrypted,
            "storageTier": "standard",
        });
        if let Some(key) = &snapshot.kms_key {
            shown["kmsKeyId"] = json!(key);
        }
        if let Some(tags) = request::tag_set(&snapshot.tags) {
            shown["tagSet"] = tags;
        }
        shown
    }
}
