//! Reads the closed times of an iCalendar file (RFC 5545): days and periods without a start.
//!
//! Whatever of an event is not understood is a problem with its line, because an event that is read wrong would open or
//! close a window at another time. Properties that say nothing of the time, such as `DESCRIPTION`, are not read.

mod event;
mod lines;
mod moment;
mod recurrence;
mod windows_zones;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::calendar::Closure;
use event::{Event, EventTimes};
use lines::{ContentLine, components};

/// The largest file that is read, in bytes.
pub const LARGEST: usize = 1_000_000;

/// The last year whose occurrences of a recurring event are known.
pub const LAST_YEAR: i16 = 2199;

/// The most days and periods of a file, of all its recurring events together.
pub const MOST_OCCURRENCES: usize = 200_000;

/// The closed times of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClosedTimes {
    /// All-day events: their dates and names.
    pub days: BTreeMap<Date, String>,
    /// Events with a time of day.
    pub periods: Vec<Closure>,
}

impl ClosedTimes {
    /// Whether everything in the file is over.
    pub fn is_over(&self, zone: &TimeZone, now: Timestamp) -> bool {
        let today = zone.to_datetime(now).date();
        self.days.keys().all(|day| *day < today) && self.periods.iter().all(|period| period.until <= now)
    }
}

/// Something in a file that is wrong or not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IcsProblem {
    /// The line, counted from 1; for a folded line, its first.
    pub line: usize,
    /// What.
    pub what: IcsMistake,
}

/// What is wrong in a calendar file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IcsMistake {
    /// The file has more bytes than are read.
    #[error("the file has more than {LARGEST} bytes")]
    TooLarge,
    /// The file is not UTF-8.
    #[error("the file is not UTF-8")]
    NotText,
    /// A line that is no property.
    #[error("not a line of iCalendar, `NAME:value`")]
    NotALine,
    /// A line before `BEGIN:VCALENDAR` or after its end.
    #[error("a line outside VCALENDAR")]
    Outside,
    /// The file ends within a component.
    #[error("the file ends within {0}")]
    Truncated(String),
    /// An end without its begin.
    #[error("`END:{0}` ends nothing that began")]
    Unbalanced(String),
    /// No component at all.
    #[error("the file has no VCALENDAR")]
    NoCalendar,
    /// A component that is no event.
    #[error("{0} is not an event; only VEVENT closes a window")]
    NotAnEvent(String),
    /// A property of the calendar that changes the meaning of its events.
    #[error("`{0}` is not understood")]
    Property(String),
    /// A property that an event has twice.
    #[error("the event has a second `{0}`")]
    Twice(&'static str),
    /// A property that an event needs.
    #[error("the event has no `{0}`")]
    Lacks(&'static str),
    /// A parameter of a property.
    #[error("the parameter `{0}` is not understood")]
    Parameter(String),
    /// A text that is not a date or a time.
    #[error("`{0}` is not a date, or a date with a time")]
    NotATime(String),
    /// A date where the event has times, or the other way round.
    #[error("{0} has to be a {1}, as DTSTART is")]
    OtherKind(&'static str, &'static str),
    /// A time zone that is not of the IANA database.
    #[error("`{0}` is not a time zone of the IANA database")]
    Zone(String),
    /// A text that is not a duration.
    #[error("`{0}` is not a duration")]
    NotADuration(String),
    /// An event without an extent.
    #[error("the event ends when it begins, or before, so it closes nothing")]
    NoExtent,
    /// A part of a recurrence rule.
    #[error("the part `{0}` of the recurrence is not understood")]
    Recurrence(String),
    /// A recurrence that does not have the begin of the event.
    #[error("DTSTART is not one of the dates of its RRULE; RFC 5545 does not define the others then")]
    NotSynchronized,
    /// Too many occurrences.
    #[error("the file has more than {MOST_OCCURRENCES} occurrences of events")]
    TooMany,
}

/// An occurrence of an event, as EXDATE and RECURRENCE-ID name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum OccurrenceKey {
    Day(Date),
    At(Timestamp),
}

/// Reads a file. Times without a zone are those of `zone`.
///
/// # Errors
/// Everything in the file that is wrong or not understood.
pub fn read(bytes: &[u8], zone: &TimeZone) -> Result<ClosedTimes, Vec<IcsProblem>> {
    let first = |what| vec![IcsProblem { line: 1, what }];
    if bytes.len() > LARGEST {
        return Err(first(IcsMistake::TooLarge));
    }
    let mut problems = Vec::new();
    let found = components(bytes, &mut problems).map_err(|problem| vec![problem])?;
    let mut events = Vec::new();
    for lines in &found {
        match Event::read(lines, zone) {
            Ok(event) => events.push(event),
            Err(problem) => problems.push(problem),
        }
    }
    let closed = closed_times(&events, &mut problems);
    problems.sort_by_key(|problem| problem.line);
    if problems.is_empty() { Ok(closed) } else { Err(problems) }
}

/// The times of all events. An event with a RECURRENCE-ID replaces the occurrence that it names.
fn closed_times(events: &[Event], problems: &mut Vec<IcsProblem>) -> ClosedTimes {
    let mut replaced: BTreeMap<&str, BTreeSet<OccurrenceKey>> = BTreeMap::new();
    for event in events {
        if let (Some(key), Some(uid)) = (event.replaces, &event.uid) {
            replaced.entry(uid).or_default().insert(key);
        }
    }
    let mut closed = ClosedTimes::default();
    let (mut left, none) = (MOST_OCCURRENCES, BTreeSet::new());
    for event in events.iter().filter(|event| !event.cancelled) {
        let without = event.uid.as_deref().filter(|_| event.replaces.is_none());
        let without = without.and_then(|uid| replaced.get(uid)).unwrap_or(&none);
        match event.occurrences(without, &mut left) {
            Ok(EventTimes::Days(days)) => {
                closed.days.extend(days.into_iter().map(|day| (day, event.name.clone())));
            }
            Ok(EventTimes::Periods(periods)) => closed.periods.extend(periods),
            Err(problem) => {
                problems.push(problem);
                if left == 0 {
                    break;
                }
            }
        }
    }
    closed
}

impl fmt::Display for IcsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl ContentLine {
    fn problem(&self, what: IcsMistake) -> IcsProblem {
        IcsProblem { line: self.line, what }
    }
}

#[cfg(test)]
mod tests;
