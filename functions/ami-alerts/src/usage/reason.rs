//! The reasons about the usage of a shared image, and their sentences.

use std::fmt;

use jiff::Timestamp;
use shared::call_error::CallError;
use shared::decision::Explain;
use shared::text::{count, list_at_most, noun, verb};

use super::AccountUse;
use crate::facts::LookupError;

/// The most accounts that a sentence names.
const MOST: usize = 10;

/// A reason or a note about the usage of an image.
#[derive(Debug, Clone, PartialEq, Eq, strum::VariantNames, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum UsageReason {
    /// Untrusted accounts use the image, and no email reported them.
    UsedOutside { accounts: Vec<AccountUse>, at: Timestamp },
    /// Untrusted accounts use the image, and an email reported all of them.
    UseReportedBefore { accounts: usize, at: Timestamp },
    /// No untrusted account uses the image.
    NotUsed { at: Timestamp },
    /// EC2 has not completed the report.
    UsagePending { at: Timestamp },
    /// The usage is not known.
    UsageUnknown { error: UsageError },
    /// A report could not be requested; the next scan tries again.
    UsageNotRequested { error: UsageError },
}

/// Why the usage of an image is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// The report could not be requested.
    #[error("no usage report could be requested: {0}")]
    NotRequested(#[source] CallError),
    /// The report could not be read.
    #[error("the usage report could not be read: {0}")]
    NotRead(#[source] LookupError),
    /// EC2 could not create the report.
    #[error("EC2 could not create the usage report: {0}")]
    NotCreated(String),
    /// EC2 no longer has the report.
    #[error("EC2 no longer has the usage report")]
    Gone,
    /// The report is not ready.
    #[error("the usage report that was requested at {0} is not ready")]
    NotReady(Timestamp),
}

impl Explain for UsageReason {
    fn code(&self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for UsageReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UsedOutside { accounts, at } => {
                let names: Vec<String> = accounts.iter().map(AccountUse::to_string).collect();
                write!(
                    f,
                    "used by {}, which no rule trusts (usage report of {at}; severity critical)",
                    list_at_most(&names, MOST)
                )
            }
            Self::UseReportedBefore { accounts, at } => {
                let uses = verb(*accounts, "uses", "use");
                write!(
                    f,
                    "{} that no rule trusts {uses} it; already reported (usage report of {at})",
                    count(*accounts, "account")
                )
            }
            Self::NotUsed { at } => write!(f, "no untrusted account uses it (usage report of {at})"),
            Self::UsagePending { at } => {
                write!(f, "the usage report that was requested at {at} is not ready")
            }
            Self::UsageUnknown { error } => write!(f, "whether it was used is not known: {error}"),
            Self::UsageNotRequested { error } => {
                write!(f, "{error}; the next daily scan requests it again")
            }
        }
    }
}

impl fmt::Display for AccountUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {} ({})", self.account, self.counts())
    }
}

impl AccountUse {
    /// The number of resources of each type: `3 instances, 1 launch template`.
    pub fn counts(&self) -> String {
        let counts = self.resources.iter().map(|(resource_type, number)| {
            let many = usize::try_from(*number).unwrap_or(usize::MAX);
            match resource_type.as_str() {
                "ec2:Instance" => format!("{number} {}", noun(many, "instance")),
                "ec2:LaunchTemplate" => format!("{number} {}", noun(many, "launch template")),
                other => format!("{number} {}", shared::text::printable(other)),
            }
        });
        counts.collect::<Vec<_>>().join(", ")
    }
}
