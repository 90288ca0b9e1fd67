//! What a person should know that decided nothing.

use std::fmt;

use shared::decision::Explain;

/// A remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// Something could not be looked up.
    NotSeen { what: &'static str, why: String },
    /// The rule of the image depends on tags that are not known.
    RuleUncertain,
    /// The table did not answer, or there is none: a repeat of the event would be mailed again.
    NotRemembered { why: String },
    /// The mail went out, and the table does not know.
    NotConfirmed { error: String },
    /// reconcile may mail the same again.
    ShareNotRemembered { error: String },
}

impl Explain for Remark {
    fn code(&self) -> &'static str {
        match self {
            Self::NotSeen { .. } => "not-seen",
            Self::RuleUncertain => "rule-uncertain",
            Self::NotRemembered { .. } => "not-remembered",
            Self::NotConfirmed { .. } => "not-confirmed",
            Self::ShareNotRemembered { .. } => "share-not-remembered",
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSeen { what, why } => write!(f, "{what} could not be looked up ({why})"),
            Self::RuleUncertain => {
                f.write_str("its tags are not known, and a rule that looks at tags may be its own")
            }
            Self::NotRemembered { why } => {
                write!(
                    f,
                    "the table could not be asked whether this was mailed ({why}): it is mailed, perhaps again"
                )
            }
            Self::NotConfirmed { error } => {
                write!(
                    f,
                    "that it was mailed could not be remembered ({error}): a repeat of the event is mailed again"
                )
            }
            Self::ShareNotRemembered { error } => {
                write!(f, "who may use it could not be remembered ({error}): reconcile may mail it again")
            }
        }
    }
}
