//! Shuts grantees out of an image again: those, and nobody else.

use aws_sdk_ec2::Client as Ec2;
use aws_sdk_ec2::types::{LaunchPermission, LaunchPermissionModifications, PermissionGroup};
use serde_json::json;
use shared::aws::told;
use shared::decision::{Action, ActionResult, DRY_RUN};

use crate::grantee::Grantee;

/// The most that one call names; EC2 takes up to 10,000 (ModifyImageAttribute, Amazon EC2 API Reference), and a smaller
/// request is answered sooner.
const AT_A_TIME: usize = 500;

/// The calls that shut `grantees` out of an image. To shut out whoever is out already is no error, so that it can be done
/// again. Ends with the first call that fails.
pub async fn shut_out(image: &str, grantees: &[Grantee], ec2: &Ec2, dry_run: bool) -> Vec<Action> {
    let mut actions = Vec::new();
    for some in grantees.chunks(AT_A_TIME) {
        let names: Vec<&str> = some.iter().map(Grantee::name).collect();
        let action = |result| Action {
            call: "ec2:ModifyImageAttribute".to_owned(),
            subject: image.to_owned(),
            input: json!({"ImageId": image, "LaunchPermission": {"Remove": names}}),
            result,
        };
        if dry_run {
            actions.push(action(ActionResult::NotCalled(DRY_RUN.to_owned())));
            continue;
        }
        let remove = some.iter().filter_map(permission).collect();
        let change = LaunchPermissionModifications::builder().set_remove(Some(remove)).build();
        match ec2.modify_image_attribute().image_id(image).launch_permission(change).send().await {
            Ok(_) => actions.push(action(ActionResult::Done(String::new()))),
            Err(error) => {
                actions.push(action(ActionResult::Failed(told(&error))));
                break;
            }
        }
    }
    actions
}

fn permission(grantee: &Grantee) -> Option<LaunchPermission> {
    let permission = LaunchPermission::builder();
    Some(match grantee {
        Grantee::Everyone => permission.group(PermissionGroup::All).build(),
        Grantee::Account(id) => permission.user_id(id).build(),
        Grantee::Organization { arn, .. } => permission.organization_arn(arn).build(),
        Grantee::Unit { arn, .. } => permission.organizational_unit_arn(arn).build(),
        Grantee::Other(_) => return None,
    })
}
