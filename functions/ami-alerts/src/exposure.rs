//! How far a grantee lets an image out of the account, and who of several counts.

use crate::grantee::Grantee;
use crate::rules::Trusted;
use crate::severity::Severity;

/// How far somebody is from the account that owns an image, farthest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exposure {
    /// Everybody in the world.
    Public,
    /// An account that no rule trusts.
    Account,
    /// Something that AWS knows and this function does not.
    Unknown,
    /// An organization that no rule trusts.
    Organization,
    /// An organizational unit that no rule trusts.
    Unit,
    /// Somebody whom a rule trusts with this image.
    Trusted,
    /// The account itself.
    Own,
}

impl Exposure {
    /// How far `grantee` is from the account `own`.
    pub fn of(grantee: &Grantee, own: Option<&str>, trusted: &Trusted) -> Self {
        match grantee {
            Grantee::Account(id) if Some(id.as_str()) == own => Self::Own,
            _ if trusted.includes(grantee) => Self::Trusted,
            Grantee::Everyone => Self::Public,
            Grantee::Account(_) => Self::Account,
            Grantee::Organization { .. } => Self::Organization,
            Grantee::Unit { .. } => Self::Unit,
            Grantee::Other(_) => Self::Unknown,
        }
    }

    /// How bad it is to let them in.
    pub fn severity(self) -> Severity {
        match self {
            Self::Public => Severity::Critical,
            Self::Account | Self::Unknown => Severity::High,
            Self::Organization => Severity::Medium,
            Self::Unit => Severity::Low,
            Self::Trusted | Self::Own => Severity::Info,
        }
    }

    /// Whether the rules do not want them in.
    pub fn offends(self) -> bool {
        !matches!(self, Self::Trusted | Self::Own)
    }

    /// A word for a person: what kind of grantee this is to us.
    pub fn told(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Account | Self::Organization | Self::Unit => "not trusted by any rule",
            Self::Unknown => "of a kind unknown here",
            Self::Trusted => "trusted",
            Self::Own => "the account itself",
        }
    }

    /// The reason's code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Account => "outside-account",
            Self::Unknown => "unknown-grantee",
            Self::Organization => "outside-organization",
            Self::Unit => "organizational-unit",
            Self::Trusted => "trusted",
            Self::Own => "own-account",
        }
    }
}

/// Grantees by exposure, farthest first.
pub fn sorted(grantees: &[Grantee], own: Option<&str>, trusted: &Trusted) -> Vec<(Exposure, Vec<Grantee>)> {
    let mut sorted: std::collections::BTreeMap<Exposure, Vec<Grantee>> = Default::default();
    for grantee in grantees {
        sorted.entry(Exposure::of(grantee, own, trusted)).or_default().push(grantee.clone());
    }
    sorted.into_iter().collect()
}

/// Those whom the rules do not want in.
pub fn offending(grantees: &[Grantee], own: Option<&str>, trusted: &Trusted) -> Vec<Grantee> {
    let offends = |grantee: &&Grantee| Exposure::of(grantee, own, trusted).offends();
    grantees.iter().filter(offends).cloned().collect()
}
