//! ModifyImageAttribute: one attribute a call, in the form of today or in the older one.

use serde_json::{Value, json};

use super::{BlockedKind, PermissionGrantee, UNBLOCKED, request};
use crate::cloudtrail;
use crate::error_answer::ErrorAnswer;
use crate::members::Members;
use crate::service::Context;

/// "You can specify up to 10,000 account IDs": more is a request that AWS does not take.
const MAX_GRANTEES: usize = 10_000;

/// A function that reads a grantee of one kind.
type GranteeReader = fn(&str) -> Result<PermissionGrantee, ErrorAnswer>;

/// The change that a call requests.
enum AttributeEdit {
    Permissions { add: Vec<PermissionGrantee>, remove: Vec<PermissionGrantee> },
    Description(String),
    ImdsSupport,
}

pub(super) fn modify_image_attribute(
    context: &Context<'_>,
    mut input: Members,
) -> Result<Value, ErrorAnswer> {
    let id = request::image_id(&mut input)?;
    let change = asked(&mut input)?;
    request::finish(input)?;
    let ec2 = &context.world.ec2;
    let is_blocked = ec2.block_state(BlockedKind::Images, context) != UNBLOCKED;
    let mut state = ec2.lock();
    let image = state.own_image(context, &id)?.clone();
    match change {
        AttributeEdit::Permissions { add, remove } => {
            if add.contains(&PermissionGrantee::Everyone) {
                let is_encrypted = state.snapshots_of(&image).iter().any(|snapshot| snapshot.encrypted);
                may_be_public(is_blocked, is_encrypted)?;
            }
            let record = recorded(&id, &add, &remove);
            let shared_with = applied(image.shared_with.latest(), add, &remove);
            let seen_from = context.now + ec2.permission_delay;
            state.own_image(context, &id)?.shared_with.write(seen_from, shared_with);
            let arn = format!("arn:aws:ec2:{}::image/{id}", context.region);
            cloudtrail::record(context, "ModifyImageAttribute", &arn, record);
        }
        AttributeEdit::Description(text) => state.own_image(context, &id)?.description = Some(text),
        AttributeEdit::ImdsSupport => state.own_image(context, &id)?.imds_support = Some("v2.0".to_owned()),
    }
    Ok(json!({"return": true}))
}

/// The request, as CloudTrail records it.
fn recorded(id: &str, add: &[PermissionGrantee], remove: &[PermissionGrantee]) -> Value {
    let permission = recorded_items(add, remove);
    json!({"imageId": id, "attributeType": "launchPermission", "launchPermission": permission})
}

/// The added and removed permissions, as CloudTrail records them.
pub(super) fn recorded_items(add: &[PermissionGrantee], remove: &[PermissionGrantee]) -> Value {
    let mut permission = json!({});
    for (name, grantees) in [("add", add), ("remove", remove)] {
        if !grantees.is_empty() {
            permission[name] =
                json!({"items": grantees.iter().map(PermissionGrantee::shown).collect::<Vec<_>>()});
        }
    }
    permission
}

/// The permissions afterwards: each once, in the order in which they came.
pub(super) fn applied(
    before: &[PermissionGrantee],
    add: Vec<PermissionGrantee>,
    remove: &[PermissionGrantee],
) -> Vec<PermissionGrantee> {
    let mut after = before.to_vec();
    for grantee in add {
        if !after.contains(&grantee) {
            after.push(grantee);
        }
    }
    after.retain(|grantee| !remove.contains(grantee));
    after
}

fn may_be_public(is_blocked: bool, is_encrypted: bool) -> Result<(), ErrorAnswer> {
    if is_blocked {
        let message = "You can’t publicly share this image because block public access for AMIs is enabled for this \
                       account. To publicly share the image, you must call the DisableImageBlockPublicAccess API.";
        return Err(ErrorAnswer::new("OperationNotPermitted", message));
    }
    if is_encrypted {
        let message = "Encrypted snapshots can’t be shared publicly. Specify another snapshot.";
        return Err(ErrorAnswer::new("UnsupportedOperation", message));
    }
    Ok(())
}

