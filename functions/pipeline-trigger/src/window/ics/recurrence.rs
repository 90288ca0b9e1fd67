//! Recurrence rules of a calendar file ("Recurrence Rule", RFC 5545, 3.3.10): daily, weekly, monthly and yearly ones.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::{Span, ToSpan as _};

use super::lines::{ContentLine, shortened};
use super::moment::{IcsMoment, date};
use super::{IcsMistake, IcsProblem, LAST_YEAR};

/// How an event recurs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Recurrence {
    frequency: Frequency,
    interval: i32,
    end: RecurrenceEnd,
    months: Vec<i8>,
    month_days: Vec<i8>,
    /// Weekdays, with the number of the one of the month or the year; 0 for each of them.
    week_days: Vec<(i16, Weekday)>,
    positions: Vec<i16>,
    week_start: Weekday,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// The last occurrence.
#[derive(Debug, Clone, PartialEq)]
enum RecurrenceEnd {
    Never,
    Count(usize),
    Until(IcsMoment),
}

const WEEK: [(&str, Weekday); 7] = [
    ("MO", Weekday::Monday),
    ("TU", Weekday::Tuesday),
    ("WE", Weekday::Wednesday),
    ("TH", Weekday::Thursday),
    ("FR", Weekday::Friday),
    ("SA", Weekday::Saturday),
    ("SU", Weekday::Sunday),
];

impl Recurrence {
    pub(super) fn read(line: &ContentLine, start: &IcsMoment) -> Result<Self, IcsProblem> {
        let mut read = Self {
            frequency: Frequency::Daily,
            interval: 1,
            end: RecurrenceEnd::Never,
            months: Vec::new(),
            month_days: Vec::new(),
            week_days: Vec::new(),
            positions: Vec::new(),
            week_start: Weekday::Monday,
        };
        let mut seen: Vec<String> = Vec::new();
        for part in line.value.trim().split(';') {
            let not_understood = || line.problem(IcsMistake::Recurrence(shortened(part)));
            let (name, value) = part.split_once('=').ok_or_else(not_understood)?;
            let (name, value) = (name.trim().to_ascii_uppercase(), value.trim().to_ascii_uppercase());
            if seen.contains(&name) {
                return Err(not_understood());
            }
            read.take(&name, &value, start).ok_or_else(not_understood)?;
            seen.push(name);
        }
        let has = |name: &str| seen.iter().any(|seen| seen == name);
        if !has("FREQ") {
            return Err(line.problem(IcsMistake::Recurrence("FREQ".to_owned())));
        }
        if has("COUNT") && has("UNTIL") {
            return Err(line.problem(IcsMistake::Recurrence("COUNT with UNTIL".to_owned())));
        }
        read.combines().map_err(|part| line.problem(IcsMistake::Recurrence(part.to_owned())))?;
        Ok(read)
    }

    fn take(&mut self, name: &str, value: &str, start: &IcsMoment) -> Option<()> {
        match name {
            "FREQ" => {
                self.frequency = match value {
                    "DAILY" => Frequency::Daily,
                    "WEEKLY" => Frequency::Weekly,
                    "MONTHLY" => Frequency::Monthly,
                    "YEARLY" => Frequency::Yearly,
                    _ => return None,
                }
            }
            "INTERVAL" => {
                self.interval = value.parse().ok().filter(|number| (1..=10_000).contains(number))?
            }
            "COUNT" => self.end = RecurrenceEnd::Count(value.parse().ok().filter(|count| *count > 0)?),
            "UNTIL" => self.end = RecurrenceEnd::Until(until(value, start)?),
            "BYMONTH" => self.months = numbers(value, 1, 12, false)?,
            "BYMONTHDAY" => self.month_days = numbers(value, 1, 31, true)?,
            "BYDAY" => self.week_days = value.split(',').map(numbered_day).collect::<Option<_>>()?,
            "BYSETPOS" => {
                let positions = value.split(',').map(|one| one.parse::<i16>().ok().filter(|at| *at != 0));
                self.positions = positions.collect::<Option<_>>()?;
            }
            "WKST" => self.week_start = WEEK.iter().find(|(name, _)| *name == value)?.1,
            _ => return None,
        }
        Some(())
    }

