//! What the rules of this function need of the deployment, for `pointsman check`.

use std::path::PathBuf;

use shared::config::{Document, Problem};
use shared::function::{CheckedRules, NeededPermission};

use crate::rules::{self, AccountRole, ImageRule};

pub(crate) fn check(document: &Document, _: &[PathBuf], problems: &mut Vec<Problem>) -> CheckedRules {
    let rules = rules::read(document, problems);
    let needs = rules.images.iter().flat_map(needs).chain(rules.accounts.iter().map(role)).collect();
    CheckedRules { rules: rules.images.len() + rules.calls.len(), needs }
}

/// A rule with `revert` needs the calls that revoke a share.
fn needs(rule: &ImageRule) -> Vec<NeededPermission> {
    let Some(at) = &rule.revert_at else { return Vec::new() };
    let need = |call, resource: &str| NeededPermission {
        at: at.clone(),
        resource: format!("arn:{{partition}}:ec2:{{region}}::{resource}"),
        calls: vec![call],
        help: "set the parameter RevertShares=enabled (parameter_overrides in samconfig.toml), or remove `revert`",
    };
    vec![
        need("ec2:ModifyImageAttribute", "image/ami-0123456789abcdef0"),
        need("ec2:ModifySnapshotAttribute", "snapshot/snap-0123456789abcdef0"),
    ]
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
