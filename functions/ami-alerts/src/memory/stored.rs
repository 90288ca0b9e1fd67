//! The form of a memory in the table. Grantees with the same history are one group, and each of many grantees is written once, so
//! that ten thousand grantees of one call fit into an item (400 KB at most: "Constraints in Amazon DynamoDB", Amazon DynamoDB
//! Developer Guide).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    AccessChange, AccessChangeKind, EmailedReports, FindingClass, FindingHistory, ImportedFinding,
    ProvenTime, RememberedFinding, ResourceMemory, SeenGrantees, UsageReportRequest, timeline,
};
use crate::grantee::Grantee;

/// The most bytes of a memory as JSON, which is longer than what DynamoDB counts ("DynamoDB item sizes and formats", Amazon
/// DynamoDB Developer Guide).
const LARGEST: usize = 380_000;

/// The most grantees of a group that are written by their names.
const MOST_NAMES: usize = 20;

/// A memory as the item of the table holds it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StoredMemory {
    version: u64,
    /// The grantees of large groups, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    grantees: Vec<Grantee>,
    #[serde(default)]
    findings: Vec<FindingGroup>,
    #[serde(default)]
    changes: Vec<ChangeGroup>,
    #[serde(default)]
    resets: Vec<ProvenTime>,
    seen: Option<StoredLookUp>,
    usage_report: Option<UsageReportRequest>,
    #[serde(default)]
    imported: Vec<ImportedFinding>,
}

/// Findings of one class with the same history.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct FindingGroup {
    class: FindingClass,
    grantees: StoredGrantees,
    history: StoredHistory,
}

/// The history of a finding. Its records follow from the changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct StoredHistory {
    opened: Option<ProvenTime>,
    closed: Option<ProvenTime>,
    confirmed: Option<Timestamp>,
    reported: Option<EmailedReports>,
    #[serde(default)]
    is_end_reported: bool,
}

/// Grantees with the same changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct ChangeGroup {
    grantees: StoredGrantees,
    changes: Vec<StoredChange>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct StoredChange {
    kind: AccessChangeKind,
    moment: ProvenTime,
}

/// The grantees that a look-up saw.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct StoredLookUp {
    at: Timestamp,
    grantees: StoredGrantees,
}

/// Grantees by their names, or as runs of positions in the list of the memory: `#0-9999`, `#10004`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct StoredGrantees(Vec<String>);

impl StoredGrantees {
    fn of<'g>(grantees: impl IntoIterator<Item = &'g Grantee>, all: &[Grantee]) -> Self {
        let grantees: Vec<&Grantee> = grantees.into_iter().collect();
        if grantees.len() <= MOST_NAMES {
            return Self(grantees.into_iter().map(|grantee| grantee.name().into_owned()).collect());
        }
        let positions = grantees.into_iter().filter_map(|grantee| all.binary_search(grantee).ok());
        let positions: BTreeSet<usize> = positions.collect();
        let positions: Vec<usize> = positions.into_iter().collect();
        let runs = positions.chunk_by(|one, next| one + 1 == *next);
        let shown = runs.filter_map(|run| match (run.first()?, run.last()?) {
            (first, last) if first == last => Some(format!("#{first}")),
            (first, last) => Some(format!("#{first}-{last}")),
        });
        Self(shown.collect())
    }

    fn each(&self, all: &[Grantee]) -> Vec<Grantee> {
        let each = |text: &String| match text.strip_prefix('#') {
            None => vec![Grantee::of(text)],
            Some(run) => {
                let (first, last) = run.split_once('-').unwrap_or((run, run));
                let run = first.parse().ok().zip(last.parse().ok());
                let run = run.and_then(|(first, last): (usize, usize)| all.get(first..=last));
                run.map(<[Grantee]>::to_vec).unwrap_or_default()
            }
        };
        self.0.iter().flat_map(each).collect()
    }
}

impl From<ResourceMemory> for StoredMemory {
    fn from(memory: ResourceMemory) -> Self {
        let findings = finding_groups(&memory.findings);
        let changes = change_groups(&memory.changes);
        let seen = memory.seen.as_ref();
        let large = findings.values().chain(changes.values()).filter(|group| group.len() > MOST_NAMES);
        let mut all: BTreeSet<&Grantee> = large.flatten().copied().collect();
        let is_large = seen.is_some_and(|seen| seen.grantees.len() > MOST_NAMES);
        all.extend(seen.filter(|_| is_large).into_iter().flat_map(|seen| &seen.grantees));
        let all: Vec<Grantee> = all.into_iter().cloned().collect();
        let finding = |((class, history), grantees): ((FindingClass, &FindingHistory), Vec<&Grantee>)| {
            let grantees = StoredGrantees::of(grantees, &all);
            FindingGroup { class, grantees, history: StoredHistory::of(history) }
        };
        let change = |(changes, grantees): (&[AccessChange], Vec<&Grantee>)| {
            let stored =
                |change: &AccessChange| StoredChange { kind: change.kind, moment: change.moment.clone() };
            let changes = changes.iter().map(stored).collect();
            ChangeGroup { grantees: StoredGrantees::of(grantees, &all), changes }
        };
        Self {
            version: memory.version,
            findings: findings.into_iter().map(finding).collect(),
            changes: changes.into_iter().map(change).collect(),
            resets: memory.resets.clone(),
            seen: seen
                .map(|seen| StoredLookUp { at: seen.at, grantees: StoredGrantees::of(&seen.grantees, &all) }),
            usage_report: memory.usage_report.clone(),
            imported: memory.imported.clone(),
            grantees: all,
        }
    }
}

