//! Owns a value that look-ups show later than it is written.

use jiff::Timestamp;

/// A value, and the changes of it that are written. A change is seen from its time on.
#[derive(Debug, Clone)]
pub(crate) struct EventualValue<T> {
    start: T,
    written: Vec<(Timestamp, T)>,
}

impl<T> EventualValue<T> {
    pub(crate) fn new(start: T) -> EventualValue<T> {
        EventualValue { start, written: Vec::new() }
    }

    /// The value as it was written last. The next write is based on it.
    pub(crate) fn latest(&self) -> &T {
        self.written.last().map_or(&self.start, |(_, value)| value)
    }

    /// The value that look-ups show: that of the last write whose time has come.
    pub(crate) fn seen(&self, now: Timestamp) -> &T {
        let due = self.written.iter().rev().find(|(from, _)| *from <= now);
        due.map_or(&self.start, |(_, value)| value)
    }

    /// Writes a value that is seen from that time on.
    pub(crate) fn write(&mut self, seen_from: Timestamp, value: T) {
        self.written.push((seen_from, value));
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::EventualValue;

    #[test]
    fn a_write_is_the_latest_value_at_once_and_is_seen_later() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut value = EventualValue::new("a");
        value.write(at(60), "b");
        assert_eq!((*value.latest(), *value.seen(at(59)), *value.seen(at(60))), ("b", "a", "b"));
        // A later write that is seen earlier hides the one before it.
        value.write(at(30), "c");
        assert_eq!((*value.latest(), *value.seen(at(29)), *value.seen(at(90))), ("c", "a", "c"));
    }
}
