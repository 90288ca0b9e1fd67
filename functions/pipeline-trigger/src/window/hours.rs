//! Hours of a day, as `09:00-17:00` writes them, also over midnight.

use jiff::civil::{Date, DateTime};

/// The minutes of a day.
const DAY: u16 = 24 * 60;

/// Hours that begin on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// The minute of the day at which they begin.
    pub from: u16,
    /// The minute of the day before which they end; at or before `from`, it is a minute of the next day.
    pub until: u16,
}

/// Why a text is not hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadHours {
    /// It has another form.
    #[error("not hours such as `09:00-17:00`")]
    Form,
    /// They end when they begin.
    #[error("these hours end when they begin")]
    Empty,
}

impl Hours {
    /// Reads `09:00-17:00`. The end may be `24:00`; an end that is before the begin is on the next day.
    ///
    /// # Errors
    /// When the text has another form, or the hours end when they begin.
    pub fn parse(text: &str) -> Result<Self, BadHours> {
        let (from, until) = text.split_once('-').ok_or(BadHours::Form)?;
        let (from, until) = (minute(from).ok_or(BadHours::Form)?, minute(until).ok_or(BadHours::Form)?);
        match from {
            DAY.. => Err(BadHours::Form),
            _ if from == until => Err(BadHours::Empty),
            _ => Ok(Self { from, until }),
        }
    }

    /// Whether they have begun at a minute of their day and are not over.
    pub(super) fn has_begun(self, minute: u16) -> bool {
        minute >= self.from && (self.ends_the_day_after() || minute < self.until)
    }

    /// Whether they are not over at a minute of the day after.
    pub(super) fn is_not_over_the_day_after(self, minute: u16) -> bool {
        self.ends_the_day_after() && minute < self.until
    }

    /// When they begin on a day.
    pub(super) fn begin_on(self, day: Date) -> DateTime {
        let (hour, minute) = (self.from / 60, self.from % 60);
        let number = |part: u16| i8::try_from(part).unwrap_or_default();
        day.at(number(hour), number(minute), 0, 0)
    }

    fn ends_the_day_after(self) -> bool {
        self.until <= self.from
    }
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |part: &str| {
        let is_number = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u16>().ok().filter(|_| is_number)
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    (minute < 60 && (hour < 24 || (hour, minute) == (24, 0))).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_have_one_form() {
        assert_eq!(Hours::parse("09:00-17:30"), Ok(Hours { from: 540, until: 1050 }));
        assert_eq!(Hours::parse("00:00-24:00"), Ok(Hours { from: 0, until: 1440 }));
        assert_eq!(Hours::parse("22:00-00:00"), Ok(Hours { from: 1320, until: 0 }));
        assert_eq!(Hours::parse("09:00-09:00"), Err(BadHours::Empty));
        for text in [
            "",
            "9-17",
            "9:00-17:00",
            "09:00",
            "24:00-06:00",
            "09:60-10:00",
            "09:00-24:01",
            "+9:00-10:00",
            "09:00 - 17:00",
            "09:00-17:00-18:00",
            "25:00-26:00",
        ] {
            assert_eq!(Hours::parse(text), Err(BadHours::Form), "{text}");
        }
    }
}
