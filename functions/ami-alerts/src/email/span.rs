//! Times and durations of emails and reasons: `10:05:12 UTC`, `10:04 to 10:51 UTC, 47 minutes`.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use shared::text::{count, list};

/// A time with its date, unless that is the date of `near`: `10:05:12 UTC`, `2026-03-03 10:05:12 UTC`.
pub(crate) fn moment(at: Timestamp, near: Option<Timestamp>) -> String {
    let form = if near.map(date) == Some(date(at)) { "%H:%M:%S" } else { "%F %H:%M:%S" };
    format!("{} UTC", at.strftime(form))
}

/// A time to the minute: `2026-03-02 10:04 UTC`.
pub(crate) fn utc(at: Timestamp) -> String {
    at.strftime("%F %H:%M UTC").to_string()
}

/// A time of AWS's form in the form of an email, and any other text as it is.
pub(crate) fn readable(text: &str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), |at| moment(at, None))
}

/// A time span with its length: `10:04 to 10:51 UTC, 47 minutes`. Each end has its date, unless both have the date of `near`.
pub(crate) fn span(from: Timestamp, to: Timestamp, near: Option<Timestamp>) -> String {
    format!("{}, {}", ends(from, to, near), duration(to.duration_since(from)))
}

/// The ends of a time span: `10:04 to 10:51 UTC`.
pub(crate) fn ends(from: Timestamp, to: Timestamp, near: Option<Timestamp>) -> String {
    let is_same_day = date(from) == date(to);
    // Two equal minutes would hide the length.
    let time = if minute(from) == minute(to) { "%H:%M:%S" } else { "%H:%M" };
    let dated = format!("%F {time}");
    let first = if is_same_day && near.map(date) == Some(date(from)) { time } else { &dated };
    let last = if is_same_day { time } else { &dated };
    format!("{} to {} UTC", from.strftime(first), to.strftime(last))
}

/// A length in its two largest units: `47 minutes`, `1 hour and 5 minutes`, `2 days and 3 hours`.
pub(crate) fn duration(length: SignedDuration) -> String {
    let seconds = length.as_secs().unsigned_abs();
    let units = [("day", 86_400, u64::MAX), ("hour", 3_600, 24), ("minute", 60, 60), ("second", 1, 60)];
    let parts: Vec<(u64, &str)> = units.map(|(name, size, wrap)| (seconds / size % wrap, name)).to_vec();
    let first = parts.iter().position(|(number, _)| *number > 0).unwrap_or(parts.len() - 1);
    // Seconds beside hours or days are noise, and so they are beside ten minutes.
    let is_long = seconds >= 600;
    let shown = parts.iter().skip(first).take(2).enumerate();
    let shown =
        shown.filter(|(at, (number, name))| *at == 0 || (*number > 0 && !(is_long && *name == "second")));
    list(shown.map(|(_, (number, name))| count(usize::try_from(*number).unwrap_or(usize::MAX), name)))
}

fn date(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn is_a_time_of_aws_readable_and_another_text_unchanged() {
        assert_eq!(readable("2026-01-12T08:00:00.000Z"), "2026-01-12 08:00:00 UTC");
        assert_eq!(readable("yesterday"), "yesterday");
        assert_eq!(utc(at("2026-03-02T10:04:59Z")), "2026-03-02 10:04 UTC");
    }

    #[test]
    fn is_a_length_shown_in_its_largest_units() {
        let shown = |seconds| duration(SignedDuration::from_secs(seconds));
        assert_eq!(shown(0), "0 seconds");
        assert_eq!(shown(40), "40 seconds");
        assert_eq!(shown(61), "1 minute and 1 second");
        assert_eq!(shown(47 * 60 + 12), "47 minutes");
        assert_eq!(shown(3_600), "1 hour");
        assert_eq!(shown(3_900), "1 hour and 5 minutes");
        assert_eq!(shown(2 * 86_400 + 3 * 3_600 + 59), "2 days and 3 hours");
    }

    #[test]
    fn does_a_span_name_its_dates_unless_they_are_known() {
        let (from, to) = (at("2026-03-02T10:04:12Z"), at("2026-03-02T10:51:20Z"));
        assert_eq!(span(from, to, Some(to)), "10:04 to 10:51 UTC, 47 minutes");
        assert_eq!(span(from, to, None), "2026-03-02 10:04 to 10:51 UTC, 47 minutes");
        let next = at("2026-03-03T11:04:12Z");
        assert_eq!(span(from, next, Some(to)), "2026-03-02 10:04 to 2026-03-03 11:04 UTC, 1 day and 1 hour");
        let soon = at("2026-03-02T10:04:40Z");
        assert_eq!(span(from, soon, Some(to)), "10:04:12 to 10:04:40 UTC, 28 seconds");
        assert_eq!(moment(from, Some(to)), "10:04:12 UTC");
        assert_eq!(moment(from, Some(next)), "2026-03-02 10:04:12 UTC");
    }
}
