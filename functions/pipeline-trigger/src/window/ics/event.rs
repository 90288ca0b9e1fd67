//! One event of a calendar file: its begin, its end, its occurrences.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span};

use super::lines::{ContentLine, shortened};
use super::moment::{IcsDuration, IcsMoment};
use super::recurrence::Recurrence;
use super::{IcsMistake, IcsProblem, OccurrenceKey};
use crate::window::calendar::Closure;

/// An event.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// The number of its first line.
    line: usize,
    pub(super) name: String,
    pub(super) uid: Option<String>,
    pub(super) cancelled: bool,
    start: IcsMoment,
    extent: Extent,
    recurrence: Option<(usize, Recurrence)>,
    also: Vec<IcsMoment>,
    except: BTreeSet<OccurrenceKey>,
    /// The occurrence of another event of its UID that it replaces.
    pub(super) replaces: Option<OccurrenceKey>,
}

/// How long an event lasts.
#[derive(Debug, Clone)]
enum Extent {
    Days(i32),
    /// The exact time between the two ends of the first occurrence, as DTEND gives it.
    Exact(SignedDuration),
    /// Days of the calendar, and a time, as DURATION gives them.
    Nominal(IcsDuration),
}

/// The times of an event.
pub(super) enum EventTimes {
    Days(Vec<Date>),
    Periods(Vec<Closure>),
}

impl Event {
    pub(super) fn read(lines: &[ContentLine], zone: &TimeZone) -> Result<Self, IcsProblem> {
        let only = |name: &'static str| only(lines, name);
        let begin = &lines[0];
        let start = only("DTSTART")?.ok_or_else(|| begin.problem(IcsMistake::Lacks("DTSTART")))?;
        if let Some(line) = lines.iter().find(|line| line.name == "EXRULE") {
            return Err(line.problem(IcsMistake::Property("EXRULE".to_owned())));
        }
        let from = IcsMoment::read(start, zone)?;
        let extent = extent(lines, start, &from, zone)?;
        let recurrence = match only("RRULE")? {
            Some(line) => Some((line.line, Recurrence::read(line, &from)?)),
            None => None,
        };
        let (mut also, mut except) = (Vec::new(), BTreeSet::new());
        for line in lines {
            match line.name.as_str() {
                "RDATE" => also.extend(same_kind(IcsMoment::read_all(line, zone)?, &from, "RDATE", line)?),
                "EXDATE" => {
                    let moments = same_kind(IcsMoment::read_all(line, zone)?, &from, "EXDATE", line)?;
                    except.extend(moments.iter().filter_map(IcsMoment::key));
                }
                _ => {}
            }
        }
        let replaces = match only("RECURRENCE-ID")? {
            None => None,
            Some(line) => {
                let moment = same_kind(vec![IcsMoment::read(line, zone)?], &from, "RECURRENCE-ID", line);
                // An override may have times where the event has dates, and the other way round.
                moment.map_or_else(|_| IcsMoment::read(line, zone), |mut one| Ok(one.remove(0)))?.key()
            }
        };
        let text = |line: Option<&ContentLine>| line.map(|line| line.value.trim().to_owned());
        let uid = text(only("UID")?);
        if replaces.is_some() && uid.is_none() {
            return Err(begin.problem(IcsMistake::Lacks("UID")));
        }
        let name = text(lines.iter().find(|line| line.name == "SUMMARY")).unwrap_or_default();
        let status = text(only("STATUS")?).unwrap_or_default();
        Ok(Self {
            line: begin.line,
            name: if name.is_empty() { "an event".to_owned() } else { shortened(&name) },
            uid,
            cancelled: status.eq_ignore_ascii_case("CANCELLED"),
            start: from,
            extent,
            recurrence,
            also,
            except,
            replaces,
        })
    }

    /// Every occurrence but those that it excepts and those that another event replaces. Takes their number from `left`.
    pub(super) fn occurrences(
        &self,
        without: &BTreeSet<OccurrenceKey>,
        left: &mut usize,
    ) -> Result<EventTimes, IcsProblem> {
        let starts = self.starts(left)?;
        let starts = starts.into_iter().filter(|start| {
            start.key().is_some_and(|key| !self.except.contains(&key) && !without.contains(&key))
        });
        let too_many = IcsProblem { line: self.line, what: IcsMistake::TooMany };
        match &self.extent {
            Extent::Days(count) => {
                let mut days = Vec::new();
                for start in starts {
                    let long = usize::try_from(*count).unwrap_or_default();
                    *left = left.checked_sub(long).ok_or_else(|| {
                        *left = 0;
                        too_many.clone()
                    })?;
                    days.extend(start.wall().date().series(Span::new().days(1)).take(long));
                }
                Ok(EventTimes::Days(days))
            }
            extent => Ok(EventTimes::Periods(starts.filter_map(|at| self.period(&at, extent)).collect())),
        }
    }

