//! The memory of an image or a snapshot: its findings, open and closed, the last recorded change of each grantee, and the
//! grantees that were last seen. The table keeps it. Pure.

mod stored;
pub mod update;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::grantee::Grantee;
use crate::severity::Severity;
use stored::StoredMemory;

/// How long a look-up is no proof against a change: EC2 is eventually consistent ("Eventual consistency in the Amazon EC2
/// API", Amazon EC2 Developer Guide).
pub const SETTLING: SignedDuration = SignedDuration::from_mins(15);

/// How many records a finding names, the first ones.
const MOST_RECORDS: usize = 10;

/// What the table remembers of an image or a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "StoredMemory", from = "StoredMemory")]
pub struct ResourceMemory {
    /// The version of the item: 0 if there is none yet.
    pub version: u64,
    /// The findings, open and closed, in the order in which they were recorded.
    pub findings: Vec<RememberedFinding>,
    /// The latest recorded change of each grantee.
    pub changes: BTreeMap<Grantee, RecordedChange>,
    /// The grantees that the last look-up saw.
    pub seen: Option<SeenGrantees>,
    /// The last usage report that was requested.
    pub usage_report: Option<UsageReportRequest>,
    /// The findings that Security Hub has, in the form in which they were imported.
    pub imported: Vec<ImportedFinding>,
}

/// A finding as the table remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RememberedFinding {
    /// Its class.
    pub class: FindingClass,
    /// The grantee.
    pub grantee: Grantee,
    /// When it opened and closed, and what was emailed about it.
    pub history: FindingHistory,
}

/// The class of a remembered finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingClass {
    /// A grantee that no rule trusts has access.
    Exposed,
    /// A trusted actor gave access to a grantee that no rule trusts.
    Expected,
    /// A grantee that a rule trusts lost access.
    Lost,
    /// An account used a shared snapshot.
    Used,
}

/// When a finding opened and closed, and what was emailed about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct FindingHistory {
    /// Its beginning; `None` if only its end is known.
    pub opened: Option<Moment>,
    /// Its end; `None` while it is open.
    pub closed: Option<Moment>,
    /// The last time at which a record or a look-up showed that it is open.
    pub confirmed: Option<Timestamp>,
    /// The ids of the records about it, the first ones.
    #[serde(default)]
    pub records: Vec<String>,
    /// What was emailed about it.
    pub reported: Option<Reported>,
    /// Whether an email reported that it closed.
    #[serde(default)]
    pub is_end_reported: bool,
}

/// What was emailed about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reported {
    /// The highest severity that an email stated.
    pub severity: Severity,
    /// The time of the first email.
    pub first: Timestamp,
    /// The time of the last email.
    pub last: Timestamp,
    /// How many emails reported it.
    pub emails: u32,
}

/// A time, and what proves it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment {
    /// The time.
    pub at: Timestamp,
    /// The proof.
    pub proof: Proof,
}

/// What proves that something changed at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// A CloudTrail record.
    Record {
        /// Its `eventID`.
        event: Option<String>,
        /// The name of the actor.
        actor: String,
    },
    /// This function's own call, which reverted the record with this id.
    OwnCall {
        /// The `eventID` of the record that was reverted.
        event: Option<String>,
    },
    /// A look-up, which does not say when the change happened or who made it.
    LookUp,
    /// A rule that now allows the access.
    Rule {
        /// The place of the rule.
        place: String,
    },
    /// The image or snapshot no longer exists.
    Gone,
}

/// The latest recorded change of a grantee.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecordedChange {
    /// Whether the change granted access; otherwise it removed it.
    pub granted: bool,
    /// The record.
    pub moment: Moment,
}

/// The grantees that a look-up saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenGrantees {
    /// The time of the look-up.
    pub at: Timestamp,
    /// The grantees.
    pub grantees: Vec<Grantee>,
}

/// A usage report that was requested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageReportRequest {
    /// Its id.
    pub id: String,
    /// The time of the request.
    pub at: Timestamp,
    /// Its stage.
    #[serde(default)]
    pub stage: UsageStage,
    /// Whether an email reported that the usage is not known.
    #[serde(default)]
    pub is_unknown_reported: bool,
}

/// The stage of a usage report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UsageStage {
    /// It was requested, and not read yet.
    #[default]
    Requested,
    /// It was read, or failed. The next one is requested later.
    Read,
    /// It was the last one: the share had ended long enough before it.
    Concluded,
}

/// A finding as it was imported into Security Hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedFinding {
    /// Its id in Security Hub.
    pub id: String,
    /// The digest of the form in which it was imported.
    pub form: String,
    /// The time of the import.
    pub at: Timestamp,
    /// Whether it was imported as archived.
    #[serde(default)]
    pub is_archived: bool,
}

impl RememberedFinding {
    /// Whether the finding is open.
    pub fn is_open(&self) -> bool {
        self.history.closed.is_none()
    }
}

impl FindingHistory {
    /// Whether the finding was open at `at`, as far as its times say.
    fn spans(&self, at: Timestamp) -> bool {
        self.opened.as_ref().is_none_or(|opened| opened.at <= at)
            && self.closed.as_ref().is_none_or(|closed| closed.at >= at)
    }

    fn name_record(&mut self, moment: &Moment) {
        if let Proof::Record { event: Some(event), .. } = &moment.proof
            && self.records.len() < MOST_RECORDS
            && !self.records.contains(event)
        {
            self.records.push(event.clone());
        }
    }
}

impl ResourceMemory {
    /// The findings that are open.
    pub fn open(&self) -> impl Iterator<Item = &RememberedFinding> {
        self.findings.iter().filter(|finding| finding.is_open())
    }

