//! What a person should know that decided nothing.

use std::fmt;

use shared::decision::Explain;

/// A remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// The mail went out, and the table does not know.
    NotConfirmed { error: String },
    /// Another invocation is about to mail it.
    BeingTold,
}

impl Explain for Remark {
    fn code(&self) -> &'static str {
        match self {
            Self::NotConfirmed { .. } => "not-confirmed",
            Self::BeingTold => "being-told",
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConfirmed { error } => {
                write!(f, "that it was mailed could not be written down ({error}): it may be mailed again")
            }
            Self::BeingTold => {
                f.write_str("another invocation is about to mail this; if it does not, a later one does")
            }
        }
    }
}
