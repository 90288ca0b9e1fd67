//! The tag with which an operator keeps one idle stack: `pointsman:keep` with `true` or a date. Pure.
//!
//! The tag is set on the stack itself, so it needs no deployment. An update of the stack keeps it.

use std::fmt;

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};

use crate::identity::NamedValue;

/// The key of the tag.
pub const KEEP: &str = "pointsman:keep";

/// What the tag says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeepTag {
    /// There is none, or it is `false`.
    None,
    /// The branch is never idle.
    Always,
    /// The branch is not idle before this time, the end of the day that the tag names.
    Until(Timestamp),
    /// A value that is neither. It keeps the stack: an operator meant something by it.
    Invalid(String),
}

impl KeepTag {
    /// The tag among the tags of a stack.
    pub fn of(tags: &[NamedValue]) -> Self {
        let Some((_, value)) = tags.iter().find(|(key, _)| key == KEEP) else { return Self::None };
        match value.trim() {
            "true" => Self::Always,
            "false" => Self::None,
            text => end_of_day(text).map_or_else(|| Self::Invalid(value.clone()), Self::Until),
        }
    }

    /// The end of the day that the tag names.
    pub fn end(&self) -> Option<Timestamp> {
        match self {
            Self::Until(end) => Some(*end),
            _ => None,
        }
    }

    /// Whether the tag keeps the stack at `now`.
    pub fn keeps(&self, now: Timestamp) -> bool {
        match self {
            Self::None => false,
            Self::Always | Self::Invalid(_) => true,
            Self::Until(end) => now < *end,
        }
    }
}

impl fmt::Display for KeepTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("no tag keeps the stack"),
            Self::Always => write!(f, "the tag `{KEEP}` keeps the stack"),
            Self::Until(end) => write!(f, "the tag `{KEEP}` keeps the stack until {end}"),
            Self::Invalid(value) => write!(
                f,
                "the tag `{KEEP}` is `{}`, which is neither `true` nor a date such as 2026-12-24: it keeps the stack",
                shared::text::printable(value)
            ),
        }
    }
}

/// The end of a day in UTC.
fn end_of_day(text: &str) -> Option<Timestamp> {
    // Jiff also reads times with a zone as dates; a tag holds a date alone.
    let is_date = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date: Date = text.parse().ok().filter(|_| is_date)?;
    let next = date.tomorrow().ok()?;
    next.to_zoned(TimeZone::UTC).ok().map(|midnight| midnight.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(value: &str) -> KeepTag {
        KeepTag::of(&[("team".into(), "shop".into()), (KEEP.into(), value.into())])
    }

    #[test]
    fn a_date_keeps_the_stack_to_the_end_of_that_day() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(tag("2026-12-24"), KeepTag::Until(at("2026-12-25T00:00:00Z")));
        assert!(tag("2026-12-24").keeps(at("2026-12-24T23:59:59Z")));
        assert!(!tag("2026-12-24").keeps(at("2026-12-25T00:00:00Z")));
        assert_eq!(tag("true"), KeepTag::Always);
        assert_eq!(tag("false"), KeepTag::None);
        assert_eq!(KeepTag::of(&[]), KeepTag::None);
    }

    #[test]
    fn a_value_that_is_no_date_keeps_the_stack() {
        let values = [
            "",
            "yes",
            "True",
            "24.12.2026",
            "2026-13-01",
            "2026-02-30",
            "9999-12-31",
            "2026-12-24T10:00:00Z",
        ];
        for value in values {
            assert_eq!(tag(value), KeepTag::Invalid(value.into()), "{value}");
            assert!(tag(value).keeps(Timestamp::MAX), "{value}");
        }
    }
}
