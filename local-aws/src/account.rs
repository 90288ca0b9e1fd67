//! Owns who the caller is: the account, its alias, where it stands in its organization, and the identity that calls.

use crate::service::ACCOUNT;

#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) alias: Option<String>,
    /// The ARN of the organization it is in.
    pub(crate) organization: Option<String>,
    /// The ARNs of the organizational units it is in, near and far.
    pub(crate) organizational_units: Vec<String>,
    /// The ARN of whoever signs the calls.
    pub(crate) caller: String,
}

impl Default for Account {
    fn default() -> Account {
        Account {
            alias: None,
            organization: None,
            organizational_units: Vec::new(),
            caller: format!("arn:aws:sts::{ACCOUNT}:assumed-role/local/local"),
        }
    }
}