    fn period(&self, start: &IcsMoment, extent: &Extent) -> Option<Closure> {
        let from = start.instant()?;
        let until = match extent {
            Extent::Days(_) => None,
            Extent::Exact(long) => from.checked_add(*long).ok(),
            Extent::Nominal(duration) => duration.end(start),
        };
        let until = until.filter(|until| *until > from)?;
        Some(Closure { from, until, name: self.name.clone() })
    }

    fn starts(&self, left: &mut usize) -> Result<Vec<IcsMoment>, IcsProblem> {
        let walls: Vec<DateTime> = match &self.recurrence {
            None => vec![self.start.wall()],
            Some((line, recurrence)) => {
                let problem = |what| IcsProblem { line: *line, what };
                recurrence.occurrences(&self.start, left).map_err(problem)?
            }
        };
        *left = left.saturating_sub(self.also.len());
        let moved = walls.into_iter().map(|wall| self.start.moved_to(wall));
        Ok(moved.chain(self.also.iter().cloned()).collect())
    }
}

fn only<'l>(lines: &'l [ContentLine], name: &'static str) -> Result<Option<&'l ContentLine>, IcsProblem> {
    let mut of_name = lines.iter().filter(|line| line.name == name);
    let first = of_name.next();
    match of_name.next() {
        Some(second) => Err(second.problem(IcsMistake::Twice(name))),
        None => Ok(first),
    }
}

fn same_kind(
    moments: Vec<IcsMoment>,
    start: &IcsMoment,
    name: &'static str,
    line: &ContentLine,
) -> Result<Vec<IcsMoment>, IcsProblem> {
    match moments.iter().all(|moment| moment.is_day() == start.is_day()) {
        true => Ok(moments),
        false => Err(line.problem(IcsMistake::OtherKind(name, start.kind()))),
    }
}

/// An event of a date without an end lasts that day ("Event Component", RFC 5545, 3.6.1).
fn extent(
    lines: &[ContentLine],
    start: &ContentLine,
    from: &IcsMoment,
    zone: &TimeZone,
) -> Result<Extent, IcsProblem> {
    let (end, duration) = (only(lines, "DTEND")?, only(lines, "DURATION")?);
    let (extent, line) = match (end, duration) {
        (Some(_), Some(line)) => return Err(line.problem(IcsMistake::Twice("DTEND or DURATION"))),
        (Some(line), None) => {
            let until = same_kind(vec![IcsMoment::read(line, zone)?], from, "DTEND", line)?.remove(0);
            let extent = match (from.instant(), until.instant()) {
                (Some(from), Some(until)) => Extent::Exact(until.duration_since(from)),
                _ => {
                    let days = from.wall().date().duration_until(until.wall().date()).as_hours() / 24;
                    Extent::Days(i32::try_from(days).unwrap_or(i32::MAX))
                }
            };
            (extent, line)
        }
        (None, Some(line)) => {
            let duration = IcsDuration::read(line)?;
            match from {
                IcsMoment::Day(_) if !duration.time.is_zero() => {
                    return Err(line.problem(IcsMistake::OtherKind("DURATION", "number of days")));
                }
                IcsMoment::Day(_) => (Extent::Days(duration.days), line),
                IcsMoment::Time { .. } => (Extent::Nominal(duration), line),
            }
        }
        (None, None) if from.is_day() => (Extent::Days(1), start),
        (None, None) => return Err(start.problem(IcsMistake::Lacks("DTEND"))),
    };
    let lasts = match &extent {
        Extent::Days(days) => *days > 0,
        Extent::Exact(long) => long.is_positive(),
        Extent::Nominal(duration) => duration.days > 0 || duration.time.is_positive(),
    };
    if lasts { Ok(extent) } else { Err(line.problem(IcsMistake::NoExtent)) }
}
