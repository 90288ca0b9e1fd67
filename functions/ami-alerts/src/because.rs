//! The reasons of this function beside its findings: code and sentence of why an event is reported, reverted or skipped.

use std::fmt;

use shared::call_error::CallError;
use shared::config::Place;
use shared::decision::{Evidence, Explain};
use shared::event::MalformedEvent;
use shared::text::{count, list_at_most};

use crate::event::UnrelatedEvent;
use crate::facts::LookupError;
use crate::grantee::Grantee;
use crate::revert_plan::RevertBlock;
use crate::severity::Severity;

/// A reason.
#[derive(Debug, Clone, PartialEq, Eq, strum::VariantNames, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Because {
    /// This function does not handle the event.
    #[strum(serialize = "not-ours")]
    NotOurs(UnrelatedEvent),
    /// A record of a log file cannot be read.
    MalformedRecord { number: usize, error: MalformedEvent },
    /// The time ended before all records of a log file were handled.
    RecordsLeft { left: usize },
    /// The call changed an attribute that grants no access.
    OtherAttribute { attribute: String },
    /// This function made the call.
    OwnCall,
    /// The rule asks for no email about changes of this severity.
    Muted { severity: Severity, from: Severity, rule: Place },
    /// An email reported the event.
    #[strum(serialize = "mailed-already")]
    EmailedBefore { at: String },
    /// Another invocation has claimed the event.
    #[strum(serialize = "being-mailed")]
    ClaimedByAnother,
    /// The access of these grantees was revoked.
    Reverted { grantees: Vec<Grantee>, rule: Option<Place> },
    /// The access of these grantees could not be revoked.
    RevertFailed { grantees: Vec<Grantee>, error: CallError },
    /// A rule asks for a revert, and this blocks it.
    #[strum(serialize = "revert-held")]
    RevertBlocked { block: RevertBlock },
    /// The email could not be sent.
    #[strum(serialize = "mail-failed")]
    EmailFailed { error: CallError },
    /// Every grantee of a scanned image is trusted.
    #[strum(serialize = "as-the-rules-want")]
    OnlyTrusted,
    /// An email reported the same shares of a scanned image.
    ReportedBefore,
    /// The daily scan could not read something.
    Unreadable { what: ScanRead, error: LookupError },
    /// EC2 throttles the daily scan.
    Throttled { left: usize },
    /// The daily scan ran out of time.
    NoTimeLeft { left: usize },
}

/// Something that the daily scan reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanRead {
    /// The public images of the region.
    PublicImages,
    /// All images of the region.
    Images,
    /// The launch permissions of one image.
    LaunchPermissions,
}

impl Explain for Because {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn evidence(&self) -> Evidence {
        let rule = match self {
            Self::Reverted { rule, .. } => rule.as_ref(),
            Self::Muted { rule, .. } => Some(rule),
            _ => None,
        };
        Evidence { config: rule.map(ToString::to_string), ..Evidence::default() }
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOurs(event) => event.fmt(f),
            Self::MalformedRecord { number, error } => write!(f, "record {number} is malformed: {error}"),
            Self::RecordsLeft { left } => write!(
                f,
                "the time ended with {} left; Lambda's retry skips the records that were emailed",
                count(*left, "record")
            ),
            Self::OtherAttribute { attribute } => {
                write!(f, "the call changed `{attribute}`, which neither grants nor revokes access")
            }
            Self::OwnCall => {
                f.write_str("this function made the call to revert a share, and has already reported it")
            }
            Self::Muted { severity, from, .. } => {
                write!(f, "no email: the severity is {severity}, and the rule mutes changes below {from}")
            }
            Self::EmailedBefore { at } => write!(f, "an email about this event was sent at {at}"),
            Self::ClaimedByAnother => f.write_str(
                "another invocation has claimed this event, and still had the claim when the time of this one ended; this one \
                 fails, so that Lambda retries it and the event is not lost",
            ),
            Self::Reverted { grantees, .. } => {
                write!(f, "access revoked from {}, as the rule asks", listed(grantees))
            }
            Self::RevertFailed { grantees, error } => {
                write!(f, "access could not be revoked from {} ({error})", listed(grantees))
            }
            Self::RevertBlocked { block } => {
                write!(f, "the rule asks for a revert, which is blocked: {block}")
            }
            Self::EmailFailed { error } => write!(f, "the email could not be sent ({error})"),
            Self::OnlyTrusted => f.write_str("only trusted accounts can use it"),
            Self::ReportedBefore => f.write_str("an untrusted grantee can still use it; already reported"),
            Self::Unreadable { what, error } => write!(f, "{what} could not be read ({error})"),
            Self::Throttled { left } => {
                write!(f, "EC2 throttles the scan with {} left; {NEXT_SCAN}", count(*left, "image"))
            }
            Self::NoTimeLeft { left } => {
                write!(f, "the scan ran out of time with {} left; {NEXT_SCAN}", count(*left, "image"))
            }
        }
    }
}

/// Why images that a scan leaves out are scanned some day.
const NEXT_SCAN: &str = "the next scan starts at another image";

impl fmt::Display for ScanRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PublicImages => "the list of public images",
            Self::Images => "the list of images",
            Self::LaunchPermissions => "the launch permissions of the image",
        })
    }
}

/// The most grantees that a sentence names.
const MOST: usize = 10;

fn listed(grantees: &[Grantee]) -> String {
    list_at_most(&grantees.iter().map(Grantee::to_string).collect::<Vec<_>>(), MOST)
}
