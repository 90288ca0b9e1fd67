//! From `[[window]]` tables to windows, with every problem on the way.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use shared::clock;
use shared::config::{BesideError, Code, Document, Problem, RawTable, TableReader, Text, did_you_mean};
use shared::function::{Key, KeyDefault, Table, ValueType};
use shared::glob::read as patterns;
use shared::text::list;

use crate::FUNCTION;
use crate::window::calendar::{Calendar, Closures, Days, Freeze, HORIZON_YEARS};
use crate::window::hours::Hours;
use crate::window::{Exceptions, Window, ics, zone_named};

/// The table that is read here.
pub const TABLE: &str = "window";

pub(super) const EMPTY_NAME: Code = Code { name: "empty-window-name", title: "a window has no name" };
pub(super) const DUPLICATE: Code = Code { name: "duplicate-window", title: "a window is configured twice" };
pub(super) const BAD_ZONE: Code =
    Code { name: "bad-time-zone", title: "a time zone is not of the IANA database" };
pub(super) const BAD_DAY: Code = Code { name: "bad-day", title: "a text is not a day of the week" };
pub(super) const BAD_HOURS: Code = Code { name: "bad-hours", title: "a text is not hours of a day" };
pub(super) const BAD_DATE: Code =
    Code { name: "bad-date", title: "a text is not a date, or there is no such date" };
pub(super) const BAD_CALENDAR: Code =
    Code { name: "bad-calendar", title: "a calendar file cannot be read, or is not understood" };
pub(super) const STALE_CALENDAR: Code =
    Code { name: "stale-calendar", title: "a calendar file closes nothing any more" };
pub(super) const BAD_EXCEPTION: Code =
    Code { name: "bad-exception", title: "an exception of a window can never apply, or always applies" };
pub(super) const NEVER_OPENS: Code = Code { name: "never-opens", title: "a window never opens" };
pub(super) const UNKNOWN: Code =
    Code { name: "unknown-window", title: "a rule names a window that is not there" };
pub(super) const UNUSED: Code = Code { name: "unused-window", title: "no rule uses a window" };

/// A table of `freezes`.
pub const FREEZE: Table = Table {
    name: "freezes",
    summary: "A period in which nothing starts.",
    is_list: true,
    keys: &[
        Key {
            name: "from",
            takes: ValueType::String,
            default: KeyDefault::Required,
            summary: "The first day, or the first moment, in the window's time zone.",
        },
        Key {
            name: "until",
            takes: ValueType::String,
            default: KeyDefault::Required,
            summary: "The last day, or the first moment after the period.",
        },
        Key {
            name: "reason",
            takes: ValueType::String,
            default: KeyDefault::Required,
            summary: "Why, for the reason and the email.",
        },
    ],
};

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// The windows of the file, by their names. A window with a problem is there without a value, so that a rule that uses
/// it is not read either.
#[derive(Debug, Default)]
pub(super) struct Windows {
    found: BTreeMap<String, FoundWindow>,
}

#[derive(Debug)]
struct FoundWindow {
    window: Option<Arc<Window>>,
    named_at: Range<usize>,
    used: bool,
}

impl Windows {
    /// Reads all `[[window]]` tables.
    pub(super) fn read(document: &Document, problems: &mut Vec<Problem>) -> Self {
        let tables = document.tables(TABLE, problems);
        let mut windows = Self::default();
        for table in &tables {
            let before = problems.iter().filter(|problem| is_error(problem)).count();
            let (name, window) = window(document, table, problems);
            let Some(name) = name else { continue };
            let is_right = problems.iter().filter(|problem| is_error(problem)).count() == before;
            if let Some(first) = windows.found.get(name.get_ref()) {
                let problem = Problem::new(DUPLICATE, name.span(), "second window of this name");
                problems.push(problem.related(first.named_at.clone(), "first").help("give it another name"));
                continue;
            }
            let window = window.filter(|_| is_right).map(Arc::new);
            let found = FoundWindow { window, named_at: name.span(), used: false };
            windows.found.insert(name.into_inner(), found);
        }
        windows
    }

