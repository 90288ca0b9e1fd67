//! Who is given an image or a snapshot: everybody, an account, an organization, an organizational unit.

use std::fmt;

/// Who may launch an image, or make volumes of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grantee {
    /// The group `all`.
    Everyone,
    /// An account, by its 12 digits.
    Account(String),
    /// Every account of an organization.
    Organization {
        /// Its ARN.
        arn: String,
        /// `o-` and what follows.
        id: String,
    },
    /// Every account of an organizational unit.
    Unit {
        /// Its ARN.
        arn: String,
        /// `ou-` and what follows.
        id: String,
        /// The organization it is part of.
        organization: String,
    },
    /// Something that is none of these, as the event has it. Nothing is known of whom it lets in.
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
        // ("Resource types defined by AWS Organizations", Service Authorization Reference).
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, "organizations", "", account, resource] = parts[..] else { return other() };
        let words: Vec<&str> = resource.split('/').collect();
        if !partition.starts_with("aws") || !is_word(partition) || !is_account(account) {
            return other();
        }
        match words[..] {
            ["organization", id] if is_organization(id) => {
                Self::Organization { arn: text.to_owned(), id: id.to_owned() }
            }
            ["ou", organization, id] if is_organization(organization) && is_unit(id) => {
                Self::Unit { arn: text.to_owned(), id: id.to_owned(), organization: organization.to_owned() }
            }
            _ => other(),
        }
    }

    /// What AWS calls it by: an id, an ARN, `all`.
    pub fn name(&self) -> &str {
        match self {
            Self::Everyone => "all",
            Self::Account(id) => id,
            Self::Organization { arn, .. } | Self::Unit { arn, .. } => arn,
            Self::Other(text) => text,
        }
    }
}

/// 12 digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

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
    fn each_kind_is_told_by_its_form() {
        let told = |text| Grantee::of(text).to_string();
        assert_eq!(told("all"), "everyone");
        assert_eq!(told("444455556666"), "account 444455556666");
        let organization = "arn:aws:organizations::777788889999:organization/o-a1b2c3d4e5";
        assert_eq!(told(organization), "organization o-a1b2c3d4e5");
        let unit = "arn:aws-us-gov:organizations::777788889999:ou/o-a1b2c3d4e5/ou-ab12-cdefghij";
        assert_eq!(told(unit), "organizational unit ou-ab12-cdefghij of o-a1b2c3d4e5");
        assert_eq!(Grantee::of(unit).name(), unit);
    }

    #[test]
    fn what_has_no_such_form_is_kept_as_it_is() {
        let hostile = "arn:aws:organizations::777788889999:organization/o-a1b2c3d4e5'; reboot";
        for text in ["", "everybody", "12345678901", "44445555666６", "arn:aws:iam::1:root", hostile] {
            assert_eq!(Grantee::of(text), Grantee::Other(text.to_owned()));
        }
    }
}
