//! Owns the timeline, as `[[timeline]]` of the world's file lists it: delivered events, and changes of the world,
//! each at its time.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use crate::LocalAws;
use crate::drs::DrsOperatorAction;
use crate::ec2::ImageChange;
use crate::ecr::{self, NewImage};
use crate::fault::Fault;
use crate::s3::NewObject;
use crate::ssm::{self, ParameterWrite};

/// Something that happens at a time.
#[derive(Debug, Clone)]
pub struct TimelineEntry {
    /// When.
    pub at: Timestamp,
    /// The action.
    pub action: TimelineAction,
}

/// One action of the timeline.
#[derive(Debug, Clone)]
pub enum TimelineAction {
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
    Change(WorldChange),
}

/// A change of the world.
#[derive(Debug, Clone)]
pub enum WorldChange {
    /// The state of a CloudWatch alarm changes.
    Alarm { name: String, state: String, suppressed_by: Option<String> },
    /// A principal gives a parameter of SSM another value, or the parameter is removed.
    Parameter { name: String, value: Option<String>, by: Option<String> },
    /// An endpoint answers otherwise, or not at all.
    Endpoint { url: String, status: Option<u16> },
    /// The result of the next launch of a source server changes.
    Launch { server: String, result: String },
    /// A source server has other tags from now on, or is removed from DRS.
    SourceServer { server: String, tags: Option<std::collections::BTreeMap<String, String>> },
    /// A recovery snapshot of a source server is taken.
    Snapshot { server: String },
    /// The recovery snapshots of a source server are deleted.
    NoSnapshots { server: String },
    /// An operator acts in DRS, on a plan or a server.
    Drs { action: DrsOperatorAction, name: String, of: String },
    /// Another principal associates an Elastic IP address with an instance, or disassociates it.
    Address { allocation: String, instance: Option<String> },
    /// Another principal pushes an image to ECR. The bus has the event.
    ImagePush(NewImage),
    /// Another principal puts an object into a bucket, or deletes it (no bytes). The bus has the event.
    Object { bucket: String, key: String, bytes: Option<Vec<u8>>, version: Option<String> },
    /// Another principal changes an image, a snapshot, or block public access.
    Images(ImageChange),
    /// Calls go wrong from now on.
    Fault(TimelineFault),
}

/// A fault, and how long it lasts.
#[derive(Debug, Clone)]
pub struct TimelineFault {
    pub(crate) fault: Fault,
    pub(crate) until: Option<Timestamp>,
    pub(crate) description: String,
}

impl fmt::Display for WorldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alarm { name, state, suppressed_by } => {
                write!(f, "the alarm {name} goes to {state}")?;
                suppressed_by.iter().try_for_each(|by| write!(f, ", suppressed by {by}"))
            }
            Self::Parameter { name, value: Some(value), by } => {
                write!(f, "the parameter {name} is set to {value}")?;
                by.iter().try_for_each(|by| write!(f, " by {by}"))
            }
            Self::Parameter { name, value: None, .. } => write!(f, "the parameter {name} is removed"),
            Self::Endpoint { url, status: Some(status) } => write!(f, "{url} answers with status {status}"),
            Self::Endpoint { url, status: None } => write!(f, "{url} no longer answers"),
            Self::Launch { server, result } => write!(f, "a launch of {server} will be {result}"),
            Self::SourceServer { server, tags: Some(tags) } => write!(f, "{server} has the tags {tags:?}"),
            Self::SourceServer { server, tags: None } => write!(f, "{server} is removed from DRS"),
            Self::Snapshot { server } => write!(f, "a recovery snapshot of {server} is taken"),
            Self::NoSnapshots { server } => write!(f, "the recovery snapshots of {server} are deleted"),
            Self::Drs { name, of, .. } => write!(f, "an operator acts in DRS: {name} {of}"),
            Self::Address { allocation, instance: Some(instance) } => {
                write!(f, "the address {allocation} is associated with {instance}")
            }
            Self::Address { allocation, instance: None } => {
                write!(f, "the address {allocation} is disassociated")
            }
            Self::ImagePush(image) => {
                let tag = image.tag.as_deref().map(|tag| format!(":{tag}")).unwrap_or_default();
                write!(f, "an image is pushed: {}{tag}", image.repository)
            }
            Self::Object { bucket, key, bytes: Some(_), .. } => {
                write!(f, "an object is put: s3://{bucket}/{key}")
            }
            Self::Object { bucket, key, bytes: None, .. } => {
                write!(f, "an object is deleted: s3://{bucket}/{key}")
            }
            Self::Images(change) => change.fmt(f),
            Self::Fault(new) => f.write_str(&new.description),
        }
    }
}

impl LocalAws {
    /// Changes the world, now.
    pub fn apply(&self, change: &WorldChange) {
        let (world, now) = (&self.endpoint.world, self.now());
        match change {
            WorldChange::Alarm { name, state, suppressed_by } => {
                world.cloudwatch.set(name, state, suppressed_by.as_deref(), now);
            }
            WorldChange::Parameter { name, value: None, .. } => world.ssm.remove(name),
            WorldChange::Parameter { name, value: Some(value), by } => {
                let user = by.as_deref().unwrap_or(&world.account.caller);
                let (region, kind) = (world.region.as_str(), "String");
                ssm::put(world, &ParameterWrite { name, region, kind, value, user, now });
            }
            WorldChange::Endpoint { url, status } => world.web.set(url, *status),
            WorldChange::Launch { server, result } => {
                world.drs.set_launch(server, result);
            }
            WorldChange::SourceServer { server, tags } => world.drs.set_server(server, tags.as_ref()),
            WorldChange::Snapshot { server } => {
                world.drs.add_snapshot(server, now);
            }
            WorldChange::NoSnapshots { server } => {
                world.drs.remove_snapshots(server);
            }
            WorldChange::Drs { action, of, .. } => world.drs.operate(*action, of, now),
            WorldChange::Address { allocation, instance } => {
                let to = instance
                    .clone()
                    .and_then(|id| Some((world.ec2_interface_of(&id, &world.region, now)?, id)));
                world.ec2.set_address(allocation, to);
            }
            WorldChange::ImagePush(image) => ecr::push(&world.bus, (&world.region, now), image),
            WorldChange::Object { bucket, key, bytes, version } => {
                // The world's file was checked, so the bucket exists; a version that exists already stays as it is.
                let (bytes, version) = (bytes.clone().map(Into::into), version.clone());
                let new = NewObject { key: key.clone(), bytes, version };
                let _ = world.s3.put_with_event(&world.bus, (&world.region, now), bucket, new);
            }
            WorldChange::Images(change) => world.ec2.change(change, now),
            WorldChange::Fault(new) => world.faults.add(Fault { until: new.until, ..new.fault.clone() }),
        }
    }
}
