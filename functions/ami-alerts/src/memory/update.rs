//! Changes of a memory. A decision returns them, and the table applies them to the item that it holds by then.

use jiff::Timestamp;

use super::{
    FindingClass, FindingHistory, ImportedFinding, Moment, RememberedFinding, ResourceMemory, SeenGrantees,
    UsageReportRequest,
};
use crate::grantee::Grantee;
use crate::severity::Severity;

/// Changes of the memory of one image or snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryUpdate {
    /// The account that owns it.
    pub account: String,
    /// Its region.
    pub region: String,
    /// Its id.
    pub resource: String,
    /// The changes, in order.
    pub changes: Vec<MemoryChange>,
}

/// A change of the memory of one image or snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemoryChange {
    /// A call granted access.
    Granted {
        /// The grantees.
        grantees: Vec<Grantee>,
        /// The class of the finding; none for trusted grantees.
        class: Option<FindingClass>,
        /// When, and its proof.
        moment: Moment,
    },
    /// A call removed access.
    Removed {
        /// The grantees.
        grantees: Vec<Grantee>,
        /// Whether a rule trusts them.
        are_trusted: bool,
        /// When, and its proof.
        moment: Moment,
    },
    /// A finding opened that no call of the table's memory opened: a look-up saw it, or an account used a snapshot.
    Opened {
        /// Its class.
        class: FindingClass,
        /// The grantees.
        grantees: Vec<Grantee>,
        /// When, and its proof.
        moment: Moment,
    },
    /// Open findings ended other than by a recorded call.
    Ended {
        /// Their class.
        class: FindingClass,
        /// The grantees.
        grantees: Vec<Grantee>,
        /// When, and its proof.
        moment: Moment,
    },
    /// A look-up saw these grantees.
    Seen(SeenGrantees),
    /// An email reported open findings.
    Reported {
        /// Their class.
        class: FindingClass,
        /// The grantees.
        grantees: Vec<Grantee>,
        /// The severity that it stated.
        severity: Severity,
        /// The time of the email.
        at: Timestamp,
    },
    /// An email reported that findings ended.
    EndReported {
        /// Their class.
        class: FindingClass,
        /// The grantees.
        grantees: Vec<Grantee>,
    },
    /// A usage report was requested, or read.
    UsageReport(Option<UsageReportRequest>),
    /// Security Hub imported these findings.
    Imported(Vec<ImportedFinding>),
}

impl ResourceMemory {
    /// Applies a change.
    pub fn apply(&mut self, change: &MemoryChange) {
        match change {
            MemoryChange::Granted { grantees, class, moment } => {
                grantees.iter().for_each(|grantee| self.grant(grantee, *class, moment));
            }
            MemoryChange::Removed { grantees, are_trusted, moment } => {
                grantees.iter().for_each(|grantee| self.remove(grantee, *are_trusted, moment));
            }
            MemoryChange::Opened { class, grantees, moment } => {
                grantees.iter().for_each(|grantee| self.open_finding(*class, grantee, moment));
            }
            MemoryChange::Ended { class, grantees, moment } => self.end(*class, grantees, moment),
            MemoryChange::Seen(seen) => self.see(seen),
            MemoryChange::Reported { class, grantees, severity, at } => {
                self.report(*class, grantees, *severity, *at);
            }
            MemoryChange::EndReported { class, grantees } => {
                for finding in self.findings.iter_mut() {
                    let is_reported = finding.class == *class && grantees.contains(&finding.grantee);
                    finding.history.is_end_reported |= is_reported && finding.history.closed.is_some();
                }
            }
            MemoryChange::UsageReport(report) => self.usage_report = report.clone(),
            MemoryChange::Imported(findings) => {
                self.imported.retain(|known| findings.iter().all(|finding| finding.id != known.id));
                self.imported.extend(findings.iter().cloned());
            }
        }
    }

    fn open_finding(&mut self, class: FindingClass, grantee: &Grantee, moment: &Moment) {
        let is_same = |finding: &&mut RememberedFinding| {
            finding.class == class && finding.grantee == *grantee && finding.history.closed.is_none()
        };
        match self.findings.iter_mut().find(is_same) {
            Some(finding) => {
                finding.history.confirmed = finding.history.confirmed.max(Some(moment.at));
                finding.history.name_record(moment);
            }
            None => {
                let mut history = FindingHistory {
                    opened: Some(moment.clone()),
                    confirmed: Some(moment.at),
                    ..FindingHistory::default()
                };
                history.name_record(moment);
                self.findings.push(RememberedFinding { class, grantee: grantee.clone(), history });
            }
        }
    }

    fn end(&mut self, class: FindingClass, grantees: &[Grantee], moment: &Moment) {
        let is_ended = |finding: &&mut RememberedFinding| {
            finding.class == class && finding.is_open() && grantees.contains(&finding.grantee)
        };
        for finding in self.findings.iter_mut().filter(is_ended) {
            finding.history.closed = Some(moment.clone());
        }
    }

    /// Remembers a look-up, unless a later one is known, and confirms the open findings of the grantees that it saw.
    fn see(&mut self, seen: &SeenGrantees) {
        if self.seen.as_ref().is_some_and(|known| known.at > seen.at) {
            return;
        }
        for finding in self.findings.iter_mut().filter(|finding| finding.is_open()) {
            let has_access = matches!(finding.class, FindingClass::Exposed | FindingClass::Expected)
                && seen.grantees.contains(&finding.grantee);
            if has_access {
                finding.history.confirmed = finding.history.confirmed.max(Some(seen.at));
            }
        }
        self.seen = Some(seen.clone());
    }
}
