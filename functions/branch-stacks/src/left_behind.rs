//! Resources that an update or its rollback no longer needs and that CloudFormation could not delete: it reports the operation
//! as complete, and the resources belong to no stack any more.

use std::collections::BTreeSet;
use std::fmt;

use shared::text::{printable, shortened};

use crate::facts::OperationEvent;

/// The most characters of a status reason.
const LONGEST_REASON: usize = 1_000;

/// A resource that was left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceLeft {
    /// The logical id, which a replacement may have now.
    pub logical: String,
    /// The resource's own id.
    pub physical: String,
    /// The type.
    pub kind: String,
    /// CloudFormation's reason of the last attempt.
    pub reason: String,
}

impl fmt::Display for ResourceLeft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = if self.reason.is_empty() { "CloudFormation gives no reason" } else { &self.reason };
        let reason = shortened(&printable(reason), LONGEST_REASON);
        let [physical, kind, logical] =
            [&self.physical, &self.kind, &self.logical].map(|text| printable(text));
        write!(f, "{physical} ({kind}, {logical}): {reason}")
    }
}

/// The resources whose last event of an operation is a failed deletion; `events` are those of the operation, newest first.
/// CloudFormation retries a deletion, so an earlier failure may have been followed by a success.
pub fn left_behind(events: &[OperationEvent]) -> Vec<ResourceLeft> {
    let mut seen = BTreeSet::new();
    let newest = events.iter().filter(|event| !event.of_stack);
    let newest = newest.filter(|event| seen.insert((&event.resource, &event.physical)));
    let left = newest.filter(|event| event.status == "DELETE_FAILED").map(|event| ResourceLeft {
        logical: event.resource.clone(),
        physical: event.physical.clone(),
        kind: event.kind.clone(),
        reason: event.reason.clone(),
    });
    left.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(physical: &str, status: &str) -> OperationEvent {
        OperationEvent {
            resource: "Bucket".into(),
            physical: physical.into(),
            kind: "AWS::S3::Bucket".into(),
            status: status.into(),
            reason: "not empty".into(),
            of_stack: false,
            token: None,
            operation: None,
            time: None,
        }
    }

    #[test]
    fn only_a_resource_whose_last_deletion_failed_is_left_behind() {
        let newest_first = [
            event("old", "DELETE_FAILED"),
            event("older", "DELETE_COMPLETE"),
            event("older", "DELETE_FAILED"),
            event("new", "UPDATE_COMPLETE"),
        ];
        let left = left_behind(&newest_first);
        assert_eq!(left.iter().map(|one| one.physical.as_str()).collect::<Vec<_>>(), ["old"]);
        assert_eq!(left[0].to_string(), "old (AWS::S3::Bucket, Bucket): not empty");
    }

    #[test]
    fn an_event_of_the_stack_itself_is_no_resource() {
        let of_stack = OperationEvent { of_stack: true, ..event("stack", "DELETE_FAILED") };
        assert_eq!(left_behind(&[of_stack]), []);
    }
}
