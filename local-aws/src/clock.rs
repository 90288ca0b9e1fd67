//! Owns the time in the local AWS.

use std::sync::Mutex;

use jiff::Timestamp;
use serde_json::Value;

/// With a world that sets `now`, a virtual clock: it moves only when the caller moves it, so that two runs print the
/// same. Otherwise the machine's clock.
#[derive(Debug)]
pub(crate) enum Clock {
    Fixed(Mutex<Timestamp>),
    System,
}

impl Clock {
    pub(crate) fn starting_at(now: Option<Timestamp>) -> Clock {
        now.map_or(Clock::System, |now| Clock::Fixed(Mutex::new(now)))
    }

    pub(crate) fn now(&self) -> Timestamp {
        match self {
            Clock::Fixed(now) => *now.lock().expect("no holder of this lock panics"),
            Clock::System => Timestamp::now(),
        }
    }

    /// Moves a virtual clock, and returns whether the clock is one.
    pub(crate) fn set(&self, to: Timestamp) -> bool {
        match self {
            Clock::Fixed(now) => *now.lock().expect("no holder of this lock panics") = to,
            Clock::System => return false,
        }
        true
    }
}

/// A time as the JSON protocols carry it: seconds since 1970. Whole seconds, because the Rust SDK reads .123 as
/// .122999.
pub(crate) fn epoch_seconds(time: Timestamp) -> Value {
    Value::from(time.as_second())
}

/// A time as the XML protocols carry it.
pub(crate) fn iso(time: Timestamp) -> Value {
    Value::from(time.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string())
}
