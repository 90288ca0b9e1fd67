//! Times and periods in the words of an email: `2026-03-02 10:04 UTC`, `47 minutes`.

use jiff::{SignedDuration, Timestamp};
use shared::text::count;

/// A time to the minute: `2026-03-02 10:04 UTC`.
pub(super) fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A duration in its largest unit, below two of a unit in the next smaller one: `47 minutes`, `26 hours`, `2 days`.
pub(super) fn length(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().unsigned_abs();
    let of = |seconds_of_one: u64, noun| count((seconds / seconds_of_one) as usize, noun);
    match seconds {
        0..120 => of(1, "second"),
        120..7_200 => of(60, "minute"),
        7_200..172_800 => of(3_600, "hour"),
        _ => of(86_400, "day"),
    }
}

/// A period: `from 2026-03-02 10:04 UTC to 2026-03-02 10:51 UTC, 47 minutes`.
pub(super) fn period(from: Timestamp, to: Timestamp) -> String {
    format!("from {} to {}, {}", utc(from), utc(to), length(to.duration_since(from)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_each_duration_a_unit_in_which_it_is_readable() {
        let shown = |seconds| length(SignedDuration::from_secs(seconds));
        let all = [shown(1), shown(119), shown(2_820), shown(7_199), shown(93_600), shown(172_800)];
        assert_eq!(all, ["1 second", "119 seconds", "47 minutes", "119 minutes", "26 hours", "2 days"]);
    }
}