    /// The window that a rule names.
    ///
    /// # Errors
    /// When there is none, or it has a problem: the rule must not start its pipeline without it.
    pub(super) fn of_rule(&mut self, table: &mut TableReader<'_, '_, '_>) -> Result<Option<Arc<Window>>, ()> {
        if table.span("window").is_none() {
            return Ok(None);
        }
        let name = table.string("window").ok_or(())?;
        match self.found.get_mut(name.get_ref()) {
            Some(found) => {
                found.used = true;
                found.window.clone().map(Some).ok_or(())
            }
            None => {
                let names = || self.found.keys().map(String::as_str);
                let meant = did_you_mean(name.get_ref(), names(), |name| format!("`{name}`"));
                let help = match self.found.is_empty() {
                    true => "add a [[window]] table of this name".to_owned(),
                    false => {
                        format!("{meant}the windows are {}", list(names().map(|name| format!("`{name}`"))))
                    }
                };
                let label = format!("there is no [[window]] `{}`", name.get_ref());
                table.problem(Problem::new(UNKNOWN, name.span(), label).help(help));
                Err(())
            }
        }
    }

    /// Warns of windows that no rule uses.
    pub(super) fn finish(self, problems: &mut Vec<Problem>) {
        for found in self.found.values().filter(|found| !found.used) {
            let problem = Problem::new(UNUSED, found.named_at.clone(), "no rule has `window` with this name");
            problems.push(
                problem.help("write `window = \"...\"` in a [[pipeline]], or remove the table").warning(),
            );
        }
    }
}

fn is_error(problem: &Problem) -> bool {
    problem.level == shared::config::ProblemLevel::Error
}

fn window(
    document: &Document,
    table: &RawTable<'_>,
    problems: &mut Vec<Problem>,
) -> (Option<Text>, Option<Window>) {
    let mut table = TableReader::new(FUNCTION.described_table(TABLE), table, problems);
    let place = document.place(&table.header());
    let name = table.required_string("name", EMPTY_NAME);
    let zone = table.required_string("time-zone", BAD_ZONE).and_then(|text| zone(&mut table, &text));
    let days = days(&mut table);
    let hours = hours(&mut table);
    let mut holidays = holidays(&mut table);
    let freezes = freezes(&mut table);
    let floating = zone.clone().unwrap_or(TimeZone::UTC);
    let closed = calendar_file(document, &mut table, &floating).unwrap_or_default();
    holidays.extend(closed.days);
    let exceptions = exceptions(document, &mut table);
    table.finish();
    let window = name.clone().zip(zone).map(|(name, zone)| Window {
        name: name.into_inner(),
        calendar: Calendar { zone, days, hours, holidays, freezes, closures: Closures::of(closed.periods) },
        exceptions,
        place,
    });
    // A function asks when it decides: the answer depends on the time, and must not stop every pipeline.
    if let (Some(window), true) =
        (&window, document.wants_warnings() && problems.iter().all(|one| !is_error(one)))
    {
        let at = name.as_ref().map(Text::span).unwrap_or_default();
        problems.extend(never_opens(window, at));
    }
    (name, window)
}

fn never_opens(window: &Window, at: Range<usize>) -> Option<Problem> {
    let now = clock::now().ok()?;
    let closed = window.calendar.closed(now)?;
    if window.calendar.next_opening(now).is_some() {
        return None;
    }
    let label = format!("the window does not open within {HORIZON_YEARS} years; now it is closed: {closed}");
    let help = "compare its days and hours with its holidays and freezes";
    Some(Problem::new(NEVER_OPENS, at, label).help(help))
}

