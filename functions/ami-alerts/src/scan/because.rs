//! The reasons of the daily scan: why an image or a snapshot is emailed, and why it is not.

use std::fmt;

use jiff::Timestamp;
use shared::decision::{Evidence, Explain};
use shared::text::{count, verb};

use super::{OpenFindings, ScanStop};
use crate::change::ResourceKind;
use crate::exposure::Exposure;
use crate::facts::LookupError;
use crate::grantee::{Grantee, listed};
use crate::history::EndedFinding;
use crate::memory::{FindingClass, Proof, ProvenTime};

/// A reason of the daily scan.
#[derive(Debug, Clone, PartialEq, Eq, strum::VariantNames, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum ScanBecause {
    /// Every grantee is trusted: of the image, or of so many snapshots.
    #[strum(serialize = "as-the-rules-want")]
    OnlyTrusted { snapshots: Option<usize> },
    /// An email reported the open findings, and no reminder is due.
    ReportedBefore { grantees: Vec<Grantee> },
    /// An open finding is emailed again.
    Reminder { findings: OpenFindings },
    /// A trusted actor granted the access.
    ExpectedShare { grantees: Vec<Grantee> },
    /// A finding ended.
    FindingEnded { ended: EndedFinding, is_emailed: bool },
    /// The last proof of the access is too recent for a look-up to deny it.
    Settling { grantees: Vec<Grantee> },
    /// The scan could not read something.
    Unreadable { what: ScanRead, error: LookupError, open: usize },
    /// EC2 throttles the scan.
    Throttled { kind: ResourceKind, left: usize },
    /// The scan ran out of time.
    NoTimeLeft { kind: ResourceKind, left: usize },
}

/// Something that the daily scan reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanRead {
    /// The public images, or snapshots, of the region.
    Public(ResourceKind),
    /// All images, or snapshots, of the region.
    All(ResourceKind),
    /// The descriptions of images or snapshots, which decide which rule covers them.
    Descriptions(ResourceKind),
    /// The launch permissions of an image, or the create-volume permissions of a snapshot.
    Permissions(ResourceKind),
}

impl ScanBecause {
    /// The reason of a scan that stopped.
    pub(super) fn of_stop(stop: ScanStop, kind: ResourceKind) -> Self {
        match stop {
            ScanStop::NoTimeLeft { left } => Self::NoTimeLeft { kind, left },
            ScanStop::Throttled { left } => Self::Throttled { kind, left },
        }
    }
}

impl Explain for ScanBecause {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn evidence(&self) -> Evidence {
        let config = match self {
            Self::FindingEnded { ended, .. } => match &ended.closed.proof {
                Proof::Rule { place } if !place.is_empty() => Some(place.clone()),
                _ => None,
            },
            _ => None,
        };
        Evidence { config, ..Evidence::default() }
    }
}

impl fmt::Display for ScanBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnlyTrusted { snapshots: None } => f.write_str("its access is as the rules allow"),
            Self::OnlyTrusted { snapshots: Some(number) } => {
                let their = verb(*number, "its", "their");
                write!(f, "{}: {their} access is as the rules allow", count(*number, "snapshot"))
            }
            Self::ReportedBefore { grantees } => {
                write!(f, "already reported, and no reminder is due: {}", listed(grantees))
            }
            Self::Reminder { findings } => reminder(f, findings),
            Self::ExpectedShare { grantees } => {
                write!(f, "no email: a trusted actor granted access to {}", listed(grantees))
            }
            Self::FindingEnded { ended, is_emailed } => {
                let email = if *is_emailed { "" } else { "; no email, because none reported the beginning" };
                write!(f, "{}{email}", end(ended))
            }
            Self::Settling { grantees } => write!(
                f,
                "{} not seen with access, but the last proof of the access is less than 15 minutes old; the next scan decides",
                listed(grantees)
            ),
            Self::Unreadable { what, error, open } => {
                write!(f, "{what} could not be read ({error})")?;
                match open {
                    0 => Ok(()),
                    open => write!(f, "; {} {} open", count(*open, "finding"), verb(*open, "stays", "stay")),
                }
            }
            Self::Throttled { kind, left } => {
                let left = count(*left, kind.name());
                write!(
                    f,
                    "EC2 throttles the scan with {left} left; the next scan starts at another {}",
                    kind.name()
                )
            }
            Self::NoTimeLeft { kind, left } => {
                let left = count(*left, kind.name());
                write!(
                    f,
                    "the scan ran out of time with {left} left; the next scan starts at another {}",
                    kind.name()
                )
            }
        }
    }
}

impl fmt::Display for ScanRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public(kind) => write!(f, "the list of public {}s", kind.name()),
            Self::All(kind) => write!(f, "the list of {}s", kind.name()),
            Self::Descriptions(kind) => write!(f, "the descriptions of shared {}s", kind.name()),
            Self::Permissions(ResourceKind::Image) => f.write_str("the launch permissions of the image"),
            Self::Permissions(ResourceKind::Snapshot) => {
                f.write_str("the create-volume permissions of the snapshot")
            }
        }
    }
}

fn reminder(f: &mut fmt::Formatter<'_>, findings: &OpenFindings) -> fmt::Result {
    let OpenFindings { class, exposure, grantees, opened, reported, severity, .. } = findings;
    match (class, exposure) {
        (FindingClass::Lost, _) => {
            write!(f, "still without access: {}, which a rule trusts,", listed(grantees))?
        }
        (_, Exposure::Public) => f.write_str("still shared with everyone,")?,
        (_, exposure) => write!(f, "still shared with {}, {},", listed(grantees), exposure.clause())?,
    }
    let number = reported.map_or(1, |reported| reported.emails + 1);
    write!(f, "{}; email {number} about it (severity {severity})", since(opened.as_ref()))
}

/// ` since 2026-03-02T10:00:00Z (call of alice)`.
fn since(opened: Option<&ProvenTime>) -> String {
    match opened {
        None => " since when is not known".to_owned(),
        Some(ProvenTime { at, proof: Proof::Record { actor, .. } }) => {
            format!(" since {at} (call of {actor})")
        }
        Some(ProvenTime { at, .. }) => format!(" since {at} or earlier"),
    }
}

fn end(ended: &EndedFinding) -> String {
    let EndedFinding { class, grantees, confirmed, closed, .. } = ended;
    let (grantees, at) = (listed(grantees), closed.at);
    match (&closed.proof, class) {
        (Proof::LookUp, FindingClass::Lost) => format!("access restored: {grantees}, seen at {at}"),
        (Proof::LookUp, _) => {
            format!("access of {grantees} ended: {}not seen at {at}", seen_last(*confirmed))
        }
        (Proof::Rule { .. }, FindingClass::Lost) => format!("no rule trusts {grantees} any longer"),
        (Proof::Rule { .. }, _) => format!("a rule now trusts {grantees}"),
        (Proof::Gone, _) => format!("it no longer exists, and with it the access of {grantees}"),
        (Proof::Record { actor, .. }, FindingClass::Lost) => {
            format!("access restored at {at} by {actor}: {grantees}")
        }
        (Proof::Record { actor, .. }, _) => format!("access of {grantees} removed at {at} by {actor}"),
        (Proof::OwnCall { .. }, _) => format!("access of {grantees} revoked at {at} by this function"),
    }
}

fn seen_last(confirmed: Option<Timestamp>) -> String {
    confirmed.map(|at| format!("last seen at {at}, ")).unwrap_or_default()
}
