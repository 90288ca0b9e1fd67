//! The time that counts as now: the system's clock, or `POINTSMAN_NOW` for a replay.

use jiff::Timestamp;

use crate::token::client_token;

/// The variable that sets the time (RFC 3339, as in `2026-03-02T10:00:00Z`).
pub const VARIABLE: &str = "POINTSMAN_NOW";

/// `POINTSMAN_NOW` is not a time.
#[derive(Debug, thiserror::Error)]
#[error("POINTSMAN_NOW is `{value}`, which is not a time such as 2026-03-02T10:00:00Z")]
pub struct ClockError {
    value: String,
    source: jiff::Error,
}

/// Now.
///
/// # Errors
/// When `POINTSMAN_NOW` is set and is not RFC 3339.
pub fn now() -> Result<Timestamp, ClockError> {
    match std::env::var(VARIABLE) {
        Ok(value) if !value.is_empty() => value.parse().map_err(|source| ClockError { value, source }),
        _ => Ok(Timestamp::now()),
    }
}

/// Whether `POINTSMAN_NOW` sets the time.
pub fn is_set() -> bool {
    std::env::var(VARIABLE).is_ok_and(|value| !value.is_empty())
}

/// The index among `count` items at which a run at `now` begins, so that every item is reached even if no run has time for
/// all. The index is a hash, because the hour alone would be the same in every run of a daily schedule.
pub fn elsewhere(now: Timestamp, count: usize) -> usize {
    let hash = client_token([now.to_string().as_str()]);
    usize::from_str_radix(&hash[..8], 16).unwrap_or_default().checked_rem(count).unwrap_or_default()
}
