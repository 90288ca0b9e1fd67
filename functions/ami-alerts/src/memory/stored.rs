//! The form of a memory in the table. Each grantee and each moment is written once, and grantees with the same history are one
//! group, so that ten thousand grantees of one call fit into an item (400 KB at most: "Constraints in Amazon DynamoDB", Amazon
//! DynamoDB Developer Guide).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    AccessChange, AccessChangeKind, FindingClass, FindingHistory, ImportedFinding, Moment, RememberedFinding,
    Reported, ResourceMemory, SeenGrantees, UsageReportRequest, timeline,
};
use crate::grantee::Grantee;

/// The most bytes of a memory as JSON, which is longer than what DynamoDB counts ("DynamoDB item sizes and formats", Amazon
/// DynamoDB Developer Guide).
const LARGEST: usize = 380_000;

/// A memory as the item of the table holds it. Numbers are positions in `grantees` and `moments`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StoredMemory {
    version: u64,
    #[serde(default)]
    grantees: Vec<Grantee>,
    #[serde(default)]
    moments: Vec<Moment>,
    #[serde(default)]
    findings: Vec<FindingGroup>,
    #[serde(default)]
    changes: Vec<ChangeGroup>,
    #[serde(default)]
    resets: Vec<usize>,
    seen: Option<StoredLookUp>,
    usage_report: Option<UsageReportRequest>,
    #[serde(default)]
    imported: Vec<ImportedFinding>,
}

/// Findings of one class with the same history.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct FindingGroup {
    class: FindingClass,
    of: Positions,
    opened: Option<usize>,
    closed: Option<usize>,
    confirmed: Option<Timestamp>,
    reported: Option<Reported>,
    #[serde(default)]
    is_end_reported: bool,
}

/// Grantees with the same changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct ChangeGroup {
    of: Positions,
    changes: Vec<StoredChange>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct StoredChange {
    kind: AccessChangeKind,
    moment: usize,
}

/// The grantees that a look-up saw.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct StoredLookUp {
    at: Timestamp,
    of: Positions,
}

/// Positions in a list: `0-9999 10004`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Positions(String);

impl Positions {
    fn of(mut positions: Vec<usize>) -> Self {
        positions.sort_unstable();
        positions.dedup();
        let runs = positions.chunk_by(|one, next| one + 1 == *next);
        let shown = runs.filter_map(|run| match (run.first()?, run.last()?) {
            (first, last) if first == last => Some(first.to_string()),
            (first, last) => Some(format!("{first}-{last}")),
        });
        Self(shown.collect::<Vec<_>>().join(" "))
    }

    fn each(&self) -> impl Iterator<Item = usize> {
        self.0
            .split(' ')
            .filter_map(|run| {
                let (first, last) = run.split_once('-').unwrap_or((run, run));
                Some(first.parse::<usize>().ok()?..=last.parse().ok()?)
            })
            .flatten()
    }
}

/// The grantees and moments of a memory, each once.
struct Tables {
    grantees: Vec<Grantee>,
    moments: Vec<Moment>,
}

impl Tables {
    fn of(memory: &ResourceMemory) -> Self {
        let mut grantees: BTreeSet<&Grantee> = memory.changes.keys().collect();
        grantees.extend(memory.findings.iter().map(|finding| &finding.grantee));
        grantees.extend(memory.seen.iter().flat_map(|seen| &seen.grantees));
        let changes = memory.changes.values().flatten().map(|change| &change.moment);
        let mut moments: BTreeSet<&Moment> = changes.chain(&memory.resets).collect();
        let histories = memory.findings.iter().map(|finding| &finding.history);
        moments.extend(histories.flat_map(|history| history.opened.iter().chain(&history.closed)));
        Self {
            grantees: grantees.into_iter().cloned().collect(),
            moments: moments.into_iter().cloned().collect(),
        }
    }

    fn grantee(&self, grantee: &Grantee) -> Option<usize> {
        self.grantees.binary_search(grantee).ok()
    }

    fn moment(&self, moment: &Moment) -> Option<usize> {
        self.moments.binary_search(moment).ok()
    }

