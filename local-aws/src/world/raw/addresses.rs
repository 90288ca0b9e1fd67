//! `[[address]]` and `[[instance]]`.

use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawInstance {
    pub(in super::super) id: Spanned<String>,
    /// Default `running`.
    pub(in super::super) state: Option<Spanned<String>>,
    pub(in super::super) region: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in super::super) struct RawAddress {
    pub(in super::super) allocation: Spanned<String>,
    pub(in super::super) ip: Spanned<String>,
    pub(in super::super) region: Option<String>,
    /// The instance that has the address.
    pub(in super::super) instance: Option<Spanned<String>>,
    /// A network interface without an instance that has the address.
    pub(in super::super) network_interface: Option<Spanned<String>>,
}
