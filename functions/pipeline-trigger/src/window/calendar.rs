//! Decides when a window is open: the civil time of one zone, and the instants at which it changes. Pure.
//!
//! A window is a set of civil times. An instant is open if the clock on the wall of the zone shows one of these times, so
//! a time that the clock skips never occurs, and a time that the clock shows twice counts twice.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::hours::Hours;

/// How many years ahead an opening is searched for.
pub const HORIZON_YEARS: i64 = 5;

/// The same as a duration.
pub const HORIZON: SignedDuration = SignedDuration::from_hours(HORIZON_YEARS * 366 * 24);

/// The open and the closed times of a window.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// The zone whose wall clock counts.
    pub zone: TimeZone,
    /// The days on which the hours begin.
    pub days: Days,
    /// The hours. Those that end after midnight belong to the day on which they begin.
    pub hours: Vec<Hours>,
    /// Dates that are closed from 00:00 to 24:00, and on which no hours begin, with their names.
    pub holidays: BTreeMap<Date, String>,
    /// Periods that are closed.
    pub freezes: Vec<Freeze>,
    /// Events of a calendar file that are closed from one instant to another.
    pub closures: Closures,
}

/// Days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Days([bool; 7]);

/// A period in which nothing starts, in the window's civil time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    /// The first moment of it.
    pub from: DateTime,
    /// The first moment after it.
    pub until: DateTime,
    /// Why.
    pub reason: String,
}

/// A closed period between two instants.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Closure {
    /// The first instant of it.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
    /// Its name.
    pub name: String,
}

/// Closed periods, in order and apart from each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closures(Vec<Closure>);

/// Why a window is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// A freeze, with its reason.
    Freeze(String),
    /// A holiday or an event of the calendar file, with its name.
    Holiday(String),
    /// No hours of the window.
    Hours,
}

impl Days {
    /// These days.
    pub fn of(days: impl IntoIterator<Item = Weekday>) -> Self {
        let mut all = [false; 7];
        days.into_iter().for_each(|day| all[usize::from(day.to_monday_zero_offset().unsigned_abs())] = true);
        Self(all)
    }

    fn has(self, day: Weekday) -> bool {
        self.0[usize::from(day.to_monday_zero_offset().unsigned_abs())]
    }
}

impl Closures {
    /// Joins periods that touch. The name is that of the period that begins first.
    pub fn of(mut periods: Vec<Closure>) -> Self {
        periods.sort();
        let mut joined: Vec<Closure> = Vec::new();
        for period in periods {
            match joined.last_mut().filter(|last| period.from <= last.until) {
                Some(last) => last.until = last.until.max(period.until),
                None => joined.push(period),
            }
        }
        Self(joined)
    }

    fn at(&self, at: Timestamp) -> Option<&Closure> {
        let next = self.0.partition_point(|period| period.from <= at);
        self.0[..next].last().filter(|period| at < period.until)
    }
}

