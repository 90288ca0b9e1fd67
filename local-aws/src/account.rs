//! Owns the caller's identity: the account, its alias, its place in its organization, and the identity that signs the
//! calls.

use crate::service::ACCOUNT;

#[derive(Debug)]
pub(crate) struct AccountIdentity {
    pub(crate) alias: Option<String>,
    /// The ARN of the organization it is in.
    pub(crate) organization: Option<String>,
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
            organizational_units: Vec::new(),
            caller: format!("arn:aws:sts::{ACCOUNT}:assumed-role/local/local"),
        }
    }
}