    /// Whether the item is kept without an end: something in it is open, or its grantees would be needed to name who lost access.
    pub fn must_stay(&self) -> bool {
        let has_grantees = self.seen.as_ref().is_some_and(|seen| !seen.grantees.is_empty());
        let is_watched =
            self.usage_report.as_ref().is_some_and(|report| report.stage != UsageStage::Concluded);
        has_grantees || self.open().next().is_some() || is_watched
    }

    /// The record of a removal of access after `at`.
    pub fn removed_after(&self, grantee: &Grantee, at: Timestamp) -> Option<&Moment> {
        let change = self.changes.get(grantee)?;
        (!change.granted && change.moment.at > at).then_some(&change.moment)
    }

    /// The record of a grant of access after `at`.
    pub fn granted_after(&self, grantee: &Grantee, at: Timestamp) -> Option<&Moment> {
        let change = self.changes.get(grantee)?;
        (change.granted && change.moment.at > at).then_some(&change.moment)
    }

    /// Records that a call granted access. `class` is the class of the finding; a trusted grantee opens none.
    pub fn grant(&mut self, grantee: &Grantee, class: Option<FindingClass>, moment: &Moment) {
        let removed_later = self.removed_after(grantee, moment.at).cloned();
        self.change(grantee, true, moment);
        for finding in &mut self.findings {
            let is_lost = finding.class == FindingClass::Lost && finding.grantee == *grantee;
            if is_lost && finding.is_open() && finding.history.spans(moment.at) {
                finding.history.closed = Some(moment.clone());
            }
        }
        let Some(class) = class else { return };
        let of_grantee = |finding: &&mut RememberedFinding| {
            finding.grantee == *grantee
                && matches!(finding.class, FindingClass::Exposed | FindingClass::Expected)
        };
        let mut known = self.findings.iter_mut().filter(of_grantee);
        // A finding that contains the moment, or that began later: the access began with the earlier grant.
        let extended = known.find(|finding| {
            let closed = finding.history.closed.as_ref();
            closed.is_none_or(|closed| closed.at >= moment.at)
        });
        match extended {
            Some(finding) => {
                let began_later = finding.history.opened.as_ref().is_none_or(|opened| opened.at > moment.at);
                if began_later {
                    finding.history.opened = Some(moment.clone());
                }
                finding.history.name_record(moment);
                finding.history.confirmed = finding.history.confirmed.max(Some(moment.at));
                // What an actor that no rule trusts does is worse than what was expected.
                finding.class = finding.class.min(class);
            }
            None => {
                let mut history = FindingHistory {
                    opened: Some(moment.clone()),
                    closed: removed_later,
                    confirmed: Some(moment.at),
                    ..FindingHistory::default()
                };
                history.name_record(moment);
                self.findings.push(RememberedFinding { class, grantee: grantee.clone(), history });
            }
        }
    }

    /// Records that a call removed access. The removal of a trusted grantee opens a finding.
    pub fn remove(&mut self, grantee: &Grantee, is_trusted: bool, moment: &Moment) {
        let granted_later = self.granted_after(grantee, moment.at).cloned();
        self.change(grantee, false, moment);
        let mut reopened = None;
        for finding in self.findings.iter_mut().filter(|finding| finding.grantee == *grantee) {
            let is_access = matches!(finding.class, FindingClass::Exposed | FindingClass::Expected);
            let is_proven =
                |closed: &Moment| matches!(closed.proof, Proof::Record { .. } | Proof::OwnCall { .. });
            let has_better_end = finding.history.closed.as_ref().is_some_and(is_proven);
            if !is_access || has_better_end || !finding.history.spans(moment.at) {
                continue;
            }
            if let (true, Some(grant)) = (finding.is_open(), &granted_later) {
                let mut later = finding.clone();
                later.history.opened = Some(grant.clone());
                reopened = Some(later);
            }
            finding.history.closed = Some(moment.clone());
            finding.history.name_record(moment);
        }
        self.findings.extend(reopened);
        let is_open = |finding: &RememberedFinding| {
            finding.class == FindingClass::Lost && finding.grantee == *grantee && finding.is_open()
        };
        if is_trusted && granted_later.is_none() && !self.findings.iter().any(is_open) {
            let mut history = FindingHistory {
                opened: Some(moment.clone()),
                confirmed: Some(moment.at),
                ..FindingHistory::default()
            };
            history.name_record(moment);
            self.findings.push(RememberedFinding {
                class: FindingClass::Lost,
                grantee: grantee.clone(),
                history,
            });
        }
    }

    /// Remembers that an email reported the open findings of these grantees with a severity.
    pub fn report(&mut self, class: FindingClass, grantees: &[Grantee], severity: Severity, at: Timestamp) {
        let is_reported = |finding: &&mut RememberedFinding| {
            finding.class == class && finding.is_open() && grantees.contains(&finding.grantee)
        };
        for finding in self.findings.iter_mut().filter(is_reported) {
            let before = finding.history.reported;
            finding.history.reported = Some(Reported {
                severity: before.map_or(severity, |before| before.severity.max(severity)),
                first: before.map_or(at, |before| before.first),
                last: at,
                emails: before.map_or(1, |before| before.emails + 1),
            });
        }
    }

    fn change(&mut self, grantee: &Grantee, granted: bool, moment: &Moment) {
        let is_older = self.changes.get(grantee).is_some_and(|known| known.moment.at > moment.at);
        if !is_older {
            self.changes.insert(grantee.clone(), RecordedChange { granted, moment: moment.clone() });
        }
    }
}
