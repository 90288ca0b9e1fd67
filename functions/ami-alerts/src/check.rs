//! What the rules of this function need of the deployment, for `pointsman check`.

use std::path::PathBuf;

use shared::config::{Document, Problem};
use shared::function::{CheckedRules, NeededPermission};

use crate::rules::{self, AccountRole, ImageRule};

pub(crate) fn check(document: &Document, _: &[PathBuf], problems: &mut Vec<Problem>) -> CheckedRules {
    let rules = rules::read(document, problems);
    let needs = rules.images.iter().filter_map(need).chain(rules.accounts.iter().map(role)).collect();
    CheckedRules { rules: rules.images.len() + rules.calls.len(), needs }
}

/// A rule with `revert` needs the call that revokes a share.
fn need(rule: &ImageRule) -> Option<NeededPermission> {
    Some(NeededPermission {
        at: rule.revert_at.clone()?,
        resource: "arn:{partition}:ec2:{region}::image/ami-0123456789abcdef0".to_owned(),
        calls: vec!["ec2:ModifyImageAttribute"],
        help: "set the parameter RevertShares=enabled (parameter_overrides in samconfig.toml), or remove `revert`",
    })
}

/// The role of an `[[account]]` table is assumed.
fn role(account: &AccountRole) -> NeededPermission {
    NeededPermission {
        at: account.role_at.clone(),
        resource: account.role.clone(),
        calls: vec!["sts:AssumeRole"],
        help: "add the role to the parameter AlertAccountRoles (parameter_overrides in samconfig.toml), or remove the table",
    }
}
