//! Reads the permissions of images or snapshots one by one, those that matter most first.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use aws_sdk_ec2::Client as Ec2;
use jiff::Timestamp;
use shared::call_error::CallError;
use shared::clock::elsewhere;

use super::super::{image, permissions};
use crate::change::{ResourceKind, SharedResource};
use crate::facts::LookupError;
use crate::grantee::Grantee;
use crate::scan::ScanStop;

/// The order in which images or snapshots are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadOrder<'k> {
    /// Those that the table remembers with findings or grantees.
    pub(super) known: &'k BTreeSet<String>,
    /// The time of the scan, on which the beginning among the others depends.
    pub(super) now: Timestamp,
}

/// The permissions that were read.
#[derive(Debug, Default)]
pub(super) struct EachRead {
    /// The grantees, by image or snapshot, in the order in which they were read.
    pub(super) grantees: Vec<(String, Result<Vec<Grantee>, LookupError>)>,
    /// Those that were not read.
    pub(super) unread: Vec<String>,
    /// Why.
    pub(super) stop: Option<ScanStop>,
}

impl ReadOrder<'_> {
    /// The public ones, then those that the table remembers, then the others, each day from another one on.
    pub(super) fn of(&self, public: &BTreeSet<String>, all: impl Iterator<Item = String>) -> Vec<String> {
        let mut others = Vec::new();
        let mut known = Vec::new();
        for id in all.filter(|id| !public.contains(id)) {
            if self.known.contains(&id) { known.push(id) } else { others.push(id) }
        }
        let start = elsewhere(self.now, others.len());
        others.rotate_left(start);
        public.iter().cloned().chain(known).chain(others).collect()
    }
}

/// Reads one after the other until the time is over or EC2 throttles.
pub(super) async fn read_each(kind: ResourceKind, ids: Vec<String>, ec2: &Ec2, until: Instant) -> EachRead {
    let mut each = EachRead::default();
    let mut left = ids.into_iter();
    while let Some(id) = left.next() {
        if Instant::now() >= until {
            each.stop_at(id, left, |left| ScanStop::NoTimeLeft { left });
            break;
        }
        let resource = SharedResource { kind, id: Some(id.clone()) };
        match permissions(&resource, ec2).await {
            // It was deleted since it was listed.
            Err(LookupError::Call(error)) if is_gone(&error) => {}
            Err(LookupError::Call(error)) if error.has_code("RequestLimitExceeded") => {
                each.stop_at(id, left, |left| ScanStop::Throttled { left });
                break;
            }
            grantees => each.grantees.push((id, grantees)),
        }
    }
    each
}

impl EachRead {
    fn stop_at(&mut self, id: String, left: impl Iterator<Item = String>, stop: impl Fn(usize) -> ScanStop) {
        self.unread = std::iter::once(id).chain(left).collect();
        self.stop = Some(stop(self.unread.len()));
    }
}

fn is_gone(error: &CallError) -> bool {
    image::is_gone(error) || error.has_code("InvalidSnapshot.NotFound")
}

/// A list that AWS answers before `until`.
pub(super) async fn list_until<T>(
    until: Instant,
    list: impl Future<Output = Result<T, LookupError>>,
) -> Result<T, LookupError> {
    // A list that begins late still has the time of a call.
    let time = until.saturating_duration_since(Instant::now()).max(Duration::from_secs(5));
    tokio::time::timeout(time, list).await.unwrap_or(Err(LookupError::TooSlow { seconds: time.as_secs() }))
}

/// What is known of each image or snapshot, by its id.
pub(super) type ById<T> = BTreeMap<String, T>;