    /// Refuses combinations that RFC 5545 forbids, or that it defines and nothing here expands.
    fn combines(&self) -> Result<(), &'static str> {
        let numbered = self.week_days.iter().any(|(number, _)| *number != 0);
        match self.frequency {
            Frequency::Daily | Frequency::Weekly if numbered => Err("BYDAY with a number"),
            Frequency::Weekly if !self.month_days.is_empty() => Err("BYMONTHDAY of a weekly recurrence"),
            _ if numbered && !self.month_days.is_empty() => Err("BYDAY with a number and BYMONTHDAY"),
            _ => Ok(()),
        }
    }

    /// The civil times of all occurrences until the end of [`LAST_YEAR`]. Takes the number of days that it looks at from
    /// `left`.
    pub(super) fn occurrences(
        &self,
        start: &IcsMoment,
        left: &mut usize,
    ) -> Result<Vec<DateTime>, IcsMistake> {
        let (first, mut found) = (start.wall(), Vec::new());
        let most = if let RecurrenceEnd::Count(count) = self.end { count } else { usize::MAX };
        let mut period = Some(self.first_period(first.date()));
        while let Some(begin) = period.filter(|begin| begin.year() <= LAST_YEAR) {
            // A period without an occurrence costs as well, so that a rule that never matches ends.
            *left = left.checked_sub(1).ok_or(IcsMistake::TooMany)?;
            for day in self.of_period(begin, first.date()) {
                let wall = day.to_datetime(first.time());
                if wall < first {
                    continue;
                }
                if found.is_empty() && wall != first {
                    return Err(IcsMistake::NotSynchronized);
                }
                if found.len() == most || !self.reaches(&start.moved_to(wall)) {
                    return Ok(found);
                }
                *left = left.checked_sub(1).ok_or(IcsMistake::TooMany)?;
                found.push(wall);
            }
            if found.is_empty() && begin > first.date() {
                break;
            }
            period = begin.checked_add(self.step()).ok();
        }
        if found.is_empty() { Err(IcsMistake::NotSynchronized) } else { Ok(found) }
    }

    /// Whether an occurrence is not after `UNTIL`.
    fn reaches(&self, occurrence: &IcsMoment) -> bool {
        let RecurrenceEnd::Until(until) = &self.end else { return true };
        match (occurrence.instant(), until.instant()) {
            (Some(occurrence), Some(until)) => occurrence <= until,
            _ => occurrence.wall().date() <= until.wall().date(),
        }
    }

    fn step(&self) -> Span {
        match self.frequency {
            Frequency::Daily => self.interval.days(),
            Frequency::Weekly => self.interval.weeks(),
            Frequency::Monthly => self.interval.months(),
            Frequency::Yearly => self.interval.years(),
        }
    }

    /// The first day of the period in which `day` is.
    fn first_period(&self, day: Date) -> Date {
        match self.frequency {
            Frequency::Daily => day,
            Frequency::Weekly => {
                let since = day.weekday().since(self.week_start);
                day.checked_sub(i32::from(since).days()).unwrap_or(day)
            }
            Frequency::Monthly => day.first_of_month(),
            Frequency::Yearly => day.first_of_year(),
        }
    }

    /// The days of a period on which the event occurs, in order.
    fn of_period(&self, begin: Date, start: Date) -> Vec<Date> {
        let days: Vec<Date> = match self.frequency {
            Frequency::Daily => vec![begin],
            Frequency::Weekly => begin.series(1.day()).take(7).collect(),
            Frequency::Monthly => days_of(begin, begin.days_in_month()),
            Frequency::Yearly => days_of(begin, begin.days_in_year()),
        };
        let days: Vec<Date> = days.into_iter().filter(|day| self.has(*day, start)).collect();
        if self.positions.is_empty() {
            return days;
        }
        let at = |position: i16| match usize::from(position.unsigned_abs()) {
            back if position < 0 => days.len().checked_sub(back),
            forth => Some(forth - 1),
        };
        let mut chosen: Vec<Date> =
            self.positions.iter().filter_map(|position| days.get(at(*position)?).copied()).collect();
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }

    /// Whether the event occurs on a day of one of its periods. Parts that the rule leaves out come from DTSTART.
    fn has(&self, day: Date, start: Date) -> bool {
        let month_fits = self.months.is_empty() || self.months.contains(&day.month());
        let from_start = self.month_days.is_empty() && self.week_days.is_empty();
        let on_day = match self.frequency {
            Frequency::Daily => true,
            Frequency::Weekly if from_start => day.weekday() == start.weekday(),
            Frequency::Monthly if from_start => day.day() == start.day(),
            Frequency::Yearly if from_start => {
                day.day() == start.day() && (!self.months.is_empty() || day.month() == start.month())
            }
            _ => true,
        };
        let month_day_fits = self.month_days.is_empty()
            || self
                .month_days
                .iter()
                .any(|number| *number == day.day() || *number == day.day() - day.days_in_month() - 1);
        let week_day_fits =
            self.week_days.is_empty() || self.week_days.iter().any(|one| self.is_nth(day, *one));
        month_fits && on_day && month_day_fits && week_day_fits
    }

    /// Whether a day is the n-th of its weekday: in its month, or in its year if the rule is yearly and names no month.
    fn is_nth(&self, day: Date, (number, weekday): (i16, Weekday)) -> bool {
        if day.weekday() != weekday {
            return false;
        }
        let of_year = self.frequency == Frequency::Yearly && self.months.is_empty();
        let (nth, all) = match of_year {
            true => (day.day_of_year(), day.days_in_year()),
            false => (i16::from(day.day()), i16::from(day.days_in_month())),
        };
        number == 0 || number == (nth - 1) / 7 + 1 || number == -((all - nth) / 7 + 1)
    }
}

