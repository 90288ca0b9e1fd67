//! Owns the event bus: the events that AWS put on it, as EventBridge shows them to rules.

use std::sync::Mutex;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::ids;
use crate::service::ACCOUNT;

/// One event, without the fields that the bus adds.
pub(crate) struct BusEvent<'a> {
    pub(crate) source: &'a str,
    pub(crate) detail_type: &'a str,
    pub(crate) region: &'a str,
    pub(crate) at: Timestamp,
    /// The ARN of the resource that the event is about.
    pub(crate) resource: &'a str,
    pub(crate) detail: Value,
}

/// An event that a caller of PutEvents put on the bus.
pub(crate) struct CustomEvent<'a> {
    pub(crate) source: String,
    pub(crate) detail_type: String,
    pub(crate) region: &'a str,
    pub(crate) at: Timestamp,
    pub(crate) resources: Vec<String>,
    pub(crate) detail: Value,
}

/// Events in their order, until a caller takes them.
#[derive(Debug, Default)]
pub(crate) struct Bus {
    state: Mutex<BusState>,
}

#[derive(Debug, Default)]
struct BusState {
    count: u64,
    waiting: Vec<Value>,
}

impl Bus {
    pub(crate) fn put(&self, happened: BusEvent<'_>) {
        self.put_of(ACCOUNT, happened);
    }

    /// Puts an event of an account on the bus. A rule of another account forwards its events.
    pub(crate) fn put_of(&self, account: &str, happened: BusEvent<'_>) {
        let BusEvent { source, detail_type, region, at, resource, detail } = happened;
        let (source, detail_type, resources) = (source.into(), detail_type.into(), vec![resource.into()]);
        self.add(account, CustomEvent { source, detail_type, region, at, resources, detail });
    }

    /// Puts an event on the bus, and returns its id.
    pub(crate) fn put_custom(&self, happened: CustomEvent<'_>) -> String {
        self.add(ACCOUNT, happened)
    }

    fn add(&self, account: &str, happened: CustomEvent<'_>) -> String {
        let mut state = self.state.lock().expect("no holder of this lock panics");
        state.count += 1;
        let id = ids::uuid(&["event", &state.count.to_string()]);
        let event = json!({
            "version": "0",
            "id": id,
            "detail-type": happened.detail_type,
            "source": happened.source,
            "account": account,
            "time": happened.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": happened.region,
            "resources": happened.resources,
            "detail": happened.detail,
        });
        state.waiting.push(event);
        id
    }

    pub(crate) fn take(&self) -> Vec<Value> {
        std::mem::take(&mut self.state.lock().expect("no holder of this lock panics").waiting)
    }
}