    fn positions<'g>(&self, grantees: impl IntoIterator<Item = &'g Grantee>) -> Positions {
        Positions::of(grantees.into_iter().filter_map(|grantee| self.grantee(grantee)).collect())
    }

    fn findings(&self, findings: &[RememberedFinding]) -> Vec<FindingGroup> {
        let mut groups: BTreeMap<(FindingClass, &FindingHistory), Vec<&Grantee>> = BTreeMap::new();
        for RememberedFinding { class, grantee, history } in findings {
            groups.entry((*class, history)).or_default().push(grantee);
        }
        let group = |((class, history), grantees): ((FindingClass, &FindingHistory), Vec<&Grantee>)| {
            let moment = |moment: &Option<Moment>| moment.as_ref().and_then(|moment| self.moment(moment));
            FindingGroup {
                class,
                of: self.positions(grantees),
                opened: moment(&history.opened),
                closed: moment(&history.closed),
                confirmed: history.confirmed,
                reported: history.reported,
                is_end_reported: history.is_end_reported,
            }
        };
        groups.into_iter().map(group).collect()
    }

    fn changes(&self, changes: &BTreeMap<Grantee, Vec<AccessChange>>) -> Vec<ChangeGroup> {
        let mut groups: BTreeMap<&[AccessChange], Vec<&Grantee>> = BTreeMap::new();
        for (grantee, changes) in changes {
            groups.entry(changes).or_default().push(grantee);
        }
        let stored = |change: &AccessChange| {
            Some(StoredChange { kind: change.kind, moment: self.moment(&change.moment)? })
        };
        let group = |(changes, grantees): (&[AccessChange], Vec<&Grantee>)| ChangeGroup {
            of: self.positions(grantees),
            changes: changes.iter().filter_map(stored).collect(),
        };
        groups.into_iter().map(group).collect()
    }
}

impl From<ResourceMemory> for StoredMemory {
    fn from(memory: ResourceMemory) -> Self {
        let tables = Tables::of(&memory);
        Self {
            version: memory.version,
            findings: tables.findings(&memory.findings),
            changes: tables.changes(&memory.changes),
            resets: memory.resets.iter().filter_map(|reset| tables.moment(reset)).collect(),
            seen: memory
                .seen
                .as_ref()
                .map(|seen| StoredLookUp { at: seen.at, of: tables.positions(&seen.grantees) }),
            usage_report: memory.usage_report,
            grantees: tables.grantees,
            moments: tables.moments,
            imported: memory.imported,
        }
    }
}

impl From<StoredMemory> for ResourceMemory {
    fn from(stored: StoredMemory) -> Self {
        let mut memory = Self {
            version: stored.version,
            findings: Vec::new(),
            changes: stored.changes(),
            resets: stored.resets.iter().filter_map(|reset| stored.moments.get(*reset)).cloned().collect(),
            seen: stored
                .seen
                .as_ref()
                .map(|seen| SeenGrantees { at: seen.at, grantees: stored.grantees(&seen.of).collect() }),
            usage_report: stored.usage_report.clone(),
            imported: stored.imported.clone(),
        };
        memory.findings = stored.findings(&memory);
        memory
    }
}

impl StoredMemory {
    fn grantees(&self, of: &Positions) -> impl Iterator<Item = Grantee> {
        of.each().map_while(|at| self.grantees.get(at)).cloned()
    }

    fn changes(&self) -> BTreeMap<Grantee, Vec<AccessChange>> {
        let change = |stored: &StoredChange| {
            Some(AccessChange { kind: stored.kind, moment: self.moments.get(stored.moment)?.clone() })
        };
        let mut changes = BTreeMap::new();
        for group in &self.changes {
            let of_group: Vec<AccessChange> = group.changes.iter().filter_map(change).collect();
            changes.extend(self.grantees(&group.of).map(|grantee| (grantee, of_group.clone())));
        }
        changes
    }

    fn findings(&self, memory: &ResourceMemory) -> Vec<RememberedFinding> {
        let moment = |at: Option<usize>| at.and_then(|at| self.moments.get(at)).cloned();
        let mut findings = Vec::new();
        for group in &self.findings {
            let history = FindingHistory {
                opened: moment(group.opened),
                closed: moment(group.closed),
                confirmed: group.confirmed,
                records: Vec::new(),
                reported: group.reported,
                is_end_reported: group.is_end_reported,
            };
            findings.extend(self.grantees(&group.of).map(|grantee| {
                let mut history = history.clone();
                let changes = memory.changes.get(&grantee).map_or(&[][..], Vec::as_slice);
                let changes = match group.class {
                    FindingClass::Used => Vec::new(),
                    _ => timeline::with_resets(changes, &memory.resets),
                };
                history.records = timeline::records(&history, &changes);
                RememberedFinding { class: group.class, grantee, history }
            }));
        }
        findings
    }
}

impl ResourceMemory {
    /// Forgets what is needed least, until the memory fits into an item: findings whose end was emailed, and then the changes
    /// of grantees without an open finding.
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
    }

    fn bytes(&self) -> usize {
        let stored = StoredMemory::from(self.clone());
        serde_json::to_vec(&stored).map_or(usize::MAX, |json| json.len())
    }
}
