//! The form of a memory in the table: grantees with the same history are one group, so that ten thousand grantees of one call
//! fit into an item (400 KB at most: "Constraints in Amazon DynamoDB", Amazon DynamoDB Developer Guide).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    FindingClass, FindingHistory, ImportedFinding, RecordedChange, RememberedFinding, ResourceMemory,
    SeenGrantees, UsageReportRequest,
};
use crate::grantee::Grantee;

/// A memory as the item of the table holds it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StoredMemory {
    version: u64,
    #[serde(default)]
    findings: Vec<FindingGroup>,
    #[serde(default)]
    changes: Vec<ChangeGroup>,
    seen: Option<SeenGrantees>,
    usage_report: Option<UsageReportRequest>,
    #[serde(default)]
    imported: Vec<ImportedFinding>,
}

/// Findings of one class with the same history.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct FindingGroup {
    class: FindingClass,
    grantees: Vec<Grantee>,
    history: FindingHistory,
}

/// Grantees with the same latest change.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct ChangeGroup {
    grantees: Vec<Grantee>,
    change: RecordedChange,
}

impl From<ResourceMemory> for StoredMemory {
    fn from(memory: ResourceMemory) -> Self {
        let mut findings: BTreeMap<(FindingClass, FindingHistory), Vec<Grantee>> = BTreeMap::new();
        for RememberedFinding { class, grantee, history } in memory.findings {
            findings.entry((class, history)).or_default().push(grantee);
        }
        let mut changes: BTreeMap<RecordedChange, Vec<Grantee>> = BTreeMap::new();
        for (grantee, change) in memory.changes {
            changes.entry(change).or_default().push(grantee);
        }
        Self {
            version: memory.version,
            findings: findings
                .into_iter()
                .map(|((class, history), grantees)| FindingGroup { class, grantees, history })
                .collect(),
            changes: changes.into_iter().map(|(change, grantees)| ChangeGroup { grantees, change }).collect(),
            seen: memory.seen,
            usage_report: memory.usage_report,
            imported: memory.imported,
        }
    }
}

impl From<StoredMemory> for ResourceMemory {
    fn from(stored: StoredMemory) -> Self {
        let findings = stored.findings.into_iter().flat_map(|FindingGroup { class, grantees, history }| {
            grantees.into_iter().map(move |grantee| RememberedFinding {
                class,
                grantee,
                history: history.clone(),
            })
        });
        let changes = stored.changes.into_iter().flat_map(|ChangeGroup { grantees, change }| {
            grantees.into_iter().map(move |grantee| (grantee, change.clone()))
        });
        Self {
            version: stored.version,
            findings: findings.collect(),
            changes: changes.collect(),
            seen: stored.seen,
            usage_report: stored.usage_report,
            imported: stored.imported,
        }
    }
}
