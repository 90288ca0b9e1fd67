//! The trusted grantees of an image, with the accounts that are trusted because they belong to a trusted organization. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::LookUp;
use crate::grantee::Grantee;

use super::{ImageRule, Rules};

/// The organization of each account that AWS Organizations was asked about; `None` for an account of no or another organization.
pub type Memberships = BTreeMap<String, LookUp<Option<String>>>;

/// The trusted grantees of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trusted {
    /// Whether everyone is trusted: `public = true`.
    pub everyone: bool,
    /// Accounts, by their ids.
    pub accounts: BTreeSet<String>,
    /// Organizations, by their ids, with all their units.
    pub organizations: BTreeSet<String>,
    /// Organizational units, by their ids.
    pub units: BTreeSet<String>,
    /// Accounts that belong to one of the organizations. A rule as it is read has none ([`Rules::trust`]).
    pub members: BTreeSet<String>,
    /// Accounts that may belong to one of the organizations: it is not known.
    pub unproven: BTreeSet<String>,
}

impl Trusted {
    /// Whether a rule trusts this grantee.
    pub fn includes(&self, grantee: &Grantee) -> bool {
        self.everyone
            || match grantee {
                Grantee::Everyone | Grantee::Other(_) => false,
                Grantee::Account(id) => self.accounts.contains(id) || self.members.contains(id),
                Grantee::Organization { id, .. } => self.organizations.contains(id),
                Grantee::Unit { id, organization, .. } => {
                    self.units.contains(id) || self.organizations.contains(organization)
                }
            }
    }

    /// Whether a grantee is an account that may belong to a trusted organization: nothing proves or disproves it.
    pub fn is_unproven(&self, grantee: &Grantee) -> bool {
        !self.includes(grantee) && matches!(grantee, Grantee::Account(id) if self.unproven.contains(id))
    }
}

impl Rules {
    /// The trusted grantees of an image that `rule` covers. An account belongs to an organization if an `[[organization]]` table
    /// or AWS Organizations says so.
    pub fn trust(&self, rule: Option<&ImageRule>, memberships: &Memberships) -> Trusted {
        let mut trusted = rule.map(|rule| rule.trusted.clone()).unwrap_or_default();
        for list in self.organizations.iter().filter(|list| trusted.organizations.contains(&list.id)) {
            trusted.members.extend(list.accounts.iter().cloned());
        }
        for (account, organization) in memberships {
            match organization {
                LookUp::Found(Some(id)) if trusted.organizations.contains(id) => {
                    trusted.members.insert(account.clone());
                }
                LookUp::Failed(_) if !trusted.organizations.is_empty() => {
                    trusted.unproven.insert(account.clone());
                }
                LookUp::Found(_) | LookUp::Failed(_) | LookUp::NotNeeded => {}
            }
        }
        trusted
    }

    /// The organizations that a rule trusts and whose accounts no `[[organization]]` table lists: AWS Organizations is asked
    /// about them.
    pub fn unlisted<'t>(&self, trusted: &'t Trusted) -> Vec<&'t str> {
        let is_listed = |id: &&String| !self.organizations.iter().any(|list| list.id == **id);
        trusted.organizations.iter().filter(is_listed).map(String::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::LookupError;
    use crate::rules::MemberList;

    const TRUSTED: &str = "o-aaaaaaaaaa";

    fn trust(memberships: &[(&str, LookUp<Option<String>>)]) -> Trusted {
        let list = MemberList {
            id: "o-bbbbbbbbbb".to_owned(),
            accounts: BTreeSet::from(["999988887777".to_owned()]),
        };
        let rules = Rules { organizations: vec![list], ..Rules::default() };
        let text = format!("[[image-alert]]\ntrusted-organizations = [\"{TRUSTED}\"]\n");
        let document = shared::config::Document::new("pointsman.toml", text);
        let read = super::super::read(&document, &mut Vec::new());
        let memberships = memberships.iter().map(|(id, found)| ((*id).to_owned(), found.clone())).collect();
        rules.trust(read.images.first(), &memberships)
    }

    #[test]
    fn does_only_a_proven_member_of_a_trusted_organization_count() {
        let account = Grantee::of("444455556666");
        let found = |id: Option<&str>| LookUp::Found(id.map(str::to_owned));
        for (membership, is_trusted, is_unproven) in [
            (found(Some(TRUSTED)), true, false),
            (found(Some("o-cccccccccc")), false, false),
            (found(None), false, false),
            (LookUp::NotNeeded, false, false),
            (LookUp::Failed(LookupError::NoState), false, true),
        ] {
            let trusted = trust(&[("444455556666", membership.clone())]);
            let judged = (trusted.includes(&account), trusted.is_unproven(&account));
            assert_eq!(judged, (is_trusted, is_unproven), "{membership:?}");
        }
        assert!(!trust(&[]).includes(&account));
    }

    #[test]
    fn does_the_list_of_an_untrusted_organization_trust_no_account() {
        assert!(!trust(&[]).includes(&Grantee::of("999988887777")));
    }

    #[test]
    fn is_the_unit_of_an_account_not_asked_for() {
        let text = "[[image-alert]]\ntrusted-organizational-units = [\"ou-ab12-cdefghij\"]\n";
        let document = shared::config::Document::new("pointsman.toml", text);
        let rules = super::super::read(&document, &mut Vec::new());
        let failed = LookUp::Failed(LookupError::NoState);
        let memberships = Memberships::from([("444455556666".to_owned(), failed)]);
        let trusted = rules.trust(rules.images.first(), &memberships);
        assert!(!trusted.includes(&Grantee::of("444455556666")));
        assert!(!trusted.is_unproven(&Grantee::of("444455556666")));
    }
}
