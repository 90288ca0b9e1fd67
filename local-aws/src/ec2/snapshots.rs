//! DescribeSnapshotAttribute, ModifySnapshotAttribute and ResetSnapshotAttribute.

use serde_json::{Value, json};

use super::{BlockedKind, PermissionGrantee, UNBLOCKED, modify, request};
use crate::cloudtrail;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

const PERMISSION: &str = "createVolumePermission";

pub(super) fn describe_snapshot_attribute(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let id = request::snapshot_id(&mut input)?;
    let attribute = request::required(&mut input, "Attribute")?;
    request::finish(input)?;
    let mut state = context.world.ec2.lock();
    let snapshot = state.own_snapshot(context, &id)?;
    match &*attribute {
        // "The attributes for these snapshots still indicate that they are publicly shared" while all public sharing
        // is blocked.
        PERMISSION => {
            let seen = snapshot.shared_with.seen(context.now);
            let shared: Value = seen.iter().map(PermissionGrantee::shown).collect();
            Ok(json!({"snapshotId": id, PERMISSION: shared}))
        }
        "productCodes" => Ok(json!({"snapshotId": id, "productCodes": []})),
        _ => Err(request::bad_value(&attribute, "attribute")),
    }
}

pub(super) fn modify_snapshot_attribute(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let id = request::snapshot_id(&mut input)?;
    let attribute = input.string("Attribute")?;
    if let Some(other) = attribute.filter(|attribute| attribute != PERMISSION) {
        return Err(request::bad_value(&other, "attribute"));
    }
    let (add, remove) = asked(&mut input)?;
    request::finish(input)?;
    let ec2 = &context.world.ec2;
    let is_blocked = ec2.block_state(BlockedKind::Snapshots, context) != UNBLOCKED;
    let mut state = ec2.lock();
    let snapshot = state.own_snapshot(context, &id)?;
    if add.contains(&PermissionGrantee::Everyone) {
        may_be_public(is_blocked, snapshot.encrypted)?;
    }
    let record = recorded(&id, &add, &remove);
    let shared_with = modify::applied(snapshot.shared_with.latest(), add, &remove);
    snapshot.shared_with.write(context.now + ec2.permission_delay, shared_with);
    let arn = format!("arn:aws:ec2:{}::snapshot/{id}", context.region);
    cloudtrail::record(context, "ModifySnapshotAttribute", &arn, record);
    Ok(json!({"return": true}))
}

/// The request, as CloudTrail records it.
fn recorded(id: &str, add: &[PermissionGrantee], remove: &[PermissionGrantee]) -> Value {
    let permission = modify::recorded_items(add, remove);
    json!({"snapshotId": id, "attributeType": "CREATE_VOLUME_PERMISSION", PERMISSION: permission})
}

fn may_be_public(is_blocked: bool, is_encrypted: bool) -> Result<(), ErrorAnswer> {
    if is_blocked {
        let message = "You can’t publicly share this snapshot because block public access for snapshots is enabled for \
                       this account in this Region.";
        return Err(ErrorAnswer::new("OperationNotPermitted", message));
    }
    if is_encrypted {
        let message = "Encrypted snapshots can’t be shared publicly. Specify another snapshot.";
        return Err(ErrorAnswer::new("UnsupportedOperation", message));
    }
    Ok(())
}

/// Removes every permission of the snapshot.
pub(super) fn reset_snapshot_attribute(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let id = request::snapshot_id(&mut input)?;
    let attribute = request::required(&mut input, "Attribute")?;
    if attribute != PERMISSION {
        return Err(request::bad_value(&attribute, "attribute"));
    }
    request::finish(input)?;
    let ec2 = &context.world.ec2;
    let seen_from = context.now + ec2.permission_delay;
    ec2.lock().own_snapshot(context, &id)?.shared_with.write(seen_from, Vec::new());
    Ok(json!({"return": true}))
}

/// The grantees to add and to remove. "You cannot do both in a single operation", and at most 500 of either.
fn asked(input: &mut Members) -> Result<(Vec<PermissionGrantee>, Vec<PermissionGrantee>), ErrorAnswer> {
    let (mut add, mut remove) = older_form(input)?;
    if let Some(mut permissions) = input.structure("CreateVolumePermission")? {
        for (name, into) in [("Add", &mut add), ("Remove", &mut remove)] {
            for item in permissions.structures(name)? {
                into.push(PermissionGrantee::snapshot_item(item)?);
            }
        }
        permissions.finish()?;
    }
    match (add.len(), remove.len()) {
        (0, 0) => Err(request::missing("CreateVolumePermission")),
        (1.., 1..) => Err(request::bad_combination("A request adds permissions or removes them, not both")),
        (501.., _) | (_, 501..) => Err(ErrorAnswer::new(
            "InvalidParameterValue",
            "A request has at most 500 permissions of a snapshot",
        )),
        _ => Ok((add, remove)),
    }
}

fn older_form(input: &mut Members) -> Result<(Vec<PermissionGrantee>, Vec<PermissionGrantee>), ErrorAnswer> {
    let operation = input.string("OperationType")?;
    let accounts = input.strings("UserId")?;
    let groups = input.strings("UserGroup")?;
    let accounts = accounts.iter().map(|text| PermissionGrantee::account(text));
    let grantees = accounts.chain(groups.iter().map(|text| PermissionGrantee::group(text)));
    let grantees: Vec<PermissionGrantee> = grantees.collect::<Result<_, _>>()?;
    match operation.as_deref() {
        None if grantees.is_empty() => Ok((Vec::new(), Vec::new())),
        None => Err(request::missing("OperationType")),
        Some("add") => Ok((grantees, Vec::new())),
        Some("remove") => Ok((Vec::new(), grantees)),
        Some(other) => Err(request::bad_value(other, "operationType")),
    }
}