impl Calendar {
    /// Whether the window is open.
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.closed(at).is_none()
    }

    /// Why the window is closed; none if it is open.
    pub fn closed(&self, at: Timestamp) -> Option<Closed> {
        let wall = self.zone.to_datetime(at);
        if let Some(freeze) = self.freeze(wall) {
            return Some(Closed::Freeze(freeze.reason.clone()));
        }
        let holiday = self.holidays.get(&wall.date());
        let name = holiday.or_else(|| self.closures.at(at).map(|period| &period.name));
        if let Some(name) = name {
            return Some(Closed::Holiday(name.clone()));
        }
        let minute = minute_of(wall);
        let (begins, began) = (self.begins_on(wall.date()), wall.date().yesterday());
        let began = began.is_ok_and(|day| self.begins_on(day));
        let open = |hours: &Hours| {
            (begins && hours.has_begun(minute)) || (began && hours.is_not_over_the_day_after(minute))
        };
        (!self.hours.iter().any(open)).then_some(Closed::Hours)
    }

    /// The first instant at or after `after` at which the window is open; none if there is none within [`HORIZON`].
    pub fn next_opening(&self, after: Timestamp) -> Option<Timestamp> {
        let last = after.checked_add(HORIZON).unwrap_or(Timestamp::MAX);
        let mut at = after;
        let mut stretch = Stretch::at(&self.zone, at);
        while at <= last {
            if at >= stretch.until {
                stretch = Stretch::at(&self.zone, at);
            }
            if self.is_open(at) {
                return Some(at);
            }
            at = self.next_change(at, &stretch)?;
        }
        None
    }

    fn begins_on(&self, day: Date) -> bool {
        self.days.has(day.weekday()) && !self.holidays.contains_key(&day)
    }

    fn freeze(&self, wall: DateTime) -> Option<&Freeze> {
        self.freezes.iter().find(|freeze| freeze.from <= wall && wall < freeze.until)
    }

    /// The next instant at which a closed window may open.
    fn next_change(&self, at: Timestamp, stretch: &Stretch) -> Option<Timestamp> {
        if let Some(period) = self.closures.at(at) {
            return Some(period.until);
        }
        let wall = stretch.offset.to_datetime(at);
        let next = match self.freeze(wall) {
            Some(freeze) => freeze.until,
            None => self.next_boundary(wall)?,
        };
        // Within the stretch the wall clock runs evenly. Behind its end it is set, and the search goes on from there.
        let next = stretch.offset.to_timestamp(next).unwrap_or(Timestamp::MAX);
        let next = next.min(stretch.until);
        (next > at).then_some(next)
    }

    /// The next civil time at which a day or hours begin.
    fn next_boundary(&self, wall: DateTime) -> Option<DateTime> {
        let begins = self.hours.iter().map(|hours| hours.begin_on(wall.date()));
        let midnight = wall.date().tomorrow().ok().map(|day| day.at(0, 0, 0, 0));
        begins.filter(|begin| *begin > wall).chain(midnight).min()
    }
}

/// A stretch of time in which the wall clock runs evenly.
struct Stretch {
    offset: Offset,
    until: Timestamp,
}

impl Stretch {
    fn at(zone: &TimeZone, at: Timestamp) -> Self {
        let until = zone.following(at).next().map_or(Timestamp::MAX, |change| change.timestamp());
        Self { offset: zone.to_offset(at), until }
    }
}

