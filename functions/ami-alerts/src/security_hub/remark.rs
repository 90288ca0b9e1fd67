//! The notes about Security Hub, and their sentences.

use std::fmt;

use shared::call_error::CallError;
use shared::decision::Explain;
use shared::text::{count, verb};

/// A note about an import into Security Hub. No import stops an email, and the next scan imports what is missing.
#[derive(Debug, Clone, PartialEq, Eq, strum::VariantNames, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum HubRemark {
    /// The call failed.
    NotImported { findings: usize, error: CallError },
    /// Security Hub refused some findings of a call.
    ImportRefused { findings: usize, why: String },
}

impl Explain for HubRemark {
    fn code(&self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for HubRemark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (findings, refusal) = match self {
            Self::NotImported { findings, error } => {
                (findings, format!("could not be imported into Security Hub ({error})"))
            }
            Self::ImportRefused { findings, why } => {
                let was = verb(*findings, "was", "were");
                (findings, format!("{was} refused by Security Hub ({why})"))
            }
        };
        write!(f, "{} {refusal}; the next daily scan tries again", count(*findings, "finding"))
    }
}
