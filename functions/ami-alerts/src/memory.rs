//! The memory of an image or a snapshot: what records, calls and look-ups prove about the access of each grantee, the findings
//! that follow, and what was emailed about them. The table keeps it. Pure.

pub mod region;
mod stored;
mod timeline;
pub mod update;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::grantee::Grantee;
use crate::severity::Severity;
use stored::StoredMemory;

/// How long a look-up is no proof against a change: EC2 is eventually consistent ("Eventual consistency in the Amazon EC2
/// API", Amazon EC2 Developer Guide).
pub const SETTLING: SignedDuration = SignedDuration::from_mins(15);

/// How long a use of a snapshot, which has no end, is listed and refreshed.
pub const USES_ARE_KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);

/// What the table remembers of an image or a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "StoredMemory", from = "StoredMemory")]
pub struct ResourceMemory {
    /// The version of the item: 0 if there is none yet.
    pub version: u64,
    /// The findings, open and closed. All but those of the class [`FindingClass::Used`] follow from `changes` and `resets`.
    pub findings: Vec<RememberedFinding>,
    /// The changes of each grantee's access, in the order of their times. A record that arrives late has its place in them.
    pub changes: BTreeMap<Grantee, Vec<AccessChange>>,
    /// The calls that removed all permissions, in the order of their times, the last ones.
    pub resets: Vec<ProvenTime>,
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

impl FindingClass {
    /// Its name in the table and in ids: `exposed`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exposed => "exposed",
            Self::Expected => "expected",
            Self::Lost => "lost",
            Self::Used => "used",
        }
    }
}

/// The id of a finding, the same in every place that shows it: `<account>/<region>/<resource>/<class>/<grantee>`.
pub fn finding_id(
    account: &str,
    region: &str,
    resource: &str,
    class: FindingClass,
    grantee: &Grantee,
) -> String {
    [account, region, resource, class.name(), &grantee.name()].join("/")
}

/// When a finding opened and closed, and what was emailed about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingHistory {
    /// Its beginning.
    pub opened: Option<ProvenTime>,
    /// Its end; `None` while it is open.
    pub closed: Option<ProvenTime>,
    /// The last time at which a record or a look-up showed that it is open.
    pub confirmed: Option<Timestamp>,
    /// The ids of the records about it, the first ones.
    pub records: Vec<String>,
    /// What was emailed about it.
    pub reported: Option<EmailedReports>,
    /// Whether an email reported that it closed.
    pub is_end_reported: bool,
}

/// What was emailed about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EmailedReports {
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
pub struct ProvenTime {
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
        /// The entry of `trusted-actors` that made the call expected.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trusted_as: Option<String>,
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

/// A change of one grantee's access.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccessChange {
    /// The change.
    pub kind: AccessChangeKind,
    /// When, and its proof.
    pub moment: ProvenTime,
}

/// The kind of a change of one grantee's access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessChangeKind {
    /// The grantee got access, or a look-up saw that it has access; with the class of the finding, none if a rule trusts it.
    Granted(Option<FindingClass>),
    /// The grantee lost access.
    Removed {
        /// Whether a rule trusts the grantee.
        is_trusted: bool,
    },
    /// A finding of this class ended other than by a recorded call.
    Ended(FindingClass),
}

/// The grantees that a look-up saw.
#[derive(Debug, Clone, PartialEq, Eq)]
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

    /// Whether the finding is that a grantee has access.
    pub fn is_access(&self) -> bool {
        matches!(self.class, FindingClass::Exposed | FindingClass::Expected)
    }
}

impl ProvenTime {
    /// The moment of a record.
    pub fn recorded(at: Timestamp, event: Option<&str>, actor: &str) -> Self {
        let (event, actor) = (event.map(str::to_owned), actor.to_owned());
        Self { at, proof: Proof::Record { event, actor, trusted_as: None } }
    }

    /// The moment of a look-up.
    pub fn looked_up(at: Timestamp) -> Self {
        Self { at, proof: Proof::LookUp }
    }

    /// The id of the record that is the proof.
    pub fn event(&self) -> Option<&str> {
        match &self.proof {
            Proof::Record { event, .. } => event.as_deref(),
            _ => None,
        }
    }

    /// The same moment, of a call that an entry of `trusted-actors` made expected.
    pub fn expected_as(mut self, entry: Option<&str>) -> Self {
        if let Proof::Record { trusted_as, .. } = &mut self.proof {
            *trusted_as = entry.map(str::to_owned);
        }
        self
    }