fn minute_of(wall: DateTime) -> u16 {
    u16::from(wall.hour().unsigned_abs()) * 60 + u16::from(wall.minute().unsigned_abs())
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Freeze(reason) => write!(f, "freeze: {reason}"),
            Self::Holiday(name) => write!(f, "holiday: {name}"),
            Self::Hours => f.write_str("outside its hours"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn calendar(zone: &str, days: &[Weekday], hours: &[&str]) -> Calendar {
        Calendar {
            zone: TimeZone::get(zone).unwrap(),
            days: Days::of(days.iter().copied()),
            hours: hours.iter().map(|text| Hours::parse(text).unwrap()).collect(),
            holidays: BTreeMap::new(),
            freezes: Vec::new(),
            closures: Closures::default(),
        }
    }

    const WEEK: [Weekday; 7] = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];

    #[track_caller]
    fn opens(calendar: &Calendar, after: &str, at: &str) {
        let found = calendar.next_opening(after.parse().unwrap());
        assert_eq!(found, Some(at.parse().unwrap()), "after {after}, the window opens at {found:?}");
    }

    #[test]
    fn a_closed_window_opens_at_the_begin_of_its_hours() {
        let office = calendar("Europe/Berlin", &WEEK[..5], &["09:00-17:00"]);
        opens(&office, "2026-12-04T16:00:00Z", "2026-12-07T08:00:00Z");
        opens(&office, "2026-12-04T15:59:59Z", "2026-12-04T15:59:59Z");
        opens(&office, "2026-12-31T20:00:00Z", "2027-01-01T08:00:00Z");
    }

    #[test]
    fn hours_over_midnight_belong_to_the_day_on_which_they_begin() {
        let night = calendar("UTC", &[Weekday::Friday], &["22:00-06:00"]);
        assert!(night.is_open("2026-12-05T05:59:59Z".parse().unwrap()), "Saturday morning");
        assert!(!night.is_open("2026-12-05T06:00:00Z".parse().unwrap()));
        assert!(!night.is_open("2026-12-04T05:00:00Z".parse().unwrap()), "Friday morning");
        assert!(!night.is_open("2026-12-05T22:00:00Z".parse().unwrap()), "Saturday evening");
    }

    #[test]
    fn a_holiday_closes_its_day_and_the_hours_that_begin_on_it() {
        let mut night = calendar("UTC", &WEEK, &["22:00-06:00"]);
        night.holidays.insert("2026-12-25".parse().unwrap(), "Christmas".into());
        assert_eq!(
            night.closed("2026-12-25T01:00:00Z".parse().unwrap()),
            Some(Closed::Holiday("Christmas".into()))
        );
        assert!(!night.is_open("2026-12-26T01:00:00Z".parse().unwrap()), "they began on the holiday");
        opens(&night, "2026-12-25T00:00:00Z", "2026-12-26T22:00:00Z");
    }

    #[test]
    fn a_time_that_the_clock_skips_does_not_open() {
        // Clocks go from 02:00 to 03:00 on 2026-03-29.
        let skipped = calendar("Europe/Berlin", &[Weekday::Sunday], &["02:00-03:00"]);
        opens(&skipped, "2026-03-28T12:00:00Z", "2026-04-05T00:00:00Z");
        let partly = calendar("Europe/Berlin", &[Weekday::Sunday], &["02:30-04:00"]);
        opens(&partly, "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z");
    }

    #[test]
    fn a_time_that_the_clock_shows_twice_opens_twice() {
        // Clocks go from 03:00 back to 02:00 on 2026-10-25.
        let twice = calendar("Europe/Berlin", &[Weekday::Sunday], &["02:15-02:45"]);
        opens(&twice, "2026-10-24T12:00:00Z", "2026-10-25T00:15:00Z");
        opens(&twice, "2026-10-25T00:45:00Z", "2026-10-25T01:15:00Z");
        opens(&twice, "2026-10-25T01:45:00Z", "2026-11-01T01:15:00Z");
    }

    #[test]
    fn zones_with_half_hours_and_a_skipped_day_are_exact() {
        // Lord Howe moves its clock by half an hour: 02:00 becomes 02:30 on 2026-10-04.
        let howe = calendar("Australia/Lord_Howe", &[Weekday::Sunday], &["02:10-02:40"]);
        opens(&howe, "2026-10-03T12:00:00Z", "2026-10-03T15:30:00Z");
        let nepal = calendar("Asia/Kathmandu", &WEEK, &["09:00-10:00"]);
        opens(&nepal, "2026-12-01T00:00:00Z", "2026-12-01T03:15:00Z");
        // Samoa had no 2011-12-30, a Friday.
        let apia = calendar("Pacific/Apia", &[Weekday::Friday], &["00:00-24:00"]);
        opens(&apia, "2011-12-25T00:00:00Z", "2012-01-05T10:00:00Z");
        let apia = calendar("Pacific/Apia", &WEEK, &["12:00-13:00"]);
        opens(&apia, "2011-12-29T23:30:00Z", "2011-12-30T22:00:00Z");
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_begins_when_it_begins() {
        // In Beirut, 00:00 became 01:00 on 2022-03-27.
        let beirut = calendar("Asia/Beirut", &[Weekday::Sunday], &["00:00-02:00"]);
        opens(&beirut, "2022-03-26T12:00:00Z", "2022-03-26T22:00:00Z");
    }

    #[test]
    fn a_freeze_and_an_event_end_when_they_say() {
        let mut always = calendar("America/New_York", &WEEK, &["00:00-24:00"]);
        always.freezes.push(Freeze {
            from: "2026-12-20T00:00".parse().unwrap(),
            until: "2027-01-04T00:00".parse().unwrap(),
            reason: "year end".into(),
        });
        opens(&always, "2026-12-20T05:00:00Z", "2027-01-04T05:00:00Z");
        opens(&always, "2026-12-20T04:59:59Z", "2026-12-20T04:59:59Z");
        let closure = |from: &str, until: &str, name: &str| Closure {
            from: from.parse().unwrap(),
            until: until.parse().unwrap(),
            name: name.into(),
        };
        always.closures = Closures::of(vec![
            closure("2027-01-04T06:00:00Z", "2027-01-04T07:30:00Z", "b"),
            closure("2027-01-04T04:00:00Z", "2027-01-04T06:00:00Z", "a"),
        ]);
        opens(&always, "2026-12-24T00:00:00Z", "2027-01-04T07:30:00Z");
    }

    #[test]
    fn a_leap_day_is_a_day() {
        let leap = calendar("UTC", &[Weekday::Tuesday], &["09:00-10:00"]);
        opens(&leap, "2028-02-28T23:00:00Z", "2028-02-29T09:00:00Z");
    }

    #[test]
    fn a_window_without_days_or_hours_never_opens() {
        let now: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
        assert_eq!(calendar("Europe/Berlin", &[], &["09:00-17:00"]).next_opening(now), None);
        assert_eq!(calendar("Europe/Berlin", &WEEK, &[]).next_opening(now), None);
        let max = calendar("Europe/Berlin", &[], &["09:00-17:00"]);
        assert_eq!(max.next_opening(Timestamp::MAX), None);
        assert_eq!(max.next_opening(Timestamp::MIN), None);
    }

    /// The oldest way: minute after minute.
    fn walked(calendar: &Calendar, after: Timestamp, minutes: i64) -> Option<Timestamp> {
        if calendar.is_open(after) {
            return Some(after);
        }
        let first = after.as_second().div_euclid(60) + 1;
        let mut all = (first..=first + minutes).map(|minute| Timestamp::from_second(minute * 60).unwrap());
        all.find(|at| calendar.is_open(*at))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn the_next_opening_is_that_of_a_walk(
            zone in prop::sample::select(vec![
                "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Havana",
                "Africa/Casablanca", "America/St_Johns", "Asia/Tehran", "America/Sao_Paulo", "Pacific/Chatham", "UTC",
            ]),
            days in prop::array::uniform7(any::<bool>()),
            hours in prop::collection::vec((0u16..1440, 1u16..=1440), 0..3),
            second in 1_262_304_000i64..1_893_456_000,
            near_change in any::<bool>(),
            holidays in prop::collection::vec(0i64..12, 0..4),
            freeze in prop::option::of((0i64..240, 1i64..60)),
            closure in prop::option::of((0i64..10_000, 1i64..3_000)),
        ) {
            let mut calendar = calendar(zone, &[], &[]);
            calendar.days = Days(days);
            calendar.hours = hours.iter().filter(|(from, until)| from != until)
                .map(|(from, until)| Hours { from: *from, until: *until }).collect();
            let mut after = Timestamp::from_second(second).unwrap();
            if near_change && let Some(change) = calendar.zone.following(after).next() {
                after = change.timestamp() - SignedDuration::from_hours(30);
            }
            let minute = Timestamp::from_second(after.as_second().div_euclid(60) * 60).unwrap();
            let begin = calendar.zone.to_datetime(minute);
            for day in holidays {
                let date = begin.date().saturating_add(SignedDuration::from_hours(24 * day));
                calendar.holidays.insert(date, "holiday".into());
            }
            if let Some((from, long)) = freeze {
                let from = begin.saturating_add(SignedDuration::from_hours(from));
                let until = from.saturating_add(SignedDuration::from_hours(long));
                calendar.freezes.push(Freeze { from, until, reason: "freeze".into() });
            }
            if let Some((from, long)) = closure {
                let from = minute + SignedDuration::from_mins(from);
                let until = from + SignedDuration::from_mins(long);
                calendar.closures = Closures::of(vec![Closure { from, until, name: "event".into() }]);
            }
            const WALK: i64 = 60 * 24 * 21;
            let found = calendar.next_opening(after);
            match walked(&calendar, after, WALK) {
                Some(at) => prop_assert_eq!(found, Some(at)),
                None => prop_assert!(found.is_none_or(|at| at > after + SignedDuration::from_mins(WALK))),
            }
        }
    }
}
