//! What the memory of an image or a snapshot adds to one recorded call: what the call ended, what later records prove, and what
//! was known before it. Pure.

use jiff::Timestamp;

use crate::grantee::Grantee;
use crate::memory::{FindingClass, Moment, RememberedFinding, SeenGrantees};
use crate::severity::Severity;

/// What the memory adds to a recorded call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallHistory {
    /// The findings that this call ended, and those that later records ended before this record arrived.
    pub ended: Vec<EndedFinding>,
    /// Grantees that this call added, and from which a later record or this function removed the access.
    pub removed_since: Vec<(Grantee, Moment)>,
    /// Grantees that this call removed, and to which a later record granted access again.
    pub granted_since: Vec<(Grantee, Moment)>,
    /// Findings of the same image or snapshot that were open before the call and still are.
    pub still_open: Vec<RememberedFinding>,
    /// The grantees that the last look-up before the call saw.
    pub seen_before: Option<SeenGrantees>,
}

/// A finding that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedFinding {
    /// Its class.
    pub class: FindingClass,
    /// The grantees with this history.
    pub grantees: Vec<Grantee>,
    /// Its beginning, if it is known.
    pub opened: Option<Moment>,
    /// The last time at which it was known to be open: the earliest end where only a look-up shows the end.
    pub confirmed: Option<Timestamp>,
    /// Its end.
    pub closed: Moment,
    /// The highest severity that an email stated.
    pub severity: Option<Severity>,
}
