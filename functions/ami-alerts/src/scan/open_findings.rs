//! Open findings of an image or a snapshot, and whether an email reports them.

use crate::exposure::Exposure;
use crate::grantee::Grantee;
use crate::memory::{EmailedReports, FindingClass, ProvenTime};
use crate::severity::Severity;

/// Open findings with the same history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenFindings {
    /// Their class.
    pub class: FindingClass,
    /// The exposure; [`Exposure::Trusted`] for lost access.
    pub exposure: Exposure,
    /// Their severity.
    pub severity: Severity,
    /// The grantees.
    pub grantees: Vec<Grantee>,
    /// Their beginning, if it is known.
    pub opened: Option<ProvenTime>,
    /// What was emailed about them.
    pub reported: Option<EmailedReports>,
    /// Whether they are emailed, and why.
    pub news: News,
}

/// Whether open findings are emailed, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum News {
    /// Emailed: no email reported them.
    New,
    /// Emailed: they are worse than the emails reported.
    Worse,
    /// Emailed: a reminder is due, or another finding of the same resource is emailed.
    Reminder,
    /// Not emailed: an email reported them, and no reminder is due.
    Reported,
    /// Not emailed: the rule mutes them.
    Muted,
    /// Not emailed: a trusted actor granted the access.
    Expected,
}

impl News {
    /// Whether an email reports them now.
    pub fn is_emailed(self) -> bool {
        self <= Self::Reminder
    }
}
