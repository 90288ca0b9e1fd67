//! Owns what time it is in the local AWS.

use std::sync::Mutex;

use jiff::Timestamp;
use serde_json::Value;

/// Stands still when the world says what time it is, until it is moved, so that a run prints the same twice; else the
/// machine's clock.
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

    /// Moves a clock that stands still; says whether it does.
    pub(crate) fn set(&self, to: Timestamp) -> bool {
        match self {
            Clock::Fixed(now) => *now.lock().expect("no holder of this lock panics") = to,
            Clock::System => return false,
        }
        true
    }
}

/// A time as the JSON protocols carry it: seconds since 1970. Whole seconds, because a fraction such as .123 comes back
/// as .122999 from the Rust SDK.
pub(crate) fn epoch_seconds(time: Timestamp) -> Value {
    Value::from(time.as_second())
}

/// A time as the XML protocols carry it.
pub(crate) fn iso(time: Timestamp) -> Value {
    Value::from(time.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string())
}
