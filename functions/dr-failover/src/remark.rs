//! The notes of this function: observations that decided nothing.

use std::fmt;

use shared::decision::Explain;

use shared::table_error::TableError;

/// An observation.
#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Remark {
    /// The email was sent or refused, and the table does not have that.
    NotConfirmed {
        /// The table's error.
        error: TableError,
    },
    /// Another invocation is about to send the email.
    BeingTold,
    /// An earlier delivery of the event sent the email.
    EmailedBefore,
}

impl Explain for Remark {
    fn code(&self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConfirmed { error } => write!(
                f,
                "the table did not record the result of the email ({error}): the email may be sent once more"
            ),
            Self::EmailedBefore => f.write_str(
                "an earlier delivery of this event sent the email. While the table does not answer, every twelfth delivery from the \
                 queue sends it again",
            ),
            Self::BeingTold => f.write_str(
                "another invocation is about to send this email; if it does not, a later invocation does",
            ),
        }
    }
}
