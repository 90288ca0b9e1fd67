//! Owns the grantees of images and snapshots, and their forms in a request.

use std::fmt;

use serde_json::{Value, json};

use crate::error_answer::ErrorAnswer;
use crate::members::Members;

/// The grantee of a permission. An item of a request names exactly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PermissionGrantee {
    /// The group `all`.
    Everyone,
    Account(String),
    Organization(String),
    OrganizationalUnit(String),
}

impl PermissionGrantee {
    /// An account's id, or the ARN of an organization or of an organizational unit.
    pub(crate) fn named(text: &str) -> Option<PermissionGrantee> {
        if text == "all" {
            return Some(PermissionGrantee::Everyone);
        }
        let named = [
            PermissionGrantee::account(text),
            PermissionGrantee::organization(text),
            PermissionGrantee::organizational_unit(text),
        ];
        named.into_iter().find_map(Result::ok)
    }

    pub(super) fn group(text: &str) -> Result<PermissionGrantee, ErrorAnswer> {
        if text == "all" { Ok(PermissionGrantee::Everyone) } else { Err(bad_item(text, "UserGroup")) }
    }

    pub(super) fn account(text: &str) -> Result<PermissionGrantee, ErrorAnswer> {
        match is_account(text) {
            true => Ok(PermissionGrantee::Account(text.to_owned())),
            false => Err(bad_item(text, "userId")),
        }
    }

    pub(super) fn organization(text: &str) -> Result<PermissionGrantee, ErrorAnswer> {
        let path = organizations(text).and_then(|path| path.strip_prefix("organization/o-"));
        match path.is_some_and(|id| is_id(id, 10)) {
            true => Ok(PermissionGrantee::Organization(text.to_owned())),
            false => Err(bad_item(text, "organizationArn")),
        }
    }

    pub(super) fn organizational_unit(text: &str) -> Result<PermissionGrantee, ErrorAnswer> {
        let path = organizations(text).and_then(|path| path.strip_prefix("ou/o-"));
        let ids = path.and_then(|path| path.split_once("/ou-"));
        let ids = ids.and_then(|(organization, unit)| Some((organization, unit.split_once('-')?)));
        match ids {
            Some((organization, (root, unit)))
                if is_id(organization, 10) && is_id(root, 4) && is_id(unit, 8) =>
            {
                Ok(PermissionGrantee::OrganizationalUnit(text.to_owned()))
            }
            _ => Err(bad_item(text, "organizationalUnitArn")),
        }
    }

    /// An item of `LaunchPermission.Add` and its like.
    pub(super) fn item(mut item: Members) -> Result<PermissionGrantee, ErrorAnswer> {
        let group = item.string("Group")?.map(|text| PermissionGrantee::group(&text));
        let account = item.string("UserId")?.map(|text| PermissionGrantee::account(&text));
        let organization = item.string("OrganizationArn")?.map(|text| PermissionGrantee::organization(&text));
        let unit =
            item.string("OrganizationalUnitArn")?.map(|text| PermissionGrantee::organizational_unit(&text));
        item.finish()?;
        let mut named = [group, account, organization, unit].into_iter().flatten();
        match (named.next(), named.next()) {
            (Some(grantee), None) => grantee,
            _ => {
                let message = "A permission names exactly one of Group, UserId, OrganizationArn and OrganizationalUnitArn";
                Err(ErrorAnswer::new("InvalidParameterCombination", message))
            }
        }
    }

    /// An item of `CreateVolumePermission.Add` and its like: a snapshot has no permissions of organizations.
    pub(super) fn snapshot_item(item: Members) -> Result<PermissionGrantee, ErrorAnswer> {
        for member in ["OrganizationArn", "OrganizationalUnitArn"] {
            if item.has(member) {
                return Err(ErrorAnswer::new(
                    "UnknownParameter",
                    format!("The parameter {member} is not recognized"),
                ));
            }
        }
        PermissionGrantee::item(item)
    }

    /// As an answer shows it.
    pub(super) fn shown(&self) -> Value {
        match self {
            PermissionGrantee::Everyone => json!({"group": "all"}),
            PermissionGrantee::Account(id) => json!({"userId": id}),
            PermissionGrantee::Organization(arn) => json!({"organizationArn": arn}),
            PermissionGrantee::OrganizationalUnit(arn) => json!({"organizationalUnitArn": arn}),
        }
    }
}

/// `all`, an account's id, an ARN.
impl fmt::Display for PermissionGrantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PermissionGrantee::Everyone => f.write_str("all"),
            PermissionGrantee::Account(text)
            | PermissionGrantee::Organization(text)
            | PermissionGrantee::OrganizationalUnit(text) => f.write_str(text),
        }
    }
}

pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The part after `arn:aws:organizations::ACCOUNT:`.
fn organizations(arn: &str) -> Option<&str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", "aws" | "aws-cn" | "aws-us-gov", "organizations", "", account, path]
            if is_account(account) =>
        {
            Some(path)
        }
        _ => None,
    }
}

/// A part of an id, as the patterns in the model of AWS Organizations have it.
fn is_id(text: &str, shortest: usize) -> bool {
    (shortest..=32).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

fn bad_item(value: &str, kind: &str) -> ErrorAnswer {
    let message = format!("Invalid attribute item value \"{value}\" for {kind} item type.");
    ErrorAnswer::new("InvalidAMIAttributeItemValue", message)
}

#[cfg(test)]
mod tests {
    use super::PermissionGrantee;

    #[test]
    fn a_grantee_is_known_by_its_form() {
        let organization = "arn:aws:organizations::111122223333:organization/o-abcde12345";
        let unit = "arn:aws:organizations::111122223333:ou/o-abcde12345/ou-ab12-cdefgh34";
        for text in ["all", "444455556666", organization, unit] {
            assert_eq!(
                PermissionGrantee::named(text).map(|grantee| grantee.to_string()).as_deref(),
                Some(text)
            );
        }
        let not = ["", "All", "44445555666", "4444-5555-6666", "o-abcde12345", &unit[..unit.len() - 9]];
        for text in not {
            assert_eq!(PermissionGrantee::named(text), None, "{text}");
        }
    }
}
