//! When an open finding is emailed again.

use jiff::{SignedDuration, Timestamp};

use crate::exposure::Exposure;
use crate::memory::EmailedReports;
use crate::rules::Reminder;

/// A scan starts a little earlier or later than the one of the day before, and reaches a region sooner or later.
const TOLERANCE: SignedDuration = SignedDuration::from_hours(1);

const DAY: SignedDuration = SignedDuration::from_hours(24);

const WEEK: SignedDuration = SignedDuration::from_hours(24 * 7);

/// Whether an open finding is emailed again at `now`. The time counts from the last email, so that a reminder that a scan
/// missed is emailed by the next one.
pub(super) fn is_due(
    remind: Reminder,
    exposure: Exposure,
    reported: &EmailedReports,
    now: Timestamp,
) -> bool {
    let is_new = now.duration_since(reported.first) <= WEEK + TOLERANCE;
    let period = match remind {
        Reminder::Never => return false,
        Reminder::Daily => DAY,
        Reminder::ByExposure if exposure == Exposure::Public && is_new => DAY,
        Reminder::ByExposure | Reminder::Weekly => WEEK,
    };
    now.duration_since(reported.last) >= period - TOLERANCE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::severity::Severity;

    /// The days on which a finding that was emailed on day 0 is emailed again, if a scan runs at the same time each day.
    fn days(remind: Reminder, exposure: Exposure, scans: impl Fn(i64) -> SignedDuration) -> Vec<i64> {
        let first = Timestamp::UNIX_EPOCH;
        let mut reported = EmailedReports { severity: Severity::Critical, first, last: first, emails: 1 };
        let is_reminded = |day: &i64| {
            let now = first + scans(*day);
            let due = is_due(remind, exposure, &reported, now);
            if due {
                reported = EmailedReports { last: now, emails: reported.emails + 1, ..reported };
            }
            due
        };
        (1..=30).filter(is_reminded).collect()
    }

    fn daily(day: i64) -> SignedDuration {
        SignedDuration::from_hours(24 * day)
    }

    /// Scans up to 25 minutes too early and too late.
    fn jittery(day: i64) -> SignedDuration {
        daily(day) + SignedDuration::from_mins((day * 17) % 50 - 25)
    }

    #[test]
    fn is_a_public_finding_emailed_daily_for_a_week_and_then_weekly() {
        let expected = [1, 2, 3, 4, 5, 6, 7, 14, 21, 28];
        assert_eq!(days(Reminder::ByExposure, Exposure::Public, daily), expected);
        assert_eq!(days(Reminder::ByExposure, Exposure::Public, jittery), expected);
    }

    #[test]
    fn does_a_rule_set_the_period() {
        assert_eq!(days(Reminder::ByExposure, Exposure::Account, daily), [7, 14, 21, 28]);
        assert_eq!(days(Reminder::Weekly, Exposure::Public, jittery), [7, 14, 21, 28]);
        assert_eq!(days(Reminder::Daily, Exposure::Unit, jittery), (1..=30).collect::<Vec<_>>());
        assert_eq!(days(Reminder::Never, Exposure::Public, daily), [0; 0]);
    }

    #[test]
    fn is_a_missed_reminder_emailed_by_the_next_scan() {
        // No scan from day 7 to day 9.
        let scans = |day| if (7..=9).contains(&day) { daily(6) } else { daily(day) };
        let expected = [1, 2, 3, 4, 5, 6, 13, 20, 27];
        assert_eq!(days(Reminder::ByExposure, Exposure::Public, scans), expected);
        let scans = |day| if (5..=6).contains(&day) { daily(4) } else { daily(day) };
        assert_eq!(days(Reminder::Weekly, Exposure::Account, scans), [7, 14, 21, 28]);
    }

    #[test]
    fn do_several_scans_a_day_remind_once() {
        let hourly = |hour| SignedDuration::from_hours(hour);
        assert_eq!(days(Reminder::Daily, Exposure::Public, hourly), [23]);
    }
}
