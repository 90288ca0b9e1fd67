//! Changes of a memory. A decision returns them, and the table applies them to the item that it holds by then.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    AccessChange, AccessChangeKind, EmailedReports, FindingClass, FindingHistory, ImportedFinding,
    ProvenTime, RememberedFinding, ResourceMemory, SeenGrantees, UsageReportRequest, timeline,
};
use crate::grantee::Grantee;
use crate::severity::Severity;

/// How many calls that removed all permissions are kept.
const MOST_RESETS: usize = 10;

/// How many uses of a snapshot are kept, the last ones. Another account can use a shared snapshot without a limit.
const MOST_USES: usize = 500;

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
        moment: ProvenTime,
    },
    /// A call removed access.
    Removed {
        /// The grantees.
        grantees: Vec<Grantee>,
        /// Whether a rule trusts them.
        are_trusted: bool,
        /// When, and its proof.
        moment: ProvenTime,
    },
    /// A call removed all permissions.
    Reset {
        /// When, and its proof.
        moment: ProvenTime,
    },
    /// A finding opened that no call of the table's memory opened: a look-up saw it, or an account used a snapshot.
    Opened {
        /// Its class.
        class: FindingClass,
        /// The grantees.
        grantees: Vec<Grantee>,
        /// When, and its proof.
        moment: ProvenTime,
    },
    /// Open findings ended other than by a recorded call.
    Ended {
        /// Their class.
        class: FindingClass,
        /// The grantees.
        grantees: Vec<Grantee>,
        /// When, and its proof.
        moment: ProvenTime,
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
        /// The end that was reported; without it, every end so far.
        closed: Option<ProvenTime>,
    },
    /// A usage report was requested, or read.
    UsageReport(Option<UsageReportRequest>),
    /// Security Hub imported these findings.
    Imported(Vec<ImportedFinding>),
}

/// A finding without its grantee.
pub(super) type ClassAndHistory = (FindingClass, FindingHistory);

impl ResourceMemory {
    /// Applies a change.
    pub fn apply(&mut self, change: &MemoryChange) {
        match change {
            MemoryChange::Granted { grantees, class, moment } => {
                self.insert(grantees, AccessChangeKind::Granted(*class), moment);
            }
            MemoryChange::Removed { grantees, are_trusted, moment } => {
                self.insert(grantees, AccessChangeKind::Removed { is_trusted: *are_trusted }, moment);
            }
            MemoryChange::Reset { moment } => self.reset(moment),
            MemoryChange::Opened { class, grantees, moment } => self.open_findings(*class, grantees, moment),
            MemoryChange::Ended { class, grantees, moment } => {
                let ended = self.open_of(*class, grantees);
                self.insert(&ended, AccessChangeKind::Ended(*class), moment);
            }
            MemoryChange::Seen(seen) => self.see(seen),
            MemoryChange::Reported { class, grantees, severity, at } => {
                self.report(*class, grantees, *severity, *at);
            }
            MemoryChange::EndReported { class, grantees, closed } => {
                self.report_end(*class, grantees, closed.as_ref());
            }
            MemoryChange::UsageReport(report) => self.usage_report = report.clone(),
            MemoryChange::Imported(findings) => {
                self.imported.retain(|known| findings.iter().all(|finding| finding.id != known.id));
                self.imported.extend(findings.iter().cloned());
            }
        }
    }

    /// Inserts a change of these grantees' access, and their findings follow.
    fn insert(&mut self, grantees: &[Grantee], kind: AccessChangeKind, moment: &ProvenTime) {
        for grantee in grantees {
            let changes = self.changes.entry(grantee.clone()).or_default();
            timeline::insert(changes, AccessChange { kind, moment: moment.clone() });
        }
        self.follow(&grantees.iter().cloned().collect());
    }

    fn reset(&mut self, moment: &ProvenTime) {
        if self.resets.iter().any(|known| known.is_of(moment)) {
            return;
        }
        self.resets.push(moment.clone());
        self.resets.sort();
        if self.resets.len() > MOST_RESETS {
            self.resets.remove(0);
        }
        self.follow(&self.changes.keys().cloned().collect());
    }

    /// Computes the findings of these grantees from their changes.
    fn follow(&mut self, grantees: &BTreeSet<Grantee>) {
        let mut known: BTreeMap<Grantee, Vec<ClassAndHistory>> = BTreeMap::new();
        for finding in std::mem::take(&mut self.findings) {
            match finding.class != FindingClass::Used && grantees.contains(&finding.grantee) {
                true => known.entry(finding.grantee).or_default().push((finding.class, finding.history)),
                false => self.findings.push(finding),
            }
        }
        // Most grantees of a call have the same history as the one before.
        let mut last: Option<(&[AccessChange], Vec<ClassAndHistory>, Vec<ClassAndHistory>)> = None;
        for grantee in grantees {
            let changes = self.changes.get(grantee).map_or(&[][..], Vec::as_slice);
            let known = known.remove(grantee).unwrap_or_default();
            let is_same = last.as_ref().is_some_and(|(of, before, _)| *of == changes && *before == known);
            if !is_same {
                let after = timeline::findings(&timeline::with_resets(changes, &self.resets), &known);
                last = Some((changes, known, after));
            }
            let findings = last.iter().flat_map(|(_, _, findings)| findings.clone());
            self.findings.extend(findings.map(|(class, history)| RememberedFinding {
                class,
                grantee: grantee.clone(),
                history,
            }));
        }
    }

