//! What happens at which time, as `[[timeline]]` of the world's file says: events that are delivered, and changes of the world.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use crate::LocalAws;
use crate::fault::Fault;

/// Something that happens at a time.
#[derive(Debug, Clone)]
pub struct Timed {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Happening,
}

/// What happens.
#[derive(Debug, Clone)]
pub enum Happening {
    /// The schedule's event is delivered.
    Reconcile,
    /// An event is delivered.
    Event {
        /// The name of its file.
        file: String,
        /// The event.
        event: Value,
    },
    /// The world changes.
    Change(Change),
}

/// A change of the world.
#[derive(Debug, Clone)]
pub enum Change {
    /// An alarm of CloudWatch goes into a state.
    Alarm { name: String, state: String, suppressed_by: Option<String> },
    /// A parameter of SSM has another value, or is removed.
    Parameter { name: String, value: Option<String> },
    /// An endpoint answers otherwise, or not at all.
    Endpoint { url: String, status: Option<u16> },
    /// What a launch of a source server comes to.
    Launch { server: String, result: String },
    /// A recovery snapshot of a source server is taken.
    Snapshot { server: String },
    /// The recovery snapshots of a source server are gone.
    NoSnapshots { server: String },
    /// Calls go wrong from now on.
    Fault(NewFault),
}

/// A fault, and how long it lasts.
#[derive(Debug, Clone)]
pub struct NewFault {
    pub(crate) fault: Fault,
    pub(crate) until: Option<Timestamp>,
    pub(crate) told: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alarm { name, state, suppressed_by } => {
                write!(f, "the alarm {name} goes to {state}")?;
                suppressed_by.iter().try_for_each(|by| write!(f, ", suppressed by {by}"))
            }
            Self::Parameter { name, value: Some(value) } => {
                write!(f, "the parameter {name} is set to {value}")
            }
            Self::Parameter { name, value: None } => write!(f, "the parameter {name} is removed"),
            Self::Endpoint { url, status: Some(status) } => write!(f, "{url} answers with status {status}"),
            Self::Endpoint { url, status: None } => write!(f, "{url} does not answer any more"),
            Self::Launch { server, result } => write!(f, "a launch of {server} will be {result}"),
            Self::Snapshot { server } => write!(f, "a recovery snapshot of {server} is taken"),
            Self::NoSnapshots { server } => write!(f, "the recovery snapshots of {server} are gone"),
            Self::Fault(new) => f.write_str(&new.told),
        }
    }
}

impl LocalAws {
    /// Changes the world, now.
    pub fn apply(&self, change: &Change) {
        let (world, now) = (&self.endpoint.world, self.now());
        match change {
            Change::Alarm { name, state, suppressed_by } => {
                world.cloudwatch.set(name, state, suppressed_by.as_deref(), now);
            }
            Change::Parameter { name, value } => world.ssm.set(name, &world.region, value.as_deref(), now),
            Change::Endpoint { url, status } => world.web.set(url, *status),
            Change::Launch { server, result } => {
                world.drs.set_launch(server, result);
            }
            Change::Snapshot { server } => {
                world.drs.add_snapshot(server, now);
            }
            Change::NoSnapshots { server } => {
                world.drs.remove_snapshots(server);
            }
            Change::Fault(new) => world.faults.add(Fault { until: new.until, ..new.fault.clone() }),
        }
    }
}
