//! Durations, moments and beginnings of sentences.

use jiff::{SignedDuration, Timestamp};

/// A duration in whole seconds: `5m`, `1h 30m`.
pub fn short_duration(duration: SignedDuration) -> String {
    let whole = SignedDuration::from_secs(duration.as_secs());
    // jiff prints a negative duration as `5m ago`.
    if whole.is_negative() { format!("-{:#}", -whole) } else { format!("{whole:#}") }
}

/// A clause as the beginning of a sentence.
pub fn capitalized(clause: &str) -> String {
    let mut letters = clause.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A moment for an operator: `2026-03-02 10:00:00 UTC`.
pub fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn does_no_duration_say_ago() {
        assert_eq!(short_duration(SignedDuration::from_secs(-600)), "-10m");
        assert_eq!(short_duration(SignedDuration::from_secs(3_690)), "1h 1m 30s");
        assert_eq!(short_duration(SignedDuration::ZERO), "0s");
    }
}
