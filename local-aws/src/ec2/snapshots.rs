//! DescribeSnapshotAttribute and ModifySnapshotAttribute.

use serde_json::{Value, json};

use super::{PermissionGrantee, modify, request};
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
    let snapshot = state.own_snapshot(context.region, &id)?;
    match &*attribute {
        PERMISSION => {
            let shared: Value = snapshot.shared_with.iter().map(PermissionGrantee::shown).collect();
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
    let mut state = context.world.ec2.lock();
    let snapshot = state.own_snapshot(context.region, &id)?;
    if snapshot.encrypted && add.contains(&PermissionGrantee::Everyone) {
        let message = "Encrypted snapshots can’t be shared publicly. Specify another snapshot.";
        return Err(ErrorAnswer::new("UnsupportedOperation", message));
    }
    modify::apply(&mut snapshot.shared_with, add, &remove);
    Ok(json!({"return": true}))
}

/// The grantees to add and to remove. "You cannot do both in a single operation", and at most 500 of either.
fn asked(input: &mut Members) -> Result<(Vec<PermissionGrantee>, Vec<PermissionGrantee>), ErrorAnswer> {
    let (mut add, mut remove) = older_form(input)?;
    if let Some(mut permissions) = input.structure("CreateVolumePermission")? {
        for (name, into) in [("Add", &mut add), ("Remove", &mut remove)] {
            for item in permissions.structures(name)? {
                into.push(PermissionGrantee::item(item)?);
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
