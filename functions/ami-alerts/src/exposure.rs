//! The exposure of a share: how far the grantee is from the account that owns the image, and whether a rule trusts it.

use crate::grantee::Grantee;
use crate::rules::Trusted;
use crate::severity::Severity;

/// The distance of a grantee from the account that owns the image, farthest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::VariantNames, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Exposure {
    /// Every AWS account.
    Public,
    /// An account that no rule trusts.
    #[strum(serialize = "outside-account")]
    Account,
    /// An account that may belong to an organization that the rule trusts: it is not known.
    #[strum(serialize = "membership-unknown")]
    Unproven,
    /// A kind of grantee that this function does not know.
    #[strum(serialize = "unknown-grantee")]
    Unknown,
    /// An organization that no rule trusts.
    #[strum(serialize = "outside-organization")]
    Organization,
    /// An organizational unit that no rule trusts.
    #[strum(serialize = "organizational-unit")]
    Unit,
    /// A grantee that a rule trusts with this image.
    Trusted,
    /// The account itself.
    #[strum(serialize = "own-account")]
    Own,
}

impl Exposure {
    /// The distance of `grantee` from the account `own`.
    pub fn of(grantee: &Grantee, own: Option<&str>, trusted: &Trusted) -> Self {
        match grantee {
            Grantee::Account(id) if Some(id.as_str()) == own => Self::Own,
            _ if trusted.includes(grantee) => Self::Trusted,
            Grantee::Everyone => Self::Public,
            _ if trusted.is_unproven(grantee) => Self::Unproven,
            Grantee::Account(_) => Self::Account,
            Grantee::Organization { .. } => Self::Organization,
            Grantee::Unit { .. } => Self::Unit,
            Grantee::Other(_) => Self::Unknown,
        }
    }

    /// The severity of a share with such a grantee.
    pub fn severity(self) -> Severity {
        match self {
            Self::Public => Severity::Critical,
            Self::Account | Self::Unproven | Self::Unknown => Severity::High,
            Self::Organization => Severity::Medium,
            Self::Unit => Severity::Low,
            Self::Trusted | Self::Own => Severity::Info,
        }
    }

    /// Whether a trusted actor may give such a grantee access. No actor is trusted to make something public, and a kind of grantee
    /// that is not known may be everyone.
    pub fn may_be_expected(self) -> bool {
        !matches!(self, Self::Public | Self::Unknown)
    }

    /// Whether no rule allows the share.
    pub fn is_untrusted(self) -> bool {
        !matches!(self, Self::Trusted | Self::Own)
    }

    /// The grantee's status in a list: `not trusted by any rule`.
    pub fn status(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Account | Self::Organization | Self::Unit => "not trusted by any rule",
            Self::Unproven => "not known whether a trusted organization includes it",
            Self::Unknown => "a kind of grantee that this function does not know",
            Self::Trusted => "trusted",
            Self::Own => "the owner",
        }
    }

    /// The grantee's status after its name and a comma: `which no rule trusts`.
    pub fn clause(self) -> &'static str {
        match self {
            Self::Public | Self::Account | Self::Organization | Self::Unit => "which no rule trusts",
            Self::Unproven => "which may belong to a trusted organization",
            Self::Unknown => "a kind of grantee that this function does not know",
            Self::Trusted => "which a rule trusts",
            Self::Own => "the owner itself",
        }
    }

    /// The reason's code.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// Grantees by exposure, farthest first.
pub fn by_exposure(
    grantees: &[Grantee],
    own: Option<&str>,
    trusted: &Trusted,
) -> Vec<(Exposure, Vec<Grantee>)> {
    let mut sorted: std::collections::BTreeMap<Exposure, Vec<Grantee>> = Default::default();
    for grantee in grantees {
        sorted.entry(Exposure::of(grantee, own, trusted)).or_default().push(grantee.clone());
    }
    sorted.into_iter().collect()
}

/// The grantees that no rule trusts.
pub fn untrusted(grantees: &[Grantee], own: Option<&str>, trusted: &Trusted) -> Vec<Grantee> {
    let is_untrusted = |grantee: &&Grantee| Exposure::of(grantee, own, trusted).is_untrusted();
    grantees.iter().filter(is_untrusted).cloned().collect()
}