fn zone(table: &mut TableReader<'_, '_, '_>, text: &Text) -> Option<TimeZone> {
    let name = text.get_ref();
    match zone_named(name) {
        Some(zone) => Some(zone),
        None => {
            let label = format!("`{name}` is not a time zone of the IANA database");
            let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
            let meant = did_you_mean(name, names.iter().map(String::as_str), |name| format!("`{name}`"));
            let help = format!("{meant}write a name such as `Europe/Berlin`, or `UTC`");
            table.problem(Problem::new(BAD_ZONE, text.span(), label).help(help));
            None
        }
    }
}

fn days(table: &mut TableReader<'_, '_, '_>) -> Days {
    let all = || Days::of(DAYS.map(|(_, day)| day));
    if table.span("days").is_none() {
        return all();
    }
    let Some(texts) = table.strings("days") else { return all() };
    if texts.get_ref().is_empty() {
        let problem = Problem::new(NEVER_OPENS, texts.span(), "a window without days never opens");
        table.problem(problem.help("write at least one day, or leave the key out: every day counts"));
    }
    let mut days = Vec::new();
    for text in texts.get_ref() {
        match DAYS.iter().find(|(name, _)| name == text.get_ref()) {
            Some((_, day)) => days.push(*day),
            None => {
                let names = list(DAYS.iter().map(|(name, _)| format!("`{name}`")));
                let label = format!("`{}` is not a day", text.get_ref());
                table
                    .problem(Problem::new(BAD_DAY, text.span(), label).help(format!("the days are {names}")));
            }
        }
    }
    Days::of(days)
}

fn hours(table: &mut TableReader<'_, '_, '_>) -> Vec<Hours> {
    let whole = Hours { from: 0, until: 24 * 60 };
    let Some(at) = table.span("hours") else { return vec![whole] };
    let texts = table.texts("hours").unwrap_or_default();
    if texts.is_empty() {
        let problem = Problem::new(NEVER_OPENS, at, "a window without hours never opens");
        table.problem(
            problem.help("write hours such as \"09:00-17:00\", or leave the key out: the whole day counts"),
        );
    }
    let mut hours = Vec::new();
    for text in texts {
        match Hours::parse(text.get_ref()) {
            Ok(read) => hours.push(read),
            Err(why) => {
                let help = "write \"09:00-17:00\"; hours over midnight are \"22:00-06:00\", and a whole day is \"00:00-24:00\"";
                table.problem(Problem::new(BAD_HOURS, text.span(), why.to_string()).help(help));
            }
        }
    }
    hours
}

fn holidays(table: &mut TableReader<'_, '_, '_>) -> BTreeMap<Date, String> {
    let mut days = BTreeMap::new();
    for text in table.strings("holidays").map(|texts| texts.into_inner()).unwrap_or_default() {
        match date(text.get_ref()) {
            Some(day) => drop(days.insert(day, day.to_string())),
            None => table.problem(bad_date(&text, "write a date as \"2026-12-25\"")),
        }
    }
    days
}

/// `2026-12-25`, and no other form that the date library reads.
fn date(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().filter(|day| day.to_string() == text)
}

fn bad_date(text: &Text, help: &str) -> Problem {
    Problem::new(BAD_DATE, text.span(), format!("`{}` is not a date", text.get_ref())).help(help)
}

fn freezes(table: &mut TableReader<'_, '_, '_>) -> Vec<Freeze> {
    let Some(raw) = table.tables("freezes") else { return Vec::new() };
    let raw = raw.into_inner();
    raw.iter().filter_map(|raw| freeze(table.nested(&FREEZE, raw))).collect()
}

fn freeze(mut table: TableReader<'_, '_, '_>) -> Option<Freeze> {
    let from = table.required_string("from", BAD_DATE);
    let until = table.required_string("until", BAD_DATE);
    let reason = table.required_string("reason", EMPTY_NAME);
    let begin = from.as_ref().and_then(|text| bound(&mut table, text, false));
    let end = until.as_ref().and_then(|text| bound(&mut table, text, true));
    if let (Some(begin), Some(end), Some(text)) = (begin, end, &until)
        && end <= begin
    {
        let problem = Problem::new(BAD_DATE, text.span(), "the freeze ends before it begins");
        table.problem(problem.help("a date is the last day of the freeze"));
    }
    table.finish();
    let reason = reason?.into_inner();
    Some(Freeze { from: begin?, until: end?, reason: shared::text::shortened(&reason, 300) })
}

