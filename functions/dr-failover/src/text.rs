//! Durations, moments and beginnings of sentences.

use jiff::{SignedDuration, Timestamp};

/// From so many hours on a duration is written in days.
const LONG: i64 = 1_000;

/// A duration in whole seconds: `5m`, `1h 30m`. A very long one is in days.
pub fn short_duration(duration: SignedDuration) -> String {
    let whole = SignedDuration::from_secs(duration.as_secs());
    if whole.as_hours().abs() >= LONG {
        return format!("{} days", whole.as_hours() / 24);
    }
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
        assert_eq!(short_duration(SignedDuration::from_hours(69_897_154)), "2912381 days");
    }
}
