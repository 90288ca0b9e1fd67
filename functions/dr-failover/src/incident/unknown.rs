//! Reads values that a later version of the function wrote: one unknown value must not make a whole incident unreadable.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};

use super::{HoldEnd, IncidentEnd, RefusalCause};

/// A value that is known here, or another one.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredOrUnknown<T> {
    Known(T),
    Named(NamedKind),
    Unknown(IgnoredAny),
}

/// The kind of a value that is unknown here.
#[derive(Deserialize)]
struct NamedKind {
    kind: String,
}

impl<T> StoredOrUnknown<T> {
    /// The known value, or the one that `otherwise` makes from a sentence.
    fn or(self, otherwise: impl FnOnce(String) -> T) -> T {
        match self {
            Self::Known(value) => value,
            Self::Named(NamedKind { kind }) => {
                otherwise(format!("this version of the function does not know the reason `{kind}`"))
            }
            Self::Unknown(IgnoredAny) => {
                otherwise("this version of the function does not know the reason".to_owned())
            }
        }
    }
}

/// The values of a list that are known here.
pub(super) fn known<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let values = Vec::<StoredOrUnknown<T>>::deserialize(deserializer)?.into_iter();
    let known = values.filter_map(|value| match value {
        StoredOrUnknown::Known(value) => Some(value),
        StoredOrUnknown::Named(_) | StoredOrUnknown::Unknown(_) => None,
    });
    Ok(known.collect())
}

/// The cause of a refusal. The refusal itself must stay: it delays the next start.
pub(super) fn cause<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RefusalCause, D::Error> {
    Ok(StoredOrUnknown::deserialize(deserializer)?.or(|text| RefusalCause::Earlier { text }))
}

/// Why a block ended.
pub(super) fn hold_end<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HoldEnd, D::Error> {
    Ok(StoredOrUnknown::deserialize(deserializer)?.or(|_| HoldEnd::Other))
}

/// The end of an incident.
pub(super) fn end<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IncidentEnd>, D::Error> {
    let stored = Option::<StoredOrUnknown<IncidentEnd>>::deserialize(deserializer)?;
    Ok(stored.map(|stored| stored.or(|text| IncidentEnd::Earlier { text })))
}