    /// Of these grantees, those with an open finding of the class.
    fn open_of(&self, class: FindingClass, grantees: &[Grantee]) -> Vec<Grantee> {
        let open: BTreeSet<&Grantee> =
            self.open().filter(|finding| finding.class == class).map(|finding| &finding.grantee).collect();
        grantees.iter().filter(|grantee| open.contains(grantee)).cloned().collect()
    }

    fn open_findings(&mut self, class: FindingClass, grantees: &[Grantee], moment: &ProvenTime) {
        if class == FindingClass::Used {
            return grantees.iter().for_each(|grantee| self.use_snapshot(grantee, moment));
        }
        let mut new: BTreeSet<&Grantee> = grantees.iter().collect();
        let is_access = |class| matches!(class, FindingClass::Exposed | FindingClass::Expected);
        for finding in self.findings.iter_mut().filter(|finding| finding.is_open()) {
            if is_access(finding.class) == is_access(class)
                && finding.class != FindingClass::Used
                && new.remove(&finding.grantee)
            {
                finding.history.confirmed = finding.history.confirmed.max(Some(moment.at));
            }
        }
        let new: Vec<Grantee> = new.into_iter().cloned().collect();
        let kind = match class {
            FindingClass::Lost => AccessChangeKind::Removed { is_trusted: true },
            class => AccessChangeKind::Granted(Some(class)),
        };
        self.insert(&new, kind, moment);
    }

    /// Each use of a snapshot is a finding of its own, which has no end. A record that is known changes nothing.
    fn use_snapshot(&mut self, grantee: &Grantee, moment: &ProvenTime) {
        let is_known = |finding: &RememberedFinding| {
            let opened = finding.history.opened.as_ref();
            let is_use = finding.class == FindingClass::Used && finding.grantee == *grantee;
            is_use && opened.is_some_and(|opened| opened.is_of(moment))
        };
        if !self.findings.iter().any(is_known) {
            let records = moment.event().map(str::to_owned).into_iter().collect();
            let (opened, confirmed) = (Some(moment.clone()), Some(moment.at));
            let history = FindingHistory { opened, confirmed, records, ..FindingHistory::default() };
            let (class, grantee) = (FindingClass::Used, grantee.clone());
            self.findings.push(RememberedFinding { class, grantee, history });
        }
        self.forget_uses();
    }

    fn forget_uses(&mut self) {
        let is_use = |finding: &&RememberedFinding| finding.class == FindingClass::Used;
        let moments = self.findings.iter().filter(is_use).map(|finding| finding.history.opened.clone());
        let mut moments: Vec<Option<ProvenTime>> = moments.collect();
        moments.sort();
        let Some(first_kept) = moments.len().checked_sub(MOST_USES).map(|first| moments[first].clone())
        else {
            return;
        };
        self.findings.retain(|finding| !is_use(&finding) || finding.history.opened >= first_kept);
    }

    /// Remembers a look-up, unless a later one is known, and confirms the open findings of the grantees that it saw.
    fn see(&mut self, seen: &SeenGrantees) {
        if self.seen.as_ref().is_some_and(|known| known.at > seen.at) {
            return;
        }
        let grantees: BTreeSet<&Grantee> = seen.grantees.iter().collect();
        for finding in self.findings.iter_mut().filter(|finding| finding.is_open()) {
            if finding.is_access() && grantees.contains(&finding.grantee) {
                finding.history.confirmed = finding.history.confirmed.max(Some(seen.at));
            }
        }
        self.seen = Some(seen.clone());
    }

    /// Remembers that an email reported the open findings of these grantees with a severity.
    fn report(&mut self, class: FindingClass, grantees: &[Grantee], severity: Severity, at: Timestamp) {
        let grantees: BTreeSet<&Grantee> = grantees.iter().collect();
        let is_reported = |finding: &&mut RememberedFinding| {
            finding.class == class && finding.is_open() && grantees.contains(&finding.grantee)
        };
        for finding in self.findings.iter_mut().filter(is_reported) {
            let before = finding.history.reported;
            finding.history.reported = Some(EmailedReports {
                severity: before.map_or(severity, |before| before.severity.max(severity)),
                first: before.map_or(at, |before| before.first),
                last: at,
                emails: before.map_or(1, |before| before.emails + 1),
            });
        }
    }

    fn report_end(&mut self, class: FindingClass, grantees: &[Grantee], end: Option<&ProvenTime>) {
        let grantees: BTreeSet<&Grantee> = grantees.iter().collect();
        for finding in self.findings.iter_mut() {
            let is_reported = finding.class == class && grantees.contains(&finding.grantee);
            let closed = finding.history.closed.as_ref();
            let has_end = closed.is_some_and(|closed| end.is_none_or(|end| closed == end));
            finding.history.is_end_reported |= is_reported && has_end;
        }
    }
}