fn finding_groups(
    findings: &[RememberedFinding],
) -> BTreeMap<(FindingClass, &FindingHistory), Vec<&Grantee>> {
    let mut groups: BTreeMap<(FindingClass, &FindingHistory), Vec<&Grantee>> = BTreeMap::new();
    for RememberedFinding { class, grantee, history } in findings {
        groups.entry((*class, history)).or_default().push(grantee);
    }
    groups
}

fn change_groups(changes: &BTreeMap<Grantee, Vec<AccessChange>>) -> BTreeMap<&[AccessChange], Vec<&Grantee>> {
    let mut groups: BTreeMap<&[AccessChange], Vec<&Grantee>> = BTreeMap::new();
    for (grantee, changes) in changes {
        groups.entry(changes).or_default().push(grantee);
    }
    groups
}

impl StoredHistory {
    fn of(history: &FindingHistory) -> Self {
        Self {
            opened: history.opened.clone(),
            closed: history.closed.clone(),
            confirmed: history.confirmed,
            reported: history.reported,
            is_end_reported: history.is_end_reported,
        }
    }

    fn history(&self) -> FindingHistory {
        FindingHistory {
            opened: self.opened.clone(),
            closed: self.closed.clone(),
            confirmed: self.confirmed,
            records: Vec::new(),
            reported: self.reported,
            is_end_reported: self.is_end_reported,
        }
    }
}

impl From<StoredMemory> for ResourceMemory {
    fn from(stored: StoredMemory) -> Self {
        let all = &stored.grantees;
        let change =
            |stored: &StoredChange| AccessChange { kind: stored.kind, moment: stored.moment.clone() };
        let mut changes = BTreeMap::new();
        for group in &stored.changes {
            let of_group: Vec<AccessChange> = group.changes.iter().map(change).collect();
            changes.extend(group.grantees.each(all).into_iter().map(|grantee| (grantee, of_group.clone())));
        }
        let seen = stored.seen.as_ref();
        let findings = findings(&stored, &changes);
        Self {
            version: stored.version,
            findings,
            changes,
            seen: seen.map(|seen| SeenGrantees { at: seen.at, grantees: seen.grantees.each(all) }),
            resets: stored.resets,
            usage_report: stored.usage_report,
            imported: stored.imported,
        }
    }
}

fn findings(stored: &StoredMemory, changes: &BTreeMap<Grantee, Vec<AccessChange>>) -> Vec<RememberedFinding> {
    let mut findings = Vec::new();
    for FindingGroup { class, grantees, history } in &stored.findings {
        for grantee in grantees.each(&stored.grantees) {
            let mut history = history.history();
            let changes = changes.get(&grantee).filter(|_| *class != FindingClass::Used);
            let changes = changes.map(|changes| timeline::with_resets(changes, &stored.resets));
            history.records = timeline::records(&history, &changes.unwrap_or_default());
            findings.push(RememberedFinding { class: *class, grantee, history });
        }
    }
    findings
}

impl ResourceMemory {
    /// Forgets what is needed least, until the memory fits into an item: findings whose end was emailed, then the changes of
    /// grantees without an open finding, and then the findings that opened first. The next scan finds those again.
    pub fn fit(&mut self) {
        if self.bytes() > LARGEST {
            self.findings.retain(|finding| {
                let history = &finding.history;
                finding.is_open() || (history.reported.is_some() && !history.is_end_reported)
            });
        }
        if self.bytes() > LARGEST {
            let open: BTreeSet<Grantee> = self.open().map(|finding| finding.grantee.clone()).collect();
            self.changes.retain(|grantee, _| open.contains(grantee));
        }
        while self.bytes() > LARGEST && self.findings.len() > 1 {
            self.keep_last_opened(self.findings.len() / 2);
        }
    }

    /// Keeps the findings about everyone and those that opened last, with the changes of their grantees.
    fn keep_last_opened(&mut self, most: usize) {
        self.findings.sort_by_key(|finding| {
            let opened = finding.history.opened.as_ref().map(|opened| opened.at);
            (finding.grantee != Grantee::Everyone, Reverse(opened))
        });
        self.findings.truncate(most);
        let kept: BTreeSet<&Grantee> = self.findings.iter().map(|finding| &finding.grantee).collect();
        self.changes.retain(|grantee, _| kept.contains(grantee));
    }

    fn bytes(&self) -> usize {
        let stored = StoredMemory::from(self.clone());
        serde_json::to_vec(&stored).map_or(usize::MAX, |json| json.len())
    }
}