fn days_of(begin: Date, count: impl Into<i64>) -> Vec<Date> {
    begin.series(1.day()).take(usize::try_from(count.into()).unwrap_or_default()).collect()
}

/// UNTIL has the kind of DTSTART. With a date as DTSTART, a time is read as its date.
fn until(value: &str, start: &IcsMoment) -> Option<IcsMoment> {
    let day = value.split_once('T').map_or(value, |(day, _)| day);
    if start.is_day() {
        return date(day).map(IcsMoment::Day);
    }
    let line = ContentLine { line: 0, name: String::new(), parameters: Vec::new(), value: value.to_owned() };
    let IcsMoment::Time { zone, .. } = start else { return None };
    IcsMoment::read(&line, zone).ok().filter(|moment| !moment.is_day())
}

fn numbers(value: &str, least: i8, most: i8, negative: bool) -> Option<Vec<i8>> {
    let number = |one: &str| {
        let number: i8 = one.parse().ok()?;
        let size = if negative { number.abs() } else { number };
        (least..=most).contains(&size).then_some(number)
    };
    value.split(',').map(number).collect()
}

/// `MO`, `1MO`, `-1FR`.
fn numbered_day(text: &str) -> Option<(i16, Weekday)> {
    let at = text.len().checked_sub(2).filter(|at| text.is_char_boundary(*at))?;
    let (number, name) = text.split_at(at);
    let weekday = WEEK.iter().find(|(known, _)| *known == name)?.1;
    match number {
        "" => Some((0, weekday)),
        number => {
            number.parse().ok().filter(|number: &i16| (1..=53).contains(&number.abs())).map(|n| (n, weekday))
        }
    }
}
