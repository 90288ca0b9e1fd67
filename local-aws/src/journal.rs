//! Owns the record of every call.

use std::sync::Mutex;

use jiff::Timestamp;
use serde_json::Value;

/// One call that the local AWS received.
#[derive(Debug, Clone, PartialEq)]
pub struct JournaledCall {
    /// As the request was signed for: `codecommit`. Empty when it was not signed.
    pub service: String,
    /// As the service's API reference calls it: `GetDifferences`. Empty when the request named none.
    pub operation: String,
    pub input: Value,
    pub answer: JournaledAnswer,
    /// A `[[fault]]` of the world caused this answer.
    pub injected: bool,
    /// The operation was carried out. An injected answer after the effect, or a cut, hides that from the caller.
    pub took_effect: bool,
    /// By the world's clock.
    pub at: Timestamp,
}

/// The answer that the caller received.
#[derive(Debug, Clone, PartialEq)]
pub enum JournaledAnswer {
    Ok(Value),
    /// `code` without a namespace; `status` is the HTTP status.
    Error {
        code: String,
        message: String,
        status: u16,
    },
    /// The connection was closed with no answer.
    Cut,
}

/// Calls in the order in which they arrived, whatever order they were answered in.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: Mutex<Vec<Option<JournaledCall>>>,
}

impl Journal {
    /// Keeps the place of a call that has just arrived.
    pub(crate) fn arrive(&self) -> usize {
        let mut entries = self.entries.lock().expect("no holder of this lock panics");
        entries.push(None);
        entries.len() - 1
    }

    pub(crate) fn record(&self, place: usize, call: JournaledCall) {
        self.entries.lock().expect("no holder of this lock panics")[place] = Some(call);
    }

    /// The calls that were answered.
    pub(crate) fn calls(&self) -> Vec<JournaledCall> {
        self.entries.lock().expect("no holder of this lock panics").iter().flatten().cloned().collect()
    }
}
