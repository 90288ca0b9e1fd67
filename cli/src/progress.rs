//! A line on standard error for what takes longer than a second.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// Ends the wait when it is dropped.
#[must_use = "dropped at once, it never says anything"]
pub struct Progress {
    _done: Sender<()>,
}

/// Says `what` if that is not done within a second.
pub fn after_a_second(what: impl Into<String>) -> Progress {
    let what = what.into();
    let (done, waiting) = mpsc::channel::<()>();
    thread::spawn(move || {
        if waiting.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
            anstream::eprintln!("... {what}");
        }
    });
    Progress { _done: done }
}