/// A bound of a freeze: a date, of which the end counts where the freeze ends, or a date with a time.
fn bound(table: &mut TableReader<'_, '_, '_>, text: &Text, is_end: bool) -> Option<DateTime> {
    let written = text.get_ref();
    let day = date(written).and_then(|day| if is_end { day.tomorrow().ok() } else { Some(day) });
    let time = || {
        let is_local = matches!(written.len(), 16 | 19) && written.as_bytes()[10] == b'T';
        written.parse::<DateTime>().ok().filter(|_| is_local)
    };
    let found = day.map(|day| day.at(0, 0, 0, 0)).or_else(time);
    if found.is_none() {
        let help = "write a date as \"2026-12-20\", or a time of the window's zone as \"2026-12-20T18:00\"";
        table.problem(bad_date(text, help));
    }
    found
}

fn calendar_file(
    document: &Document,
    table: &mut TableReader<'_, '_, '_>,
    zone: &TimeZone,
) -> Option<ics::ClosedTimes> {
    let text = table.string("holidays-file")?;
    let name = text.get_ref();
    let problem = |label: String| Problem::new(BAD_CALENDAR, text.span(), label);
    let bytes = match document.beside(name) {
        Ok(bytes) => bytes,
        Err(error) => {
            let help = match error {
                BesideError::Name => "write the name of one file beside the rules, such as `holidays.ics`",
                BesideError::Read(_) | BesideError::Nowhere => {
                    "put the file beside the rules; it is deployed with them"
                }
            };
            table.problem(problem(format!("`{name}` cannot be read: {error}")).help(help));
            return None;
        }
    };
    match ics::read(&bytes, zone) {
        Ok(closed) => {
            let is_over =
                document.wants_warnings() && clock::now().is_ok_and(|now| closed.is_over(zone, now));
            if is_over {
                let label = format!("`{name}` has no event that ends after now");
                let help = "put the holidays of this year and the next ones into the file";
                table.problem(Problem::new(STALE_CALENDAR, text.span(), label).help(help).warning());
            }
            Some(closed)
        }
        Err(problems) => {
            let most = 20;
            let help =
                "correct the file, or remove the event: an event that is read wrong would move the window";
            for one in problems.iter().take(most) {
                table.problem(problem(format!("{name}: {one}")).help(help));
            }
            if problems.len() > most {
                table.problem(problem(format!("{name}: {} more problems", problems.len() - most)).help(help));
            }
            None
        }
    }
}

fn exceptions(document: &Document, table: &mut TableReader<'_, '_, '_>) -> Exceptions {
    let branches = patterns(document, table, "except-branches");
    let tags = patterns(document, table, "except-tags");
    let authors = table.strings("except-authors").map(|texts| texts.into_inner()).unwrap_or_default();
    for text in authors.iter().filter(|text| !text.get_ref().contains('@')) {
        let problem = Problem::new(BAD_EXCEPTION, text.span(), "not an email address");
        table.problem(problem.help("write the email address of the commit's author"));
    }
    let marker = table.string("except-marker");
    if let Some(text) = marker.as_ref().filter(|text| text.get_ref().trim().is_empty()) {
        let problem = Problem::new(BAD_EXCEPTION, text.span(), "every message has this text");
        table.problem(problem.help("write a text such as \"[deploy now]\", or leave the key out"));
    }
    let authors = authors.into_iter().map(Text::into_inner).collect();
    Exceptions { branches, tags, authors, marker: marker.map(Text::into_inner) }
}
