//! Owns what time it is in the local AWS.

use jiff::Timestamp;
use serde_json::Value;

/// Stands still when the world says what time it is, so that a run prints the same twice; else the machine's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Clock {
    Fixed(Timestamp),
    System,
}

impl Clock {
    pub(crate) fn starting_at(now: Option<Timestamp>) -> Clock {
        now.map_or(Clock::System, Clock::Fixed)
    }

    pub(crate) fn now(self) -> Timestamp {
        match self {
            Clock::Fixed(now) => now,
            Clock::System => Timestamp::now(),
        }
    }
}

/// A time as the JSON protocols carry it: seconds since 1970. Whole seconds, because a fraction such as .123 comes back
/// as .122999 from the Rust SDK.
pub(crate) fn epoch_seconds(time: Timestamp) -> Value {
    Value::from(time.as_second())
}
