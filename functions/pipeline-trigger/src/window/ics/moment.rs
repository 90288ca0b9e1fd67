//! Dates, times and durations of a calendar file.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use super::lines::{ContentLine, shortened};
use super::{IcsMistake, IcsProblem, OccurrenceKey, windows_zones};
use crate::window::zone_named;

/// A date, or a time in a zone.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum IcsMoment {
    Day(Date),
    Time { wall: DateTime, zone: TimeZone },
}

impl IcsMoment {
    /// The one value of a line. A time without a zone is in `zone`.
    pub(super) fn read(line: &ContentLine, zone: &TimeZone) -> Result<Self, IcsProblem> {
        Self::parse(line, &line.value, zone)
    }

    /// The values of a line, which commas separate.
    pub(super) fn read_all(line: &ContentLine, zone: &TimeZone) -> Result<Vec<Self>, IcsProblem> {
        line.value.split(',').map(|value| Self::parse(line, value, zone)).collect()
    }

    fn parse(line: &ContentLine, value: &str, floating: &TimeZone) -> Result<Self, IcsProblem> {
        let value = value.trim();
        let mut zone = None;
        let mut kind = None;
        for (name, text) in &line.parameters {
            match name.as_str() {
                "TZID" => zone = Some(named(text).map_err(|what| line.problem(what))?),
                "VALUE" if text.eq_ignore_ascii_case("DATE") => kind = Some(true),
                "VALUE" if text.eq_ignore_ascii_case("DATE-TIME") => kind = Some(false),
                name if name.starts_with("X-") => {}
                _ => return Err(line.problem(IcsMistake::Parameter(shortened(&format!("{name}={text}"))))),
            }
        }
        let moment = match value.split_once('T') {
            None => date(value).map(Self::Day),
            Some((day, time)) => {
                let (time, zone) = match time.strip_suffix('Z') {
                    Some(time) => (time, TimeZone::UTC),
                    None => (time, zone.unwrap_or_else(|| floating.clone())),
                };
                date(day)
                    .zip(time_of_day(time))
                    .map(|(day, time)| Self::Time { wall: day.to_datetime(time), zone })
            }
        };
        let moment = moment.filter(|moment| kind.is_none_or(|day| day == moment.is_day()));
        moment.ok_or_else(|| line.problem(IcsMistake::NotATime(shortened(value))))
    }

    pub(super) fn is_day(&self) -> bool {
        matches!(self, Self::Day(_))
    }

    /// `date` or `date with a time`, for a problem.
    pub(super) fn kind(&self) -> &'static str {
        if self.is_day() { "date" } else { "date with a time" }
    }

    pub(super) fn wall(&self) -> DateTime {
        match self {
            Self::Day(day) => day.to_datetime(Time::midnight()),
            Self::Time { wall, .. } => *wall,
        }
    }

    /// Another occurrence, of the same kind and in the same zone.
    pub(super) fn moved_to(&self, wall: DateTime) -> Self {
        match self {
            Self::Day(_) => Self::Day(wall.date()),
            Self::Time { zone, .. } => Self::Time { wall, zone: zone.clone() },
        }
    }

    /// The instant. A time that the clock skips is read with the offset before the change, and of a time that the clock
    /// shows twice it is the first ("DATE-TIME", RFC 5545, 3.3.5).
    pub(super) fn instant(&self) -> Option<Timestamp> {
        match self {
            Self::Day(_) => None,
            Self::Time { wall, zone } => zone.to_ambiguous_timestamp(*wall).compatible().ok(),
        }
    }

    pub(super) fn key(&self) -> Option<OccurrenceKey> {
        match self {
            Self::Day(day) => Some(OccurrenceKey::Day(*day)),
            Self::Time { .. } => self.instant().map(OccurrenceKey::At),
        }
    }
}

fn named(zone: &str) -> Result<TimeZone, IcsMistake> {
    let name = windows_zones::iana_name(zone).unwrap_or(zone);
    zone_named(name).ok_or_else(|| IcsMistake::Zone(shortened(zone)))
}

/// `20261225`.
pub(super) fn date(text: &str) -> Option<Date> {
    let digits = digits(text, 8)?;
    let number = |from: usize, to: usize| digits[from..to].parse().ok();
    Date::new(digits[..4].parse().ok()?, number(4, 6)?, number(6, 8)?).ok()
}

/// `180000`; a leap second counts as the second before it.
fn time_of_day(text: &str) -> Option<Time> {
    let digits = digits(text, 6)?;
    let number = |from: usize, to: usize| digits[from..to].parse::<i8>().ok();
    let second = number(4, 6)?;
    Time::new(number(0, 2)?, number(2, 4)?, if second == 60 { 59 } else { second }, 0).ok()
}

fn digits(text: &str, count: usize) -> Option<&str> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

/// A duration: whole days of the calendar, and an exact time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IcsDuration {
    pub(super) days: i32,
    pub(super) time: SignedDuration,
}

impl IcsDuration {
    /// The duration of a line: `P1D`, `PT1H30M`, `P2W`.
    pub(super) fn read(line: &ContentLine) -> Result<Self, IcsProblem> {
        Self::parse(line.value.trim())
            .ok_or_else(|| line.problem(IcsMistake::NotADuration(shortened(&line.value))))
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('+').unwrap_or(text).strip_prefix('P')?;
        let (days, time) = text.split_once('T').map_or((text, None), |(days, time)| (days, Some(time)));
        if days.is_empty() && time.is_none_or(str::is_empty) || time == Some("") {
            return None;
        }
        let days = amounts(days, &[('W', 7), ('D', 1)])?;
        let time = amounts(time.unwrap_or_default(), &[('H', 3600), ('M', 60), ('S', 1)])?;
        Some(Self { days: i32::try_from(days).ok()?, time: SignedDuration::from_secs(time) })
    }

    /// The end of a period that begins at `start`.
    pub(super) fn end(&self, start: &IcsMoment) -> Option<Timestamp> {
        let day = start.wall().checked_add(Span::new().try_days(self.days).ok()?).ok()?;
        start.moved_to(day).instant()?.checked_add(self.time).ok()
    }
}

/// The sum of amounts with their units, which come in their order.
fn amounts(text: &str, units: &[(char, i64)]) -> Option<i64> {
    let (mut rest, mut sum, mut units) = (text, 0i64, units.iter());
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let letter = rest[end..].chars().next()?;
        let (_, seconds) = units.by_ref().find(|(unit, _)| *unit == letter)?;
        let amount: i64 = rest[..end].parse().ok().filter(|amount| *amount < 1_000_000)?;
        sum += amount * seconds;
        rest = &rest[end + letter.len_utf8()..];
    }
    Some(sum)
}
