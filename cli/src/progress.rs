//! Prints a line on stderr for an operation that takes longer than a second.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// Ends the wait when it is dropped.
#[must_use = "dropped at once, it never prints anything"]
pub struct ProgressLine {
    _done: Sender<()>,
}

/// Prints `what` if the returned value is not dropped within a second.
pub fn after_a_second(what: impl Into<String>) -> ProgressLine {
    let what = what.into();
    let (done, waiting) = mpsc::channel::<()>();
    thread::spawn(move || {
        if waiting.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
            anstream::eprintln!("... {what}");
        }
    });
    ProgressLine { _done: done }
}
