//! Durations, moments and beginnings of sentences.

use jiff::{SignedDuration, Timestamp};

/// A duration in whole seconds: `5m`, `1h 30m`.
pub fn short_duration(duration: SignedDuration) -> String {
    let whole = SignedDuration::from_secs(duration.as_secs());
    format!("{whole:#}")
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
