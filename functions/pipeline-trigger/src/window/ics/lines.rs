//! Content lines of a calendar file with their numbers, and the lines of each event.

use icalendar::parser::Property;

use super::{IcsMistake, IcsProblem};

/// One content line, unfolded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ContentLine {
    /// Its number, counted from 1; of a folded line, that of its first.
    pub(super) line: usize,
    /// In capitals.
    pub(super) name: String,
    /// Names in capitals, and values.
    pub(super) parameters: Vec<(String, String)>,
    pub(super) value: String,
}

/// The lines of one event; the first is `BEGIN:VEVENT`.
pub(super) type EventLines = Vec<ContentLine>;

/// The events of a file. Every other component, and every line that is none, is a problem; but zones and alarms are not:
/// a zone is taken from the IANA database by its name, and an alarm says nothing of the time.
///
/// # Errors
/// When the file is not UTF-8.
pub(super) fn components(
    bytes: &[u8],
    problems: &mut Vec<IcsProblem>,
) -> Result<Vec<EventLines>, IcsProblem> {
    let mut walk = Walk { open: Vec::new(), events: Vec::new(), calendars: 0, problems };
    for (number, line) in unfolded(bytes) {
        let not_text = |_| IcsProblem { line: number, what: IcsMistake::NotText };
        let line = String::from_utf8(line).map_err(not_text)?;
        match content_line(number, &line) {
            Some(content) => walk.take(content),
            None => walk.problems.push(IcsProblem { line: number, what: IcsMistake::NotALine }),
        }
    }
    let breaks = bytes.iter().filter(|byte| **byte == b'\n').count();
    Ok(walk.finish(breaks + usize::from(!bytes.ends_with(b"\n"))))
}

struct Walk<'p> {
    /// The components that began and did not end.
    open: Vec<String>,
    events: Vec<EventLines>,
    calendars: usize,
    problems: &'p mut Vec<IcsProblem>,
}

impl Walk<'_> {
    fn take(&mut self, line: ContentLine) {
        let component = line.value.trim().to_ascii_uppercase();
        let open: Vec<&str> = self.open.iter().map(String::as_str).collect();
        let wrong = match (&open[..], line.name.as_str()) {
            ([], "BEGIN") if component == "VCALENDAR" => {
                self.calendars += 1;
                None
            }
            ([], _) => Some(IcsMistake::Outside),
            (["VCALENDAR"], "BEGIN") => match component.as_str() {
                "VEVENT" => {
                    self.events.push(vec![line.clone()]);
                    None
                }
                "VTIMEZONE" => None,
                _ => Some(IcsMistake::NotAnEvent(component.clone())),
            },
            (["VCALENDAR", "VEVENT"], "BEGIN") if component != "VALARM" => {
                Some(IcsMistake::NotAnEvent(component.clone()))
            }
            (["VCALENDAR"], "VERSION") if line.value.trim() != "2.0" => Some(not_understood(&line)),
            (["VCALENDAR"], "CALSCALE") if !line.value.trim().eq_ignore_ascii_case("GREGORIAN") => {
                Some(not_understood(&line))
            }
            (["VCALENDAR"], "METHOD") if line.value.trim().eq_ignore_ascii_case("CANCEL") => {
                Some(not_understood(&line))
            }
            (["VCALENDAR", "VEVENT"], name) if name != "BEGIN" && name != "END" => {
                self.events.last_mut().expect("an event began").push(line.clone());
                None
            }
            _ => None,
        };
        let outside = wrong == Some(IcsMistake::Outside);
        self.problems.extend(wrong.map(|what| IcsProblem { line: line.line, what }));
        match line.name.as_str() {
            "BEGIN" if !outside => self.open.push(component),
            "END" if !outside => self.end(line.line, component),
            _ => {}
        }
    }

    fn end(&mut self, line: usize, component: String) {
        if self.open.last() == Some(&component) {
            self.open.pop();
        } else {
            self.problems.push(IcsProblem { line, what: IcsMistake::Unbalanced(component) });
        }
    }

    fn finish(self, last: usize) -> Vec<EventLines> {
        let truncated = self.open.last().map(|open| IcsMistake::Truncated(open.clone()));
        let none = (self.calendars == 0 && self.problems.is_empty()).then_some(IcsMistake::NoCalendar);
        self.problems.extend(truncated.or(none).map(|what| IcsProblem { line: last, what }));
        self.events
    }
}

fn not_understood(line: &ContentLine) -> IcsMistake {
    IcsMistake::Property(format!("{}:{}", line.name, shortened(&line.value)))
}

/// A text of the file, short enough for a problem.
pub(super) fn shortened(text: &str) -> String {
    shared::text::shortened(&shared::text::printable(text), 80)
}

/// Joins folded lines ("Content Lines", RFC 5545, 3.1), and drops empty ones. A line may be folded within a character, so
/// these are bytes.
fn unfolded(bytes: &[u8]) -> Vec<(usize, Vec<u8>)> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let mut lines: Vec<(usize, Vec<u8>)> = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (line, lines.last_mut()) {
            ([b' ' | b'\t', rest @ ..], Some((_, begin))) => begin.extend_from_slice(rest),
            _ if line.trim_ascii().is_empty() => {}
            _ => lines.push((index + 1, line.to_vec())),
        }
    }
    lines
}

fn content_line(number: usize, line: &str) -> Option<ContentLine> {
    // The parser refuses these two as properties: to it, they are the bounds of components.
    if let Some((name, value)) = line.split_once(':')
        && (name.eq_ignore_ascii_case("BEGIN") || name.eq_ignore_ascii_case("END"))
    {
        let (name, value) = (name.to_ascii_uppercase(), value.to_owned());
        return Some(ContentLine { line: number, name, parameters: Vec::new(), value });
    }
    let property = Property::try_from(line).ok()?;
    let name = property.name.as_str().to_ascii_uppercase();
    let parameters = property.params.iter().map(|parameter| {
        let value = parameter.val.as_ref().map_or("", |value| value.as_str());
        (parameter.key.as_str().to_ascii_uppercase(), value.trim_matches('"').to_owned())
    });
    // Without a colon the parser takes the line for a property without a value.
    (!name.is_empty() && line.contains(':')).then(|| ContentLine {
        line: number,
        name,
        parameters: parameters.collect(),
        value: property.val.as_str().to_owned(),
    })
}