/// "You can specify only one attribute at a time."
fn asked(input: &mut Members) -> Result<AttributeEdit, ErrorAnswer> {
    let attribute = input.string("Attribute")?;
    let (value, older) = (input.string("Value")?, older_form(input)?);
    let mut asked = Vec::new();
    if let Some(permissions) = input.structure("LaunchPermission")? {
        asked.push(("launchPermission", today(permissions)?));
    }
    if let Some(older) = older {
        if attribute.as_deref() != Some("launchPermission") {
            return Err(request::bad_combination(
                "OperationType, UserId, UserGroup, OrganizationArn and OrganizationalUnitArn need the attribute launchPermission",
            ));
        }
        asked.push(("launchPermission", older));
    }
    for name in ["Description", "ImdsSupport"] {
        if let Some(mut given) = input.structure(name)? {
            let value = given.string("Value")?.unwrap_or_default();
            given.finish()?;
            asked.push(text(name, value)?);
        }
    }
    if let Some(value) = value {
        asked.push(text(attribute.as_deref().unwrap_or_default(), value)?);
    }
    let mut all = asked.into_iter();
    match (all.next(), all.next()) {
        (None, _) => Err(request::bad_combination("No attributes specified.")),
        (Some((first, _)), Some((second, _))) => Err(request::bad_combination(format!(
            "Fields for multiple attribute types specified: {first}, {second}"
        ))),
        (Some((name, change)), None) => {
            fits(attribute.as_deref(), name)?;
            Ok(change)
        }
    }
}

fn fits(attribute: Option<&str>, name: &str) -> Result<(), ErrorAnswer> {
    match attribute {
        Some(attribute) if attribute != name => Err(request::bad_combination(format!(
            "The attribute is {attribute}, and the request is about {name}"
        ))),
        _ => Ok(()),
    }
}

/// `Description.Value`, or `Attribute=description` with `Value`.
fn text(name: &str, value: String) -> Result<(&'static str, AttributeEdit), ErrorAnswer> {
    match name {
        "Description" | "description" => Ok(("description", AttributeEdit::Description(value))),
        "ImdsSupport" | "imdsSupport" if value == "v2.0" => Ok(("imdsSupport", AttributeEdit::ImdsSupport)),
        "ImdsSupport" | "imdsSupport" => Err(request::bad_value(&value, "imdsSupport")),
        _ => Err(request::bad_combination("Value needs the attribute description or imdsSupport")),
    }
}

/// `LaunchPermission.Add.1.UserId` and its like.
fn today(mut permissions: Members) -> Result<AttributeEdit, ErrorAnswer> {
    let mut items = |name| -> Result<Vec<PermissionGrantee>, ErrorAnswer> {
        permissions.structures(name)?.into_iter().map(PermissionGrantee::item).collect()
    };
    let (add, remove) = (items("Add")?, items("Remove")?);
    permissions.finish()?;
    within_limit(AttributeEdit::Permissions { add, remove })
}

/// `OperationType=add&UserId.1=..&UserGroup.1=..`; none when the request has nothing of it.
fn older_form(input: &mut Members) -> Result<Option<AttributeEdit>, ErrorAnswer> {
    let operation = input.string("OperationType")?;
    let mut grantees = Vec::new();
    let kinds: [(&str, GranteeReader); 4] = [
        ("UserId", PermissionGrantee::account),
        ("UserGroup", PermissionGrantee::group),
        ("OrganizationArn", PermissionGrantee::organization),
        ("OrganizationalUnitArn", PermissionGrantee::organizational_unit),
    ];
    for (name, grantee) in kinds {
        for text in input.strings(name)? {
            grantees.push(grantee(&text)?);
        }
    }
    match operation.as_deref() {
        None if grantees.is_empty() => Ok(None),
        None => Err(request::missing("OperationType")),
        Some("add") => {
            within_limit(AttributeEdit::Permissions { add: grantees, remove: Vec::new() }).map(Some)
        }
        Some("remove") => {
            within_limit(AttributeEdit::Permissions { add: Vec::new(), remove: grantees }).map(Some)
        }
        Some(other) => Err(request::bad_value(other, "operationType")),
    }
}

fn within_limit(change: AttributeEdit) -> Result<AttributeEdit, ErrorAnswer> {
    match &change {
        AttributeEdit::Permissions { add, remove } if add.is_empty() && remove.is_empty() => {
            Err(request::bad_combination("No attributes specified."))
        }
        AttributeEdit::Permissions { add, remove } if add.len() + remove.len() > MAX_GRANTEES => {
            Err(ErrorAnswer::new("InvalidParameterValue", "A request has at most 10,000 launch permissions"))
        }
        _ => Ok(change),
    }
}
