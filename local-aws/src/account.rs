//! Owns the callers' identities: the world's account, its place in its organization, and the account and identity
//! that a call is made by.

use crate::service::ACCOUNT;

#[derive(Debug)]
pub(crate) struct AccountIdentity {
    pub(crate) alias: Option<String>,
    /// The ARN of the organization it is in.
    pub(crate) organization: Option<String>,
    /// The accounts of the organization besides its management account; `None` if every account is one of them.
    pub(crate) members: Option<Vec<String>>,
    /// Whether the account may call Organizations; `None` if only the management account may.
    pub(crate) reads_organization: Option<bool>,
    /// The ARNs of the organizational units it is in, near and far.
    pub(crate) organizational_units: Vec<String>,
    /// The ARN of the identity that signs the calls.
    pub(crate) caller: String,
}

impl Default for AccountIdentity {
    fn default() -> AccountIdentity {
        AccountIdentity {
            alias: None,
            organization: None,
            members: None,
            reads_organization: None,
            organizational_units: Vec::new(),
            caller: format!("arn:aws:sts::{ACCOUNT}:assumed-role/local/local"),
        }
    }
}

impl AccountIdentity {
    /// The management account of the organization.
    pub(crate) fn management_account(&self) -> Option<&str> {
        self.organization.as_deref().and_then(|arn| arn.split(':').nth(4))
    }

    /// Whether an account is in the organization.
    pub(crate) fn is_member(&self, account: &str) -> bool {
        let is_listed = self.members.as_ref().is_none_or(|members| members.iter().any(|one| one == account));
        self.organization.is_some()
            && (is_listed || account == ACCOUNT || self.management_account() == Some(account))
    }

    /// Whether the caller of that account may call Organizations.
    pub(crate) fn may_read_organization(&self, account: &str) -> bool {
        let by_default = self.management_account() == Some(account);
        if account == ACCOUNT { self.reads_organization.unwrap_or(by_default) } else { by_default }
    }
}

/// The account and the identity of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallIdentity {
    pub(crate) account: String,
    pub(crate) arn: String,
}
