//! The moment a decision is made at: the system's clock, or `POINTSMAN_NOW` for replaying as of a moment.

use jiff::Timestamp;

use crate::token::client_token;

/// The variable that sets the moment (RFC 3339, as in `2026-03-02T10:00:00Z`).
pub const VARIABLE: &str = "POINTSMAN_NOW";

/// `POINTSMAN_NOW` is set to something that is not a moment.
#[derive(Debug, thiserror::Error)]
#[error("POINTSMAN_NOW is `{value}`, which is not a moment such as 2026-03-02T10:00:00Z")]
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

/// Where among `count` things a run at `now` begins, so that each gets its turn where there is not time for all: a hash, since
/// the hour alone would come round to the same place with every run of a schedule.
pub fn elsewhere(now: Timestamp, count: usize) -> usize {
    let hash = client_token([now.to_string().as_str()]);
    usize::from_str_radix(&hash[..8], 16).unwrap_or_default().checked_rem(count).unwrap_or_default()
}
