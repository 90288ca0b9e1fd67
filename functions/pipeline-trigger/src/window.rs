//! The windows in which pipelines start: what a window is, and which starts it holds back. Pure but for `hold`.

pub mod calendar;
pub mod coalesce;
pub mod email;
pub mod hold;
pub mod holding;
pub mod hours;
pub mod ics;
pub mod judge;
pub mod opened;
pub mod schedule;

use std::fmt;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use shared::config::Place;

use crate::rules::PatternList;
use calendar::Calendar;

/// One `[[window]]` table.
#[derive(Debug, Clone)]
pub struct Window {
    /// Its name, which rules use.
    pub name: String,
    /// When it is open.
    pub calendar: Calendar,
    /// The pushes that start a pipeline although the window is closed.
    pub exceptions: Exceptions,
    /// Where it stands.
    pub place: Place,
}

/// The pushes that a closed window does not hold back.
#[derive(Debug, Clone, Default)]
pub struct Exceptions {
    /// Branches.
    pub branches: Option<PatternList>,
    /// Tags.
    pub tags: Option<PatternList>,
    /// Email addresses of the commit's author.
    pub authors: Vec<String>,
    /// A text in the commit's message.
    pub marker: Option<String>,
}

impl Exceptions {
    /// Whether the author or the message of the commit matters.
    pub fn ask_for_the_commit(&self) -> bool {
        !self.authors.is_empty() || self.marker.is_some()
    }
}

/// The moment at which a window opens, as its zone shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The instant.
    pub at: Timestamp,
    /// The zone.
    pub zone: TimeZone,
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wall = self.zone.to_datetime(self.at).strftime("%Y-%m-%d %H:%M");
        match self.zone.iana_name().filter(|name| *name != "UTC") {
            Some(zone) => write!(f, "{wall} {zone} ({})", self.at),
            None => write!(f, "{wall} UTC"),
        }
    }
}

/// The time zone of a name of the IANA database. Names that a machine has besides, such as `localtime`, are none: they mean
/// another zone on another machine.
pub fn zone_named(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()?;
    TimeZone::get(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_one_on_every_machine() {
        for name in ["Europe/Berlin", "europe/berlin", "UTC", "Etc/GMT+12", "Asia/Kathmandu"] {
            assert!(zone_named(name).is_some(), "{name}");
        }
        for name in ["localtime", "posixrules", "right/UTC", "posix/UTC", "CEST", "+02:00", "../UTC", ""] {
            assert!(zone_named(name).is_none(), "{name}");
        }
    }
}
