//! The remarks of this function: observations for the operator that decided nothing.

use std::fmt;

use shared::decision::Explain;
use shared::text::count;

use crate::claim::AlertTableError;
use crate::facts::{FactName, LookupError};
use crate::history::{CallTime, TimeSource};

/// A remark.
#[derive(Debug, Clone, PartialEq, Eq, strum::VariantNames, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Remark {
    /// A fact could not be read.
    #[strum(serialize = "not-seen")]
    NotFound { fact: FactName, error: LookupError },
    /// A rule that selects images by tags may cover the image, and the tags are unknown.
    RuleUncertain,
    /// The table did not say what was reported before.
    NotRemembered { error: AlertTableError },
    /// The claim of an email that was not sent could not be released.
    #[strum(serialize = "not-remembered")]
    NotReleased { error: AlertTableError },
    /// The email was sent, and the table could not record it.
    NotConfirmed { error: AlertTableError },
    /// Access was revoked, and the table could not record it.
    RevertNotRecorded { error: AlertTableError },
    /// Another invocation had claimed the event, and this one waited for it.
    Waited { seconds: u64 },
    /// The table could not record the findings of an image or a snapshot.
    FindingNotRemembered { error: AlertTableError },
    /// The record has no time that could be read.
    TimeUnknown { time: CallTime },
}

impl Explain for Remark {
    fn code(&self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { fact: FactName::Memory, error } => {
                write!(f, "earlier findings could not be read ({error}); the email states none of them")
            }
            Self::NotFound { fact, error } => write!(f, "{fact} could not be read ({error})"),
            Self::RuleUncertain => {
                f.write_str("the tags or images that decide which rule covers it could not be read")
            }
            Self::NotRemembered { error } => {
                write!(
                    f,
                    "earlier reports could not be read from the table ({error}); the email may be a repeat"
                )
            }
            Self::NotReleased { error } => {
                write!(
                    f,
                    "the claim could not be released ({error}); other invocations wait until it expires"
                )
            }
            Self::NotConfirmed { error } => {
                write!(
                    f,
                    "the email was sent, but the table could not record it ({error}); a repeat of the event is emailed \
                     again"
                )
            }
            Self::RevertNotRecorded { error } => {
                write!(
                    f,
                    "access was revoked, but the table could not record it ({error}); if the email fails, a retry revokes \
                     the access again"
                )
            }
            Self::Waited { seconds } => {
                write!(
                    f,
                    "waited {} for another invocation with this event",
                    count(*seconds as usize, "second")
                )
            }
            Self::FindingNotRemembered { error } => {
                write!(
                    f,
                    "the table could not record the findings ({error}); the daily scan may report them again"
                )
            }
            Self::TimeUnknown { time: CallTime { at, source } } => {
                let used = match source {
                    TimeSource::Record => "its time",
                    TimeSource::Event => "the time of the event",
                    TimeSource::Arrival => "the time of its arrival",
                };
                write!(f, "the record has no time that could be read; {used} counts ({at})")
            }
        }
    }
}
