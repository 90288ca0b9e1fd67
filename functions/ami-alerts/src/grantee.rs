//! The grantee of an image or a snapshot: everyone, an account, an organization, an organizational unit.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use shared::arn::Arn;
use shared::text::list_at_most;

/// A principal that can launch an image, or create volumes from a snapshot. In JSON and in the table it is its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Grantee {
    /// The group `all`.
    Everyone,
    /// An account, by its 12 digits.
    Account(String),
    /// Every account of an organization.
    Organization {
        /// Its ARN.
        arn: Arn,
        /// Its id, with `o-`.
        id: String,
    },
    /// Every account of an organizational unit.
    Unit {
        /// Its ARN.
        arn: Arn,
        /// Its id, with `ou-`.
        id: String,
        /// The organization that it belongs to.
        organization: String,
    },
    /// A grantee of another kind, as the event has it: a principal that this function knows nothing about.
    Other(String),
}

impl Grantee {
    /// An account's id, the group `all`, or an ARN of Organizations; anything else is [`Grantee::Other`].
    pub fn of(text: &str) -> Self {
        if text == "all" {
            return Self::Everyone;
        }
        if is_account(text) {
            return Self::Account(text.to_owned());
        }
        let other = || Self::Other(text.to_owned());
        // arn:aws:organizations::111122223333:organization/o-a1b2c3d4e5, and ...:ou/o-a1b2c3d4e5/ou-ab12-cdefghij
        // ("SharedResource types defined by AWS Organizations", Service Authorization Reference).
        let Ok(arn) = text.parse::<Arn>() else { return other() };
        if arn.service != "organizations" || !arn.region.is_empty() || !is_account(&arn.account) {
            return other();
        }
        if !arn.partition.starts_with("aws") || !is_word(&arn.partition) {
            return other();
        }
        Self::of_organizations(arn).unwrap_or_else(other)
    }

    /// The account that used a snapshot.
    pub fn user(account: Option<&str>) -> Self {
        account.map_or_else(|| Self::Other("an unknown account".to_owned()), Self::of)
    }

    fn of_organizations(arn: Arn) -> Option<Self> {
        let resource = arn.resource.clone();
        match resource.split('/').collect::<Vec<_>>()[..] {
            ["organization", id] if is_organization(id) => {
                Some(Self::Organization { arn, id: id.to_owned() })
            }
            ["ou", organization, id] if is_organization(organization) && is_unit(id) => {
                Some(Self::Unit { arn, id: id.to_owned(), organization: organization.to_owned() })
            }
            _ => None,
        }
    }

    /// Its name in AWS's API: an id, an ARN, `all`.
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Everyone => "all".into(),
            Self::Account(id) => id.into(),
            Self::Organization { arn, .. } | Self::Unit { arn, .. } => arn.to_string().into(),
            Self::Other(text) => text.into(),
        }
    }
}

impl From<Grantee> for String {
    fn from(grantee: Grantee) -> Self {
        grantee.name().into_owned()
    }
}

impl From<String> for Grantee {
    fn from(name: String) -> Self {
        Self::of(&name)
    }
}

/// The most grantees that a reason names.
const MOST: usize = 10;

/// The grantees in a reason: the first ones, and the number of the others.
pub(crate) fn listed(grantees: &[Grantee]) -> String {
    list_at_most(&grantees.iter().map(Grantee::to_string).collect::<Vec<_>>(), MOST)
}

pub use shared::home::is_account;

/// `o-` and 10 to 32 lower-case letters and digits (Organization, AWS Organizations API Reference).
pub fn is_organization(text: &str) -> bool {
    text.strip_prefix("o-").is_some_and(|rest| (10..=32).contains(&rest.len()) && is_lower(rest))
}

/// `ou-`, 4 to 32 letters and digits of the root, `-`, 8 to 32 of the unit (OrganizationalUnit, AWS Organizations API
/// Reference).
pub fn is_unit(text: &str) -> bool {
    let parts: Option<(&str, &str)> = text.strip_prefix("ou-").and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(root, unit)| {
        (4..=32).contains(&root.len()) && (8..=32).contains(&unit.len()) && is_lower(root) && is_lower(unit)
    })
}

fn is_lower(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

impl fmt::Display for Grantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::Account(id) => write!(f, "account {id}"),
            Self::Organization { id, .. } => write!(f, "organization {id}"),
            Self::Unit { id, organization, .. } => write!(f, "organizational unit {id} of {organization}"),
            Self::Other(text) => write!(f, "`{text}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_each_kind_of_grantee_known_by_its_form() {
        let shown = |text| Grantee::of(text).to_string();
        assert_eq!(shown("all"), "everyone");
        assert_eq!(shown("444455556666"), "account 444455556666");
        let organization = "arn:aws:organizations::777788889999:organization/o-a1b2c3d4e5";
        assert_eq!(shown(organization), "organization o-a1b2c3d4e5");
        let unit = "arn:aws-us-gov:organizations::777788889999:ou/o-a1b2c3d4e5/ou-ab12-cdefghij";
        assert_eq!(shown(unit), "organizational unit ou-ab12-cdefghij of o-a1b2c3d4e5");
        assert_eq!(Grantee::of(unit).name(), unit);
    }

    #[test]
    fn is_a_grantee_of_an_unknown_form_kept_as_it_is() {
        let hostile = "arn:aws:organizations::777788889999:organization/o-a1b2c3d4e5'; reboot";
        for text in ["", "every account", "12345678901", "44445555666６", "arn:aws:iam::1:root", hostile] {
            assert_eq!(Grantee::of(text), Grantee::Other(text.to_owned()));
        }
    }
}