    /// The entry of `trusted-actors` that made the call expected.
    pub fn trusted_as(&self) -> Option<&str> {
        match &self.proof {
            Proof::Record { trusted_as, .. } => trusted_as.as_deref(),
            _ => None,
        }
    }

    /// Whether both are about the same record, or are equal.
    pub fn is_of(&self, other: &Self) -> bool {
        self == other || (self.event().is_some() && self.event() == other.event())
    }

    /// Whether a record or this function's own call is the proof.
    pub fn is_proven(&self) -> bool {
        matches!(self.proof, Proof::Record { .. } | Proof::OwnCall { .. })
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
        // A use has no end, and is remembered as long as an ended finding.
        let is_open = self.open().any(|finding| finding.class != FindingClass::Used);
        has_grantees || is_open || is_watched
    }

    /// The removal of a grantee's access after `at`, if that is the last that a record or an own call proves.
    pub fn removed_after(&self, grantee: &Grantee, at: Timestamp) -> Option<ProvenTime> {
        self.last_removal(grantee).filter(|removal| removal.at > at)
    }

    /// The removal of a grantee's access, if that is the last that a record or an own call proves.
    pub fn last_removal(&self, grantee: &Grantee) -> Option<ProvenTime> {
        let last = self.last_proven(grantee)?;
        matches!(last.kind, AccessChangeKind::Removed { .. }).then_some(last.moment)
    }

    /// The grant of access after `at`, if that is the last that a record proves.
    pub fn granted_after(&self, grantee: &Grantee, at: Timestamp) -> Option<ProvenTime> {
        let last = self.last_proven(grantee)?;
        let is_grant = matches!(last.kind, AccessChangeKind::Granted(_));
        (is_grant && last.moment.at > at).then_some(last.moment)
    }

    /// Whether access was removed so shortly before `at` that a look-up at `at` may still show it.
    pub fn is_removal_settling(&self, grantee: &Grantee, at: Timestamp) -> bool {
        self.last_removal(grantee).is_some_and(|removal| at.duration_since(removal.at) < SETTLING)
    }

    /// The grantees that had access just before `at`, as far as it is known: what the last look-up saw, and what was proven
    /// since.
    pub fn access_before(&self, at: Timestamp) -> BTreeSet<Grantee> {
        let seen = self.seen.as_ref().filter(|seen| seen.at < at);
        let mut access: BTreeSet<Grantee> = seen.iter().flat_map(|seen| seen.grantees.clone()).collect();
        for (grantee, changes) in &self.changes {
            let earlier = timeline::with_resets(changes, &self.resets).into_iter();
            let earlier = earlier.filter(|change| change.moment.at < at);
            let access_and_time = |change: AccessChange| Some((change.gives_access()?, change.moment.at));
            let Some((has_access, last)) = earlier.filter_map(access_and_time).next_back() else { continue };
            let counts = seen.is_none_or(|seen| seen.at.duration_since(last) < SETTLING);
            match has_access {
                true if counts => access.insert(grantee.clone()),
                false if counts => access.remove(grantee),
                _ => continue,
            };
        }
        access
    }

    /// The grantees whose access this record removed.
    pub fn removed_by(&self, moment: &ProvenTime) -> BTreeSet<Grantee> {
        let is_removal = |change: &AccessChange| {
            matches!(change.kind, AccessChangeKind::Removed { .. }) && change.moment.is_of(moment)
        };
        let removed = self.changes.iter().filter(|(_, changes)| changes.iter().any(is_removal));
        removed.map(|(grantee, _)| grantee.clone()).collect()
    }

    /// The last change of a grantee's access that a record or an own call proves.
    fn last_proven(&self, grantee: &Grantee) -> Option<AccessChange> {
        let mut changes = timeline::with_resets(self.changes.get(grantee)?, &self.resets).into_iter();
        changes.rfind(|change| change.gives_access().is_some() && change.moment.is_proven())
    }
}

impl AccessChange {
    /// Whether the grantee has access after the change; `None` if the change says nothing about that.
    fn gives_access(&self) -> Option<bool> {
        match (self.kind, &self.moment.proof) {
            (AccessChangeKind::Granted(_), _) => Some(true),
            (AccessChangeKind::Removed { .. }, _) => Some(false),
            (AccessChangeKind::Ended(_), Proof::Rule { .. }) => None,
            (AccessChangeKind::Ended(FindingClass::Lost), _) => Some(true),
            (AccessChangeKind::Ended(_), _) => Some(false),
        }
    }
}
