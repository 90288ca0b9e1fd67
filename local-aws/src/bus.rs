//! Owns what AWS put on the event bus: what happened, as EventBridge shows it to rules.

use std::sync::Mutex;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::ids;
use crate::service::ACCOUNT;

/// One thing that happened, without what the bus itself adds.
pub(crate) struct Happened<'a> {
    pub(crate) source: &'a str,
    pub(crate) detail_type: &'a str,
    pub(crate) region: &'a str,
    pub(crate) at: Timestamp,
    /// The ARN of what it happened to.
    pub(crate) resource: &'a str,
    pub(crate) detail: Value,
}

/// Events in the order in which they happened, until somebody takes them.
#[derive(Debug, Default)]
pub(crate) struct Bus {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    count: u64,
    waiting: Vec<Value>,
}

impl Bus {
    pub(crate) fn put(&self, happened: Happened<'_>) {
        let mut state = self.state.lock().expect("no holder of this lock panics");
        state.count += 1;
        let event = json!({
            "version": "0",
            "id": ids::uuid(&["event", &state.count.to_string()]),
            "detail-type": happened.detail_type,
            "source": happened.source,
            "account": ACCOUNT,
            "time": happened.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": happened.region,
            "resources": [happened.resource],
            "detail": happened.detail,
        });
        state.waiting.push(event);
    }

    pub(crate) fn take(&self) -> Vec<Value> {
        std::mem::take(&mut self.state.lock().expect("no holder of this lock panics").waiting)
    }
}
